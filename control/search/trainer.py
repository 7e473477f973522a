"""Learners that train a policy for a candidate: the gradient learner for flights, Stable-Baselines3 for all others."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from telic.control.baselines.learner import Algorithm, Sb3Config, train_sb3
from telic.control.policy import PolicyWeights
from telic.control.search.experience import Experience, begin_with
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

    def first(self, program: RewardProgram, seed: int, steps: int) -> Training:
        """Train the first policy of a search: what it lives through may be what all others begin with."""
        ...

    def __call__(self, program: RewardProgram, seed: int, steps: int, probe: Probe) -> Training:
        """Train one policy. Equal arguments give an equal result.

        Raises:
            ValueError: If the reward is not finite somewhere.
            ArithmeticError: If learning diverged.
        """
        ...


def trainer_for(
    task: AnyTask, algorithm: Algorithm | None = None, sb3: Sb3Config | None = None, experience: Path | None = None
) -> Trainer:
    """The learner that suits a task.

    Args:
        task: What to do.
        algorithm: Which learner; by default the gradient learner for flights, PPO for all others.
        sb3: How a learner of Stable-Baselines3 learns.
        experience: Where the experience is kept that all candidates begin with; None to begin with nothing.

    Raises:
        ValueError: If the learner or the task cannot share experience.
    """
    if isinstance(task, Task) and algorithm is None:
        if experience is not None:
            raise ValueError("the gradient learner learns from what its own policy does: nothing can be shared")
        return GradientTrainer(task)
    return Sb3Trainer(task, algorithm or "sb3-ppo", sb3 or Sb3Config(), experience)


@dataclass(frozen=True)
class Sb3Trainer:
    """A learner of Stable-Baselines3.

    Attributes:
        task: What to do.
        algorithm: Which learner.
        config: How it learns; steps, seed and reports are those of each training.
        experience: A replay that all trainings but the first begin with, relabelled; see `experience`. None to begin
            with nothing.
    """

    task: AnyTask
    algorithm: Algorithm = "sb3-ppo"
    config: Sb3Config = field(default_factory=Sb3Config)
    experience: Path | None = None

    def __post_init__(self) -> None:
        if self.experience is not None and self.algorithm == "sb3-ppo":
            raise ValueError("sb3-ppo learns from what its own policy does; share experience with sb3-sac or sb3-td3")
        if self.experience is not None and isinstance(self.task, Task):
            raise ValueError(f"task {self.task.name!r} is a flight; experience is shared on MuJoCo's tasks only")

    @property
    def identity(self) -> Mapping[str, Any]:
        """Plain data."""
        same = {name: value for name, value in asdict(self.config).items() if name not in ("steps", "seed")}
        shares = self.experience is not None
        return {"learner": self.algorithm, **same, "hidden": list(self.config.hidden), "shares_experience": shares}

    def objections(self, program: RewardProgram) -> list[str]:
        """None: it learns from whatever it can compare."""
        return []

    def first(self, program: RewardProgram, seed: int, steps: int) -> Training:
        """Train the first policy, and keep its experience if it is to be shared."""
        env = TaskVectorEnv(self.task, self.config.num_envs, program, seed)
        if self.experience is None:
            return self._trained(env, seed, steps, None, None)
        watcher = Experience(env.world, steps)
        env.watchers.append(watcher)
        training = self._trained(env, seed, steps, None, None)
        self.experience.parent.mkdir(parents=True, exist_ok=True)
        watcher.replay.save(self.experience)
        return training

    def __call__(self, program: RewardProgram, seed: int, steps: int, probe: Probe) -> Training:
        """Train one policy, from the shared experience if there is one."""
        env = TaskVectorEnv(self.task, self.config.num_envs, program, seed)
        begin = None if self.experience is None else partial(begin_with, path=self.experience, reward=program)
        return self._trained(env, seed, steps, probe, begin)

    def _trained(
        self, env: TaskVectorEnv, seed: int, steps: int, probe: Probe | None, begin: Callable[[Any], object] | None
    ) -> Training:
        config = replace(self.config, steps=steps, seed=seed, report_every=max(1, steps // CHECKPOINTS))
        try:
            found = train_sb3(env, self.algorithm, config, probe=probe, begin=begin)
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

    def first(self, program: RewardProgram, seed: int, steps: int) -> Training:
        """Train the first policy as any other."""
        return self(program, seed, steps, lambda weights: {})

    def __call__(self, program: RewardProgram, seed: int, steps: int, probe: Probe) -> Training:
        """Train one policy."""
        updates = max(1, steps // self.config.shac.steps_per_update)
        config = replace(self.config, updates=updates, seed=seed, report_every=max(1, updates // CHECKPOINTS))
        found = train(self.task, program, config, measure=lambda learner: probe(learner.policy.weights()))
        return Training(found.weights, tuple(_kept(row) for row in found.history), found.steps)


def _kept(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in _KEPT if name in row}
