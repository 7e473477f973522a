"""Looks: what they change, and that they change nothing else."""

from importlib.resources import files

import mujoco
import numpy as np
import pytest

from telic.sim.appearance import PERSON, ROBOT, VISION, Appearance, Paint, dressed
from telic.sim.camera import HUMANOID
from telic.sim.frames import Frames
from telic.sim.textures import floor, sky, stuff


@pytest.fixture(scope="module")
def humanoid():
    return (files("gymnasium") / "envs" / "mujoco" / "assets" / "humanoid.xml").read_text()


def picture(model, size=(112, 112)):
    with Frames(model, size, HUMANOID, VISION) as frames:
        return frames.draw(model.qpos0)[0].astype(int)


@pytest.mark.parametrize("look", [PERSON, ROBOT])
def test_states_and_names_are_those_of_the_plain_model(humanoid, look):
    plain, other = mujoco.MjModel.from_xml_string(humanoid), dressed(humanoid, look)
    np.testing.assert_array_equal(other.qpos0, plain.qpos0)
    np.testing.assert_array_equal(other.body_mass, plain.body_mass)
    for count, name in ((plain.njnt, "joint"), (plain.nbody, "body"), (plain.ngeom, "geom")):
        for index in range(count):
            assert getattr(plain, name)(index).name == getattr(other, name)(index).name


def test_a_person_stands_under_a_blue_sky(humanoid):
    drawn = picture(dressed(humanoid, PERSON))
    above, shirt, trousers = drawn[:20], drawn[45:52, 52:60], drawn[65:80, 51:61]
    assert above[..., 2].mean() > above[..., 0].mean() + 30
    assert shirt[..., 0].mean() > 1.8 * shirt[..., 2].mean()
    assert trousers[..., 2].mean() > 1.2 * trousers[..., 0].mean()


def test_the_first_paint_that_matches_is_used(humanoid):
    red, blue = Paint(("head",), (1.0, 0.0, 0.0)), Paint(("*",), (0.0, 0.0, 1.0))
    model = dressed(humanoid, Appearance(paints=(red, blue)))
    materials = {model.geom(index).name: model.geom_matid[index] for index in range(model.ngeom)}
    assert materials["head"] != materials["torso1"] == materials["left_hand"]


def test_shapes_without_a_name_are_painted_by_their_body():
    wheel = "<body name='wheel_left'><joint/><geom size='1'/></body>"
    model = dressed(f"<mujoco><worldbody>{wheel}<geom size='1'/></worldbody></mujoco>", ROBOT)
    ground, rim = (model.geom_matid[model.geom_bodyid == body][0] for body in (0, 1))
    assert ground == -1 and model.material(rim).name.startswith("telic_paint")


def test_invisible_shapes_stay_invisible():
    xml = "<mujoco><worldbody><body><joint/><geom size='1' rgba='0 0 0 0'/></body></worldbody></mujoco>"
    assert dressed(xml, ROBOT).geom_rgba[0, 3] == 0.0


def test_a_specification_is_not_changed(humanoid):
    spec = mujoco.MjSpec.from_string(humanoid)
    before = spec.to_xml()
    dressed(spec, PERSON)
    assert spec.to_xml() == before


@pytest.mark.parametrize("kind", ["tiles", "concrete", "wood", "grass"])
def test_floors_repeat_without_a_seam(kind):
    drawn = floor(kind, 128).astype(int)
    inside = np.abs(np.diff(drawn, axis=0)).mean(axis=(1, 2)).max()
    assert np.abs(drawn[0] - drawn[-1]).mean() <= inside + 1


def test_the_sky_has_no_edges():
    faces = sky("clouds", 64).reshape(6, 64, 64, 3).astype(int)
    # The left edge of the face +z meets the right edge of -x, and its top meets the bottom of +y.
    assert np.abs(faces[4][:, 0] - faces[1][:, -1]).mean() < 4
    assert np.abs(faces[4][0] - faces[2][-1]).mean() < 4


@pytest.mark.parametrize(
    ("paint", "message"),
    [
        (lambda: sky("night"), "sky is 'night'; allowed: clouds, clear, studio"),
        (lambda: floor("sand"), "floor is 'sand'"),
        (lambda: stuff("silk", (1, 1, 1)), "stuff is 'silk'"),
    ],
)
def test_unknown_kinds_are_refused(paint, message):
    with pytest.raises(ValueError, match=message):
        paint()
