"""How a model looks, apart from what it does: sky, floor, skin, clothes and light.

Vision-language models know photographs, and the humanoid of Gymnasium, of one colour on a chessboard before a dark sky,
is far from all of them. VLM-RM (https://arxiv.org/abs/2310.12921) found that its rewards need a model that looks real.

    model = dressed(xml, PERSON)
    pictures = Frames(model, camera=HUMANOID, quality=VISION).draw(qpos)

Only what is seen changes: names, bodies, joints and ``qpos`` are those of the model, so its states can be drawn.
"""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import mujoco
import numpy as np
from numpy.typing import NDArray

from telic.sim.canvas import Quality
from telic.sim.textures import Floor, Rgb, Sky, Stuff, floor, sky, stuff

# The sky is a part of the picture that these presets make; it costs a quarter more.
VISION = Quality(skybox=True, slices=20, stacks=12)

_PREFIX = "telic_"
_INFINITE = [0.0, 0.0, 1.0]


@dataclass(frozen=True)
class Paint:
    """What some shapes are made of.

    Attributes:
        names: Shell patterns of the names of geoms, or else of their bodies, such as ``*thigh*``.
        rgb: Colour, 0 to 1.
        stuff: Its structure.
        shine: Strength of highlights, 0 to 1.
    """

    names: tuple[str, ...]
    rgb: Rgb
    stuff: Stuff = "plastic"
    shine: float = 0.2


@dataclass(frozen=True)
class Appearance:
    """A look.

    Attributes:
        paints: The first that matches a shape's name is used.
        rest: For moving shapes that none matches; None leaves them as they are.
        sky: What is above the horizon.
        floor: What is below; planes become endless.
        ambient: Light from everywhere, 0 to 1.
        sun: Light from one direction, 0 to 1.
        sun_direction: Where it shines to.
    """

    paints: tuple[Paint, ...] = ()
    rest: Paint | None = None
    sky: Sky = "clouds"
    floor: Floor = "tiles"
    ambient: float = 0.45
    sun: float = 0.55
    sun_direction: tuple[float, float, float] = (0.5, 0.3, -1.0)


# Names of body parts in Gymnasium's and dm_control's humanoids.
_HEAD_AND_HANDS = ("head*", "*larm*", "*lower_arm*", "*hand*")
_FEET = ("*foot*", "*feet*")
_LEGS = ("butt*", "*thigh*", "*shin*", "pelvis*")
_TRUNK = ("torso*", "*waist*", "*uarm*", "*upper_arm*")

PERSON = Appearance(
    paints=(
        Paint(_HEAD_AND_HANDS, (0.85, 0.63, 0.50), "skin", 0.1),
        Paint(_FEET, (0.16, 0.13, 0.12), "leather", 0.4),
        Paint(_LEGS, (0.18, 0.24, 0.40), "cloth", 0.0),
        Paint(_TRUNK, (0.75, 0.20, 0.18), "cloth", 0.0),
    )
)
ROBOT = Appearance(
    paints=(
        Paint(("head*", "*hand*", *_FEET, "*wheel*", "*tire*"), (0.17, 0.18, 0.20), "plastic", 0.6),
        Paint(("*waist*", "butt*", "*joint*", "*hip*", "*knee*", "*calf*", "*larm*", "*shin*"), (0.45, 0.47, 0.50)),
    ),
    rest=Paint(("*",), (0.88, 0.89, 0.91), "plastic", 0.5),
    floor="concrete",
)


def dressed(
    model: "str | mujoco.MjSpec", appearance: Appearance = ROBOT, assets: Mapping[str, bytes] | None = None
) -> mujoco.MjModel:
    """Compile a model with another look.

    Args:
        model: MJCF text, or a specification; it is not changed.
        appearance: The look.
        assets: Files that the text names.

    Returns:
        A model to draw, whose states are those of the given one.

    Raises:
        ValueError: If MuJoCo refuses the model.
    """
    spec = model.copy() if isinstance(model, mujoco.MjSpec) else mujoco.MjSpec.from_string(model, dict(assets or {}))
    _light(spec, appearance)
    _surround(spec, appearance)
    _paint(spec, appearance)
    return spec.compile()


def _light(spec: mujoco.MjSpec, appearance: Appearance) -> None:
    """Replace all lights by a sun and light from everywhere."""
    for light in list(spec.lights):
        spec.delete(light)
    headlight = spec.visual.headlight
    headlight.active = 1
    headlight.ambient = 3 * [appearance.ambient]
    headlight.diffuse = 3 * [0.25 * appearance.sun]
    headlight.specular = 3 * [0.0]
    spec.worldbody.add_light(
        name=f"{_PREFIX}sun", type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, pos=[0.0, 0.0, 10.0],
        dir=list(appearance.sun_direction), diffuse=3 * [appearance.sun], specular=3 * [0.5 * appearance.sun],
    )  # fmt: skip


def _surround(spec: mujoco.MjSpec, appearance: Appearance) -> None:
    """Replace the sky and what planes are covered with."""
    for texture in list(spec.textures):
        if texture.type == mujoco.mjtTexture.mjTEXTURE_SKYBOX:
            spec.delete(texture)
    _add_texture(spec, "sky", mujoco.mjtTexture.mjTEXTURE_SKYBOX, sky(appearance.sky))
    _add_texture(spec, "floor", mujoco.mjtTexture.mjTEXTURE_2D, floor(appearance.floor))
    cover = _add_material(spec, "floor", shine=0.0)
    cover.texrepeat, cover.texuniform = [1.0, 1.0], True
    for geom in spec.geoms:
        if geom.type == mujoco.mjtGeom.mjGEOM_PLANE:
            geom.size = _INFINITE
            _cover(geom, "floor")


def _paint(spec: mujoco.MjSpec, appearance: Appearance) -> None:
    """Give shapes that can be seen, other than planes, their paint."""
    known: set[Paint] = set()
    names: dict[Paint, str] = {}
    for geom in spec.geoms:
        paint = _paint_of(geom, appearance)
        if paint is None:
            continue
        if paint not in known:
            known.add(paint)
            names[paint] = f"paint_{len(known)}"
            picture = stuff(paint.stuff, paint.rgb, seed=len(known))
            _add_texture(spec, names[paint], mujoco.mjtTexture.mjTEXTURE_CUBE, picture)
            _add_material(spec, names[paint], paint.shine)
        _cover(geom, names[paint])


def _paint_of(geom: mujoco.MjsGeom, appearance: Appearance) -> Paint | None:
    """Return what a shape is made of; None to leave it as it is."""
    terrain = (mujoco.mjtGeom.mjGEOM_PLANE, mujoco.mjtGeom.mjGEOM_HFIELD)
    if geom.type in terrain or (geom.rgba[3] == 0.0 and not geom.material):
        return None
    for name in (geom.name, geom.parent.name):
        for paint in appearance.paints:
            if name and any(fnmatchcase(name, pattern) for pattern in paint.names):
                return paint
    return None if geom.parent.name == "world" else appearance.rest


def _cover(geom: mujoco.MjsGeom, material: str) -> None:
    geom.material = _PREFIX + material
    # MuJoCo's default colour means: that of the material.
    geom.rgba = [0.5, 0.5, 0.5, 1.0]


def _add_texture(spec: mujoco.MjSpec, name: str, kind: mujoco.mjtTexture, picture: NDArray[np.uint8]) -> None:
    height, width, channels = picture.shape
    texture = spec.add_texture(name=_PREFIX + name, type=kind, width=width, height=height, nchannel=channels)
    texture.data = picture.tobytes()


def _add_material(spec: mujoco.MjSpec, name: str, shine: float) -> mujoco.MjsMaterial:
    material = spec.add_material(name=_PREFIX + name, specular=shine, shininess=0.5, reflectance=0.0)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = _PREFIX + name
    return material
