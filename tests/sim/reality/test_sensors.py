"""Sensors: noise, bias, delay and dropout do what they say, and depend on nothing else."""

import numpy as np
import pytest

from telic.sim.mujoco.sensors import Sensors
from telic.sim.observe import Observe

DT = 0.01


class Run:
    """A sensor row over many steps, with the number of the step as the truth."""

    def __init__(self, *items, num=16, seed=0, episode=0):
        self.sensors = Sensors([(2, item) for item in items], DT, num, seed)
        self.worlds = np.arange(num)
        self.episodes = np.full(num, episode)
        self.steps = np.zeros(num, int)
        self.truth = np.zeros((num, 2 * len(items)))
        self.sensors.begin(self.truth, self.worlds, self.episodes)

    def go(self, count, worlds=None):
        seen = []
        for _ in range(count):
            out = np.full_like(self.truth, np.nan)
            self.truth[:] = self.steps[:, None]
            self.sensors.measure(self.truth, out, self.worlds if worlds is None else worlds, self.episodes, self.steps)
            seen.append(out)
            self.steps += 1
        return np.array(seen)


def test_exact_sensors_show_the_truth():
    run = Run(Observe("q"), Observe("w"))
    assert not run.sensors.active
    np.testing.assert_array_equal(run.go(5)[:, 0, 0], np.arange(5))


def test_noise_has_its_spread_and_is_independent():
    error = Run(Observe("q", noise=0.3), Observe("w")).go(400) - np.arange(400)[:, None, None]
    noise = error[..., :2].reshape(400, -1)
    assert noise.std() == pytest.approx(0.3, rel=0.03)
    assert noise.mean() == pytest.approx(0.0, abs=0.01)
    assert np.abs(np.corrcoef(noise.T)[np.triu_indices(32, 1)]).max() < 0.25
    assert np.abs(np.corrcoef(noise[1:].ravel(), noise[:-1].ravel())[0, 1]) < 0.03
    assert (error[..., 2:] == 0.0).all()


def test_a_bias_lasts_for_an_episode():
    run = Run(Observe("q", bias=0.5), num=500)
    error = run.go(3) - np.arange(3)[:, None, None]
    np.testing.assert_allclose(error[0], error[2], atol=1e-12)
    assert error[0].std() == pytest.approx(0.5, rel=0.1)
    np.testing.assert_allclose(error[0], run.sensors.episode_values()["bias:q"])
    other = Run(Observe("q", bias=0.5), num=500, episode=1).go(1)
    assert not np.isin(other, error).any()


def test_a_delay_shows_the_past_and_never_what_was_before_the_start():
    run = Run(Observe("q", delay_s=(0.02, 0.05)), Observe("w"), num=200)
    seen = run.go(20)
    age = run.sensors.delay[:, 0]
    assert set(age) == {2, 3, 4, 5}
    expected = np.maximum(np.arange(20)[:, None] - age, 0)
    np.testing.assert_array_equal(seen[..., 0], expected)
    np.testing.assert_array_equal(seen[..., 2], np.tile(np.arange(20)[:, None], 200))
    np.testing.assert_allclose(run.sensors.episode_values()["delay:q"], age * DT)


def test_dropouts_hold_the_last_value_of_the_whole_signal():
    run = Run(Observe("q", dropout=0.3), Observe("w"), num=300)
    seen = run.go(50)
    held = seen[1:, :, 0] == seen[:-1, :, 0]
    assert held.mean() == pytest.approx(0.3, abs=0.02)
    np.testing.assert_array_equal(seen[..., 0], seen[..., 1])
    assert (seen[0] == 0.0).all()


def test_a_world_measures_the_same_alone_and_among_others():
    items = Observe("q", noise=0.1, bias=0.2, delay_s=(0.0, 0.03), dropout=0.2), Observe("w", noise=1.0)
    many, few = Run(*items, num=16).go(30), Run(*items, num=3).go(30)
    np.testing.assert_array_equal(many[:, :3], few)


def test_a_snapshot_continues_with_the_same_bits():
    run = Run(Observe("q", noise=0.1, bias=0.2, delay_s=(0.0, 0.03), dropout=0.2))
    run.go(10)
    snapshot, steps = run.sensors.snapshot(), run.steps.copy()
    first = run.go(10)
    run.sensors.restore(snapshot, run.worlds)
    run.steps[:] = steps
    np.testing.assert_array_equal(run.go(10), first)


def test_measuring_in_place_gives_the_same():
    item = Observe("q", noise=0.1, delay_s=(0.02, 0.02))
    apart, together = Run(item), Run(item)
    expected = apart.go(6)
    for step in range(6):
        together.truth[:] = step
        together.sensors.measure(together.truth, together.truth, together.worlds, together.episodes, np.full(16, step))
        np.testing.assert_array_equal(together.truth, expected[step])
