"""Films of a flight: the vehicle, where it should be, and where it has been."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Callable, Iterator
from pathlib import Path

import imageio_ffmpeg
import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from telic.sim.compiled import compiled
from telic.sim.gl import offscreen_context
from telic.sim.multirotor.model import vehicle_spec
from telic.sim.task import Task
from telic.sim.vehicle import Vehicle

Frame = NDArray[np.uint8]
Points = NDArray[np.float64]

# Drawn twice as large and averaged: cheaper in software, and smoother, than OpenGL's own multisampling.
SUPERSAMPLING = 2
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
    frames = draw_flight(task, positions, quaternions, reference, fps, size, progress)
    first = next(frames)
    writer = imageio_ffmpeg.write_frames(
        str(path), size, fps=fps, quality=7, macro_block_size=2, output_params=["-movflags", "+faststart"]
    )
    writer.send(None)
    try:
        writer.send(first.tobytes())
        for frame in frames:
            writer.send(frame.tobytes())
    finally:
        writer.close()
    return Path(path)


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
        self._width, self._height = (SUPERSAMPLING * pixels for pixels in size)
        self._arm = vehicle.arm_length
        span = float(np.linalg.norm(np.ptp(extent, axis=0)))
        self._model = _stage(vehicle, self._width, self._height, span)
        self._data = mujoco.MjData(self._model)
        self._rotors = [self._model.body(f"rotor_{number}").id for number in range(1, 5)]
        self._spins = vehicle.rotor_directions
        self._context = offscreen_context(self._width, self._height)
        self._gl = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_150)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._gl)
        self._scene = mujoco.MjvScene(self._model, 1000)
        for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION, mujoco.mjtRndFlag.mjRND_FOG):
            self._scene.flags[flag] = False
        self._camera = mujoco.MjvCamera()
        self._camera.distance = 8.0 * self._arm + 0.7 * span
        self._camera.elevation = -22.0
        self._middle = 0.5 * (extent.min(axis=0) + extent.max(axis=0))
        # Follow the vehicle closely on short flights, and look at the whole of long ones.
        self._follow = 1.0 / (1.0 + (span / (60.0 * self._arm)) ** 2)
        self._option = mujoco.MjvOption()
        self._pixels = np.zeros((self._height, self._width, 3), np.uint8)
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
        mujoco.mjv_updateScene(
            self._model, self._data, self._option, None, self._camera, mujoco.mjtCatBit.mjCAT_ALL, self._scene
        )
        self._cast_shadow(position)
        if reference is not None:
            self._thread(_thin(reference, REFERENCE_POINTS), lambda _: REFERENCE_RGBA)
        self._thread(_thin(trail, TRAIL_POINTS), _fading)
        caption = f"{time:5.2f} s"
        if goal is not None:
            self._add(mujoco.mjtGeom.mjGEOM_SPHERE, np.full(3, 0.13 * self._arm), goal, REFERENCE_RGBA)
            caption += f"   {100.0 * np.linalg.norm(position - goal):5.1f} cm off"
        return self._draw(caption)

    def close(self) -> None:
        """Give the graphics memory back."""
        self._gl.free()
        self._context.free()

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

    def _cast_shadow(self, position: Points) -> None:
        """Show where the vehicle is above the floor: a real shadow would cost more than all the rest."""
        floor = np.array([position[0], position[1], 0.002])
        self._add(mujoco.mjtGeom.mjGEOM_CYLINDER, np.array([1.1 * self._arm, 0.001, 0.0]), floor, SHADOW_RGBA)
        self._thread(np.stack([floor, position]), lambda _: SHADOW_RGBA)

    def _thread(self, points: Points, rgba: Callable[[float], NDArray[np.float32]]) -> None:
        """Add a thread through points (n, 3); rgba is a function of the share of the way along it."""
        line = mujoco.mjtGeom.mjGEOM_LINE
        for index in range(len(points) - 1):
            geom = self._add(line, np.zeros(3), np.zeros(3), rgba((index + 1) / len(points)))
            if geom is not None:
                mujoco.mjv_connector(geom, line, LINE_PIXELS * SUPERSAMPLING, points[index], points[index + 1])

    def _add(
        self, kind: mujoco.mjtGeom, size: Points, position: Points, rgba: NDArray[np.float32]
    ) -> mujoco.MjvGeom | None:
        """Add a shape to the frame, if there is still room."""
        if self._scene.ngeom >= self._scene.maxgeom:
            return None
        geom = self._scene.geoms[self._scene.ngeom]
        mujoco.mjv_initGeom(geom, kind, size, position, np.eye(3).ravel(), rgba)
        geom.category = mujoco.mjtCatBit.mjCAT_DECOR
        self._scene.ngeom += 1
        return geom

    def _draw(self, caption: str) -> Frame:
        view = mujoco.MjrRect(0, 0, self._width, self._height)
        mujoco.mjr_render(view, self._scene, self._gl)
        mujoco.mjr_overlay(
            mujoco.mjtFont.mjFONT_NORMAL, mujoco.mjtGridPos.mjGRID_BOTTOMLEFT, view, caption, "", self._gl
        )
        mujoco.mjr_readPixels(self._pixels, None, view, self._gl)
        width, height = self._size
        frame = np.empty((height, width, 3), np.uint8)
        _shrink(self._pixels, frame)
        return frame


def _fading(share: float) -> NDArray[np.float32]:
    """Return the colour of the trail at a share of the way from its oldest to its newest point."""
    return TRAIL_RGBA * np.array([1.0, 1.0, 1.0, share], np.float32)


@compiled(nogil=True)
def _shrink(pixels: Frame, frame: Frame) -> None:
    """Average blocks of pixels, and turn OpenGL's bottom row first into top row first."""
    height, width, _ = frame.shape
    for y in range(height):
        for x in range(width):
            for c in range(3):
                total = 0
                for dy in range(SUPERSAMPLING):
                    for dx in range(SUPERSAMPLING):
                        total += pixels[SUPERSAMPLING * (height - 1 - y) + dy, SUPERSAMPLING * x + dx, c]
                frame[y, x, c] = total // (SUPERSAMPLING * SUPERSAMPLING)


def _stage(vehicle: Vehicle, width: int, height: int, span: float) -> mujoco.MjModel:
    """Return the vehicle's model with floor, sky and light."""
    spec = vehicle_spec(vehicle)
    spec.visual.global_.offwidth, spec.visual.global_.offheight = width, height
    spec.visual.quality.offsamples = 0
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
