"""Every robot task can be solved: a policy without learning reaches success in it."""

from pathlib import Path

import numpy as np
import pytest

from telic.rewards.program import load_reward
from telic.sim.scripted import trot
from telic.sim.scripted.by_task import SCRIPTED
from telic.sim.scripted.regulator import linear_regulator
from telic.sim.tasks.locomotion import HOME
from telic.sim.tasks.registry import make_task

LIBRARY = Path(__file__).parents[2] / "rewards" / "library"

# Task and its parameters, worlds, seconds, and the share of the worlds that must succeed.
SOLVED = {
    "cartpole": ({}, 8, 4.0, 1.0),
    "cartpole_swing_up": ({}, 8, 6.0, 1.0),
    "acrobot": ({}, 8, 14.0, 0.75),
    "arm_reach": ({}, 8, 2.5, 1.0),
    "arm_push": ({}, 8, 8.0, 0.75),
    "arm_pick": ({}, 8, 6.0, 0.9),
    "arm_door": ({}, 4, 8.0, 1.0),
    "agv": ({}, 24, 24.0, 0.7),
    "quadruped": ({"pushes": False}, 8, 4.0, 0.75),
    "quadruped_arm": ({}, 4, 12.0, 0.75),
}


def successes(task, policy, worlds, seconds, seed=5):
    """Return which worlds met their task's condition at some time before their first episode ended."""
    world = task.make_world(worlds, seed, threads=1)
    judge = load_reward(LIBRARY / f"{task.reward}.py.txt", task.schema)
    done, met = np.zeros((2, worlds), np.bool_)
    for _ in range(round(seconds / task.dt)):
        action = policy(world.signals)
        assert action.shape == world.action.shape and action.dtype == np.float32
        before = {name: values.copy() for name, values in world.signals.items()}
        world.step(action)
        after = {f"next_{name}": values for name, values in world.signals.items()}
        met |= ~done & judge.success({**before, **after, "action": action, "terminated": world.terminated})
        done |= world.ended | met
        if done.all():
            break
    assert not world.divergences
    return met


@pytest.mark.parametrize("name", SOLVED)
def test_task_is_solved_by_a_policy_without_learning(name):
    parameters, worlds, seconds, share = SOLVED[name]
    assert successes(make_task(name, **parameters), SCRIPTED[name], worlds, seconds).mean() >= share


@pytest.mark.parametrize(
    "name", ["arm_pick", "arm_push", "arm_door", "agv", "acrobot", "cartpole_swing_up", "arm_reach"]
)
def test_doing_nothing_does_not_solve_it(name):
    task = make_task(name)
    _, worlds, seconds, _ = SOLVED[name]
    still = np.zeros((worlds, task.actions.size), np.float32)
    assert successes(task, lambda signals: still, worlds, min(seconds, 5.0)).mean() <= 0.25


def test_quadruped_trots_over_uneven_ground():
    world = make_task("quadruped", roughness=0.04, pushes=False, randomise=False).make_world(8, seed=0, threads=1)
    lost = np.zeros(8, np.bool_)
    for _ in range(200):
        world.step(trot.trot(world.signals))
        lost |= world.terminated
    assert lost.mean() <= 0.25


def test_trot_goes_where_it_is_told():
    world = make_task("quadruped", pushes=False, randomise=False).make_world(3, seed=0, threads=1)
    told = np.array([[0.4, 0.0], [-0.3, 0.0], [0.0, 0.0]])
    turn = np.array([0.0, 0.0, 0.6])
    velocity, rate = [], []
    for step in range(250):
        world.step(trot.leg_actions(world.signals, told, turn))
        if step >= 100:
            velocity.append(world.signals["base_linear_velocity"][:, :2].copy())
            rate.append(world.signals["base_angular_velocity"][:, 2].copy())
    assert np.mean(velocity, axis=0) == pytest.approx(told, abs=0.2)
    assert np.mean(rate, axis=0) == pytest.approx(turn, abs=0.25)


def test_leg_angles_invert_the_legs_kinematics():
    rng = np.random.default_rng(0)
    foot = np.stack(
        (rng.uniform(-0.1, 0.1, (50, 4)), rng.uniform(-0.05, 0.05, (50, 4)), rng.uniform(-0.33, -0.2, (50, 4))), axis=-1
    )
    side = np.array([-1.0, 1.0, -1.0, 1.0])
    foot[..., 1] += 0.08 * side
    hip, thigh, calf = np.moveaxis(trot.leg_angles(foot), -1, 0)
    forward = -0.213 * np.sin(thigh) - 0.213 * np.sin(thigh + calf)
    down = 0.213 * np.cos(thigh) + 0.213 * np.cos(thigh + calf)
    # The leg's plane lies beside the hip's axis, and turns about it.
    across, height = 0.08 * side * np.cos(hip) + down * np.sin(hip), 0.08 * side * np.sin(hip) - down * np.cos(hip)
    assert np.stack((forward, across, height), axis=-1) == pytest.approx(foot, abs=1e-9)


def test_home_is_where_the_kinematics_put_a_foot_under_its_hip():
    foot = np.zeros((1, 4, 3))
    foot[..., 1] = 0.08 * np.array([-1.0, 1.0, -1.0, 1.0])
    foot[..., 2] = -2.0 * 0.213 * np.cos(0.9)
    assert trot.leg_angles(foot)[0, 0] == pytest.approx(HOME, abs=1e-9)


def test_regulator_of_a_double_integrator_is_the_one_of_the_textbook():
    state, control = np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([[0.0], [1.0]])
    gains = linear_regulator(state, control, np.diag([1.0, 0.0]), np.array([[1.0]]))
    assert gains == pytest.approx(np.array([[1.0, np.sqrt(2.0)]]))
