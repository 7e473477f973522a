"""Random numbers of many worlds: each depends only on the seed, the world, its episode and the place in the row.

Worlds do not see each other's draws, and neither the number of threads nor the order of the calls changes one. The
generator is the counter-based one of the multirotor world, here with 53 bits a number.
"""

# Arguments of the compiled functions are scalars and arrays of them.
# ruff: noqa: ANN001, ANN202

import math
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from telic.sim.compiled import compiled
from telic.sim.multirotor import dynamics, noise

Floats = NDArray[np.float64]
Integers = NDArray[np.integer]


def stream_key(seed: int, purpose: str) -> int:
    """Return a 32-bit key, so that the draws for one purpose say nothing about those for another."""
    return int(np.random.SeedSequence((seed, crc32(purpose.encode()))).generate_state(1)[0])


def uniforms(key: int, worlds: Integers, episodes: Integers, count: int, first: int = 0) -> Floats:
    """Return uniform numbers in [0, 1) of shape (n, count).

    Args:
        key: From `stream_key`.
        worlds: Which worlds (n,).
        episodes: The number of each one's episode (n,).
        count: How many for each.
        first: Place of the first in the world's endless row; a whole number of at least 0.
    """
    rows = np.empty((len(worlds), count))
    _fill(np.uint32(key), _words(worlds), _words(episodes), np.full(len(worlds), first, np.int64), rows)
    return rows


def gaussians(key: int, worlds: Integers, episodes: Integers, count: int, first: int = 0) -> Floats:
    """Return independent standard Gaussians of shape (n, count), by Box and Muller (1958); arguments as `uniforms`."""
    pairs = -(-count // 2)
    rows = uniforms(key, worlds, episodes, 2 * pairs, 2 * first)
    radius = np.sqrt(-2.0 * np.log1p(-rows[:, :pairs]))
    angle = 2.0 * math.pi * rows[:, pairs:]
    return np.concatenate((radius * np.cos(angle), radius * np.sin(angle)), axis=1)[:, :count]


def uniforms_at(key: int, worlds: Integers, episodes: Integers, count: int, first: Integers) -> Floats:
    """As `uniforms`, with a place of the first number for each world (n,)."""
    rows = np.empty((len(worlds), count))
    _fill(np.uint32(key), _words(worlds), _words(episodes), np.asarray(first, np.int64), rows)
    return rows


def _words(numbers: Integers) -> NDArray[np.uint32]:
    return np.ascontiguousarray(numbers).astype(np.uint32)


@compiled(dynamics, noise, nogil=True, error_model="numpy")
def _fill(key, worlds, episodes, first, rows):
    """Fill rows (n, count): number j of a row is number first + j of its world's episode."""
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            place = first[i] + j
            x, y, z, w = noise.random_words(key, worlds[i], episodes[i], np.uint32(place >> 1))
            high, low = (z, w) if place & 1 else (x, y)
            rows[i, j] = (np.float64(high >> np.uint32(5)) * 67108864.0 + np.float64(low >> np.uint32(6))) * 2.0**-53
