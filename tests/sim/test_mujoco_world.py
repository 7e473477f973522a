"""The MuJoCo world: signals, starts, ends, commands, and simulations that break down."""

# A small model for all: a tumbling box with a site and sensors, a hinged arm, a mocap target.
from dataclasses import replace
from itertools import pairwise

import mujoco
import numpy as np
import pytest

from telic.sim.env import TaskEnv
from telic.sim.errors import TaskError
from telic.sim.mujoco.actuators import Actuator
from telic.sim.mujoco.library import untimed
from telic.sim.mujoco.pushes import Push
from telic.sim.mujoco.randomise import Randomise
from telic.sim.mujoco.sources import (
    AngularVelocity,
    CenterOfMass,
    Command,
    Computed,
    Constant,
    ContactForce,
    Control,
    Elapsed,
    Field,
    JointForce,
    JointPosition,
    JointVelocity,
    LinearVelocity,
    ModelField,
    Position,
    PreviousAction,
    Quaternion,
    Rotation,
    SensorReading,
)
from telic.sim.mujoco.starts import Arrange, Disturb, Draw, FromKeyframe, Place
from telic.sim.mujoco.task import MujocoTask, Outside
from telic.sim.observe import Observe
from telic.sim.vector_env import TaskVectorEnv

XML = """
<mujoco>
  <option timestep="0.004"/>
  <worldbody>
    <geom name="floor" type="plane" size="5 5 1"/>
    <body name="box" pos="0 0 0.6">
      <freejoint name="float"/>
      <geom name="shell" type="box" size="0.1 0.2 0.3" pos="0.05 0 0"/>
      <site name="corner" pos="0.1 0.2 0.3" euler="30 0 60"/>
    </body>
    <body name="upper" pos="2 0 1">
      <joint name="shoulder" type="hinge" axis="0 1 0" damping="0.1"/>
      <geom type="capsule" size="0.03" fromto="0 0 0 0.4 0 0"/>
      <body name="lower" pos="0.4 0 0">
        <joint name="elbow" type="hinge" axis="0 1 0" damping="0.1"/>
        <geom name="forearm" type="capsule" size="0.03" fromto="0 0 0 0.3 0 0"/>
      </body>
    </body>
    <body name="target" mocap="true" pos="0 0 1"/>
  </worldbody>
  <actuator>
    <motor name="shoulder" joint="shoulder" ctrlrange="-2 2"/>
    <motor name="elbow" joint="elbow" ctrlrange="-1 3"/>
  </actuator>
  <sensor>
    <gyro name="gyro" site="corner"/>
    <jointpos name="encoder" joint="elbow"/>
  </sensor>
  <keyframe>
    <key name="bent" qpos="0 0 0.8 1 0 0 0 0.5 -0.5"/>
  </keyframe>
</mujoco>
"""

ALL = (
    JointPosition("arm", joints=("shoulder", "elbow")),
    JointPosition("pose", joints=("float",)),
    JointVelocity("arm_velocity", joints=("shoulder", "elbow")),
    JointForce("arm_torque", joints=("elbow",)),
    Position("box_position", body="box"),
    Position("corner", site="corner"),
    Position("parts", geom=("shell", "forearm")),
    Rotation("box_rotation", body="box"),
    Quaternion("box_quaternion", body="box"),
    LinearVelocity("box_velocity", body="box"),
    LinearVelocity("corner_velocity", site="corner", frame="body"),
    LinearVelocity("forearm_velocity", geom="forearm"),
    AngularVelocity("box_spin", body="box"),
    AngularVelocity("lower_spin", body="lower", frame="world"),
    CenterOfMass("arm_center", body="upper"),
    SensorReading("gyro", sensors=("gyro",)),
    SensorReading("encoder", sensors=("encoder",)),
    Field("inertia", field="cinert", first=1),
    ModelField("box_mass", field="body_mass", elements=("box",)),
    Control("control"),
    PreviousAction("previous_action"),
    Elapsed("elapsed"),
    Constant("answer", value=(1.0, 2.0), unit="m"),
    Command("told", low=(-1.0, 0.0), high=(1.0, 2.0), every_s=0.04, zero=0.3),
    Computed("twice", lambda out, arm: np.multiply(arm, 2.0, out=out), ("arm",), (2,), "rad"),
)
TASK = MujocoTask(
    name="parts",
    xml=XML,
    signals=ALL,
    observation=(Observe("arm"),),
    reward="none",
    decimation=5,
    reset=(Disturb("position", 0.1), Disturb("velocity", 1.0, kind="normal")),
    dtype="float64",
)
N = 4


def acting(world, steps, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        world.step(rng.uniform(*world.task.actions.bounds, world.action.shape).astype(np.float32))


def data_of(world, i):
    """The engine's own view of one simulation, computed afresh from its state."""
    data = mujoco.MjData(world.engine.model)
    mujoco.mj_setState(world.engine.model, data, world.engine.batch.state[i], mujoco.mjtState.mjSTATE_INTEGRATION)
    mujoco.mj_forward(world.engine.model, data)
    return data


def velocity_of(model, data, kind, name, local):
    number = mujoco.mj_name2id(model, kind, name)
    both = np.zeros(6)
    kind = mujoco.mjtObj.mjOBJ_XBODY if kind == mujoco.mjtObj.mjOBJ_BODY else kind
    mujoco.mj_objectVelocity(model, data, kind, number, both, local)
    return both[:3], both[3:]


def test_signals_are_what_the_engine_computes_from_the_state():
    world = TASK.make_world(N, seed=1)
    acting(world, 7)
    model, signals = world.engine.model, world.signals
    body, site, geom = mujoco.mjtObj.mjOBJ_BODY, mujoco.mjtObj.mjOBJ_SITE, mujoco.mjtObj.mjOBJ_GEOM
    for i in range(N):
        data = data_of(world, i)
        expected = {
            "arm": data.qpos[7:],
            "pose": data.qpos[:7],
            "arm_velocity": data.qvel[6:],
            "box_position": data.body("box").xpos,
            "corner": data.site("corner").xpos,
            "parts": np.array([data.geom("shell").xpos, data.geom("forearm").xpos]),
            "box_rotation": data.body("box").xmat.reshape(3, 3),
            "box_quaternion": data.body("box").xquat,
            "box_velocity": velocity_of(model, data, body, "box", 0)[1],
            "corner_velocity": velocity_of(model, data, site, "corner", 1)[1],
            "forearm_velocity": velocity_of(model, data, geom, "forearm", 0)[1],
            "box_spin": velocity_of(model, data, body, "box", 1)[0],
            "lower_spin": velocity_of(model, data, body, "lower", 0)[0],
            "arm_center": data.body("upper").subtree_com,
            "gyro": data.sensor("gyro").data,
            "encoder": data.qpos[8:],
            "inertia": data.cinert[1:].ravel(),
            "box_mass": model.body("box").mass,
            "control": world.action[i],
            "previous_action": world.action[i],
            "elapsed": 7 * TASK.dt,
            "answer": [1.0, 2.0],
            "twice": 2.0 * data.qpos[7:],
        }
        for name, values in expected.items():
            np.testing.assert_allclose(signals[name][i], values, rtol=0, atol=1e-12, err_msg=name)


def test_without_a_refresh_poses_are_one_physics_step_behind():
    now, behind = TASK.make_world(1, seed=2), replace(TASK, refresh="none").make_world(1, seed=2)
    acting(now, 1)
    acting(behind, 1)
    np.testing.assert_array_equal(now.signals["pose"], behind.signals["pose"])
    step = behind.signals["pose"][:, :3] - behind.signals["box_position"]
    late = np.linalg.norm(step, axis=1) / np.linalg.norm(behind.signals["box_velocity"], axis=1)
    np.testing.assert_allclose(late, TASK.model.opt.timestep, rtol=0.1)
    np.testing.assert_array_equal(now.signals["box_position"], now.signals["pose"][:, :3])


def test_a_simulation_that_breaks_down_ends_alone_and_is_kept():
    world, twin = TASK.make_world(N, seed=3, threads=1), TASK.make_world(N, seed=3, threads=1)
    for one in (world, twin):
        acting(one, 3)
    world.engine.batch.bind("qvel")[2, 3] = np.nan
    before = {name: values[2].copy() for name, values in world.signals.items()}
    finals = world.step_and_restart(np.zeros((N, 2)))
    twin.step_and_restart(np.zeros((N, 2)))
    others = np.array([True, True, False, True])
    np.testing.assert_array_equal(world.diverged, ~others)
    np.testing.assert_array_equal(world.truncated, ~others)
    assert not world.terminated.any()
    for name, values in world.signals.items():
        np.testing.assert_array_equal(values[others], twin.signals[name][others], err_msg=name)
        assert np.isfinite(values).all()
    np.testing.assert_array_equal(finals[2], before["arm"])
    (divergence,) = world.divergences
    assert divergence.world == 2 and "not finite" in divergence.reason and np.isnan(divergence.state).any()
    assert world.episodes.tolist() == [0, 0, 1, 0]
    acting(world, 3)
    assert not world.diverged.any() and np.isfinite(world.observation).all()


class Bent:
    """A reward on the joints."""

    inputs, fingerprint = ("arm", "next_arm"), "bent"

    def terms(self, inputs):
        return {"bent": np.abs(inputs["next_arm"]).sum(axis=-1), "calm": (inputs["next_arm"] - inputs["arm"])[..., 0]}


def test_environments_say_whose_simulation_broke_down():
    env = TaskVectorEnv(TASK, N, Bent(), seed=1, threads=1)
    env.reset(seed=1)
    assert "diverged" not in env.step(np.zeros((N, 2)))[4]
    env.world.engine.batch.bind("qpos")[3, 7] = np.inf
    observation, reward, terminated, truncated, info = env.step(np.zeros((N, 2)))
    np.testing.assert_array_equal(info["diverged"], [False, False, False, True])
    np.testing.assert_array_equal(truncated, info["diverged"])
    assert not terminated.any() and np.isfinite(reward).all() and np.isfinite(observation).all()
    assert np.isfinite(info["final_obs"][3]).all()
    single = TaskEnv(TASK, Bent(), seed=1)
    single.reset(seed=1)
    single.world.engine.batch.bind("qpos")[0, 7] = np.inf
    _, _, terminated, truncated, info = single.step(np.zeros(2))
    assert truncated and not terminated and info["diverged"] is True


@pytest.mark.parametrize("signals", [ALL, (*ALL, ContactForce("load"))], ids=["", "with contact forces"])
def test_a_warning_of_the_engine_ends_the_episode(signals):
    world = replace(TASK, signals=signals).make_world(N, seed=3, threads=1)
    world.engine.batch.bind("qvel")[1, 0] = 1e11
    world.step(np.zeros((N, 2)))
    np.testing.assert_array_equal(world.diverged, [False, True, False, False])
    assert "velocity is not finite, or huge" in world.divergences[0].reason


def test_contact_forces_carry_the_weight():
    task = replace(TASK, signals=(*ALL, ContactForce("load", bodies=("box",))), reset=(), truncate_after_s=60.0)
    world = task.make_world(1, seed=0)
    assert (world.signals["load"] == 0.0).all()
    for _ in range(150):
        world.step(np.zeros((1, 2)))
    weight = float(world.engine.model.body("box").mass[0]) * 9.81
    assert world.signals["load"][0, 0, 5] == pytest.approx(weight, rel=1e-3)


def test_a_restored_world_remembers_delays_biases_dropouts_pushes_and_draws():
    task = replace(
        TASK,
        observation=(Observe("arm", noise=0.1, bias=0.2, delay_s=(0.0, 0.1), dropout=0.3), Observe("told", history=2)),
        randomisation=(Randomise("mass", (0.5, 2.0)),),
        pushes=(Push("box", interval_s=(0.05, 0.1)), Push("lower", kind="force", interval_s=(0.05, 0.1))),
        actuators=(Actuator("elbow", delay_s=(0.0, 0.05)),),
        truncate_after_s=0.3,
    )
    world = task.make_world(N, seed=1)

    def go_on(steps):
        for step in range(steps):
            world.step_and_restart(np.full((N, 2), np.sin(step)))
            yield np.concatenate([world.observation, world.flat("pose"), world.flat("arm_velocity")], axis=1)

    list(go_on(9))
    snapshot = world.snapshot()
    expected = list(go_on(25))
    world.restore(snapshot)
    np.testing.assert_array_equal(list(go_on(25)), expected)


def test_mujocos_clock_stands_still_only_while_worlds_step():
    world, data = TASK.make_world(2, threads=2), mujoco.MjData(TASK.model)

    def timed():
        before = data.timer[mujoco.mjtTimer.mjTIMER_STEP].duration
        mujoco.mj_step(TASK.model, data)
        return data.timer[mujoco.mjtTimer.mjTIMER_STEP].duration > before

    assert timed()
    acting(world, 3)
    assert timed()
    with untimed():
        acting(world, 1)
        assert not timed()
    assert timed()


def test_commands_are_drawn_again_in_time():
    world = replace(TASK, truncate_after_s=60.0).make_world(200, seed=1)
    told = [world.signals["told"].copy()]
    for _ in range(8):
        world.step(np.zeros((200, 2)))
        told.append(world.signals["told"].copy())
    changes = [(a != b).any() for a, b in pairwise(told)]
    assert changes == [False, True] * 4  # Every 0.04 s, of 0.02 s each.
    drawn = np.concatenate(told[::2])
    assert (drawn >= [-1.0, 0.0]).all() and (drawn <= [1.0, 2.0]).all()
    still = (drawn == 0.0).all(axis=1)
    assert 0.2 < still.mean() < 0.4
    assert (np.ptp(drawn[~still], axis=0) > 1.8).all()


def test_reset_rules_apply_one_after_the_other():
    def lift(start):
        start.position("float")[:, 2] += 1.0 + start.uniform(1)[:, 0]
        start.velocity("elbow")[:] = 0.25
        start.command("told")[:] = [0.5, 0.75]

    rules = (
        FromKeyframe("bent"),
        Draw("position", ("shoulder",), low=-0.1, high=0.3),
        Draw("velocity", ("shoulder", "elbow"), low=-1.0, high=1.0, between=(0.5, 0.8)),
        Place("target", low=(0.0, -1.0, 2.0), high=(0.0, 1.0, 2.0), yaw=(-0.5, 0.5)),
        Place("box", low=(-1.0, -1.0, 0.0), high=(1.0, 1.0, 0.0), yaw=(0.0, 1.0)),
    )
    world = replace(TASK, reset=rules).make_world(300, seed=4)
    batch = world.engine.batch
    qpos, qvel = batch.bind("qpos"), batch.bind("qvel")
    assert (qpos[:, 8] == -0.5).all() and (qpos[:, 7] >= -0.1).all() and (qpos[:, 7] <= 0.3).all()
    speed = np.linalg.norm(qvel[:, 6:], axis=1)
    assert (speed > 0.5).all() and (speed < 0.8).all()
    target, turn = batch.bind("mocap_pos")[:, 0], batch.bind("mocap_quat")[:, 0]
    assert (target[:, 2] == 2.0).all() and np.ptp(target[:, 1]) > 1.8
    np.testing.assert_allclose(np.linalg.norm(turn, axis=1), 1.0)
    assert 0.4 < np.abs(2.0 * np.arctan2(turn[:, 3], turn[:, 0])).max() <= 0.5
    assert (qpos[:, 2] == 0.0).all() and np.ptp(qpos[:, 0]) > 1.8
    world = replace(TASK, reset=(*rules, Arrange(lift))).make_world(300, seed=4)
    heights = world.engine.batch.bind("qpos")[:, 2]
    assert (heights >= 1.0).all() and np.ptp(heights) > 0.9
    assert (world.signals["told"] == [0.5, 0.75]).all()
    assert (world.engine.batch.bind("qvel")[:, 7] == 0.25).all()


def test_actions_are_limited_scaled_and_offset():
    world = TASK.make_world(1)
    world.step(np.array([[5.0, -3.0]]))
    np.testing.assert_array_equal(world.signals["control"], [[2.0, -1.0]])
    task = replace(TASK, actuators=(Actuator("elbow", scale=2.0, offset=1.0), Actuator("shoulder", scale=0.5)))
    assert task.actions.bounds[0].tolist() == [-1.0, -1.0] and task.actions.bounds[1].tolist() == [1.0, 1.0]
    world = task.make_world(1)
    np.testing.assert_array_equal(world.signals["control"], [[0.0, 1.0]])
    world.step(np.array([[1.0, -1.0]]))
    np.testing.assert_array_equal(world.signals["control"], [[0.5, -1.0]])


def test_bounds_of_a_termination_are_inside_unless_it_is_open():
    rule = Outside("arm", low=0.0, high=1.0, element=0)
    for is_open, value, lost in ((False, 0.0, False), (True, 0.0, True), (False, 1.5, True), (True, 0.5, False)):
        task = replace(
            TASK,
            terminate=(replace(rule, open=is_open, signal="fixed"),),
            signals=(*ALL, Constant("fixed", value=(value, 7.0))),
        )
        world = task.make_world(1)
        world.step(np.zeros((1, 2)))
        assert bool(world.terminated[0]) == lost


def test_a_history_begins_with_the_present_and_shows_the_newest_first():
    task = replace(TASK, observation=(Observe("elapsed", scale=10.0), Observe("arm", clip=0.05, history=3)))
    world = task.make_world(N, seed=1)
    seen = [np.clip(world.signals["arm"], -0.05, 0.05)] * 3
    for _ in range(4):
        np.testing.assert_array_equal(world.observation[:, 1:], np.concatenate(seen[::-1], axis=1))
        world.step(np.ones((N, 2)))
        seen = [*seen[1:], np.clip(world.signals["arm"], -0.05, 0.05)]
    np.testing.assert_allclose(world.observation[:, 0], 10.0 * 4 * task.dt)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: replace(TASK, xml="<mujoco><worldbody><body><joint/></body></worldbody></mujoco>").model,
            r"MuJoCo refuses the model of task 'parts'",
        ),
        (lambda: replace(TASK, decimation=0), r"decimation of task parts is 0; allowed: whole numbers from 1"),
        (lambda: replace(TASK, dtype="float16"), r"dtype is 'float16'"),
        (lambda: replace(TASK, observation=(Observe("arms"),)), r"observation reads 'arms'.*did you mean 'arm'\?"),
        (lambda: replace(TASK, signals=(*ALL, Elapsed("arm"))), r"two signals 'arm'; rename one"),
        (
            lambda: _with(JointPosition("x", joints=("elbo",))),
            r"'x': the model has no joint 'elbo'; did you mean 'elbow'",
        ),
        (lambda: _with(Position("x", site="corners")), r"no site 'corners'; did you mean 'corner'"),
        (lambda: _with(SensorReading("x", sensors=("gyros",))), r"no sensor 'gyros'; did you mean 'gyro'"),
        (lambda: _with(Field("x", field="qposs")), r"MjData has no array 'qposs'.*did you mean 'qpos'"),
        (
            lambda: _with(ModelField("x", field="body_mas")),
            r"MjModel has no field 'body_mas'.*did you mean 'body_mass'",
        ),
        (lambda: _with(Computed("x", print, ("later",))), r"'x' needs 'later', which does not stand before it"),
        (lambda: Position("x"), r"needs the name of a body, of a site or of a geom"),
        (lambda: _with_rule(FromKeyframe("bend")), r"no keyframe 'bend'; did you mean 'bent'"),
        (lambda: _with_rule(Place("upper", (0, 0, 0), (1, 1, 1))), r"places body 'upper', which has no free joint"),
        (
            lambda: _with_rule(Draw("position", ("elbow",), 0.0, 1.0, between=(2.0, 3.0))),
            r"1000 draws in a row were out of reach",
        ),
        (lambda: TASK.make_world(0), r"num_envs is 0; allowed: at least 1"),
        (lambda: TASK.make_world(1, seed=-1), r"seed is -1"),
        (lambda: TASK.make_world(2).step(np.zeros((1, 2))), r"action has shape \(1, 2\); allowed: \(2, 2\)"),
        (lambda: TASK.make_world(1).step(np.array([[0.0, np.nan]])), r"action elbow of world 0 is nan"),
        (lambda: TASK.make_world(2).restore(TASK.make_world(1).snapshot()), r"snapshot is of another world"),
        (lambda: TASK.make_world(2).reset(np.array([0, 1])), r"ids is int64 \(2,\); allowed: a bool array"),
    ],
)
def test_what_is_wrong_is_said(make, message):
    with pytest.raises((TaskError, ValueError), match=message):
        make()


def _with(source):
    return replace(TASK, signals=(*ALL, source)).schema


def _with_rule(rule):
    return replace(TASK, reset=(rule,)).make_world(1)
