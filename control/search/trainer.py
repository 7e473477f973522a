"""Learners that train a policy for a candidate: the gradient learner for flights, Stable-Baselines3 for all others."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from telic.control.baselines.learner import Algorithm, Sb3Config, train_sb3
from telic.control.policy import PolicyWeights
from telic.control.train import TrainConfig, train
from telic.rewards.program import RewardProgram
from telic.sim.task import Task
from telic.sim.vector_env import TaskVectorEnv
from telic.sim.world import AnyTask

# Rows of a training's curve.
CHECKPOINTS = 10
Row = Mapping[str, Any]
# What is asked of a policy at every checkpoint: `FITNESS` and `LENGTH`.
Probe = Callable[[PolicyWeights], Mapping[str, float]]
FITNESS, LENGTH = "fitness", "length"
# What a curve keeps of a learner's history: nothing that depends on the clock.
_KEPT = ("step", "reward", "terms", FITNESS, LENGTH)


@dataclass(frozen=True)
class Training:
    """A policy and how it came to be.

    Attributes:
        weights: The policy at the end of its training, not the best on the way.
        curve: Rows with ``step``, ``reward`` (of the learner's episodes), ``terms`` (mean of each per step), and what
            the probe found.
        steps: Control steps that were simulated for it.
    """

    weights: PolicyWeights
    curve: tuple[Row, ...]
    steps: int


class Trainer(Protocol):
    """Trains policies for one task."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """What decides the result, apart from reward, seed and budget, as plain data."""
        ...

    def objections(self, program: RewardProgram) -> list[str]:
        """Why this learner cannot learn from a program, in words for its writer; empty if it can."""
        ...

    def __call__(self, program: RewardProgram, seed: int, steps: int, probe: Probe) -> Training:
        """Train one policy. Equal arguments give an equal result.

        Raises:
            ValueError: If the reward is not finite somewhere.
            ArithmeticError: If learning diverged.
        """
        ...


def trainer_for(task: AnyTask, algorithm: Algorithm | None = None, sb3: Sb3Config | None = None) -> Trainer:
    """The learner that suits a task."""
    if isinstance(task, Task) and algorithm is None:
        return GradientTrainer(task)
    return Sb3Trainer(task, algorithm or "sb3-ppo", sb3 or Sb3Config())


@dataclass(frozen=True)
class Sb3Trainer:
    """A learner of Stable-Baselines3.

    Attributes:
        task: What to do.
        algorithm: Which learner.
        config: How it learns; steps, seed and reports are those of each training.
    """

    task: AnyTask
    algorithm: Algorithm = "sb3-ppo"
    config: Sb3Config = field(default_factory=Sb3Config)

    @property
    def identity(self) -> Mapping[str, Any]:
        """Plain data."""
        same = {name: value for name, value in asdict(self.config).items() if name not in ("steps", "seed")}
        return {"learner": self.algorithm, **same, "hidden": list(self.config.hidden)}

    def objections(self, program: RewardProgram) -> list[str]:
        """None: it learns from whatever it can compare."""
        return []

    def __call__(self, program: RewardProgram, seed: int, steps: int, probe: Probe) -> Training:
        """Train one policy."""
        config = replace(self.config, steps=steps, seed=seed, report_every=max(1, steps // CHECKPOINTS))
        env = TaskVectorEnv(self.task, config.num_envs, program, seed)
        try:
            found = train_sb3(env, self.algorithm, config, probe=probe)
        finally:
            env.close()
        return Training(found.weights, tuple(_kept(row) for row in found.history), found.steps)


@dataclass(frozen=True)
class GradientTrainer:
    """The learner that flies multirotors by the gradient of the reward.

    Attributes:
        task: The flight.
        config: How it learns; updates, seed and reports are those of each training.
    """

    task: Task
    config: TrainConfig = field(default_factory=TrainConfig)

    @property
    def identity(self) -> Mapping[str, Any]:
        """Plain data."""
        return {"learner": "shac", **asdict(self.config.shac)}

    def objections(self, program: RewardProgram) -> list[str]:
        """It needs a gradient, which a reward that remembers does not have."""
        if program.memory:
            return ["the learner follows the reward's gradient through time: write it without `memory`"]
        return []

    def __call__(self, program: RewardProgram, seed: int, steps: int, probe: Probe) -> Training:
        """Train one policy."""
        updates = max(1, steps // self.config.shac.steps_per_update)
        config = replace(self.config, updates=updates, seed=seed, report_every=max(1, updates // CHECKPOINTS))
        found = train(self.task, program, config, measure=lambda learner: probe(learner.policy.weights()))
        return Training(found.weights, tuple(_kept(row) for row in found.history), found.steps)


def _kept(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in _KEPT if name in row}
