"""The compiled loops that write steps into the ring.

Packed rows are passed as words, (slots, width), whatever types the signals in them have. See `Ring` for the arrays.
"""

import numpy as np
from numba import njit

from telic.replay.copy_row import copy_row
from telic.replay.episode_table import BEGIN, EARLIER, NUMBER, OPEN, STOP, STREAM, TAGS, UNUSED, WIDTH
from telic.replay.kernels import ENDED, FIRST, TERMINATED, TRUNCATED, VOID

# Places in the ring's cursor.
HEAD = 0
COUNT = 1
WRITTEN = 2
VOIDS = 3
FREE = 4
BEGUN = 5

# What `append_step` and `append_window` return.
DONE = 0
NON_FINITE = 1
JUMP = 2


@njit(cache=True)
def append_step(
    steps: np.ndarray,
    following: np.ndarray,
    terminated: np.ndarray,
    truncated: np.ndarray,
    skip: np.ndarray,
    exponents: np.ndarray,
    state_words: int,
    slots: np.ndarray,
    flags: np.ndarray,
    episode: np.ndarray,
    side: np.ndarray,
    table: np.ndarray,
    open_row: np.ndarray,
    coming: np.ndarray,
    free: np.ndarray,
    cursor: np.ndarray,
) -> int:
    """Check one step of all streams, and write it if nothing is wrong.

    `steps` are the states and actions, and `following` the states after the step, (streams, width). The streams in
    `skip` made no step, and must be between two episodes. The first `state_words` words of a row are state. See
    `Intake` for `exponents`; from `slots` on, the arguments are the arrays of the ring.
    """
    streams = open_row.size
    if _any_non_finite(steps, exponents) or _any_non_finite(following, exponents):
        for stream in range(streams):
            one = slice(stream, stream + 1)
            if not skip[stream] and (
                _any_non_finite(steps[one], exponents) or _any_non_finite(following[one], exponents)
            ):
                return NON_FINITE
    if _jumps(steps, side, open_row, skip, state_words):
        return JUMP
    first = cursor[HEAD] * streams
    for stream in range(streams):
        slot = first + stream
        _vacate(slot, flags, episode, table, free, cursor)
        if skip[stream]:
            flags[slot] = VOID
            cursor[VOIDS] += 1
            continue
        _write(slot, stream, cursor[WRITTEN], steps, stream, terminated[stream], truncated[stream],
               slots, flags, episode, table, open_row, coming, free, cursor)  # fmt: skip
        copy_row(side, np.int64(episode[slot]), following, stream)
    _advance(cursor, 1, flags.size // streams)
    return DONE


@njit(cache=True)
def append_window(
    steps: np.ndarray,
    finals: np.ndarray,
    terminated: np.ndarray,
    truncated: np.ndarray,
    slots: np.ndarray,
    flags: np.ndarray,
    episode: np.ndarray,
    side: np.ndarray,
    table: np.ndarray,
    open_row: np.ndarray,
    coming: np.ndarray,
    free: np.ndarray,
    cursor: np.ndarray,
) -> None:
    """Write T checked steps of all streams; T must not be more than the rows of the ring.

    `steps` are the states and actions, time-major, then the states after the last step, ((T + 1) * streams, width);
    `finals` are the final states of the episodes that end, time-major, (ends, width). From `slots` on, the arguments
    are the arrays of the ring.
    """
    streams = open_row.size
    length = terminated.shape[0]
    ends = 0
    slot = cursor[HEAD] * streams
    for t in range(length):
        for stream in range(streams):
            _vacate(slot, flags, episode, table, free, cursor)
            _write(slot, stream, cursor[WRITTEN] + t, steps, t * streams + stream, terminated[t, stream],
                   truncated[t, stream], slots, flags, episode, table, open_row, coming, free, cursor)  # fmt: skip
            if flags[slot] & ENDED:
                copy_row(side, np.int64(episode[slot]), finals, ends)
                ends += 1
            slot += 1
        if slot == flags.size:
            slot = 0
    for stream in range(streams):
        if open_row[stream] >= 0:
            copy_row(side, open_row[stream], steps, length * streams + stream)
    _advance(cursor, length, flags.size // streams)


@njit(cache=True)
def check_window(
    steps: np.ndarray,
    finals: np.ndarray,
    exponents: np.ndarray,
    state_words: int,
    side: np.ndarray,
    open_row: np.ndarray,
) -> int:
    """Whether the steps of a window may be written; see `append_window`."""
    if _any_non_finite(steps, exponents) or _any_non_finite(finals, exponents):
        return NON_FINITE
    if _jumps(steps, side, open_row, np.zeros(open_row.size, np.bool_), state_words):
        return JUMP
    return DONE


@njit(cache=True)
def _any_non_finite(rows: np.ndarray, exponents: np.ndarray) -> bool:
    """Whether some word of rows (n, width) has all bits of an exponent set, (halves, width) as in `Intake`."""
    width = exponents.shape[1]
    found = False
    for half in range(exponents.shape[0]):
        for i in range(rows.shape[0]):
            for word in range(width):
                bits = exponents[half, word]
                found |= (bits != 0) & ((rows[i, word] & bits) == bits)
    return found


@njit(cache=True)
def _jumps(steps: np.ndarray, side: np.ndarray, open_row: np.ndarray, skip: np.ndarray, words: int) -> bool:
    """Whether some stream does not go on where its open episode stands; skipping an open episode is a jump too."""
    different = np.uint32(0)
    for stream in range(open_row.size):
        row = open_row[stream]
        if row >= 0:
            if skip[stream]:
                return True
            for word in range(words):
                different |= steps[stream, word] ^ side[row, word]
    return different != 0


@njit(cache=True)
def _vacate(
    slot: int, flags: np.ndarray, episode: np.ndarray, table: np.ndarray, free: np.ndarray, cursor: np.ndarray
) -> None:
    """Give back what the last step of an episode, or a gap, held in a slot that is about to be overwritten."""
    mark = flags[slot]
    if mark & ENDED:
        row = episode[slot]
        table[row, BEGIN] = UNUSED
        free[cursor[FREE]] = row
        cursor[FREE] += 1
    elif mark & VOID:
        cursor[VOIDS] -= 1


@njit(cache=True)
def _write(
    slot: int,
    stream: int,
    generation: int,
    steps: np.ndarray,
    at: int,
    terminated: bool,
    truncated: bool,
    slots: np.ndarray,
    flags: np.ndarray,
    episode: np.ndarray,
    table: np.ndarray,
    open_row: np.ndarray,
    coming: np.ndarray,
    free: np.ndarray,
    cursor: np.ndarray,
) -> None:
    """Write row `at` of `steps` into a slot, beginning or ending an episode there if need be."""
    mark = TERMINATED * terminated | TRUNCATED * truncated
    row = open_row[stream]
    if row < 0:
        cursor[FREE] -= 1
        row = np.int64(free[cursor[FREE]])
        table[row, STREAM] = stream
        table[row, BEGIN] = generation
        table[row, EARLIER] = 0
        table[row, STOP] = OPEN
        table[row, NUMBER] = cursor[BEGUN]
        for column in range(TAGS, WIDTH):
            table[row, column] = coming[stream, column - TAGS]
        cursor[BEGUN] += 1
        open_row[stream] = row
        flags[slot] = mark | FIRST
    else:
        flags[slot] = mark
    if mark:
        table[row, STOP] = generation + 1
        open_row[stream] = -1
    episode[slot] = row
    copy_row(slots, slot, steps, at)


@njit(cache=True)
def _advance(cursor: np.ndarray, length: int, rows: int) -> None:
    cursor[HEAD] = (cursor[HEAD] + length) % rows
    cursor[COUNT] = min(cursor[COUNT] + length, rows)
    cursor[WRITTEN] += length
