"""The hand-written derivatives against finite differences of the equations of motion."""

import numpy as np
import pytest
from numba import njit

from telic.sim.multirotor.adjoint import rotation_vjp, step_vjp
from telic.sim.multirotor.dynamics import Airframe, State, load_from_wrench, rotation_matrix, step
from telic.sim.multirotor.parameters import airframe
from telic.sim.vehicle import load_vehicle

DT = np.float32(0.01)


@njit
def advance(state, action, wrench, body):
    load = load_from_wrench(*wrench, body)
    return step(state, *action, load, body, DT)


@njit
def pull_back(state, action, wrench, body, gradient):
    load = load_from_wrench(*wrench, body)
    return step_vjp(state, *action, load, body, DT, gradient)


@njit
def rotate(quaternion):
    return rotation_matrix(*quaternion)


@njit
def rotate_back(quaternion, gradient):
    return rotation_vjp(*quaternion, gradient)


def floats(values):
    return tuple(np.float32(value) for value in values)


def random_flight(rng):
    """A state, an action that both raises and lowers rotors, and a disturbance."""
    state = rng.normal(size=17)
    state[3:7] /= np.linalg.norm(state[3:7])
    state[13:] = rng.uniform(-1, 1, 4)
    wrench = rng.normal(size=6) * [0.01, 0.01, 0.01, 2e-5, 2e-5, 2e-5]
    return state, rng.uniform(-1, 1, 4), wrench


@pytest.mark.parametrize("name", ["crazyflie", "crazyflie_2024", "x500"])
def test_step_gradient_equals_finite_differences(name):
    rng = np.random.default_rng(3)
    body = Airframe(*airframe(load_vehicle(name), float(DT)))
    for _ in range(5):
        state, action, wrench = random_flight(rng)
        weights = rng.normal(size=17)

        def objective(values, wrench=wrench, weights=weights):
            after = advance(State(*floats(values[:17])), floats(values[17:]), floats(wrench), body)
            return float(np.dot(np.array(after, np.float64), weights))

        by_state, by_action = pull_back(
            State(*floats(state)), floats(action), floats(wrench), body, State(*floats(weights))
        )
        start = np.concatenate([state, action])
        for index, expected in enumerate((*by_state, *by_action)):
            # The step is wide because the forward pass is float32; the dynamics are smooth enough for it.
            nudge = np.zeros(21)
            nudge[index] = 0.01
            difference = (objective(start + nudge) - objective(start - nudge)) / 0.02
            assert difference == pytest.approx(expected, rel=2e-3, abs=2e-3 + 1e-3 * np.abs(by_state).max()), index


def test_rotation_gradient_equals_finite_differences():
    rng = np.random.default_rng(0)
    quaternion = rng.normal(size=4)
    weights = rng.normal(size=9)
    got = rotate_back(floats(quaternion), floats(weights))
    for index in range(4):
        nudge = np.zeros(4)
        nudge[index] = 0.01
        above, below = (np.dot(rotate(floats(quaternion + sign * nudge)), weights) for sign in (1, -1))
        assert (above - below) / 0.02 == pytest.approx(got[index], abs=2e-3)
