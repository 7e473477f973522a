"""Random numbers that depend only on who asks: a counter-based generator, uniform numbers and Gaussians.

The generator is Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1,
2, 3"). It has no state: (seed, vehicle) is the key and (episode, draw) the counter, so results depend neither on
threads nor on the order of the calls, and any vehicle can be replayed alone.
"""

# Every argument is a uint32 or float32 scalar.
# ruff: noqa: ANN001, ANN201, ANN202

import numpy as np

from telic.sim.multirotor.dynamics import HALF, ONE, TWO, device

PARITY = np.uint32(0x1BD11BDA)

# Draws of one episode: 64 pairs of numbers for each step count from 0, and from here on those of its start.
DRAWS_PER_STEP = 64
START_DRAWS = 0xFFFF0000


@device
def _rotate(x, bits):
    return np.uint32(np.uint32(x << np.uint32(bits)) | np.uint32(x >> np.uint32(32 - bits)))


@device
def _four_rounds(x, y, r1, r2, r3, r4):
    x = np.uint32(x + y)
    y = np.uint32(_rotate(y, r1) ^ x)
    x = np.uint32(x + y)
    y = np.uint32(_rotate(y, r2) ^ x)
    x = np.uint32(x + y)
    y = np.uint32(_rotate(y, r3) ^ x)
    x = np.uint32(x + y)
    y = np.uint32(_rotate(y, r4) ^ x)
    return x, y


@device
def threefry(key_0, key_1, counter_0, counter_1):
    """Return two random uint32 for a key and a counter of two uint32 each."""
    key_2 = np.uint32(PARITY ^ key_0 ^ key_1)
    x, y = np.uint32(counter_0 + key_0), np.uint32(counter_1 + key_1)
    x, y = _four_rounds(x, y, 13, 15, 26, 6)
    x, y = np.uint32(x + key_1), np.uint32(y + key_2 + np.uint32(1))
    x, y = _four_rounds(x, y, 17, 29, 16, 24)
    x, y = np.uint32(x + key_2), np.uint32(y + key_0 + np.uint32(2))
    x, y = _four_rounds(x, y, 13, 15, 26, 6)
    x, y = np.uint32(x + key_0), np.uint32(y + key_1 + np.uint32(3))
    x, y = _four_rounds(x, y, 17, 29, 16, 24)
    x, y = np.uint32(x + key_1), np.uint32(y + key_2 + np.uint32(4))
    x, y = _four_rounds(x, y, 13, 15, 26, 6)
    return np.uint32(x + key_2), np.uint32(y + key_0 + np.uint32(5))


@device
def uniform(bits):
    """Return a float32 in (0, 1], one of 2^24 equally likely values."""
    return np.float32(np.int32(bits >> np.uint32(8)) + np.int32(1)) * np.float32(2.0**-24)


@device
def log(x):
    """Return the natural logarithm of a normal positive float32, to 1e-7 relative (Cephes logf)."""
    bits = np.float32(x).view(np.int32)
    # Split x into 2^e * m with m in [sqrt(1/2), sqrt(2)).
    bits = np.int32(bits - np.int32(0x3F3504F3))
    e = np.float32(np.int32(bits >> np.int32(23)))
    m = np.int32(np.int32(bits & np.int32(0x007FFFFF)) + np.int32(0x3F3504F3)).view(np.float32) - ONE
    z = m * m
    p = np.float32(7.0376836292e-2)
    p = p * m + np.float32(-1.1514610310e-1)
    p = p * m + np.float32(1.1676998740e-1)
    p = p * m + np.float32(-1.2420140846e-1)
    p = p * m + np.float32(1.4249322787e-1)
    p = p * m + np.float32(-1.6668057665e-1)
    p = p * m + np.float32(2.0000714765e-1)
    p = p * m + np.float32(-2.4999993993e-1)
    p = p * m + np.float32(3.3333331174e-1)
    return e * np.float32(0.6931471805599453) + (m - HALF * z + m * z * p)


@device
def circle_point(t):
    """Return sin and cos of pi t for t in [-1, 1], to 1e-6: Taylor series at half the angle, then doubled."""
    x = np.float32(np.pi / 2.0) * t
    z = x * x
    s = np.float32(-1.0 / 39916800.0)
    s = s * z + np.float32(1.0 / 362880.0)
    s = s * z + np.float32(-1.0 / 5040.0)
    s = s * z + np.float32(1.0 / 120.0)
    s = s * z + np.float32(-1.0 / 6.0)
    s = x + x * z * s
    c = np.float32(1.0 / 479001600.0)
    c = c * z + np.float32(-1.0 / 3628800.0)
    c = c * z + np.float32(1.0 / 40320.0)
    c = c * z + np.float32(-1.0 / 720.0)
    c = c * z + np.float32(1.0 / 24.0)
    c = ONE - HALF * z + z * z * c
    return TWO * s * c, ONE - TWO * s * s


@device
def gaussians(bits_0, bits_1):
    """Return two independent standard Gaussians from two random uint32 (Box and Muller 1958)."""
    radius = np.sqrt(np.float32(-2.0) * log(uniform(bits_0)))
    sine, cosine = circle_point(np.float32(np.int32(bits_1)) * np.float32(2.0**-31))
    return radius * cosine, radius * sine
