"""Random numbers that depend only on who asks: a counter-based generator, uniform numbers and Gaussians.

The generator is pcg4d (Jarzynski and Olano 2020, "Hash functions for GPU rendering", JCGT 9(3)): it has no state and
turns four words into four others. Asked with (seed, vehicle, episode, draw), its results depend neither on threads nor
on the order of the calls, and any vehicle can be replayed alone. It costs a seventh of Threefry, for noise that no
cryptographer will look at; `tests/sim/test_noise.py` looks at it the way the world uses it.
"""

# Every argument is a uint32 or float32 scalar.
# ruff: noqa: ANN001, ANN201, ANN202

import numpy as np

from telic.sim.multirotor.dynamics import HALF, ONE, TWO, device

# Draws of one episode: this many for each step, counted from 0, and from `START_DRAWS` on those of its start.
NOISE_DRAWS = 64
START_DRAWS = 0xFFFF0000


@device
def random_words(seed, vehicle, episode, draw):
    """Return four random uint32 for four uint32."""
    x, y, z, w = _scramble(seed), _scramble(vehicle), _scramble(episode), _scramble(draw)
    x, y, z, w = _mix(x, y, z, w)
    x, y, z, w = _fold(x), _fold(y), _fold(z), _fold(w)
    return _mix(x, y, z, w)


@device
def _scramble(word):
    """One step of the linear congruential generator of Numerical Recipes."""
    return np.uint32(np.uint32(word) * np.uint32(1664525) + np.uint32(1013904223))


@device
def _mix(x, y, z, w):
    x = np.uint32(x + np.uint32(y * w))
    y = np.uint32(y + np.uint32(z * x))
    z = np.uint32(z + np.uint32(x * y))
    w = np.uint32(w + np.uint32(y * z))
    return x, y, z, w


@device
def _fold(word):
    return np.uint32(word ^ np.uint32(word >> np.uint32(16)))


@device
def uniform(bits):
    """Return a float32 in (0, 1], one of 2^24 equally likely values."""
    return np.float32(np.int32(bits >> np.uint32(8)) + np.int32(1)) * np.float32(2.0**-24)


@device
def log(x):
    """Return the natural logarithm of a normal positive float32, to 5e-7."""
    bits = np.float32(x).view(np.int32)
    # Split x into 2^e * (1 + m) with 1 + m in [sqrt(1/2), sqrt(2)).
    bits = np.int32(bits - np.int32(0x3F3504F3))
    e = np.float32(np.int32(bits >> np.int32(23)))
    m = np.int32(np.int32(bits & np.int32(0x007FFFFF)) + np.int32(0x3F3504F3)).view(np.float32) - ONE
    # The polynomial of least greatest error for (log(1 + m) - m + m^2 / 2) / m^3.
    p = np.float32(0.11708125)
    p = p * m + np.float32(-0.18496905)
    p = p * m + np.float32(0.20493789)
    p = p * m + np.float32(-0.24936868)
    p = p * m + np.float32(0.33317432)
    return e * np.float32(0.6931471805599453) + (m + m * m * (m * p - HALF))


@device
def circle_point(t):
    """Return sin and cos of pi t for t in [-1, 1], to 4e-6: by polynomials at half the angle, then doubled."""
    z = t * t
    # The polynomials of least greatest error for sin(pi t / 2) / t and cos(pi t / 2).
    s = np.float32(-4.3330952e-3)
    s = s * z + np.float32(7.9434343e-2)
    s = s * z + np.float32(-0.64589286)
    s = (s * z + np.float32(1.5707910)) * t
    c = np.float32(8.5819064e-4)
    c = c * z + np.float32(-2.0810628e-2)
    c = c * z + np.float32(0.25365075)
    c = c * z + np.float32(-1.2336982)
    c = c * z + np.float32(0.99999994)
    return TWO * s * c, ONE - TWO * s * s


@device
def six_gaussians(x, y, z, w):
    """Return six independent standard Gaussians from four random uint32.

    Each of the first three words serves a pair: its upper 24 bits the radius, its lower 8 and 8 more from the fourth
    word the angle, which has 2^16 directions then. The radius has the tails, and keeps all its bits.
    """
    low = np.uint32(0xFF)
    a, b = _polar(x, np.uint32(np.uint32(x & low) << np.uint32(8)) | np.uint32(w & low))
    c, d = _polar(y, np.uint32(np.uint32(y & low) << np.uint32(8)) | np.uint32(np.uint32(w >> np.uint32(8)) & low))
    e, f = _polar(z, np.uint32(np.uint32(z & low) << np.uint32(8)) | np.uint32(np.uint32(w >> np.uint32(16)) & low))
    return a, b, c, d, e, f


@device
def _polar(bits, direction):
    """Return a pair of Gaussians from the upper 24 bits and one of 2^16 directions (Box and Muller 1958)."""
    radius = np.sqrt(np.float32(-2.0) * log(uniform(bits)))
    sine, cosine = circle_point(np.float32(np.int32(direction) - np.int32(32768)) * np.float32(2.0**-15))
    return radius * cosine, radius * sine
