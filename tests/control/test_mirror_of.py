"""A robot's left and right, read from its model: mirrored commands must lead to mirrored motion."""

import mujoco
import numpy as np
import pytest

from telic.control.make import reward_for
from telic.control.mirror_of import mirror_of, other_side
from telic.launch.recorder import Shaken, record_episodes
from telic.rewards.invariance import ROUNDING, invariances
from telic.rewards.program import parse_reward
from telic.sim.tasks.registry import make_task


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("right_hip_x", "left_hip_x"),
        ("FL_calf", "FR_calf"),
        ("RR_foot", "RL_foot"),
        ("ForearmLeft", "ForearmRight"),
        ("R_wheel", "L_wheel"),
        ("wheel_L", "wheel_R"),
        ("pole", "pole"),
        ("RL_LINK", "RR_LINK"),
        ("FORWARD", "FORWARD"),
    ],
)
def test_names_have_another_side(name, other):
    assert other_side(name) == other
    assert other_side(other) == name


@pytest.mark.parametrize("name", ["quadruped", "humanoid", "cartpole"])
def test_mirrored_commands_lead_to_mirrored_motion(name):
    task = make_task(name)
    model, mirror = task.model, mirror_of(task)
    commands = np.random.default_rng(0).uniform(-0.2, 0.2, model.nu)
    names = list(task.actions.names)
    others = [mirror.pairs[each] for each in names]
    right, left = mujoco.MjData(model), mujoco.MjData(model)
    right.ctrl[:] = commands
    left.ctrl[:] = [sign * commands[names.index(partner)] for partner, sign in others]
    for data in (right, left):
        mujoco.mj_step(model, data, nstep=20)
    joints = [each for each in mirror.pairs if mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_JOINT, each) >= 0]
    assert len(joints) >= model.nu
    for each in joints:
        partner, sign = mirror.pairs[each]
        assert left.joint(each).qpos[0] == pytest.approx(sign * right.joint(partner).qpos[0], abs=2e-3), each
    assert np.abs(left.qpos - right.qpos).max() > 1e-2 or name == "cartpole"


@pytest.mark.parametrize("name", ["quadruped", "hover"])
def test_rewards_of_the_tasks_prefer_no_side_and_one_that_does_is_found(name):
    task = make_task(name)
    replay = record_episodes(task, Shaken(task, np.random.default_rng(0)), 0, 4, 30)
    steps = replay.read(replay.slots().ravel())
    own = reward_for(task)
    assert invariances(own, steps.inputs(own.inputs), mirror_of(task))["mirror"] < ROUNDING
    side = {"quadruped": "base_linear_velocity", "hover": "velocity"}[name]
    source = f'"""Left."""\ndef reward({side}, action):\n    return {{"a": {side}[1], "b": -norm(action)}}\n'
    program = parse_reward(source, (*task.schema,))
    assert invariances(program, steps.inputs(program.inputs), mirror_of(task))["mirror"] > 0.1
