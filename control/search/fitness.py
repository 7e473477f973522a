"""How good a policy truly is: by the task's own success, whatever the reward was that it learned from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from telic.control.controller import PolicyController
from telic.control.policy import PolicyWeights
from telic.control.returns import task_returns
from telic.control.within_limits import WithinLimits
from telic.rewards.program import RewardProgram
from telic.sim.world import AnyTask

Kind = Literal["success", "return"]


class SuccessReward:
    """The success of a task as a reward: 1 in every step in which it holds."""

    def __init__(self, program: RewardProgram) -> None:
        """Take the success of a program that has one."""
        self._program = program
        self.fingerprint = hashlib.sha256(f"success\n{program.source}".encode()).hexdigest()
        self.inputs = program.success_inputs

    def terms(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """One term, of the batch shape."""
        found = self._program.success(inputs)
        assert found is not None
        return {"success": found.astype(np.float32)}


@dataclass(frozen=True)
class Measured:
    """What some held-out episodes of a policy came to.

    Attributes:
        scores: Fitness of each episode (N,).
        steps: Their length (N,).
    """

    scores: NDArray[np.float64]
    steps: NDArray[np.int64]


class Fitness(Protocol):
    """What a policy is worth, whatever the reward was that it learned from."""

    @property
    def kind(self) -> Kind:
        """What it measures."""
        ...

    def __call__(self, weights: PolicyWeights, episodes: int, seed: int) -> Measured:
        """Run held-out episodes.

        Args:
            weights: The policy.
            episodes: How many.
            seed: Of evaluation; never an episode of training.
        """
        ...


class TaskFitness:
    """The true measure of policies for a task.

    It is the share of an episode's whole time in which the task's own success holds, so that an episode that is lost
    counts as no success from then on; for a task that does not say what success is, the return of its own reward.

    Attributes:
        kind: ``success`` or ``return``.
    """

    def __init__(self, task: AnyTask, own: RewardProgram) -> None:
        """Measure by the reward program of the task itself."""
        self.kind: Kind = "return" if own.success_term is None else "success"
        self._task = task
        self._reward = own if own.success_term is None else SuccessReward(own)

    def __call__(self, weights: PolicyWeights, episodes: int, seed: int) -> Measured:
        """Run held-out episodes, each in a world of its own."""
        controller = WithinLimits(PolicyController(weights), self._task.actions)
        found = task_returns(self._task, controller, self._reward, episodes, seed)
        scores = found.total / self._task.episode_steps if self.kind == "success" else found.total
        return Measured(scores, found.steps)
