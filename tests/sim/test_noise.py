"""The counter-based generator, against the published algorithm, and the distributions built on it."""

import numpy as np
import pytest
from numba import njit

from telic.sim.multirotor import noise


@njit
def words(seed, vehicle, episode, draw):
    return noise.random_words(seed, vehicle, episode, draw)


@njit
def draw(seeds, vehicles, episodes, draws):
    """Uniform (seeds, vehicles, episodes, draws, 4) and Gaussian (..., 6) numbers."""
    shape = (seeds, vehicles, episodes, draws)
    uniform, gaussian = np.empty((*shape, 4), np.float32), np.empty((*shape, 6), np.float32)
    for s in range(seeds):
        for v in range(vehicles):
            for e in range(episodes):
                for d in range(draws):
                    a, b, c, w = noise.random_words(s, v, e, d)
                    u, g = uniform[s, v, e, d], gaussian[s, v, e, d]
                    u[0], u[1], u[2], u[3] = noise.uniform(a), noise.uniform(b), noise.uniform(c), noise.uniform(w)
                    g[0], g[1], g[2], g[3], g[4], g[5] = noise.six_gaussians(a, b, c, w)
    return uniform, gaussian


@njit
def log(x):
    out = np.empty_like(x)
    for i in range(x.size):
        out[i] = noise.log(x[i])
    return out


@njit
def circle(t):
    out = np.empty((t.size, 2), np.float32)
    for i in range(t.size):
        out[i, 0], out[i, 1] = noise.circle_point(t[i])
    return out


def pcg4d(*numbers):
    """The published algorithm, in Python's whole numbers."""
    word = 2**32 - 1
    v = [(n * 1664525 + 1013904223) & word for n in numbers]

    def mix():
        for target, first, second in ((0, 1, 3), (1, 2, 0), (2, 0, 1), (3, 1, 2)):
            v[target] = (v[target] + v[first] * v[second]) & word

    mix()
    v[:] = [n ^ (n >> 16) for n in v]
    mix()
    return tuple(v)


@pytest.mark.parametrize("key", [(0, 0, 0, 0), (1, 2, 3, 4), (2**32 - 1, 8191, 70_000, 0xFFFF0000)])
def test_words_are_those_of_the_published_algorithm(key):
    assert words(*(np.uint32(number) for number in key)) == pcg4d(*key)


# The axes along which the world asks: other seeds, vehicles, episodes and steps must look unrelated.
GRIDS = {
    "seeds": (20_000, 1, 1, 1),
    "vehicles": (1, 20_000, 1, 1),
    "episodes": (1, 1, 20_000, 1),
    "draws": (1, 1, 1, 20_000),
}


@pytest.mark.parametrize("axis", GRIDS)
def test_uniform_numbers_are_uniform_along_every_axis(axis):
    uniform = draw(*GRIDS[axis])[0].reshape(-1, 4)
    assert uniform.min() > 0.0 and uniform.max() <= 1.0
    neighbours = np.concatenate([uniform[:-1], uniform[1:]], axis=1)
    for first in range(8):
        for second in range(first):
            counts, _, _ = np.histogram2d(neighbours[:, first], neighbours[:, second], bins=8, range=[(0, 1)] * 2)
            # Chi-square with 63 degrees of freedom: 116 is exceeded once in 20 000.
            expected = len(neighbours) / 64
            assert ((counts - expected) ** 2 / expected).sum() < 116, (first, second)


@pytest.mark.parametrize("axis", GRIDS)
def test_gaussians_have_the_moments_of_a_standard_normal_along_every_axis(axis):
    gaussian = draw(*GRIDS[axis])[1].reshape(-1, 6)
    assert abs(gaussian.mean()) < 0.015
    assert gaussian.std() == pytest.approx(1.0, abs=0.01)
    assert (gaussian**3).mean() == pytest.approx(0.0, abs=0.05)
    assert (gaussian**4).mean() == pytest.approx(3.0, abs=0.15)
    assert (np.abs(gaussian) > 3.0).mean() == pytest.approx(0.0027, abs=0.0009)
    neighbours = np.concatenate([gaussian[:-1], gaussian[1:]], axis=1)
    assert np.abs(np.corrcoef(neighbours.T) - np.eye(12)).max() < 0.03


def test_logarithm_is_accurate():
    x = np.exp(np.linspace(-16.6, 0.0, 100_001)).astype(np.float32)
    np.testing.assert_allclose(log(x), np.log(x.astype(np.float64)), rtol=3e-7, atol=5e-7)


def test_circle_points_are_accurate():
    t = np.linspace(-1.0, 1.0, 100_001).astype(np.float32)
    exact = np.stack([np.sin(np.pi * t.astype(np.float64)), np.cos(np.pi * t.astype(np.float64))], axis=1)
    np.testing.assert_allclose(circle(t), exact, atol=4e-6)
