"""The differentiable window: its gradient against finite differences, its episodes, and its independence of threads."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from telic.control.window.backward import backpropagate
from telic.control.window.data import Fleet, Network, Rules, Sensing, Starts, empty_gradient, empty_window
from telic.control.window.forward import fly
from telic.control.window.sensors import sense_rows
from telic.sim.multirotor.parameters import airframe
from telic.sim.vehicle import load_vehicle

CHUNKS, STEPS, VEHICLES, HISTORY = 2, 12, 3, 4
DT = 0.01


class Setting:
    """A window with everything random, small enough to check by hand."""

    def __init__(self, seed=0, threads=2, half_width=10.0, max_steps=1000):
        self.pool = ThreadPoolExecutor(threads)
        rng = np.random.default_rng(seed)
        shape = (CHUNKS, VEHICLES)
        bodies = [airframe(load_vehicle(name), DT) for name in ("crazyflie", "crazyflie_2024", "crazyflie")]
        self.bodies = np.stack([bodies] * CHUNKS)
        index = np.arange(21)
        self.sensing = Sensing(
            index, np.full(21, 0.7, np.float32), np.full(21, np.inf, np.float32), np.full(21, 1e-3, np.float32)
        )
        table = rng.normal(size=(40, 12)).astype(np.float32) * np.float32(0.1)
        table[:, 10], table[:, 11] = np.cos(table[:, 9]), np.sin(table[:, 9])
        self.rules = Rules(table, np.float32(half_width), max_steps, np.float32(0.0), np.float32(DT))
        sizes = (21 + 4 * HISTORY, 16, 16, 4)
        self.weights = [rng.normal(size=(a, b)) / np.sqrt(a) for a, b in itertools.pairwise(sizes)]
        self.biases = [0.1 * rng.normal(size=b) for b in sizes[1:]]
        state = rng.normal(size=(*shape, 17)) * 0.3
        state[..., 3] += 1.0
        state[..., 3:7] /= np.linalg.norm(state[..., 3:7], axis=-1, keepdims=True)
        self.state = state.astype(np.float32)
        self.zeros = np.zeros(shape, np.int32)
        self.wrench = np.zeros((*shape, 6), np.float32)
        self.tape = rng.uniform(-0.5, 0.5, (*shape, HISTORY, 4)).astype(np.float32)
        self.noise = rng.normal(size=(STEPS, CHUNKS, VEHICLES, 21)).astype(np.float32)
        self.starts = Starts(self.state[:, :, None] * 0.5, self.wrench[:, :, None], np.full((*shape, 1), 5, np.int32))
        self.window = empty_window(STEPS, CHUNKS, VEHICLES, sizes[0], sizes[1:], HISTORY)
        self.objective = {
            name: rng.normal(size=getattr(self.window, name).shape) for name in ("state", "after", "action")
        }

    def network(self, weights=None):
        weights = self.weights if weights is None else weights
        return Network(
            tuple(np.ascontiguousarray(w, np.float32) for w in weights),
            tuple(b.astype(np.float32) for b in self.biases),
        )

    def fly(self, weights=None):
        fleet = Fleet(self.state.copy(), self.wrench.copy(), self.zeros.copy(), self.zeros.copy(), self.tape.copy())
        fly(
            self.pool,
            self.window,
            fleet,
            self.starts,
            self.noise,
            self.network(weights),
            self.sensing,
            self.rules,
            self.bodies,
        )
        return fleet

    def value(self, weights):
        self.fly(weights)
        return sum(
            float((getattr(self.window, name).astype(np.float64) * g).sum()) for name, g in self.objective.items()
        )

    def weight_gradients(self):
        self.fly()
        gradient = empty_gradient(self.window)
        for name, g in self.objective.items():
            getattr(gradient, name)[:] = g
        forward = self.network()
        backward = Network(tuple(np.ascontiguousarray(w.T) for w in forward.weights), forward.biases)
        backpropagate(self.pool, self.window, gradient, backward, self.sensing, self.rules, self.bodies)
        inputs = (self.window.observation, *self.window.activation[:-1])
        return [
            np.einsum("tcni,tcno->io", x, g, dtype=np.float64)
            for x, g in zip(inputs, gradient.pre_activation, strict=True)
        ]


@pytest.mark.parametrize("max_steps", [1000, 5])
def test_gradient_equals_finite_differences(max_steps):
    """With truncations inside the window too: nothing may flow across them."""
    setting = Setting(max_steps=max_steps)
    gradients = setting.weight_gradients()
    rng = np.random.default_rng(1)
    for _ in range(4):
        direction = [rng.normal(size=w.shape) for w in setting.weights]
        expected = sum((g * d).sum() for g, d in zip(gradients, direction, strict=True))
        step = 2e-3
        above = setting.value([w + step * d for w, d in zip(setting.weights, direction, strict=True)])
        below = setting.value([w - step * d for w, d in zip(setting.weights, direction, strict=True)])
        scale = np.sqrt(sum((g**2).sum() for g in gradients))
        assert (above - below) / (2 * step) == pytest.approx(expected, rel=0.02, abs=0.02 * scale)


def test_episodes_end_and_start_anew():
    setting = Setting(max_steps=5)
    fleet = setting.fly()
    window = setting.window
    assert window.truncated.sum(axis=0).tolist() == [[2] * VEHICLES] * CHUNKS
    assert not window.terminated.any()
    assert (window.state[5] == setting.starts.state[:, :, 0]).all()
    assert (window.instant[5] == 5).all()
    assert (window.observation[5, :, :, 21:] == 0.0).all(), "the action history starts anew with the initial action"
    assert (fleet.age == STEPS - 10).all()


def test_leaving_the_cube_terminates_and_does_not_truncate():
    setting = Setting(half_width=0.05)
    setting.fly()
    sensors = np.zeros((STEPS, 21), np.float32)
    window = setting.window
    sense_rows(window.after[:, 0, 0].copy(), setting.rules.reference[window.following[:, 0, 0]], sensors)
    outside = (np.abs(sensors[:, :3]) > np.float32(0.05)).any(axis=1)
    assert outside.any()
    assert (window.terminated[:, 0, 0] == outside).all()
    assert not (window.terminated & window.truncated).any()


def test_history_is_newest_first():
    setting = Setting()
    setting.fly()
    window = setting.window
    expected = window.action[6:10][::-1]
    got = window.observation[10, :, :, 21:].reshape(CHUNKS, VEHICLES, HISTORY, 4)
    assert (got == expected.transpose(1, 2, 0, 3)).all()


def test_same_numbers_for_any_number_of_threads():
    results = []
    for threads in (1, 2):
        setting = Setting(threads=threads)
        gradients = setting.weight_gradients()
        results.append((setting.window.after, gradients))
    assert (results[0][0] == results[1][0]).all()
    assert all((a == b).all() for a, b in zip(results[0][1], results[1][1], strict=True))
