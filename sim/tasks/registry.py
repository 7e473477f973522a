"""The tasks by name, and tasks from plain data."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from telic.sim.mujoco.task import MujocoTask
from telic.sim.reference import make_reference
from telic.sim.suggest import did_you_mean
from telic.sim.task import Task, TaskError
from telic.sim.tasks.acrobot import acrobot
from telic.sim.tasks.agv import agv
from telic.sim.tasks.arm_door import arm_door
from telic.sim.tasks.arm_pick import arm_pick
from telic.sim.tasks.arm_push import arm_push
from telic.sim.tasks.arm_reach import arm_reach
from telic.sim.tasks.cartpole import cartpole, cartpole_swing_up
from telic.sim.tasks.gymnasium.ant import ant
from telic.sim.tasks.gymnasium.half_cheetah import half_cheetah
from telic.sim.tasks.gymnasium.hopper import hopper
from telic.sim.tasks.gymnasium.humanoid import humanoid
from telic.sim.tasks.gymnasium.humanoid_standup import humanoid_standup
from telic.sim.tasks.gymnasium.inverted_double_pendulum import inverted_double_pendulum
from telic.sim.tasks.gymnasium.inverted_pendulum import inverted_pendulum
from telic.sim.tasks.gymnasium.pusher import pusher
from telic.sim.tasks.gymnasium.reacher import reacher
from telic.sim.tasks.gymnasium.swimmer import swimmer
from telic.sim.tasks.gymnasium.walker2d import walker2d
from telic.sim.tasks.hover import hover
from telic.sim.tasks.quadruped import quadruped
from telic.sim.tasks.quadruped_arm import quadruped_arm
from telic.sim.tasks.track import track
from telic.sim.vehicle import load_vehicle
from telic.sim.yaml.load import TASK_FILES, load_task

_FACTORIES: tuple[Callable[..., Task | MujocoTask], ...] = (
    hover,
    track,
    cartpole,
    cartpole_swing_up,
    acrobot,
    arm_reach,
    arm_push,
    arm_pick,
    arm_door,
    agv,
    quadruped,
    quadruped_arm,
    half_cheetah,
    hopper,
    walker2d,
    ant,
    humanoid,
    humanoid_standup,
    swimmer,
    reacher,
    pusher,
    inverted_pendulum,
    inverted_double_pendulum,
)

# Each task is registered under the name of its factory, in the order in which they are listed.
TASKS: dict[str, Callable[..., Task | MujocoTask]] = {factory.__name__: factory for factory in _FACTORIES}


def make_flight(name: str, **parameters: Any) -> Task:
    """Make a task that a multirotor flies; arguments and errors as of `make_task`.

    Raises:
        TaskError: Also if the task is of another kind.
    """
    task = make_task(name, **parameters)
    if not isinstance(task, Task):
        raise TaskError(f"task {name!r} is no flight of a multirotor; allowed here: hover, track")
    return task


def make_task(name: str, **parameters: Any) -> Any:
    """Make a task by name.

    Args:
        name: A key of `TASKS`, or the path of a task file in YAML.
        **parameters: Arguments of its factory. Plain data serves: a vehicle by name or path, a reference as
            ``{"kind": "lissajous", "period_s": 5.5}``, points as lists.

    Raises:
        TaskError: If the task or a parameter is unknown.
        ValueError: If a value is not allowed.
    """
    if name.endswith(TASK_FILES):
        if parameters:
            raise TaskError(f"{', '.join(parameters)}: a task file has no parameters; write them into {name}")
        return load_task(name)
    if name not in TASKS:
        raise TaskError(f"unknown task {name!r}{did_you_mean(name, TASKS)}")
    factory = TASKS[name]
    known = list(inspect.signature(factory).parameters)
    for parameter in parameters:
        if parameter not in known:
            raise TaskError(f"task {name!r} has no parameter {parameter!r}{did_you_mean(parameter, known)}")
    values = dict(parameters)
    if isinstance(values.get("vehicle"), str):
        values["vehicle"] = load_vehicle(values["vehicle"])
    if isinstance(values.get("reference"), Mapping):
        values["reference"] = make_reference(values["reference"])
    return factory(**values)
