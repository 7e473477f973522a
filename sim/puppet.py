"""The body of a world: the model that shows where everything is, whatever it is simulated with."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from dataclasses import dataclass
from typing import Protocol

import mujoco
import numpy as np
from numpy.typing import NDArray

from telic.sim.frames import place
from telic.sim.mujoco.task import MujocoTask
from telic.sim.mujoco.world import MujocoWorld
from telic.sim.multirotor.model import vehicle_spec
from telic.sim.multirotor.signals import ROWS
from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.task import Task
from telic.sim.world import AnyTask, World

# The blades turn by this per step: no divisor of a turn, so that they seem to spin at any rate.
_SPIN = 2.399963


@dataclass(frozen=True)
class Mark:
    """A point that is shown beside the bodies.

    Attributes:
        name: What it is.
        position: (3,) [m], world frame.
        radius: [m].
    """

    name: str
    position: NDArray[np.float64]
    radius: float


class Puppet(Protocol):
    """Follows the first world of a batch."""

    @property
    def model(self) -> mujoco.MjModel:
        """What is shown."""
        ...

    def pose(self) -> mujoco.MjData:
        """Return where everything is now; kinematics are up to date."""
        ...

    def marks(self) -> tuple[Mark, ...]:
        """Return points to show."""
        ...


def puppet_for(task: AnyTask, world: World) -> Puppet:
    """Return the body of a world.

    Raises:
        ValueError: If the task is of a kind that has none.
    """
    if isinstance(task, Task) and isinstance(world, MultirotorWorld):
        return VehiclePuppet(task, world)
    if isinstance(task, MujocoTask) and isinstance(world, MujocoWorld):
        return ModelPuppet(task, world)
    raise ValueError(f"task {task.name!r} is a {type(task).__name__}, which has no body to show")


class ModelPuppet:
    """The model of a MuJoCo task."""

    def __init__(self, task: MujocoTask, world: MujocoWorld) -> None:
        """Follow a world of the task."""
        self.model = task.model
        self._data = mujoco.MjData(self.model)
        self._live = {name: world.engine.batch.bind(name) for name in ("qpos", "mocap_pos", "mocap_quat")}

    def pose(self) -> mujoco.MjData:
        """Return where everything is now."""
        for name, values in self._live.items():
            getattr(self._data, name)[:] = values[0]
        place(self.model, self._data)
        return self._data

    def marks(self) -> tuple[Mark, ...]:
        """Return none: what matters is in the model."""
        return ()


class VehiclePuppet:
    """A multirotor with spinning blades, and where it should be."""

    def __init__(self, task: Task, world: MultirotorWorld) -> None:
        """Follow a world of the task."""
        spec = vehicle_spec(task.vehicle)
        spec.worldbody.add_geom(
            name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0.0, 0.0, 1.0], contype=0, conaffinity=0
        )
        self.model = spec.compile()
        self._data = mujoco.MjData(self.model)
        self._world, self._radius = world, 0.13 * task.vehicle.arm_length
        self._rotors = [self.model.body(f"rotor_{number}").id for number in range(1, 5)]
        self._spins = task.vehicle.rotor_directions
        self._turn = 0.0

    def pose(self) -> mujoco.MjData:
        """Return where everything is now."""
        self._data.qpos[:3] = self._world.signals["position"][0]
        self._data.qpos[3:7] = self._world.state[0, ROWS["quaternion"]]
        self._turn += _SPIN
        for body, direction in zip(self._rotors, self._spins, strict=True):
            half = -0.5 * direction * self._turn
            self.model.body_quat[body] = (np.cos(half), 0.0, 0.0, np.sin(half))
        place(self.model, self._data)
        return self._data

    def marks(self) -> tuple[Mark, ...]:
        """Return where the vehicle should be."""
        goal = self._world.signals["reference_position"][0].astype(np.float64)
        return (Mark("reference", goal, self._radius),)
