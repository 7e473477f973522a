"""Random numbers of many worlds: uniform, independent, and the same whoever asks with whom."""

import numpy as np
import pytest
from scipy.stats import kstest

from telic.sim.mujoco.draws import gaussians, stream_key, uniforms, uniforms_at

WORLDS, EPISODES = np.arange(2000), np.zeros(2000, int)


def test_numbers_are_uniform_and_gaussian():
    key = stream_key(1, "test")
    assert kstest(uniforms(key, WORLDS, EPISODES, 20).ravel(), "uniform").pvalue > 0.001
    assert kstest(gaussians(key, WORLDS, EPISODES, 21).ravel(), "norm").pvalue > 0.001


@pytest.mark.parametrize("draw", [uniforms, gaussians])
def test_columns_and_neighbouring_worlds_are_independent(draw):
    rows = draw(stream_key(1, "test"), WORLDS, EPISODES, 30)
    columns = np.corrcoef(rows.T)[np.triu_indices(30, 1)]
    neighbours = np.corrcoef(rows[1:].ravel(), rows[:-1].ravel())[0, 1]
    assert np.abs(columns).max() < 0.12 and abs(neighbours) < 0.02


def test_a_row_does_not_depend_on_who_else_asks():
    key = stream_key(7, "test")
    few = uniforms(key, np.array([3, 900]), np.array([4, 5]), 8)
    many = uniforms(key, WORLDS, np.where(WORLDS == 3, 4, 5), 8)
    np.testing.assert_array_equal(few, many[[3, 900]])


def test_places_go_on_where_the_last_ended():
    key = stream_key(7, "test")
    whole = uniforms(key, WORLDS[:5], EPISODES[:5], 10)
    np.testing.assert_array_equal(uniforms(key, WORLDS[:5], EPISODES[:5], 4, first=6), whole[:, 6:])
    np.testing.assert_array_equal(uniforms_at(key, WORLDS[:5], EPISODES[:5], 1, np.arange(5))[:, 0], np.diagonal(whole))


def test_seeds_purposes_and_episodes_have_streams_of_their_own():
    rows = [
        uniforms(key, WORLDS[:50], EPISODES[:50] + episode, 10)
        for key in (stream_key(0, "a"), stream_key(0, "b"), stream_key(1, "a"))
        for episode in (0, 1)
    ]
    assert len(np.unique(np.concatenate(rows))) == 6 * 500
