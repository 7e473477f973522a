"""Telic writes the reward for what a robot should do, trains the policy in simulation, and puts it on the robot.

These names are the ones to start with; each is imported from its own module when it is first used. ``import telic``
also registers every task with Gymnasium: ``telic/Hover-v0``, ``telic/HalfCheetah-v0`` and so on.
"""

import importlib
from typing import TYPE_CHECKING, Any

import gymnasium

if TYPE_CHECKING:
    from telic.control.evaluate import evaluate as evaluate
    from telic.control.make import load_reward as load_reward
    from telic.control.make import make as make
    from telic.control.make import make_vec as make_vec
    from telic.control.make import task_from_brief as task_from_brief
    from telic.control.policy import PolicyWeights as PolicyWeights
    from telic.control.train import TrainConfig as TrainConfig
    from telic.control.train import train as train
    from telic.deploy.contract import Contract as Contract
    from telic.deploy.export import export as export
    from telic.deploy.task_contract import contract_from_task as contract_from_task
    from telic.deploy.verify import verify as verify
    from telic.replay.replay import Replay as Replay
    from telic.replay.schema import Schema as Schema
    from telic.replay.signal import Signal as Signal
    from telic.rewards.program import parse_reward as parse_reward
    from telic.rewards.writer import write as write_reward  # noqa: F401
    from telic.sim.from_mjcf import from_mjcf as from_mjcf
    from telic.sim.task import Task as Task
    from telic.sim.tasks.registry import make_task as make_task
    from telic.sim.vehicle import load_vehicle as load_vehicle

__version__ = "0.1.0"

# Public name: module and name there.
_PUBLIC = {
    "Contract": ("telic.deploy.contract", "Contract"),
    "PolicyWeights": ("telic.control.policy", "PolicyWeights"),
    "Replay": ("telic.replay.replay", "Replay"),
    "Schema": ("telic.replay.schema", "Schema"),
    "Signal": ("telic.replay.signal", "Signal"),
    "Task": ("telic.sim.task", "Task"),
    "TrainConfig": ("telic.control.train", "TrainConfig"),
    "contract_from_task": ("telic.deploy.task_contract", "contract_from_task"),
    "evaluate": ("telic.control.evaluate", "evaluate"),
    "export": ("telic.deploy.export", "export"),
    "from_mjcf": ("telic.sim.from_mjcf", "from_mjcf"),
    "load_reward": ("telic.control.make", "load_reward"),
    "load_vehicle": ("telic.sim.vehicle", "load_vehicle"),
    "make": ("telic.control.make", "make"),
    "make_task": ("telic.sim.tasks.registry", "make_task"),
    "make_vec": ("telic.control.make", "make_vec"),
    "parse_reward": ("telic.rewards.program", "parse_reward"),
    "task_from_brief": ("telic.control.make", "task_from_brief"),
    "train": ("telic.control.train", "train"),
    "verify": ("telic.deploy.verify", "verify"),
    "write_reward": ("telic.rewards.writer", "write"),
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'telic' has no attribute {name!r}; it has {', '.join(_PUBLIC)}")
    module, attribute = _PUBLIC[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return [*globals(), *_PUBLIC]


# The tasks of `telic.sim.tasks.registry`, which is not imported here: it takes the simulators with it.
_TASKS = (
    "hover",
    "track",
    "cartpole",
    "cartpole_swing_up",
    "acrobot",
    "arm_reach",
    "arm_push",
    "arm_pick",
    "arm_door",
    "agv",
    "quadruped",
    "quadruped_arm",
    "half_cheetah",
    "hopper",
    "walker2d",
    "ant",
    "humanoid",
    "humanoid_standup",
    "swimmer",
    "reacher",
    "pusher",
    "inverted_pendulum",
    "inverted_double_pendulum",
)

for _task in _TASKS:
    gymnasium.register(
        f"telic/{''.join(word.capitalize() for word in _task.split('_'))}-v0",
        entry_point="telic.control.make:make",
        vector_entry_point="telic.control.make:make_vec",
        kwargs={"task": _task},
    )
