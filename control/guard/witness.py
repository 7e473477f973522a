"""What the task's own reward says of a policy while another one trains it: the true curve beside the proxy's.

Learners of both kinds get the same two columns in their history:

    true_reward        the task's own reward, counted as the learner counts the one that it learns from
    success_fraction   share of the latest episodes that ended by time and in success
"""

from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from telic.control.shac import Shac
from telic.replay.reward import Reward
from telic.rewards.program import RewardProgram
from telic.sim.scoring import Scorer
from telic.sim.world import World

TRUE_REWARD, SUCCESS = "true_reward", "success_fraction"


def can_witness(truth: Reward) -> TypeGuard[RewardProgram]:
    """Whether a reward can be asked of single steps, and says what success is."""
    return isinstance(truth, RewardProgram) and not truth.memory and truth.success_term is not None


class FlightWitness:
    """Looks at what a learner of flights has just flown; hand it to `train` as `measure`."""

    def __init__(self, truth: RewardProgram) -> None:
        """Take the task's own reward, one that `can_witness`."""
        self._truth = truth

    def __call__(self, learner: Shac) -> dict[str, float]:
        """The columns: mean reward per step of the newest window, and how the episodes in the replay ended."""
        replay, truth = learner.replay, self._truth
        newest = replay.read(replay.slots()[-learner.config.horizon :].ravel())
        found = {TRUE_REWARD: float(truth.total(newest.inputs(truth.inputs)).mean())}
        episodes = replay.episodes()
        ended = episodes.terminated | episodes.truncated
        if ended.any():
            last = (episodes.first + (episodes.length - 1) * replay.num_streams)[ended] % replay.capacity
            success = truth.success(replay.read(last).inputs(truth.success_inputs))
            assert success is not None
            found[SUCCESS] = float((success & ~episodes.terminated[ended]).mean())
        return found


class WorldWitness:
    """Looks at every step of a world; its methods `before` and `after` are hooks, and calling it gives the columns.

    Threads step their own worlds at the same time: each writes only to its own rows.
    """

    def __init__(self, truth: RewardProgram, world: World) -> None:
        """Begin to look.

        Args:
            truth: The task's own reward, one that `can_witness`.
            world: Where a learner acts.
        """
        self._truth, self._world = truth, world
        self._scorer = Scorer(truth, world)
        self._past = {name: world.signals[name].copy() for name in truth.success_inputs if name in world.signals}
        self._return = np.zeros(world.num_envs)
        # Since the columns were last asked for: returns of ended episodes, how many there were, and how many succeeded.
        self._sum = np.zeros(world.num_envs)
        self._ended, self._succeeded = np.zeros((2, world.num_envs), np.int64)

    def before(self, first: int, last: int) -> None:
        """Copy what is asked of the state before the step."""
        self._scorer.before(first, last)
        for name, copy in self._past.items():
            copy[first:last] = self._world.signals[name][first:last]

    def after(self, first: int, last: int) -> None:
        """Add up rewards, and judge the episodes that have ended."""
        self._scorer.after(first, last)
        self._return[first:last] += self._scorer.total[first:last]
        rows = first + np.flatnonzero(self._world.ended[first:last])
        if len(rows):
            self._sum[rows] += self._return[rows]
            self._return[rows] = 0.0
            self._ended[rows] += 1
            self._succeeded[rows] += self._success(rows) & ~self._world.terminated[rows]

    def __call__(self) -> dict[str, float]:
        """The columns, of the episodes that ended since the last call: mean return and share; empty without any."""
        ended = int(self._ended.sum())
        found = {TRUE_REWARD: self._sum.sum() / ended, SUCCESS: self._succeeded.sum() / ended} if ended else {}
        for counts in (self._sum, self._ended, self._succeeded):
            counts[:] = 0
        return {name: float(value) for name, value in found.items()}

    def _success(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        world = self._world
        inputs = {name: values[rows] for name, values in self._past.items()}
        inputs |= {f"next_{name}": values[rows] for name, values in world.signals.items()}
        inputs |= {"action": world.action[rows], "terminated": world.terminated[rows].astype(np.float32)}
        success = self._truth.success(inputs)
        assert success is not None
        return success
