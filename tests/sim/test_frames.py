"""Pictures of states: what is where in them, from where, and what is refused."""

import mujoco
import numpy as np
import pytest

from telic.sim.camera import Camera, default_camera
from telic.sim.canvas import CHEAP, FINE, Canvas, Quality
from telic.sim.frame_pool import FramePool
from telic.sim.frames import Frames

# A red ball that flies, a blue post that stands, a green ball that is put where one likes, and a black and white floor.
XML = """
<mujoco>
  <visual><headlight ambient="1 1 1" diffuse="0 0 0" specular="0 0 0"/></visual>
  <asset>
    <texture name="board" type="2d" builtin="checker" rgb1="0 0 0" rgb2="1 1 1" width="64" height="64"/>
    <material name="board" texture="board" texrepeat="20 20"/>
  </asset>
  <worldbody>
    <camera name="above" pos="0 0 8" xyaxes="1 0 0 0 1 0"/>
    <geom name="floor" type="plane" size="10 10 0.1" material="board"/>
    <geom name="post" type="cylinder" size="0.2 1" pos="0 2 1" rgba="0 0 1 1"/>
    <body name="ball" pos="0 0 1"><freejoint/><geom type="sphere" size="0.3" rgba="1 0 0 1"/></body>
    <body name="marker" mocap="true" pos="2 0 1"><geom type="sphere" size="0.3" rgba="0 1 0 1"/></body>
  </worldbody>
</mujoco>
"""
ABOVE = Camera("above")
REST = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]


@pytest.fixture(scope="module")
def model():
    return mujoco.MjModel.from_xml_string(XML)


@pytest.fixture(scope="module")
def above(model):
    with Frames(model, (64, 48), ABOVE) as frames:
        yield frames


def balls(*places):
    return np.array([[*place, 1.0, 1.0, 0.0, 0.0, 0.0] for place in places])


def middle(picture, channel):
    """Column and row of the middle of all that has this colour only; None where nothing has."""
    others = np.delete(picture, channel, axis=-1).max(axis=-1)
    seen = np.argwhere((picture[..., channel] > 150) & (others < 60))
    return None if not len(seen) else tuple(seen.mean(axis=0)[::-1])


def test_each_state_is_in_its_own_picture(above):
    pictures = above.draw(balls((0, 0), (1, 0), (0, -1)))
    assert pictures.shape == (3, 48, 64, 3) and pictures.dtype == np.uint8
    centre, right, below = (middle(picture, 0) for picture in pictures)
    assert centre == pytest.approx((31.5, 23.5), abs=1)
    assert right[0] > centre[0] + 4 and right[1] == pytest.approx(centre[1], abs=1)
    assert below[1] > centre[1] + 4 and below[0] == pytest.approx(centre[0], abs=1)


def test_mocap_bodies_are_where_they_are_put(above):
    (left,) = above.draw(REST, mocap_pos=[[-1.0, 0.0, 1.0]], mocap_quat=[[1.0, 0.0, 0.0, 0.0]])
    (right,) = above.draw(REST, mocap_pos=[[1.0, 0.0, 1.0]])
    assert middle(left, 1)[0] < 28 < 36 < middle(right, 1)[0]


def test_pictures_go_into_the_given_array(above):
    out = np.zeros((2, 48, 64, 3), np.uint8)
    states = balls((0, 0), (1, 1))
    assert above.draw(states, out=out) is out
    np.testing.assert_array_equal(out, above.draw(states))
    with pytest.raises(ValueError, match=r"out is uint8 \(1, 48, 64, 3\); needed: uint8 \(2, 48, 64, 3\)"):
        above.draw(states, out=out[:1])


def test_two_artists_take_turns(model, above):
    """Each has its own buffer of the graphics card, and must draw in that."""
    alone = above.draw(REST)
    with Frames(model, (96, 96), ABOVE) as other:
        np.testing.assert_array_equal(other.draw(REST)[0, 48, 48], alone[0, 24, 32])
        np.testing.assert_array_equal(above.draw(REST), alone)


def test_a_simulation_is_drawn_as_it_is(model, above):
    data = mujoco.MjData(model)
    data.qpos[:2] = 1.0, -1.0
    mujoco.mj_forward(model, data)
    np.testing.assert_array_equal(above.draw_data(data), above.draw(balls((1, -1)))[0])


@pytest.mark.parametrize(
    ("qpos", "message"),
    [
        ([0.0] * 6, r"qpos has shape \(6,\); needed: \('N', 7\)"),
        ([REST, [*REST[:-1], np.nan]], "qpos of state 1 has a number that is not finite"),
    ],
)
def test_states_that_cannot_be_drawn_are_refused(above, qpos, message):
    with pytest.raises(ValueError, match=message):
        above.draw(qpos)


def test_a_camera_that_follows_keeps_the_body_in_the_middle(model):
    with Frames(model, (64, 64), Camera(track="ball", distance=4.0, azimuth=90.0, elevation=-20.0)) as frames:
        for picture in frames.draw(balls((0, 0), (3, -2), (-4, 1))):
            assert middle(picture, 0) == pytest.approx((31.5, 31.5), abs=1.5)


def test_a_camera_with_a_level_shows_a_fall(model):
    camera = Camera(track="ball", distance=6.0, azimuth=0.0, elevation=0.0, level=1.0)
    high, low = REST.copy(), REST.copy()
    high[2], low[2] = 1.8, 0.4
    with Frames(model, (64, 64), camera) as frames:
        above, below = frames.draw([high, low])
    assert middle(above, 0)[1] < 31 < middle(below, 0)[1]


def test_azimuth_says_where_the_camera_looks(model):
    seen = []
    for azimuth in (0.0, 180.0):
        camera = Camera(lookat=(0.0, 0.0, 1.0), distance=6.0, azimuth=azimuth, elevation=0.0)
        with Frames(model, (64, 64), camera) as frames:
            seen.append(middle(frames.draw(REST)[0], 2))
    # The post stands at +y: to the left of who looks along +x, to the right of who looks along -x.
    assert seen[0][0] < 28 < 36 < seen[1][0]


def test_the_default_camera_follows_only_what_moves_about(model):
    assert default_camera(model).track == "ball"
    arm = "<mujoco><worldbody><body name='a'><joint type='hinge'/><geom size='1'/></body></worldbody></mujoco>"
    assert default_camera(mujoco.MjModel.from_xml_string(arm)).track is None


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        (Camera("abov"), "no camera 'abov'; did you mean 'above'"),
        (Camera(track="bal"), "no body 'bal'; did you mean 'ball'"),
    ],
)
def test_what_the_model_does_not_have_cannot_be_looked_at(model, camera, message):
    with pytest.raises(ValueError, match=message):
        Frames(model, (8, 8), camera)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "above", "distance": 2.0}, "also given: distance"),
        ({"distance": 0.0}, "more than 0 m"),
        ({"level": 1.0}, "name the body with track"),
        ({"azimuth": np.nan}, "not finite"),
    ],
)
def test_cameras_that_contradict_themselves_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Camera(**arguments)


@pytest.mark.parametrize("arguments", [{"samples": 3}, {"slices": 2}, {"floor_squares": 0}])
def test_qualities_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match="allowed"):
        Quality(**arguments)


def test_fewer_squares_do_not_change_the_floor(model):
    cheap, many = (Quality(floor_squares=squares) for squares in (2, 200))
    pictures = []
    for quality in (cheap, many):
        with Frames(model, (64, 48), ABOVE, quality) as frames:
            pictures.append(frames.draw(REST).astype(int))
    assert np.abs(pictures[0] - pictures[1]).mean() < 1.0


def test_an_endless_floor_reaches_the_horizon():
    endless = mujoco.MjModel.from_xml_string(XML.replace('size="10 10 0.1"', 'size="0 0 1"'))
    camera = Camera(lookat=(0.0, 0.0, 1.0), distance=3.0, azimuth=90.0, elevation=-5.0)
    with Frames(endless, (64, 64), camera) as frames:
        (picture,) = frames.draw(REST)
    # Five degrees below a horizon which is a ninth of the picture's 45 degrees above its middle.
    lit = picture.max(axis=-1) > 0
    assert lit[27:].mean() > 0.5 and not lit[:20, :20].any()


def test_fine_pictures_have_shadows_and_smooth_edges(model):
    lit = XML.replace("<worldbody>", "<worldbody><light directional='true' dir='0.3 0.2 -1' pos='0 0 5'/>")
    pictures = []
    for quality in (CHEAP, FINE):
        with Frames(mujoco.MjModel.from_xml_string(lit), (64, 48), ABOVE, quality) as frames:
            pictures.append(frames.draw(REST)[0])
    colours = [len(np.unique(picture.reshape(-1, 3), axis=0)) for picture in pictures]
    assert colours[1] > 1.5 * colours[0]


def test_the_model_that_is_drawn_is_not_changed(model):
    before = model.geom_size.copy(), model.vis.quality.offsamples, model.vis.global_.offwidth
    with Canvas(model, (32, 32), Quality(samples=2)):
        pass
    np.testing.assert_array_equal(model.geom_size, before[0])
    assert (model.vis.quality.offsamples, model.vis.global_.offwidth) == before[1:]


def test_sizes_that_are_no_pictures_are_refused(model):
    with pytest.raises(ValueError, match=r"size is \(0, 9\); allowed: width and height from 1 to"):
        Canvas(model, (0, 9))


@pytest.fixture(scope="module")
def pool(model):
    with FramePool(model, (64, 48), ABOVE, processes=2) as pool:
        yield pool


def test_processes_draw_the_same_pixels(pool, above):
    rng = np.random.default_rng(0)
    states = balls(*rng.uniform(-2, 2, (37, 2)))
    places = rng.uniform(-1, 1, (37, 1, 3))
    out = np.zeros((37, 48, 64, 3), np.uint8)
    assert pool.draw(states, places, out=out) is out
    np.testing.assert_array_equal(out, above.draw(states, places))
    np.testing.assert_array_equal(pool.draw(REST), above.draw(REST))


def test_processes_refuse_what_one_refuses(pool, model):
    with pytest.raises(ValueError, match="qpos of state 0 has a number that is not finite"):
        pool.draw(np.full(7, np.nan))
    with pytest.raises(ValueError, match="processes is 0"):
        FramePool(model, processes=0)
    with pytest.raises(ValueError, match="no camera 'abov'"):
        FramePool(model, (8, 8), Camera("abov"), processes=1)


def test_a_process_that_dies_is_noticed(model):
    with FramePool(model, (8, 8), ABOVE, processes=1) as pool:
        pool._workers[0]._process.kill()
        pool._workers[0]._process.wait()
        with pytest.raises(RuntimeError, match="a drawing process ended with exit code -9"):
            pool.draw(REST)
