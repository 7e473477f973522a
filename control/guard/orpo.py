"""ORPO as a guard of any training: while the policy learns, the penalty follows it."""

from telic.control.guard.penalty import OccupancyPenalty
from telic.control.objective import DifferentiableReward
from telic.control.shac import Shac


class OrpoGuard:
    """Keeps a learner's reward at the proxy plus the penalty for where the policy now is; hand it to `train`.

    Args:
        proxy: The reward that is not quite what is meant.
        penalty: For going far from a reference policy.
        every: Updates of the learner between two of the penalty.
        steps: Steps of the penalty's classifier each time.
    """

    def __init__(self, proxy: DifferentiableReward, penalty: OccupancyPenalty, every: int = 2, steps: int = 40) -> None:
        if every < 1 or steps < 1:
            raise ValueError(f"every is {every}, steps is {steps}; allowed: at least 1")
        self.proxy, self.penalty = proxy, penalty
        self._every, self._steps = every, steps
        self._updates = 0

    def __call__(self, learner: Shac) -> None:
        """Follow the policy, after an update of the learner."""
        self._updates += 1
        if self._updates % self._every:
            return
        newest = learner.replay.slots()[-learner.config.horizon :]
        self.penalty.follow(learner.replay.read(newest.ravel()).inputs(self.penalty.inputs), self._steps)
        learner.change_reward(self.proxy + self.penalty)  # pyright: ignore[reportOperatorIssue]
