"""The compiled loops that check steps and write them into the ring.

A field is a signal or the action: its samples as bytes, (rows, bytes), whatever type they have. `offset` says where in
a packed row each field goes, and `exponents`, (fields, 2), how many bytes its numbers have and which bits of them are
all set in a NaN or an infinity; 0 bytes for what is always finite. The action is the last field. The other arrays are
those of the `Ring`.
"""

import numpy as np
from numba import njit

from telic.replay.copy_row import field_equals, put_field
from telic.replay.episode_table import BEGIN, EARLIER, NUMBER, OPEN, STOP, STREAM, TAGS, UNUSED, WIDTH
from telic.replay.kernels import ENDED, FIRST, TERMINATED, TRUNCATED, VOID

# Places in the ring's cursor.
HEAD = 0
COUNT = 1
WRITTEN = 2
VOIDS = 3
FREE = 4
BEGUN = 5


@njit(cache=True)
def append_step(
    signals: tuple[np.ndarray, ...],
    action: np.ndarray,
    following: tuple[np.ndarray, ...],
    terminated: np.ndarray,
    truncated: np.ndarray,
    skip: np.ndarray,
    offset: np.ndarray,
    exponents: np.ndarray,
    slots: np.ndarray,
    flags: np.ndarray,
    episode: np.ndarray,
    side: np.ndarray,
    table: np.ndarray,
    open_row: np.ndarray,
    coming: np.ndarray,
    free: np.ndarray,
    cursor: np.ndarray,
) -> bool:
    """Check one step of all streams, and write it if nothing is wrong; says which.

    `signals`, `action` and `following`, the signals after the step, are fields of `streams` rows. The streams in `skip`
    made no step, and must be between two episodes.
    """
    if not _step_is_right(signals, action, following, skip, offset, exponents, side, open_row):
        return False
    streams = open_row.size
    first = cursor[HEAD] * streams
    _mark(first, terminated, truncated, skip, flags, episode, table, open_row, coming, free, cursor)
    for field in range(len(signals)):
        _put(signals[field], 0, streams, slots, first, offset[field], flags)
        _put_after(following[field], first, side, offset[field], flags, episode)
    _put(action, 0, streams, slots, first, offset[-1], flags)
    _advance(cursor, 1, flags.size // streams)
    return True


@njit(cache=True)
def append_window(
    signals: tuple[np.ndarray, ...],
    action: np.ndarray,
    finals: tuple[np.ndarray, ...],
    terminated: np.ndarray,
    truncated: np.ndarray,
    start: int,
    stop: int,
    ended: int,
    offset: np.ndarray,
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
    """Write the checked steps from `start` to before `stop` of a window; not more than the ring has rows.

    The fields `signals` have (T + 1) * streams rows, time-major, `action` has T * streams, and `finals` one for each
    end in `terminated` and `truncated`, (T * streams,), time-major; `ended` of them are before `start`. Returns how
    many are before `stop`.
    """
    streams = open_row.size
    first, low, high = cursor[HEAD] * streams, start * streams, stop * streams
    nobody = np.zeros(streams, np.bool_)
    _mark(first, terminated[low:high], truncated[low:high], nobody,
          flags, episode, table, open_row, coming, free, cursor)  # fmt: skip
    ends = 0
    for field in range(len(signals)):
        _put(signals[field], low, high, slots, first, offset[field], flags)
        ends = _put_finals(finals[field], ended, first, high - low, side, offset[field], flags, episode)
        _put_open(signals[field], high, side, offset[field], open_row)
    _put(action, low, high, slots, first, offset[-1], flags)
    _advance(cursor, stop - start, flags.size // streams)
    return ended + ends


@njit(cache=True)
def window_is_right(
    signals: tuple[np.ndarray, ...],
    action: np.ndarray,
    finals: tuple[np.ndarray, ...],
    offset: np.ndarray,
    exponents: np.ndarray,
    side: np.ndarray,
    open_row: np.ndarray,
) -> bool:
    """Whether a window may be written; see `append_window`."""
    wrong = _any_non_finite(action, exponents[-1]) or _jumps(signals, offset, side, open_row)
    for field in range(len(signals)):
        wrong |= _any_non_finite(signals[field], exponents[field]) or _any_non_finite(finals[field], exponents[field])
    return not wrong


@njit(cache=True)
def _step_is_right(
    signals: tuple[np.ndarray, ...],
    action: np.ndarray,
    following: tuple[np.ndarray, ...],
    skip: np.ndarray,
    offset: np.ndarray,
    exponents: np.ndarray,
    side: np.ndarray,
    open_row: np.ndarray,
) -> bool:
    for stream in range(open_row.size):
        if skip[stream] and open_row[stream] >= 0:
            return False
    if _jumps(signals, offset, side, open_row) or _any_non_finite_of(action, exponents[-1], skip):
        return False
    # A state that goes on is the one that the step before led to, which was checked then.
    known = skip | (open_row >= 0)
    all_known = known.all()
    for field in range(len(signals)):
        if _any_non_finite_of(following[field], exponents[field], skip):
            return False
        if not all_known and _any_non_finite_of(signals[field], exponents[field], known):
            return False
    return True


@njit(cache=True)
def _jumps(signals: tuple[np.ndarray, ...], offset: np.ndarray, side: np.ndarray, open_row: np.ndarray) -> bool:
    """Whether the state of some stream differs in any bit from that where its open episode stands."""
    differs = False
    for field in range(len(signals)):
        states, place = signals[field], offset[field]
        for stream in range(open_row.size):
            if open_row[stream] >= 0:
                differs |= not field_equals(side, open_row[stream], place, states, stream)
    return differs


@njit(cache=True)
def _any_non_finite_of(field: np.ndarray, exponent: np.ndarray, but: np.ndarray) -> bool:
    """Whether some number in a field is NaN or infinite, leaving out the rows in `but`."""
    if not _any_non_finite(field, exponent):
        return False
    found = False
    for row in range(but.size):
        found |= not but[row] and _any_non_finite(field[row : row + 1], exponent)
    return found


@njit(cache=True)
def _any_non_finite(field: np.ndarray, exponent: np.ndarray) -> bool:
    """Whether some number in a field, (rows, bytes), is NaN or infinite."""
    found = False
    values = field.reshape(-1)
    if exponent[0] == 4:
        single, bits = values.view(np.uint32), np.uint32(exponent[1])
        for i in range(single.size):
            found |= (single[i] & bits) == bits
    elif exponent[0] == 8:
        double, wide = values.view(np.uint64), np.uint64(exponent[1])
        for i in range(double.size):
            found |= (double[i] & wide) == wide
    elif exponent[0] == 2:
        half, narrow = values.view(np.uint16), np.uint16(exponent[1])
        for i in range(half.size):
            found |= (half[i] & narrow) == narrow
    return found


# Each of the following loops is a function of its own: called or inlined for every row, handing over the arrays would
# take longer than the work itself.


@njit(cache=True)
def _mark(
    first: int,
    terminated: np.ndarray,
    truncated: np.ndarray,
    skip: np.ndarray,
    flags: np.ndarray,
    episode: np.ndarray,
    table: np.ndarray,
    open_row: np.ndarray,
    coming: np.ndarray,
    free: np.ndarray,
    cursor: np.ndarray,
) -> None:
    """Say to which episodes the steps in whole rows from slot `first` on belong, beginning and ending them.

    What the last step of an episode, or a gap, held in a slot is given back before.
    """
    streams = open_row.size
    for t in range(terminated.size // streams):
        row_of_ring = (first // streams + t) % (flags.size // streams)
        generation = cursor[WRITTEN] + t
        for stream in range(streams):
            slot = row_of_ring * streams + stream
            old = flags[slot]
            if old & ENDED:
                table[episode[slot], BEGIN] = UNUSED
                free[cursor[FREE]] = episode[slot]
                cursor[FREE] += 1
            elif old & VOID:
                cursor[VOIDS] -= 1
            if skip[stream]:
                flags[slot] = VOID
                cursor[VOIDS] += 1
                continue
            at = t * streams + stream
            mark = TERMINATED * terminated[at] | TRUNCATED * truncated[at]
            row = open_row[stream]
            if row < 0:
                mark |= FIRST
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
            if mark & ENDED:
                table[row, STOP] = generation + 1
                open_row[stream] = -1
            flags[slot] = mark
            episode[slot] = row


@njit(cache=True)
def _put(field: np.ndarray, low: int, high: int, slots: np.ndarray, first: int, offset: int, flags: np.ndarray) -> None:
    """Write the rows of a field from `low` to before `high` to the slots from `first` on, but not to gaps."""
    for i in range(high - low):
        slot = first + i
        if slot >= flags.size:
            slot -= flags.size
        if not flags[slot] & VOID:
            put_field(slots, slot, offset, field, low + i)


@njit(cache=True)
def _put_after(
    field: np.ndarray, first: int, side: np.ndarray, offset: int, flags: np.ndarray, episode: np.ndarray
) -> None:
    """Write the states after one step to the side rows of their episodes."""
    for stream in range(field.shape[0]):
        if not flags[first + stream] & VOID:
            put_field(side, np.int64(episode[first + stream]), offset, field, stream)


@njit(cache=True)
def _put_finals(
    field: np.ndarray,
    at: int,
    first: int,
    count: int,
    side: np.ndarray,
    offset: int,
    flags: np.ndarray,
    episode: np.ndarray,
) -> int:
    """Write final states, from row `at` on, to the side rows of the episodes that end in some slots; says how many."""
    ends = 0
    for i in range(count):
        slot = first + i
        if slot >= flags.size:
            slot -= flags.size
        if flags[slot] & ENDED:
            put_field(side, np.int64(episode[slot]), offset, field, at + ends)
            ends += 1
    return ends


@njit(cache=True)
def _put_open(field: np.ndarray, at: int, side: np.ndarray, offset: int, open_row: np.ndarray) -> None:
    """Write the states in rows from `at` on to the side rows of the open episodes."""
    for stream in range(open_row.size):
        if open_row[stream] >= 0:
            put_field(side, open_row[stream], offset, field, at + stream)


@njit(cache=True)
def _advance(cursor: np.ndarray, length: int, rows: int) -> None:
    cursor[HEAD] = (cursor[HEAD] + length) % rows
    cursor[COUNT] = min(cursor[COUNT] + length, rows)
    cursor[WRITTEN] += length
