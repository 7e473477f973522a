"""The viewer: what is played, how it obeys, what is shown, and that only this machine can see it."""

import re
import urllib.request

import gymnasium
import mujoco
import numpy as np
import pytest

pytest.importorskip("viser", reason="needs telic[viz]")

from telic.control.ignorant import Random, Resting
from telic.control.make import reward_for
from telic.launch.errors import UserError
from telic.launch.main import main
from telic.launch.viewer.app import Viewer
from telic.launch.viewer.cast import player_for
from telic.launch.viewer.player import TaskPlayer
from telic.launch.viewer.scene import ModelScene
from telic.launch.viewer.shapes import floors_of, shapes_of
from telic.sim.tasks.cartpole import cartpole
from telic.sim.tasks.quadruped import quadruped
from telic.sim.tasks.registry import make_task

XML = """
<mujoco>
  <asset>
    <mesh name="wedge" vertex="0 0 0 1 0 0 0 1 0 0 0 1"/><hfield name="hill" nrow="3" ncol="3" size="2 2 1 0.1"/>
  </asset>
  <worldbody>
    <geom type="plane" size="0 0 1" pos="0 0 -0.5"/>
    <geom type="hfield" hfield="hill"/>
    <body name="a" pos="0 0 2">
      <freejoint/>
      <geom type="sphere" size="0.5"/><geom type="capsule" size="0.1 0.4"/><geom type="cylinder" size="0.2 0.3"/>
      <geom type="box" size="0.1 0.2 0.3"/><geom type="ellipsoid" size="0.3 0.2 0.1"/><geom type="mesh" mesh="wedge"/>
      <geom type="sphere" size="9" group="3"/><geom type="sphere" size="9" rgba="0 0 0 0"/>
      <site type="sphere" size="0.05" rgba="1 0 0 0.5"/>
    </body>
  </worldbody>
</mujoco>
"""


def test_every_kind_of_shape_has_its_size():
    model = mujoco.MjModel.from_xml_string(XML)
    shapes = list(shapes_of(model))
    halves = [0.5 * np.ptp(shape.vertices, axis=0) for shape in shapes if shape.body == 1]
    expected = [(0.5, 0.5, 0.5), (0.1, 0.1, 0.5), (0.2, 0.2, 0.3), (0.1, 0.2, 0.3), (0.3, 0.2, 0.1), None, (0.05,) * 3]
    for half, size in zip(halves, expected, strict=True):
        if size is not None:
            np.testing.assert_allclose(half, size, atol=0.01)
    assert all(shape.faces.max() < len(shape.vertices) for shape in shapes)
    assert floors_of(model) == [-0.5]
    np.testing.assert_allclose(shapes[-1].rgba, (1, 0, 0, 0.5))


def test_materials_give_their_colour():
    xml = """<mujoco><asset><material name="m" rgba="0.2 0.4 0.6 1"/></asset><worldbody>
    <geom size="1" material="m"/><geom size="1" material="m" rgba="1 0 0 1"/></worldbody></mujoco>"""
    plain, own = shapes_of(mujoco.MjModel.from_xml_string(xml))
    np.testing.assert_allclose(plain.rgba[:3], (0.2, 0.4, 0.6), atol=1e-6)
    np.testing.assert_allclose(own.rgba[:3], (1, 0, 0), atol=1e-6)


def player(task, **controllers):
    known = controllers or {"random": Random(task.actions, np.random.default_rng(0))}
    return TaskPlayer(task, reward_for(task), known, task.name)


@pytest.mark.parametrize("task", [make_task("hover"), cartpole()], ids=["hover", "cartpole"])
def test_a_player_adds_up_rewards_and_begins_again_after_the_end(task):
    played = player(task)
    before = played.puppet.pose().xpos.copy()
    for _ in range(3):
        played.step()
    now = played.readings()
    assert now.episode == 1 and now.elapsed_s == pytest.approx(3 * task.dt) and np.isfinite(now.total)
    assert set(now.terms) == set(reward_for(task).term_names)
    assert not np.array_equal(before, played.puppet.pose().xpos)
    while played.readings().episode == 1:
        played.step()
    assert played.readings().ending == "lost" and played.readings().elapsed_s == 0.0


def test_the_puppet_is_where_the_world_is():
    task = make_task("hover")
    played = player(task)
    played.step()
    (goal,) = played.puppet.marks()
    np.testing.assert_allclose(goal.position, (0.0, 0.0, 1.0), atol=1e-6)
    vehicle = played.puppet.model.body("vehicle").id
    assert np.linalg.norm(played.puppet.pose().xpos[vehicle] - goal.position) < 1.0


def test_orders_reach_the_policy():
    task = quadruped()
    seen = []

    class Watch(Resting):
        def act(self, observation, signals):
            seen.append(signals["command_velocity"][0].copy())
            return super().act(observation, signals)

    played = player(task, watch=Watch(task.actions))
    forward = next(order for order in played.orders if order.name == "command_velocity" and order.element == 0)
    played.order({forward: forward.high})
    for _ in range(3):
        played.step()
    assert seen[-1][0] == pytest.approx(forward.high, abs=1e-6)
    assert forward.label == "velocity 1 [m/s]"


def test_somebody_else_may_act():
    task = cartpole()
    played = player(task, a=Resting(task.actions), b=Random(task.actions, np.random.default_rng(0)))
    played.step()
    played.choose("b")
    played.step()
    assert played.controllers == ("a", "b")


@pytest.fixture
def viewer():
    opened = []

    def make(played, **arguments):
        opened.append(Viewer(played, port=8099, **arguments))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def test_the_page_is_served_to_this_machine_only(viewer):
    shown = viewer(player(cartpole()))
    with urllib.request.urlopen(shown.url, timeout=10) as page:
        assert b"<html" in page.read()[:500].lower()
    assert shown.url.startswith("http://127.0.0.1:") and shown._server.get_host() == "127.0.0.1"


def test_it_plays_at_the_speed_asked_for_and_pauses(viewer):
    played = player(make_task("hover"), resting=Resting(make_task("hover").actions))
    steps = []
    step = played.step
    played.step = lambda: (steps.append(0), step())
    shown = viewer(played, paused=True)
    shown.run(0.2)
    assert not steps
    shown._is_playing = True
    assert shown._steps_due(1.0) == pytest.approx(100.0)
    shown._speed.value = 0.5
    assert shown._steps_due(1.0) == pytest.approx(50.0)
    shown.run(0.3)
    assert steps


def test_buttons_act_between_steps(viewer):
    played = player(cartpole(), a=Resting(cartpole().actions), b=Random(cartpole().actions, np.random.default_rng(0)))
    shown = viewer(played, paused=True)
    shown._wants_restart.set()
    shown._wants_step.set()
    shown._who.value = "b"
    shown.run(0.1)
    assert played.readings().episode == 2 and played.readings().elapsed_s > 0.0 and shown._chosen == "b"


def test_a_robot_that_walks_stays_in_the_middle(viewer):
    played = player(quadruped())
    shown = viewer(played, paused=True)
    data = played.puppet.pose()
    data.xpos[:, 0] += 7.0
    scene = shown._scene
    assert isinstance(scene, ModelScene) and scene.follow
    scene.update(data)
    moved = np.array(scene._world.position)
    assert moved[0] == pytest.approx(-data.xpos[scene._target, 0]) and moved[2] == 0.0
    scene.follow = False
    scene.update(data)
    np.testing.assert_array_equal(scene._world.position, np.zeros(3))


def test_environments_of_others_are_played():
    played = player_for("gym:HalfCheetah-v5", None, seed=0)
    for _ in range(1001):
        played.step()
    assert played.readings().ending == "out of time" and played.puppet is not None and played.dt == 0.05
    played.close()


class Painted(gymnasium.Env):
    """Has no model, but draws."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 50}  # noqa: RUF012
    observation_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2, start=3)

    def __init__(self, render_mode=None, broken=False):
        self.render_mode, self.broken = render_mode, broken

    def reset(self, *, seed=None, options=None):
        return np.zeros(1, np.float32), {}

    def step(self, action):
        assert action in (3, 4)
        return np.zeros(1, np.float32), 1.0, False, False, {}

    def render(self):
        if self.broken:
            raise gymnasium.error.DependencyNotInstalled("no brush: pip install brush")
        return np.full((4, 6, 3), 9, np.uint8)


@pytest.fixture
def painted():
    gymnasium.register("Painted-v0", Painted)
    gymnasium.register("Unpainted-v0", Painted, kwargs={"broken": True})
    yield
    del gymnasium.registry["Painted-v0"], gymnasium.registry["Unpainted-v0"]


def test_environments_without_a_model_show_pictures(painted):
    played = player_for("gym:Painted-v0", None, seed=0)
    played.step()
    assert played.puppet is None and played.dt == 0.02
    np.testing.assert_array_equal(played.picture(), np.full((4, 6, 3), 9))


def test_what_cannot_draw_says_why(painted):
    with pytest.raises(UserError, match="pip install brush"):
        player_for("gym:Unpainted-v0", None, seed=0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gym:HalfCheeta-v5"], "did you mean HalfCheetah-v5"),
        (["hovver"], "did you mean 'hover'"),
        (["hover", "--policy", "pidd"], "no such file.*'pid'"),
        (["hover", "--port", "0"], "1 to 65535"),
    ],
)
def test_what_cannot_be_played_is_refused(words, message, capsys):
    assert main(["play", *words]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_the_verb_plays_for_a_while(capsys):
    assert main(["play", "hover", "--port", "8097", "--seconds", "0.2"]) == 0
    assert "http://127.0.0.1:" in capsys.readouterr().out


def test_a_policy_that_reads_something_else_is_refused(tmp_path):
    from telic.control.policy import Policy

    path = tmp_path / "policy.safetensors"
    Policy(3, 4).weights().save(path)
    with pytest.raises(UserError, match=r"reads 3 numbers; this world shows 146"):
        player_for("hover", str(path), seed=0)
