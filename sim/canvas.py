"""Where pictures are drawn: an offscreen buffer, a MuJoCo scene, and what may cost time in it."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import copy
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Self

import mujoco
import numpy as np
from numpy.typing import NDArray

from telic.sim.gl import offscreen_context

Frame = NDArray[np.uint8]

# Room for what is added to a scene beside the model's own shapes: paths, targets, contacts.
_SPARE_GEOMS = 1000
_LARGEST = 8192
# How far an endless floor goes on, over how far can be seen.
_HORIZONS = 4.0


@dataclass(frozen=True)
class Quality:
    """How much work goes into a picture. The defaults are those that pay when every frame of a training run is drawn.

    With software drawing, a 224x224 frame of Gymnasium's humanoid takes 80 ms with MuJoCo's own settings and 3 ms with
    these. The last factor of two is the floor: Gymnasium's has 100 000 squares, and 400 look the same.

    Attributes:
        shadow: Cast shadows: more than all the rest together.
        reflection: Mirror the scene in reflective floors.
        skybox: Draw the sky; without, it is black.
        haze: Let the floor fade into the sky.
        fog: Let far things fade.
        samples: Multisampling, to smooth edges: 0, 2, 4 or 8 samples per pixel.
        slices: Corners around a sphere, capsule or cylinder.
        stacks: Corners along it.
        floor_squares: Squares along each side of a floor, at most. The light is computed at their corners only.
    """

    shadow: bool = False
    reflection: bool = False
    skybox: bool = False
    haze: bool = False
    fog: bool = False
    samples: int = 0
    slices: int = 16
    stacks: int = 10
    floor_squares: int = 20

    def __post_init__(self) -> None:
        if self.samples not in (0, 2, 4, 8):
            raise ValueError(f"samples is {self.samples}; allowed: 0, 2, 4, 8")
        for name, low, high in (("slices", 3, 128), ("stacks", 2, 128), ("floor_squares", 1, 200)):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: {low} to {high}")


CHEAP = Quality()
# For people: smooth edges under a sky.
FILM = Quality(skybox=True, haze=True, samples=4, slices=28, stacks=16)
# All that there is: for a single picture.
FINE = Quality(shadow=True, reflection=True, skybox=True, haze=True, samples=4, slices=28, stacks=16, floor_squares=100)


class Canvas:
    """An offscreen buffer of one size in which pictures of one model are drawn, by the thread that asks.

    Attributes:
        model: A copy of the model, with the settings of the quality; changes to it show in the next picture.
        size: Width and height [pixels].
    """

    def __init__(self, model: mujoco.MjModel, size: tuple[int, int], quality: Quality = CHEAP) -> None:
        """Set up to draw.

        Args:
            model: What is drawn; it is not changed.
            size: Width and height [pixels].
            quality: How much work goes into a picture.

        Raises:
            ValueError: If the size is not allowed.
            NoGraphicsError: If this machine cannot draw.
        """
        if not all(1 <= pixels <= _LARGEST for pixels in size):
            raise ValueError(f"size is {size}; allowed: width and height from 1 to {_LARGEST} pixels")
        self.size = size
        self.model = _prepared(model, size, quality)
        self._context = offscreen_context(*size)
        self._gl = mujoco.MjrContext(self.model, mujoco.mjtFontScale.mjFONTSCALE_150)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._gl)
        self._view = mujoco.MjrRect(0, 0, *size)
        self._scene = mujoco.MjvScene(self.model, self.model.ngeom + self.model.nsite + _SPARE_GEOMS)
        for field in fields(quality):
            flag = getattr(mujoco.mjtRndFlag, f"mjRND_{field.name.upper()}", None)
            if flag is not None:
                self._scene.flags[flag] = getattr(quality, field.name)
        self._option = mujoco.MjvOption()
        # OpenGL gives the bottom row first.
        self._pixels = np.zeros((size[1], size[0], 3), np.uint8)

    def draw(
        self,
        data: mujoco.MjData,
        camera: mujoco.MjvCamera,
        out: Frame,
        decorate: Callable[[mujoco.MjvScene], None] | None = None,
        caption: str = "",
    ) -> None:
        """Draw one picture.

        Args:
            data: Where everything is; kinematics, cameras and lights must be up to date.
            camera: From where to look.
            out: (height, width, 3), overwritten.
            decorate: Adds shapes to the scene.
            caption: Text in the lower left corner.
        """
        self._context.make_current()
        mujoco.mjv_updateScene(self.model, data, self._option, None, camera, mujoco.mjtCatBit.mjCAT_ALL, self._scene)
        if decorate is not None:
            decorate(self._scene)
        mujoco.mjr_render(self._view, self._scene, self._gl)
        if caption:
            corner = mujoco.mjtGridPos.mjGRID_BOTTOMLEFT
            mujoco.mjr_overlay(mujoco.mjtFont.mjFONT_NORMAL, corner, self._view, caption, "", self._gl)
        mujoco.mjr_readPixels(self._pixels, None, self._view, self._gl)
        np.copyto(out, self._pixels[::-1])

    def close(self) -> None:
        """Give the graphics memory back."""
        self._context.make_current()
        self._gl.free()
        self._context.free()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _prepared(model: mujoco.MjModel, size: tuple[int, int], quality: Quality) -> mujoco.MjModel:
    """Return a copy of a model for drawing at this size and quality."""
    model = copy.copy(model)
    model.vis.global_.offwidth, model.vis.global_.offheight = size
    settings = model.vis.quality
    settings.offsamples, settings.numslices, settings.numstacks = quality.samples, quality.slices, quality.stacks
    for plane in map(int, np.flatnonzero(model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE)):
        _simplify(model, plane, quality.floor_squares)
    return model


def _simplify(model: mujoco.MjModel, plane: int, squares: int) -> None:
    """Draw a plane of few large squares; an endless one, which MuJoCo draws of very many, as a very wide one."""
    sides = model.geom_size[plane, :2]
    endless = sides == 0.0
    if endless.any():
        sides[endless] = _HORIZONS * model.vis.map.zfar * model.stat.extent
        # The textures of endless planes repeat per metre, those of others only when their material says so.
        material = model.geom_matid[plane]
        if material >= 0:
            model.mat_texuniform[material] = True
    # The third size of a plane is the width of the squares that it is drawn of.
    model.geom_size[plane, 2] = max(model.geom_size[plane, 2], 2.0 * sides.max() / squares)
