"""Pictures of many states of a MuJoCo model: what a vision-language model is shown, and what films are made of.

    with Frames(model, size=(224, 224), camera=HUMANOID) as frames:
        pictures = frames.draw(qpos)  # (N, 224, 224, 3)

Drawing needs positions only: kinematics are computed here, and nothing is simulated.
"""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from typing import Self

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from telic.sim.camera import Aim, Camera, default_camera
from telic.sim.canvas import CHEAP, Canvas, Quality

VISION_SIZE = (224, 224)


class Frames:
    """Draws states of one model, one after another, into arrays.

    Attributes:
        size: Width and height [pixels].
        camera: From where.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        size: tuple[int, int] = VISION_SIZE,
        camera: Camera | None = None,
        quality: Quality = CHEAP,
    ) -> None:
        """Set up to draw.

        Args:
            model: What is drawn; it is not changed. `telic.sim.appearance.dressed` makes one that looks real.
            size: Width and height [pixels].
            camera: From where; by default it shows the whole model, and follows a robot that moves about.
            quality: How much work goes into a picture.

        Raises:
            ValueError: If the size is not allowed, or the model does not have what the camera names.
            NoGraphicsError: If this machine cannot draw.
        """
        self.size = size
        self.camera = default_camera(model) if camera is None else camera
        self._aim = Aim(model, self.camera)
        self._canvas = Canvas(model, size, quality)
        self._data = mujoco.MjData(self._canvas.model)
        self._mocap = self._data.mocap_pos.copy(), self._data.mocap_quat.copy()

    def draw(
        self,
        qpos: ArrayLike,
        mocap_pos: ArrayLike | None = None,
        mocap_quat: ArrayLike | None = None,
        out: NDArray[np.uint8] | None = None,
    ) -> NDArray[np.uint8]:
        """Draw states.

        Args:
            qpos: (N, nq), or (nq,) for one.
            mocap_pos: (N, nmocap, 3) positions of the mocap bodies [m]; by default the model's own.
            mocap_quat: (N, nmocap, 4), w x y z.
            out: (N, height, width, 3) uint8, overwritten and returned; a fresh array by default.

        Returns:
            (N, height, width, 3), top row first.

        Raises:
            ValueError: If a shape is wrong or a number is not finite.
        """
        model = self._canvas.model
        states, positions, turns = checked_states(model, self._mocap, qpos, mocap_pos, mocap_quat)
        pictures = room(len(states), self.size, out)
        for index, picture in enumerate(pictures):
            self._data.qpos[:] = states[index]
            self._data.mocap_pos[:], self._data.mocap_quat[:] = positions[index], turns[index]
            place(model, self._data)
            self._canvas.draw(self._data, self._aim.at(self._data), picture)
        return pictures

    def draw_data(self, data: mujoco.MjData, out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """Draw one simulation as it is.

        Args:
            data: Of the model that is drawn; its kinematics are up to date, as after a forward step.
            out: (height, width, 3), overwritten and returned.

        Returns:
            (height, width, 3), top row first.
        """
        (picture,) = room(1, self.size, None if out is None else out[None])
        self._canvas.draw(data, self._aim.at(data), picture)
        return picture

    def close(self) -> None:
        """Give the graphics memory back."""
        self._canvas.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def place(model: mujoco.MjModel, data: mujoco.MjData) -> None:
    """Bring everything that a picture shows to where ``qpos`` has it."""
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    mujoco.mj_camlight(model, data)
    if model.nflex:
        mujoco.mj_flex(model, data)
    if model.ntendon:
        mujoco.mj_tendon(model, data)


def room(count: int, size: tuple[int, int], out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Return an array for so many pictures: a given one that fits, or a fresh one.

    Raises:
        ValueError: If the given one does not fit.
    """
    shape = (count, size[1], size[0], 3)
    if out is None:
        return np.empty(shape, np.uint8)
    if out.shape != shape or out.dtype != np.uint8:
        raise ValueError(f"out is {out.dtype} {out.shape}; needed: uint8 {shape}")
    return out


def checked_states(
    model: mujoco.MjModel,
    mocap: tuple[NDArray[np.float64], NDArray[np.float64]],
    qpos: ArrayLike,
    mocap_pos: ArrayLike | None,
    mocap_quat: ArrayLike | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return states as (N, nq), (N, nmocap, 3) and (N, nmocap, 4), mocap bodies by default where the model has them.

    Raises:
        ValueError: If a shape is wrong or a number is not finite.
    """
    states = _rows("qpos", qpos, (model.nq,), None)
    given = (("mocap_pos", mocap_pos), ("mocap_quat", mocap_quat))
    positions, turns = (
        np.broadcast_to(own, (len(states), *own.shape))
        if values is None
        else _rows(name, values, own.shape, len(states))
        for own, (name, values) in zip(mocap, given, strict=True)
    )
    return states, positions, turns


def _rows(name: str, values: ArrayLike, shape: tuple[int, ...], count: int | None) -> NDArray[np.float64]:
    """Return one row per state, after checking shape and numbers."""
    array = np.asarray(values, np.float64)
    array = array[None] if array.ndim == len(shape) else array
    if array.shape[1:] != shape or (count is not None and len(array) != count):
        raise ValueError(f"{name} has shape {np.shape(values)}; needed: {('N' if count is None else count, *shape)}")
    if not np.isfinite(array).all():
        index = int(np.argwhere(~np.isfinite(array))[0, 0])
        raise ValueError(f"{name} of state {index} has a number that is not finite; it cannot be drawn")
    return array
