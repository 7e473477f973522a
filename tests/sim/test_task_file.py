"""Task files: what stands in the YAML is what the task does."""

from pathlib import Path

import numpy as np
import pytest

import telic.sim.mujoco.sources as src
from telic.sim.errors import TaskError
from telic.sim.from_mjcf import from_mjcf
from telic.sim.mujoco.actuators import DCMotor
from telic.sim.mujoco.randomise import Randomise
from telic.sim.observe import Observe
from telic.sim.yaml.check import check_task_file
from telic.sim.yaml.load import load_task
from telic.sim.yaml.problem import TaskFileError
from telic.sim.yaml.starter import write_starter

ROOT = Path(__file__).parents[2]
ARM = ROOT / "tests/sim/broken/arm.xml"
EXAMPLE = ROOT / "examples/my_robot/my_robot.yaml"

REWARD = '''"""Hold still."""


def reward(action):
    return {"still": -norm(action)}
'''


@pytest.fixture
def write(tmp_path):
    """Write a task file for the arm, and return its path."""

    def write(text, model=None):
        (tmp_path / "arm.xml").write_text(ARM.read_text() if model is None else model)
        (tmp_path / "reward.py").write_text(REWARD)
        path = tmp_path / "task.yaml"
        path.write_text(f"model: arm.xml\nreward: reward.py\n{text}")
        return path

    return write


def test_the_example_is_in_order_and_runs():
    loaded = check_task_file(EXAMPLE)
    assert loaded.problems == ()
    task = loaded.task
    assert task is not None
    world = task.make_world(8, seed=0)
    rng = np.random.default_rng(0)
    for _ in range(50):
        world.step_and_restart(rng.uniform(-1.0, 1.0, (8, 2)))
    assert np.isfinite(world.observation).all()
    assert {"mass:chassis", "bias:gyro", "delay:wheel_speed", "pushes:chassis:velocity"} <= set(world.episode_values)
    assert np.ptp(world.episode_values["mass:chassis"]) > 0.05


def test_every_part_of_a_file_arrives(write):
    task = load_task(
        write(
            """
name: swing
description: Swing an arm
decimation: 4
episode_s: 3
signals:
  angle: {kind: joint_position, joints: [shoulder, elbow], unit: rad}
  hand: {kind: position, site: hand}
  goal: {kind: command, low: [-1, -1], high: [1, 1], every_s: 2}
observation:
  - {signal: angle, noise: 0.01, bias: 1e-2, delay_s: [0, 0.01], scale: 2, clip: 5, dropout: 0.1}
  - goal
privileged: [hand]
actuators:
  elbow: {model: {kind: dc_motor, kp: 20, kd: 1, stall_torque: 9, no_load_speed: 30}, scale: 0.5, offset: 0.1}
reset:
  - {kind: draw, what: position, joints: [shoulder], low: -0.5, high: 0.5}
terminate:
  - {signal: hand, element: 2, low: 0.2}
randomisation:
  - {quantity: mass, elements: [lower], range: [0.8, 1.2]}
"""
        )
    )
    assert (task.name, task.decimation, task.truncate_after_s, task.dt) == ("swing", 4, 3.0, 0.008)
    assert task.signals[0] == src.JointPosition("angle", ("shoulder", "elbow"))
    assert task.signals[2] == src.Command("goal", (-1.0, -1.0), (1.0, 1.0), every_s=2.0)
    assert task.observation == (
        Observe("angle", noise=0.01, bias=0.01, delay_s=(0.0, 0.01), scale=2.0, clip=5.0, dropout=0.1),
        Observe("goal"),
    )
    assert task.actuators[0].model == DCMotor(20.0, 1.0, 9.0, 30.0)
    assert task.randomisation == (Randomise("mass", (0.8, 1.2), ("lower",)),)
    assert task.actions.bounds[0].tolist() == [-20.0, -1.0]  # The shoulder as in the model, the elbow scaled.
    world = task.make_world(3, seed=1)
    world.step(np.zeros((3, 2)))
    assert world.signals["hand"].shape == (3, 3)


def test_a_file_with_a_model_and_a_reward_is_enough(write):
    task = load_task(write(""))
    assert [source.name for source in task.signals] == ["joint_position", "joint_velocity", "previous_action"]
    assert task.dt == pytest.approx(0.02)
    assert task.name == "task"


def test_python_gives_the_same_task_as_a_file(write):
    path = write("name: arm\n")
    assert from_mjcf(path.parent / "arm.xml", reward=path.parent / "reward.py") == load_task(path)


def test_included_files_and_meshes_come_along(write, tmp_path):
    (tmp_path / "meshes").mkdir()
    (tmp_path / "meshes/tip.obj").write_text(
        "v 0 0 0\nv .1 0 0\nv 0 .1 0\nv 0 0 .1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
    )
    (tmp_path / "tip.xml").write_text('<mujoco><geom name="tip" type="mesh" mesh="tip" mass="0.1"/></mujoco>')
    model = ARM.read_text()
    model = model.replace("<worldbody>", '<compiler meshdir="meshes"/><asset><mesh file="tip.obj"/></asset><worldbody>')
    model = model.replace('<site name="hand"', '<include file="tip.xml"/><site name="hand"')
    task = load_task(write("", model))
    (tmp_path / "tip.xml").unlink()
    (tmp_path / "meshes/tip.obj").unlink()
    assert task.model.geom("tip").id >= 0


def test_a_starter_file_is_in_order(tmp_path):
    model = tmp_path / "arm.xml"
    model.write_text(ARM.read_text().replace(' ctrlrange="-10 10"', ""))
    task_file, reward_file = write_starter(model)
    assert (task_file.name, reward_file.name) == ("arm.yaml", "reward_arm.py")
    assert check_task_file(task_file).problems == ()
    with pytest.raises(TaskError, match="is there already"):
        write_starter(model)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("decimation: 0\n", "decimation of task task is 0"),
        ("decimation: fast\n", "task.yaml:3: decimation: is 'fast'; wanted: a whole number"),
        ("episode_s: .nan\n", "task.yaml:3: episode_s: is nan"),
        ("observation: [joint_velocity, 3]\n", "observation[1]: is 3; wanted: a mapping"),
        ("terminate: [{signal: hand, low: 1}]\n", "no signal 'hand'; known: joint_position"),
        ("terminate: [{signal: joint_position, low: 2, high: 1}]\n", "low is larger than high"),
        ("reset: [{kind: keyframe, name: home}]\n", "the model has no keyframe 'home'"),
        ("reset: [{kind: distrub, what: position, scale: 1}]\n", "did you mean 'disturb'"),
        ("reset: [{kind: disturb, what: position}]\n", "reset[0].scale: is missing"),
        ("pushes: [{body: uper}]\n", "did you mean 'upper'"),
        ("pushes: {body: upper}\n", "pushes: wanted: a list"),
        ("signals: {hand: {kind: position}}\n", "needs the name of a body, of a site or of a geom"),
        ("signals: {hand: {kind: positoin, site: hand}}\n", "did you mean 'position'"),
        ("signals: {lambda: {kind: elapsed}}\n", "is no name of a signal"),
        ("reward: rewrd.py\n", "stands there twice"),
        ("actuators: {elbow: {scale: 0}}\n", "its action would do nothing"),
        ("actuators: [elbow]\n", "wanted: a mapping of actuators by name"),
        ("a: &a [*a]\n", "is nested more than 32 deep"),
    ],
)
def test_mistakes_are_told_with_their_place(write, text, told):
    with pytest.raises(TaskError) as error:
        load_task(write(text))
    assert told in str(error.value)


def test_an_overlap_and_a_joint_out_of_range_are_warnings(write):
    model = (
        ARM.read_text()
        .replace('range="-120 120"', 'range="10 120"')
        .replace("<worldbody>", '<worldbody><geom name="floor" type="plane" size="1 1 1" pos="0 0 0.5"/>')
    )
    loaded = check_task_file(write("", model))
    assert loaded.task is not None
    assert {problem.severity for problem in loaded.problems} == {"warning"}
    told = "\n".join(map(str, loaded.problems))
    assert "elbow: starts at 0, outside its range" in told
    assert "'floor' and 'lower' overlap by 120 mm" in told


def test_all_mistakes_are_told_at_once(write):
    with pytest.raises(TaskFileError) as error:
        load_task(write("decimaton: 2\nepisode_s: long\nobservation: [nothing]\npushes: [{body: leg}]\n"))
    assert [problem.line for problem in error.value.problems] == [3, 4, 5, 6]
