"""The compiled loops of the ring: writing steps, finding the state that follows a slot, n-step sums, gathering rows.

Packed rows are passed as words, (slots, width), whatever types the signals in them have. ``streams`` slots make a row
of the ring; the row before ``head`` is the newest. A place is either a slot, or -1 - row of the side table.
"""

import numpy as np
from numba import njit

from telic.replay.copy_row import copy_row

# Marks of a slot, combined by or.
TERMINATED = 1
TRUNCATED = 2
FIRST = 4
ENDED = TERMINATED | TRUNCATED


@njit(cache=True)
def append(
    steps: np.ndarray,
    finals: np.ndarray,
    terminated: np.ndarray,
    truncated: np.ndarray,
    head: int,
    slots: np.ndarray,
    flags: np.ndarray,
    final: np.ndarray,
    side: np.ndarray,
    fresh: np.ndarray,
    free: np.ndarray,
    free_count: int,
) -> int:
    """Write steps (T * streams, width), time-major, from row `head` on; return how many side rows remain free.

    `finals` holds the final states in time-major order. Each takes a row of `side` from the stack `free`, and gives it
    back when the last slot of its episode is overwritten.
    """
    streams = fresh.size
    ends = 0
    slot = head * streams
    for t in range(terminated.shape[0]):
        for stream in range(streams):
            if final[slot] >= 0:
                free[free_count] = final[slot]
                free_count += 1
                final[slot] = -1
            copy_row(slots, slot, steps, t * streams + stream)
            mark = TERMINATED * terminated[t, stream] | TRUNCATED * truncated[t, stream]
            flags[slot] = mark | FIRST * fresh[stream]
            fresh[stream] = mark != 0
            if mark != 0:
                free_count -= 1
                final[slot] = free[free_count]
                copy_row(side, final[slot], finals, ends)
                ends += 1
            slot += 1
        if slot == flags.size:
            slot = 0
    return free_count


@njit(cache=True)
def n_step(
    index: np.ndarray,
    head: int,
    streams: int,
    flags: np.ndarray,
    final: np.ndarray,
    rewards: np.ndarray,
    n: int,
    gamma: float,
    following: np.ndarray,
    steps: np.ndarray,
    returns: np.ndarray,
    discounts: np.ndarray,
) -> None:
    """Sum up to n discounted rewards from each slot (B,) on, to the end of its episode or of the data.

    With k <= n steps taken: ``returns = sum_{i<k} gamma^i r_i`` and ``discounts = gamma^k``, but 0 after a termination;
    `following` is the place of the state after the last of them. Sums are in float64.
    """
    newest = (head - 1) % (flags.size // streams) * streams
    for i in range(index.size):
        slot = index[i]
        total = 0.0
        discount = 1.0
        k = 0
        while True:
            total += discount * rewards[slot]
            discount *= gamma
            k += 1
            mark = flags[slot]
            if mark & ENDED:
                after = -1 - np.int64(final[slot])
                break
            if newest <= slot < newest + streams:
                after = newest - slot - 1
                break
            after = slot + streams
            if after >= flags.size:
                after -= flags.size
            if k == n:
                break
            slot = after
        following[i] = after
        steps[i] = k
        returns[i] = total
        discounts[i] = 0.0 if mark & TERMINATED else discount


@njit(cache=True)
def follow(
    index: np.ndarray, head: int, streams: int, flags: np.ndarray, final: np.ndarray, following: np.ndarray
) -> None:
    """Find the places of the states one step after each slot (B,)."""
    newest = (head - 1) % (flags.size // streams) * streams
    for i in range(index.size):
        slot = index[i]
        if flags[slot] & ENDED:
            following[i] = -1 - np.int64(final[slot])
        elif newest <= slot < newest + streams:
            following[i] = newest - slot - 1
        else:
            following[i] = (slot + streams) % flags.size


@njit(cache=True)
def gather(slots: np.ndarray, side: np.ndarray, index: np.ndarray, following: np.ndarray, out: np.ndarray) -> None:
    """Copy the B rows at slots `index` to the first half of out, and those at the places `following` to the second.

    `out` is (2 * B, width).
    """
    size = index.size
    for i in range(size):
        copy_row(out, i, slots, index[i])
    for i in range(size):
        if following[i] >= 0:
            copy_row(out, size + i, slots, following[i])
        else:
            copy_row(out, size + i, side, -1 - following[i])
