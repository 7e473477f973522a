"""The ring: where facts lie in memory, one copy of each.

Streams (parallel worlds) advance in step. Row t of the ring holds step t of every stream side by side, so that a batch
from a vector of worlds is one contiguous write. Slot ``t * streams + stream`` is one transition. The state that a step
led to is the state of the same stream one row later, except in two cases: at the end of an episode, where the next row
already belongs to another episode, and in the newest row. Both are read from the side table, which has one row for each
stored episode: the state after its newest step.
"""

import numpy as np

from telic.replay import append, kernels
from telic.replay.append import BEGUN, COUNT, FREE, HEAD, VOIDS, WRITTEN
from telic.replay.episode_table import (
    BEGIN,
    OPEN,
    STOP,
    STREAM,
    TAGS,
    UNUSED,
    WIDTH,
    Names,
    Tag,
    empty_table,
    table_of_marks,
)
from telic.replay.kernels import TRUNCATED, VOID
from telic.replay.schema import Schema
from telic.replay.storage import Storage, row_type

# A signal each: its samples as bytes.
Fields = tuple[np.ndarray, ...]


class Ring(Storage):
    """Preallocated storage of the newest `rows` steps of `streams` parallel streams.

    Attributes:
        slots: The packed transitions, (rows * streams,) of `row_type`.
        bytes: The same memory as bytes, (rows * streams, bytes of a row).
        offset: Where in a row each field is, the action last, (fields,) int64.
        exponents: Which numbers of each field may be NaN or infinite, (fields, 2) int64; see `append`.
        side: State after the newest stored step of each episode, one for each row of the table, structured.
        side_bytes: The same memory as bytes.
        open_row: Row of the episode that each stream is in, -1 between two episodes, (streams,) int64.
        coming: Tags of the next episode of each stream, (streams, WIDTH - TAGS) int64.
        free: A stack of rows of the table that are not in use; its height is in the cursor.
        cursor: Head, count, written and other counters, int64; see `append`.

    The others are those of `Storage`.
    """

    def __init__(self, schema: Schema, rows: int, streams: int) -> None:
        """Allocate everything; only the side table and the episode table grow, as episodes end."""
        self.schema = schema
        self.rows = rows
        self.streams = streams
        self.slots = np.zeros(rows * streams, row_type(schema))
        self.bytes = _bytes_of(self.slots)
        fields = (*schema.signals, schema.action)
        self.offset = np.array([place[1] for place in (self.slots.dtype.fields or {}).values()])
        self.exponents = np.array([_exponent(field.dtype) for field in fields])
        self.flags = np.zeros(rows * streams, np.uint8)
        self.episode = np.zeros(rows * streams, np.int32)
        self.open_row = np.full(streams, -1, np.int64)
        self.coming = np.zeros((streams, WIDTH - TAGS), np.int64)
        self.names = Names()
        self.cursor = np.zeros(BEGUN + 1, np.int64)
        self.side = np.zeros(0, self.slots.dtype)
        self.table = empty_table(0)
        self.free = np.zeros(0, np.int32)
        self._add_rows(streams)
        self.tag(Tag()._asdict())
        self.place(0, 0, 0)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        arrays = (self.slots, self.flags, self.episode, self.side, self.table, self.open_row, self.coming, self.free)
        return sum(array.nbytes for array in arrays)

    def clear(self) -> None:
        """Forget all steps. Generations go on, so that nothing old is ever taken for something new."""
        self.flags[:] = 0
        self.open_row[:] = -1
        self.table[:, BEGIN] = UNUSED
        # The stack is emptied from its end: stream 0 gets row 0.
        self.free[:] = np.arange(len(self.free))[::-1]
        self.cursor[FREE] = len(self.free)
        self.place(0, 0, self.written)

    def place(self, head: int, count: int, written: int) -> None:
        """Put the cursor somewhere."""
        self.cursor[[HEAD, COUNT, WRITTEN]] = head, count, written
        self.cursor[VOIDS] = np.count_nonzero(self.flags[: count * self.streams] & VOID)
        self._note()

    def append_step(
        self,
        signals: Fields,
        action: np.ndarray,
        following: Fields,
        terminated: np.ndarray,
        truncated: np.ndarray,
        skip: np.ndarray,
    ) -> bool:
        """Check a step of all streams and write it.

        Args:
            signals: The states, (streams, bytes) uint8 for each signal.
            action: The actions, (streams, bytes) uint8.
            following: The states after the step, (streams, bytes) uint8 for each signal.
            terminated: (streams,) bool.
            truncated: (streams,) bool.
            skip: Streams without a step, (streams,) bool.

        Returns:
            Whether nothing was wrong; otherwise nothing is written.
        """
        if self.cursor[FREE] < self.streams:
            self._make_room(self.streams)
        right = append.append_step(
            signals, action, following, terminated, truncated, skip, self.offset, self.exponents, self.bytes,
            self.flags, self.episode, self.side_bytes, self.table, self.open_row, self.coming, self.free, self.cursor,
        )  # fmt: skip
        self._note()
        return right

    def append_window(
        self, signals: Fields, action: np.ndarray, finals: Fields, terminated: np.ndarray, truncated: np.ndarray
    ) -> bool:
        """Check some steps of all streams and write them.

        Args:
            signals: The states, then those after the last step, ((T + 1) * streams, bytes) uint8 for each signal,
                time-major.
            action: The actions, (T * streams, bytes) uint8.
            finals: Final states of the episodes that end, in time-major order, (ends, bytes) uint8 for each signal.
            terminated: (T, streams) bool.
            truncated: (T, streams) bool.

        Returns:
            Whether nothing was wrong; otherwise nothing is written.
        """
        if not append.window_is_right(
            signals, action, finals, self.offset, self.exponents, self.side_bytes, self.open_row
        ):
            return False
        ends = 0
        for start in range(0, len(terminated), self.rows):
            stop = min(start + self.rows, len(terminated))
            part = slice(start, stop)
            self._make_room(int(np.count_nonzero(terminated[part] | truncated[part])) + self.streams)
            ends = append.append_window(
                signals, action, finals, terminated.reshape(-1), truncated.reshape(-1), start, stop, ends, self.offset,
                self.bytes, self.flags, self.episode, self.side_bytes, self.table, self.open_row, self.coming,
                self.free, self.cursor,
            )  # fmt: skip
        self._note()
        return True

    def truncate_open(self) -> None:
        """End every open episode where it stands, as truncated, with the newest state as its final one."""
        rows = self.open_row[self.open_row >= 0]
        newest = (self.head - 1) % self.rows * self.streams
        self.flags[newest + self.table[rows, STREAM]] |= TRUNCATED
        self.table[rows, STOP] = self.written
        self.open_row[:] = -1

    def adopt(
        self, head: int, count: int, written: int, table: np.ndarray | None = None, begun: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Take over rows that were put with their flags into an empty ring.

        Args:
            head: The row that is written next.
            count: How many rows hold data.
            written: How many rows were ever written.
            table: The episodes, (E, WIDTH) int64; None if nothing is known of them but the flags.
            begun: How many episodes there were ever, if there is a table.

        Returns:
            The rows of the side table where the states after the newest steps of the episodes are to be put, in the
            order of the table or else by stream, then time, (E,) int64; and the slots that belong to the episodes.
        """
        self.place(head, count, written)
        if table is None:
            table = table_of_marks(self.flags[: self.filled], self.streams, head, written)
            begun = len(table)
        self.cursor[BEGUN] = begun
        self._make_room(len(table))
        rows = self.free[: self.cursor[FREE]][::-1][: len(table)].astype(np.int64)
        self.cursor[FREE] -= len(table)
        self.table[rows] = table
        begin, stop = self.stored_span(rows)
        length, stream = stop - begin, table[:, STREAM]
        step = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
        slots = self.slots_at(np.repeat(begin, length) + step, np.repeat(stream, length))
        self.episode[slots] = np.repeat(rows, length)
        is_open = table[:, STOP] == OPEN
        self.open_row[stream[is_open]] = rows[is_open]
        return rows, slots

    def continue_from(self, other: "Ring") -> None:
        """Let the streams of this empty ring go on where those of another one stand, without its steps."""
        rows = other.open_row[other.open_row >= 0]
        self.cursor[BEGUN] = other.cursor[BEGUN]
        self.place(0, 0, other.written)
        self.names, self.coming[:] = other.names, other.coming
        # An empty ring has room for an episode of each stream.
        self.cursor[FREE] -= len(rows)
        new = self.free[self.cursor[FREE] :][: len(rows)]
        self.open_row[other.table[rows, STREAM]] = new
        self.table[new] = other.table[rows]
        self.side_bytes[new] = other.side_bytes[rows]

    def tag(
        self, tags: dict[str, str | int | bool], streams: np.ndarray | slice = slice(None), running: bool = False
    ) -> None:
        """Set fields of the `Tag` of episodes that begin from now on in some streams, and of those that are running."""
        for name, value in tags.items():
            column = TAGS + Tag._fields.index(name)
            number = self.names.place(value) if isinstance(value, str) else int(value)
            self.coming[streams, column - TAGS] = number
            if running:
                rows = self.open_row[streams]
                self.table[rows[rows >= 0], column] = number

    def rows_at(self, places: np.ndarray) -> np.ndarray:
        """Copies of what is at some places, (B,) int64, packed as (B,) of `row_type`; there are no checks."""
        rows = np.empty((len(places), self.bytes.shape[1]), np.uint8)
        kernels.gather(self.bytes, self.side_bytes, places, rows)
        return np.ndarray(len(places), self.slots.dtype, rows)

    def _note(self) -> None:
        """Take over what compiled loops have done to the cursor: attributes are read far more often."""
        self.head, self.count, self.written, self.gaps = self.cursor[: VOIDS + 1].tolist()

    def _make_room(self, episodes: int) -> None:
        """Make sure that so many episodes can begin."""
        missing = episodes - self.cursor[FREE]
        if missing > 0:
            # Doubling keeps the number of copies small however many episodes are held.
            self._add_rows(max(int(missing), len(self.side)))

    def _add_rows(self, rows: int) -> None:
        """Make room for more episodes; those that are stored keep their rows."""
        held = len(self.side)
        self.side = np.concatenate([self.side, np.zeros(rows, self.side.dtype)])
        self.side_bytes = _bytes_of(self.side)
        self.table = np.concatenate([self.table, empty_table(rows)])
        # The stack is emptied from its end: lower rows are taken first.
        unused = self.free[: self.cursor[FREE]]
        self.free = np.zeros(held + rows, np.int32)
        self.free[:rows] = np.arange(held, held + rows)[::-1]
        self.free[rows : rows + len(unused)] = unused
        self.cursor[FREE] += rows


def _bytes_of(rows: np.ndarray) -> np.ndarray:
    """A view of structured rows as bytes, (rows, bytes of a row)."""
    return rows.view(np.uint8).reshape(len(rows), rows.dtype.itemsize)


def _exponent(dtype: str) -> tuple[int, int]:
    """The bytes of a number, and which bits of it are all set in a NaN or an infinity; (0, 0) if it is never so."""
    if np.dtype(dtype).kind != "f":
        return 0, 0
    size = np.dtype(dtype).itemsize
    return size, int(np.array(np.inf, dtype).view(f"u{size}"))
