"""A recipe: everything that decides a run; checked before anything is begun."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from telic.control.train import TrainConfig
from telic.deploy.checked import convert, plain
from telic.launch.errors import UserError, reading
from telic.launch.recorder import shaken_steps
from telic.rewards.check import check_reward
from telic.rewards.program import RewardProgram, parse_reward
from telic.sim.task import Task
from telic.sim.tasks.registry import make_flight

_CHECK_VEHICLES, _CHECK_STEPS = 32, 50


@dataclass(frozen=True)
class Recipe:
    """What a person asked for.

    Attributes:
        sentence: In words.
        task: Name of the task.
        parameters: Arguments of its factory, as plain data, without the vehicle.
        vehicle: Name of a packaged vehicle, or the path of a TOML file.
        episodes: Held-out episodes of the evaluation.
        flight_s: Length of the flight that is plotted and filmed [s].
        train: How to learn.
        understood: What was understood of the sentence.
    """

    sentence: str
    task: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    vehicle: str = "crazyflie"
    episodes: int = 200
    flight_s: float = 8.0
    train: TrainConfig = field(default_factory=TrainConfig)
    understood: tuple[str, ...] = ()

    @property
    def seed(self) -> int:
        """Of everything random."""
        return self.train.seed

    def to_config(self) -> dict[str, Any]:
        """Plain data for ``config.yaml``."""
        return {**plain(self), "parameters": dict(self.parameters)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Recipe":
        """Read what `to_config` wrote; a person may have edited it.

        Raises:
            UserError: With the field, its value and what is allowed.
        """
        kinds = {"sentence": str, "task": str, "vehicle": str, "episodes": int, "flight_s": float, "train": TrainConfig}
        with reading("config.yaml"):
            values = {name: convert(kind, config[name], name) for name, kind in kinds.items()}
            return cls(**values, parameters=dict(config["parameters"]), understood=tuple(config["understood"]))

    def make_task(self) -> Task:
        """The task.

        Raises:
            UserError: If the task, a parameter or the vehicle is refused.
        """
        with reading("task"):
            return make_flight(self.task, vehicle=self.vehicle, **self.parameters)


def check(recipe: Recipe, reward_source: str, path: str = "reward.py") -> tuple[Task, RewardProgram]:
    """Make the task and the reward of a recipe, and try the reward on a short, shaken flight.

    Raises:
        UserError: If the vehicle, the task or the reward is refused; with the reason.
    """
    task = recipe.make_task()
    with reading("reward"):
        reward = parse_reward(reward_source, task.schema, path)
    refuse_untrainable(reward, shaken_steps(task, reward, recipe.seed, _CHECK_VEHICLES, _CHECK_STEPS), recipe.seed)
    return task, reward


def refuse_untrainable(reward: RewardProgram, steps: Mapping[str, np.ndarray], seed: int) -> None:
    """Check a reward on some steps before a learner sees it.

    Raises:
        UserError: If it cannot be trained with, with every reason.
    """
    report = check_reward(reward, steps, seed)
    if not report.passed:
        errors = [f"{finding.check}: {finding.message}" for finding in report.findings if finding.severity == "error"]
        raise UserError("\n".join([f"{reward.path} cannot be trained with", *errors]))
