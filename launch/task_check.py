"""All that can be said of a task file before anything is trained, its reward included."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from telic.control.make import make_vec, reward_for
from telic.rewards.error import RewardError
from telic.sim.mujoco.task import MujocoTask
from telic.sim.yaml.check import check_mjcf, check_task_file
from telic.sim.yaml.load import TASK_FILES
from telic.sim.yaml.problem import Problem

_TRIED_WORLDS, _TRIED_S = 8, 2.0


@dataclass(frozen=True)
class Checked:
    """What came of a check.

    Attributes:
        problems: All that was found.
        summary: One line about what is right.
    """

    problems: tuple[Problem, ...]
    summary: str


def check(path: Path) -> Checked:
    """Check a task file in YAML, or an MJCF file alone."""
    if path.suffix not in TASK_FILES:
        return Checked(check_mjcf(path), "the model is in order")
    loaded = check_task_file(path)
    if loaded.task is None:
        return Checked(loaded.problems, "")
    found = (*loaded.problems, *_reward_problems(loaded.task, str(path), loaded.lines.get("reward")))
    if not any(problem.severity == "error" for problem in found):
        found += _tried(loaded.task, str(path))
    task = loaded.task
    sizes = f"{task.observation_size} numbers observed, {task.actions.size} actions, {1.0 / task.dt:.4g} times a second"
    return Checked(found, f"in order; {sizes}")


def _reward_problems(task: MujocoTask, file: str, line: int | None) -> tuple[Problem, ...]:
    try:
        reward_for(task)
    except RewardError as error:
        return (Problem(task.reward, error.line or None, "reward", error.message, error.hint),)
    except (ValueError, OSError) as error:
        return (Problem(file, line, "reward", str(error)),)
    return ()


def _tried(task: MujocoTask, file: str) -> tuple[Problem, ...]:
    """Run a few worlds with random actions: what only shows in motion."""
    env = make_vec(task, num_envs=_TRIED_WORLDS, seed=0)
    env.action_space.seed(0)
    env.reset(seed=0)
    steps = max(1, min(round(_TRIED_S / task.dt), task.episode_steps))
    ended = 0
    for _ in range(steps):
        try:
            _, _, terminated, _, info = env.step(env.action_space.sample())
        except ValueError as error:
            return (Problem(file, None, "", str(error)),)
        ended += int(np.count_nonzero(terminated))
        if np.any(info.get("diverged", False)):
            message = "a simulation broke down with random actions, within the ranges of the randomisation"
            return (Problem(file, None, "randomisation", message, "narrow the ranges, or shorten the time step"),)
    if ended >= steps * _TRIED_WORLDS:
        message = "every episode ends after its first step"
        return (Problem(file, None, "terminate", message, "move the start, or widen the ranges"),)
    return ()
