"""Scenes: a packaged robot, and the floor, light, boxes and height fields around it, as an MJCF text."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from telic.sim.errors import TaskError
from telic.sim.suggest import did_you_mean

ROBOTS = ("acrobot", "agv", "arm6", "arm7", "cartpole", "quadruped")

# Bits of contact: what the scene is made of touches robots and objects, robots and objects touch each other, and no
# robot touches itself.
SCENE = {"contype": 1, "conaffinity": 0}
OBJECT = {"contype": 1, "conaffinity": 1}
SEEN_ONLY = {"contype": 0, "conaffinity": 0}

_FLOOR_COLOURS = ([0.66, 0.69, 0.72], [0.58, 0.61, 0.65])
_SKY_COLOURS = ([0.62, 0.74, 0.86], [0.93, 0.95, 0.97])


def load_robot(name: str) -> mujoco.MjSpec:
    """Return a packaged robot, to be built upon.

    Raises:
        TaskError: If there is no such robot.
    """
    from importlib.resources import as_file, files

    if name not in ROBOTS:
        raise TaskError(f"unknown robot {name!r}{did_you_mean(name, ROBOTS)}")
    with as_file(files("telic.sim") / "robots" / f"{name}.xml") as path:
        return mujoco.MjSpec.from_file(str(path))


def add_surroundings(spec: mujoco.MjSpec, floor: bool = True) -> None:
    """Add light, a sky, and a flat floor at height zero.

    Args:
        spec: The scene.
        floor: Without, only the light and the sky.
    """
    light = [0.3, 0.3, 0.3], [0.6, 0.6, 0.6], [0.1, 0.1, 0.1]
    headlight = spec.visual.headlight
    headlight.ambient, headlight.diffuse, headlight.specular = light
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=_SKY_COLOURS[0],
        rgb2=_SKY_COLOURS[1],
        width=64,
        height=384,
    )
    spec.add_texture(
        name="floor",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=_FLOOR_COLOURS[0],
        rgb2=_FLOOR_COLOURS[1],
        width=128,
        height=128,
    )
    textures = [""] * int(mujoco.mjtTextureRole.mjNTEXROLE)
    textures[int(mujoco.mjtTextureRole.mjTEXROLE_RGB)] = "floor"
    spec.add_material(name="floor", textures=textures, texrepeat=[1, 1], texuniform=True, reflectance=0.05)
    spec.worldbody.add_light(
        name="sun",
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        pos=[0, 0, 4],
        dir=[0.3, 0.4, -1],
        diffuse=[0.5, 0.5, 0.5],
        castshadow=True,
    )
    if floor:
        spec.worldbody.add_geom(
            name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 0.1], material="floor", **SCENE
        )


def add_box(
    body: mujoco.MjsBody,
    name: str,
    size: ArrayLike,
    pos: ArrayLike = (0, 0, 0),
    rgba: ArrayLike = (0.6, 0.6, 0.6, 1),
    **options: object,
) -> mujoco.MjsGeom:
    """Add a box to a body.

    Args:
        body: The body.
        name: Of the geom.
        size: Half lengths [m].
        pos: Its centre in the body's frame [m].
        rgba: Colour.
        **options: Other attributes of a geom, such as `SCENE`, `OBJECT` or ``mass=0.1``.
    """
    return body.add_geom(name=name, type=mujoco.mjtGeom.mjGEOM_BOX, size=size, pos=pos, rgba=rgba, **options)


def add_marker(body: mujoco.MjsBody, name: str, radius: float, rgba: ArrayLike = (0.1, 0.75, 0.3, 0.6)) -> None:
    """Add a sphere that is seen and touches nothing, and a site of the same name at its centre.

    Args:
        body: The body; a mocap body for a goal that is placed in every episode.
        name: Of the geom and the site.
        radius: [m].
        rgba: Colour.
    """
    body.add_geom(name=name, type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[radius, 0, 0], rgba=rgba, mass=0, **SEEN_ONLY)
    body.add_site(name=name, size=[0.005, 0.005, 0.005], group=4)


def add_height_field(
    spec: mujoco.MjSpec, name: str, heights: NDArray[np.floating], half_width: float, pos: ArrayLike = (0, 0, 0)
) -> None:
    """Add square ground of a given shape.

    Args:
        spec: The scene.
        name: Of the height field and its geom.
        heights: Heights above `pos` [m]: (rows, columns), along y and x.
        half_width: Half the length of a side [m].
        pos: Centre of its zero level [m].
    """
    # MuJoCo stretches whatever is there to 0...1, so the lowest height goes into the position.
    low = float(np.min(heights))
    top = max(float(np.max(heights)) - low, 1e-3)
    rows, columns = heights.shape
    x, y, z = np.asarray(pos, np.float64)
    spec.add_hfield(
        name=name,
        nrow=rows,
        ncol=columns,
        size=[half_width, half_width, top, 0.1],
        userdata=((heights - low) / top).astype(np.float32).ravel(),
    )
    spec.worldbody.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_HFIELD,
        hfieldname=name,
        pos=[x, y, z + low],
        rgba=[0.62, 0.66, 0.6, 1],
        **SCENE,
    )


def scene_text(spec: mujoco.MjSpec) -> str:
    """Return a scene as MJCF, checked by compiling it.

    Raises:
        TaskError: If MuJoCo cannot compile it, with its message.
    """
    try:
        spec.compile()
    except ValueError as error:
        raise TaskError(f"the scene does not compile: {error}") from error
    return spec.to_xml()
