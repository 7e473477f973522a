"""Pictures of a single environment: what its task calls for."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from telic.sim.mujoco.task import MujocoTask
from telic.sim.mujoco.world import MujocoWorld
from telic.sim.multirotor.signals import ROWS
from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.task import Task
from telic.sim.world import AnyTask, World

Frame = NDArray[np.uint8]

RENDER_SIZE = (640, 360)


class Painter(Protocol):
    """Draws the first world of a batch."""

    def restart(self) -> None:
        """Note that an episode begins."""
        ...

    def follow(self) -> None:
        """Note a step."""
        ...

    def draw(self) -> Frame:
        """Draw the present state (height, width, 3)."""
        ...

    def close(self) -> None:
        """Give the graphics memory back."""
        ...


def painter_for(task: AnyTask, world: World) -> Painter:
    """Return who draws a world.

    Raises:
        ValueError: If the task is of a kind that nobody draws.
    """
    if isinstance(task, Task) and isinstance(world, MultirotorWorld):
        return FlightPainter(task, world)
    if isinstance(task, MujocoTask) and isinstance(world, MujocoWorld):
        return ModelPainter(task, world)
    raise ValueError(f"task {task.name!r} is a {type(task).__name__}, which nobody draws; use render_mode=None")


class FlightPainter:
    """Draws a vehicle, its path, and the path to fly."""

    def __init__(self, task: Task, world: MultirotorWorld) -> None:
        self._task, self._world = task, world
        self._studio = None
        self._trail: list[NDArray[np.float64]] = []

    def restart(self) -> None:
        """Forget the path flown."""
        self._trail = [self._position()]

    def follow(self) -> None:
        """Lengthen the path flown."""
        self._trail.append(self._position())

    def draw(self) -> Frame:
        """Draw the vehicle (360, 640, 3)."""
        from telic.sim.render import TRAIL_S, Studio

        if self._studio is None:
            self._studio = Studio(self._task.vehicle, RENDER_SIZE, self._path())
        trail = np.array(self._trail[-round(TRAIL_S / self._task.dt) :] or [self._position()])
        goal = self._world.signals["reference_position"][0].astype(np.float64)
        quaternion = self._world.state[0, ROWS["quaternion"]].astype(np.float64)
        time = float(self._world.elapsed_s[0])
        return self._studio.shoot(self._position(), quaternion, trail, self._path(), goal, time)

    def close(self) -> None:
        """Give the graphics memory back."""
        if self._studio is not None:
            self._studio.close()
            self._studio = None

    def _position(self) -> NDArray[np.float64]:
        return self._world.signals["position"][0].astype(np.float64)

    def _path(self) -> NDArray[np.float64]:
        """Return the whole path to fly (n, 3)."""
        time = np.arange(0.0, self._task.truncate_after_s, self._task.dt)
        return self._task.reference.sample(time).position.astype(np.float64)


class ModelPainter:
    """Draws a MuJoCo model from its default camera."""

    def __init__(self, task: MujocoTask, world: MujocoWorld) -> None:
        self._task, self._batch = task, world.engine.batch
        self._frames = None

    def restart(self) -> None:
        """Nothing to note."""

    def follow(self) -> None:
        """Nothing to note."""

    def draw(self) -> Frame:
        """Draw the model (360, 640, 3)."""
        from telic.sim.canvas import FILM
        from telic.sim.frames import Frames

        if self._frames is None:
            self._frames = Frames(self._task.model, RENDER_SIZE, quality=FILM)
        state = [self._batch.bind(field)[:1] for field in ("qpos", "mocap_pos", "mocap_quat")]
        return self._frames.draw(*state)[0]

    def close(self) -> None:
        """Give the graphics memory back."""
        if self._frames is not None:
            self._frames.close()
            self._frames = None
