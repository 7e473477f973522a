"""The compiled loops that read a store: finding the state that follows, n-step sums, gathering rows.

``streams`` slots are a row of the store, and the row before ``head`` is the newest. See `Storage` for slots and places.
"""

import numpy as np
from numba import njit

from telic.replay.copy_row import copy_row, prefetch_row

# Marks of a slot, combined by or.
TERMINATED = 1
TRUNCATED = 2
FIRST = 4
# 8 is taken by stores on disk.
# No step: the stream had none when the others had one. Nothing is ever read from such a slot.
VOID = 16
ENDED = TERMINATED | TRUNCATED

# How many rows ahead memory is asked for the next one.
AHEAD = 16


@njit(cache=True)
def first_empty(index: np.ndarray, filled: int, flags: np.ndarray) -> int:
    """The first place in `index` (B,) of something that is not a slot with a transition, or -1."""
    for i in range(index.size):
        if not 0 <= index[i] < filled or flags[index[i]] & VOID:
            return i
    return -1


@njit(cache=True)
def n_step(
    uniform: np.ndarray,
    filled: int,
    head: int,
    streams: int,
    flags: np.ndarray,
    episode: np.ndarray,
    rewards: np.ndarray,
    n: int,
    gamma: float,
    places: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Sum up to n discounted rewards from each of B slots on, to the end of its episode or of the data.

    Args:
        uniform: Numbers in [0, 1), (B,), that choose among the `filled` slots of a store without gaps; or (0,) if the
            slots are given.
        filled: How many slots hold data.
        head: The row that is written next.
        streams: Slots in a row.
        flags: Of the slots.
        episode: Of the slots.
        rewards: Of the slots.
        n: Most rewards to sum.
        gamma: Discount per step.
        places: (3, B) int64: the slots, given or written; written are where the states after k <= n steps are, and k.
        sums: Written, (2, B) float32: ``sum_{i<k} gamma^i r_i``, and gamma^k, but 0 after a termination. Sums are in
            float64.
    """
    newest = (head - 1) % (flags.size // streams) * streams
    for i in range(uniform.size):
        places[0, i] = np.int64(uniform[i] * filled)
    for i in range(places.shape[1]):
        slot = places[0, i]
        total = 0.0
        discount = 1.0
        k = 0
        while True:
            total += discount * rewards[slot]
            discount *= gamma
            k += 1
            mark = flags[slot]
            if mark & ENDED or newest <= slot < newest + streams:
                after = -1 - np.int64(episode[slot])
                break
            after = slot + streams
            if after >= flags.size:
                after -= flags.size
            if k == n:
                break
            slot = after
        places[1, i] = after
        places[2, i] = k
        sums[0, i] = total
        sums[1, i] = 0.0 if mark & TERMINATED else discount


@njit(cache=True)
def follow(
    index: np.ndarray, head: int, streams: int, flags: np.ndarray, episode: np.ndarray, following: np.ndarray
) -> None:
    """Find the places of the states one step after each slot (B,)."""
    newest = (head - 1) % (flags.size // streams) * streams
    for i in range(index.size):
        slot = index[i]
        if flags[slot] & ENDED or newest <= slot < newest + streams:
            following[i] = -1 - np.int64(episode[slot])
        else:
            following[i] = (slot + streams) % flags.size


@njit(cache=True)
def gather(slots: np.ndarray, side: np.ndarray, places: np.ndarray, out: np.ndarray) -> None:
    """Copy the rows at some places (B,) to `out`, (B, width); rows are passed as bytes, whatever is in them."""
    for i in range(places.size):
        # Rows lie at random places: several are on their way from memory at a time.
        if i + AHEAD < places.size:
            prefetch_row(slots, max(places[i + AHEAD], 0))
        if places[i] >= 0:
            copy_row(out, i, slots, places[i])
        else:
            copy_row(out, i, side, -1 - places[i])
