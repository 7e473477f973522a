"""The counter-based generator, against its authors' known answers, and the distributions built on it."""

import numpy as np
import pytest
from numba import njit

from telic.sim.multirotor import noise


@njit
def threefry(key, counter):
    return noise.threefry(key[0], key[1], counter[0], counter[1])


@njit
def draw(count, key):
    uniform, gaussian = np.empty((count, 2), np.float32), np.empty((count, 2), np.float32)
    for i in range(count):
        a, b = noise.threefry(key, np.uint32(1), np.uint32(2), np.uint32(i))
        uniform[i, 0], uniform[i, 1] = noise.uniform(a), noise.uniform(b)
        gaussian[i, 0], gaussian[i, 1] = noise.gaussians(a, b)
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


@pytest.mark.parametrize(
    ("key", "counter", "answer"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_generator_gives_the_known_answers_of_its_authors(key, counter, answer):
    assert tuple(threefry(np.array(key, np.uint32), np.array(counter, np.uint32))) == answer


def test_uniform_numbers_are_uniform_and_never_zero():
    uniform, _ = draw(200_000, np.uint32(3))
    assert uniform.min() > 0.0 and uniform.max() <= 1.0
    counts, _ = np.histogram(uniform, bins=20, range=(0, 1))
    # Chi-square with 19 degrees of freedom: 43.8 is the 99.9 % point.
    expected = uniform.size / 20
    assert ((counts - expected) ** 2 / expected).sum() < 43.8


def test_gaussians_have_the_moments_of_a_standard_normal():
    _, gaussian = draw(500_000, np.uint32(4))
    assert abs(gaussian.mean()) < 0.004
    assert gaussian.std() == pytest.approx(1.0, abs=0.004)
    assert (gaussian**3).mean() == pytest.approx(0.0, abs=0.02)
    assert (gaussian**4).mean() == pytest.approx(3.0, abs=0.05)
    assert abs(np.corrcoef(gaussian.T)[0, 1]) < 0.006
    assert (np.abs(gaussian) > 3.0).mean() == pytest.approx(0.0027, rel=0.1)


def test_logarithm_is_accurate():
    x = np.exp(np.linspace(-16.6, 0.0, 100_001)).astype(np.float32)
    np.testing.assert_allclose(log(x), np.log(x.astype(np.float64)), rtol=3e-7, atol=1e-7)


def test_circle_points_are_accurate():
    t = np.linspace(-1.0, 1.0, 100_001).astype(np.float32)
    exact = np.stack([np.sin(np.pi * t.astype(np.float64)), np.cos(np.pi * t.astype(np.float64))], axis=1)
    np.testing.assert_allclose(circle(t), exact, atol=1e-6)
