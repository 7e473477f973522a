"""Puts task and reward together: what the simulator and the rewards may not know of each other."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from gymnasium.vector import AutoresetMode

from telic.replay.reward import Reward
from telic.replay.signal import Signal
from telic.rewards.program import RewardProgram, parse_reward
from telic.rewards.program import load_reward as load_reward_of
from telic.rewards.writer import Brief
from telic.sim.env import TaskEnv
from telic.sim.multirotor.signals import STORED
from telic.sim.task import Task
from telic.sim.tasks.registry import make_flight, make_task
from telic.sim.vector_env import TaskVectorEnv
from telic.sim.vehicle import Vehicle
from telic.sim.world import AnyTask


def make(
    task: AnyTask | str = "hover",
    reward: Reward | str | Path | None = None,
    seed: int | None = None,
    render_mode: Literal["rgb_array"] | None = None,
    **parameters: Any,
) -> TaskEnv:
    """Make a single Gymnasium environment.

    Args:
        task: A task, or the name of one.
        reward: A reward, or the path of a reward file; by default the task's own.
        seed: Of all episodes; drawn from the system by default.
        render_mode: ``rgb_array`` to draw pictures with ``render``.
        **parameters: For a task by name: arguments of its factory, such as ``vehicle="x500"``.

    Raises:
        ValueError: If the task, a parameter or the reward is refused.
    """
    task = _task(task, parameters)
    return TaskEnv(task, reward_for(task, reward), seed, render_mode)


def make_vec(
    task: AnyTask | str = "hover",
    num_envs: int = 64,
    reward: Reward | str | Path | None = None,
    seed: int | None = None,
    autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
    **parameters: Any,
) -> TaskVectorEnv:
    """Make many environments that step together.

    Args:
        task: A task, or the name of one.
        num_envs: How many.
        reward: A reward, or the path of a reward file; by default the task's own.
        seed: Of all episodes; drawn from the system by default.
        autoreset_mode: What happens when an episode ends.
        **parameters: For a task by name: arguments of its factory, such as ``vehicle="x500"``.

    Raises:
        ValueError: If the task, a parameter or the reward is refused.
    """
    task = _task(task, parameters)
    return TaskVectorEnv(task, num_envs, reward_for(task, reward), seed, autoreset_mode)


def reward_for(task: AnyTask, reward: Reward | str | Path | None = None) -> Reward:
    """A reward as it is, from a file, or the task's own.

    Raises:
        RewardError: If a file is refused.
    """
    if reward is None and task.reward.endswith(".py"):
        reward = task.reward  # A task file names a reward file beside it.
    if reward is None:
        return parse_reward(packaged_reward(task.reward), task.schema, f"{task.reward}.py")
    return load_reward(reward, task.schema) if isinstance(reward, str | Path) else reward


def packaged_reward(name: str) -> str:
    """The text of a packaged reward program.

    Raises:
        ValueError: If there is none of this name.
    """
    path = files("telic.rewards") / "library" / f"{name}.py.txt"
    if not path.is_file():
        raise ValueError(f"there is no packaged reward {name!r}")
    return path.read_text(encoding="utf-8")


def load_reward(path: str | Path, signals: Sequence[Signal] = STORED) -> RewardProgram:
    """Read and check a reward file, by default against the signals of the multirotor world.

    Raises:
        RewardError: If the file breaks a rule of the reward language.
        OSError: If it cannot be read.
    """
    return load_reward_of(path, signals)


def parameters_of(brief: Brief) -> dict[str, Any]:
    """Arguments of the brief's task factory, as plain data and without the vehicle."""
    if brief.task == "hover":
        return {name: value for name, value in brief.reference.items() if name != "kind"}
    return {"reference": brief.reference}


def task_from_brief(brief: Brief, vehicle: Vehicle | str = "crazyflie") -> Task:
    """Make the task that a sentence asks for.

    Raises:
        ValueError: If the vehicle is refused.
    """
    return make_flight(brief.task, vehicle=vehicle, **parameters_of(brief))


def _task(task: AnyTask | str, parameters: dict[str, Any]) -> AnyTask:
    if isinstance(task, str):
        return make_task(task, **parameters)
    if parameters:
        raise ValueError(f"{', '.join(parameters)} belong to a task by name; this task is already made")
    return task
