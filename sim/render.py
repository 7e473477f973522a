"""Films of a flight: the vehicle, where it should be, and where it has been."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from telic.sim.canvas import Canvas, Frame, Quality
from telic.sim.compiled import compiled
from telic.sim.film import write_film
from telic.sim.multirotor.model import vehicle_spec
from telic.sim.task import Task
from telic.sim.vehicle import Vehicle

Points = NDArray[np.float64]

# Drawn twice as large and averaged: cheaper in software, and smoother, than OpenGL's own multisampling.
SUPERSAMPLING = 2
QUALITY = Quality(skybox=True, haze=True, slices=28, stacks=16)
LINE_PIXELS = 1.6

REFERENCE_RGBA = np.array([0.13, 0.45, 0.85, 0.75], np.float32)
TRAIL_RGBA = np.array([0.95, 0.35, 0.05, 1.0], np.float32)
SHADOW_RGBA = np.array([0.05, 0.08, 0.12, 0.30], np.float32)
TRAIL_S = 3.0
TRAIL_POINTS = 120
REFERENCE_POINTS = 160
ORBIT_DEGREES_PER_S = 4.0
# The blades turn by this per frame: no divisor of a turn, so that they seem to spin at any frame rate.
SPIN = 2.399963


def render_flight(
    task: Task,
    positions: ArrayLike,
    quaternions: ArrayLike,
    reference: ArrayLike | None = None,
    fps: int = 30,
    size: tuple[int, int] = (640, 360),
    progress: Callable[[int, int], None] | None = None,
) -> list[Frame]:
    """Draw a flight that was recorded at the control rate of its task.

    Args:
        task: What was flown; its vehicle is drawn, and its dt is the time between rows.
        positions: (T, 3) [m], world frame.
        quaternions: (T, 4) w, x, y, z, body to world.
        reference: (T, 3) [m], where to be; not drawn by default.
        fps: Frames per second of flight.
        size: Width and height [pixels].
        progress: Called with the number of frames done and of all frames.

    Returns:
        Frames (height, width, 3).

    Raises:
        ValueError: If the shapes do not agree or a number is not finite.
        NoGraphicsError: If this machine cannot draw.
    """
    return list(draw_flight(task, positions, quaternions, reference, fps, size, progress))


def save_flight_video(
    path: str | Path,
    task: Task,
    positions: ArrayLike,
    quaternions: ArrayLike,
    reference: ArrayLike | None = None,
    fps: int = 30,
    size: tuple[int, int] = (640, 360),
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Draw a flight as `render_flight` does, to an MP4 file that browsers play.

    Returns:
        The path.

    Raises:
        ValueError: If the shapes do not agree or a number is not finite.
        NoGraphicsError: If this machine cannot draw.
    """
    return write_film(path, draw_flight(task, positions, quaternions, reference, fps, size, progress), fps)


def draw_flight(
    task: Task,
    positions: ArrayLike,
    quaternions: ArrayLike,
    reference: ArrayLike | None,
    fps: int,
    size: tuple[int, int],
    progress: Callable[[int, int], None] | None,
) -> Iterator[Frame]:
    """Draw a flight frame by frame; the arguments are those of `render_flight`."""
    path = _checked("positions", positions, 3)
    turns = _checked("quaternions", quaternions, 4, len(path))
    goal = None if reference is None else _checked("reference", reference, 3, len(path))
    count = max(1, round(len(path) * task.dt * fps))
    studio = Studio(task.vehicle, size, path if goal is None else np.concatenate([path, goal]))
    try:
        for frame in range(count):
            time = frame / fps
            row = min(round(time / task.dt), len(path) - 1)
            trail = path[max(0, row - round(TRAIL_S / task.dt)) : row + 1]
            yield studio.shoot(path[row], turns[row], trail, goal, None if goal is None else goal[row], time)
            if progress is not None:
                progress(frame + 1, count)
    finally:
        studio.close()


class Studio:
    """A vehicle, a floor, a light and a camera."""

    def __init__(self, vehicle: Vehicle, size: tuple[int, int], extent: Points) -> None:
        """Set up to draw frames of a size [pixels], with a camera for a flight through the points of extent (n, 3)."""
        self._size = size
        self._arm = vehicle.arm_length
        span = float(np.linalg.norm(np.ptp(extent, axis=0)))
        width, height = (SUPERSAMPLING * pixels for pixels in size)
        self._canvas = Canvas(_stage(vehicle, span), (width, height), QUALITY)
        self._model = self._canvas.model
        self._data = mujoco.MjData(self._model)
        self._rotors = [self._model.body(f"rotor_{number}").id for number in range(1, 5)]
        self._spins = vehicle.rotor_directions
        self._camera = mujoco.MjvCamera()
        self._camera.distance = 8.0 * self._arm + 0.7 * span
        self._camera.elevation = -22.0
        self._middle = 0.5 * (extent.min(axis=0) + extent.max(axis=0))
        # Follow the vehicle closely on short flights, and look at the whole of long ones.
        self._follow = 1.0 / (1.0 + (span / (60.0 * self._arm)) ** 2)
        self._pixels = np.zeros((height, width, 3), np.uint8)
        self._look: Points | None = None
        self._spin = 0.0

    def shoot(
        self,
        position: Points,
        quaternion: Points,
        trail: Points,
        reference: Points | None,
        goal: Points | None,
        time: float,
    ) -> Frame:
        """Draw one frame.

        Args:
            position: (3,) [m].
            quaternion: (4,) w, x, y, z.
            trail: (n, 3) where it has been [m], oldest first.
            reference: (n, 3) the whole path to fly [m], or None.
            goal: (3,) where it should be now [m], or None.
            time: Since the start [s].
        """
        self._pose(position, quaternion)
        self._aim(position, time)
        caption = f"{time:5.2f} s"
        if goal is not None:
            caption += f"   {100.0 * np.linalg.norm(position - goal):5.1f} cm off"
        decorate = partial(self._decorate, position=position, trail=trail, reference=reference, goal=goal)
        self._canvas.draw(self._data, self._camera, self._pixels, decorate, caption)
        width, height = self._size
        frame = np.empty((height, width, 3), np.uint8)
        _shrink(self._pixels, frame)
        return frame

    def close(self) -> None:
        """Give the graphics memory back."""
        self._canvas.close()

    def _pose(self, position: Points, quaternion: Points) -> None:
        self._data.qpos[:3], self._data.qpos[3:7] = position, quaternion
        self._spin += SPIN
        for body, direction in zip(self._rotors, self._spins, strict=True):
            # A rotor that pushes the body about +z turns the other way itself.
            half = -0.5 * direction * self._spin
            self._model.body_quat[body] = (np.cos(half), 0.0, 0.0, np.sin(half))
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_camlight(self._model, self._data)

    def _aim(self, position: Points, time: float) -> None:
        target = self._follow * position + (1.0 - self._follow) * self._middle
        self._look = target if self._look is None else self._look + 0.15 * (target - self._look)
        self._camera.lookat[:] = self._look
        self._camera.azimuth = 125.0 + ORBIT_DEGREES_PER_S * time

    def _decorate(
        self, scene: mujoco.MjvScene, position: Points, trail: Points, reference: Points | None, goal: Points | None
    ) -> None:
        """Add to the scene what is not part of the vehicle."""
        self._cast_shadow(scene, position)
        if reference is not None:
            _thread(scene, _thin(reference, REFERENCE_POINTS), lambda _: REFERENCE_RGBA)
        _thread(scene, _thin(trail, TRAIL_POINTS), _fading)
        if goal is not None:
            _add(scene, mujoco.mjtGeom.mjGEOM_SPHERE, np.full(3, 0.13 * self._arm), goal, REFERENCE_RGBA)

    def _cast_shadow(self, scene: mujoco.MjvScene, position: Points) -> None:
        """Show where the vehicle is above the floor: a real shadow would cost more than all the rest."""
        floor = np.array([position[0], position[1], 0.002])
        _add(scene, mujoco.mjtGeom.mjGEOM_CYLINDER, np.array([1.1 * self._arm, 0.001, 0.0]), floor, SHADOW_RGBA)
        _thread(scene, np.stack([floor, position]), lambda _: SHADOW_RGBA)


def _thread(scene: mujoco.MjvScene, points: Points, rgba: Callable[[float], NDArray[np.float32]]) -> None:
    """Add a thread through points (n, 3); rgba is a function of the share of the way along it."""
    line = mujoco.mjtGeom.mjGEOM_LINE
    for index in range(len(points) - 1):
        geom = _add(scene, line, np.zeros(3), np.zeros(3), rgba((index + 1) / len(points)))
        if geom is not None:
            mujoco.mjv_connector(geom, line, LINE_PIXELS * SUPERSAMPLING, points[index], points[index + 1])


def _add(
    scene: mujoco.MjvScene, kind: mujoco.mjtGeom, size: Points, position: Points, rgba: NDArray[np.float32]
) -> mujoco.MjvGeom | None:
    """Add a shape to a scene, if there is still room."""
    if scene.ngeom >= scene.maxgeom:
        return None
    geom = scene.geoms[scene.ngeom]
    mujoco.mjv_initGeom(geom, kind, size, position, np.eye(3).ravel(), rgba)
    geom.category = mujoco.mjtCatBit.mjCAT_DECOR
    scene.ngeom += 1
    return geom


def _fading(share: float) -> NDArray[np.float32]:
    """Return the colour of the trail at a share of the way from its oldest to its newest point."""
    return TRAIL_RGBA * np.array([1.0, 1.0, 1.0, share], np.float32)


@compiled(nogil=True)
def _shrink(pixels: Frame, frame: Frame) -> None:
    """Average blocks of pixels."""
    height, width, _ = frame.shape
    for y in range(height):
        for x in range(width):
            for c in range(3):
                total = 0
                for dy in range(SUPERSAMPLING):
                    for dx in range(SUPERSAMPLING):
                        total += pixels[SUPERSAMPLING * y + dy, SUPERSAMPLING * x + dx, c]
                frame[y, x, c] = total // (SUPERSAMPLING * SUPERSAMPLING)


def _stage(vehicle: Vehicle, span: float) -> mujoco.MjModel:
    """Return the vehicle's model with floor, sky and light."""
    spec = vehicle_spec(vehicle)
    spec.visual.map.znear = 0.01
    spec.visual.headlight.ambient = [0.48, 0.48, 0.48]
    spec.visual.headlight.diffuse = [0.28, 0.28, 0.28]
    spec.visual.headlight.specular = [0.1, 0.1, 0.1]
    spec.stat.extent = max(1.0, span)
    spec.stat.center = [0.0, 0.0, 0.5]
    spec.add_texture(
        name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.55, 0.70, 0.88], rgb2=[0.92, 0.95, 0.98], width=64, height=64 * 6,
    )  # fmt: skip
    spec.add_texture(
        name="grid", type=mujoco.mjtTexture.mjTEXTURE_2D, builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=[0.86, 0.88, 0.91], rgb2=[0.80, 0.83, 0.87], mark=mujoco.mjtMark.mjMARK_EDGE,
        markrgb=[0.70, 0.74, 0.80], width=256, height=256,
    )  # fmt: skip
    grid = spec.add_material(name="grid", texrepeat=[2.0, 2.0], texuniform=True, specular=0.0)
    grid.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "grid"
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0.0, 0.0, 0.05], material="grid", contype=0, conaffinity=0
    )
    spec.worldbody.add_light(
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, pos=[0.0, 0.0, 4.0], dir=[0.25, 0.15, -1.0],
        diffuse=[0.35, 0.35, 0.35], castshadow=False,
    )  # fmt: skip
    return spec.compile()


def _checked(name: str, values: ArrayLike, columns: int, rows: int | None = None) -> Points:
    array = np.asarray(values, np.float64)
    if array.ndim != 2 or array.shape[1] != columns or not len(array) or (rows is not None and len(array) != rows):
        expected = f"({'T' if rows is None else rows}, {columns})"
        raise ValueError(f"{name} has shape {array.shape}; allowed: {expected} with at least one row")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} is not finite in row {int(np.argwhere(~np.isfinite(array))[0, 0])}")
    return array


def _thin(points: Points, count: int) -> Points:
    """Return at most this many of the points, evenly chosen, the last included."""
    return points[np.unique(np.linspace(len(points) - 1, 0, min(count, len(points))).round().astype(int))]
