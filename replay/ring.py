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
from telic.replay.kernels import TRUNCATED
from telic.replay.schema import Schema
from telic.replay.storage import Storage, row_type, words_of


class Ring(Storage):
    """Preallocated storage of the newest `rows` steps of `streams` parallel streams.

    Attributes:
        slots: The packed transitions, (rows * streams,) of `row_type`.
        words: The same memory as 32-bit words, (rows * streams, width).
        state_words: How many words of a row, from its beginning, are state and not action.
        side: State after the newest stored step of each episode, one for each row of the table, structured.
        side_words: The same memory as 32-bit words.
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
        self.words = words_of(self.slots)
        self.state_words: int = self.slots.dtype.fields["action"][1] // 4  # pyright: ignore[reportOptionalSubscript]
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

    @property
    def head(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The row that is written next."""
        return int(self.cursor[HEAD])

    @property
    def count(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """How many rows hold data."""
        return int(self.cursor[COUNT])

    @property
    def written(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """How many rows were ever written; the number of a row in this count is its generation."""
        return int(self.cursor[WRITTEN])

    @property
    def gaps(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """How many slots of the rows that hold data are without a transition."""
        return int(self.cursor[VOIDS])

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        arrays = (self.slots, self.flags, self.episode, self.side, self.table, self.open_row, self.coming, self.free)
        return sum(array.nbytes for array in arrays)

    def clear(self) -> None:
        """Forget all steps. Generations go on, so that nothing old is ever taken for something new."""
        self.cursor[[HEAD, COUNT, VOIDS]] = 0
        self.flags[:] = 0
        self.open_row[:] = -1
        self.table[:, BEGIN] = UNUSED
        # The stack is emptied from its end: stream 0 gets row 0.
        self.free[:] = np.arange(len(self.free))[::-1]
        self.cursor[FREE] = len(self.free)

    def append_step(
        self,
        step: np.ndarray,
        following: np.ndarray,
        terminated: np.ndarray,
        truncated: np.ndarray,
        skip: np.ndarray,
        exponents: np.ndarray,
    ) -> int:
        """Check a step of all streams and write it; see `append.append_step`.

        Args:
            step: Packed states and actions as words, (streams, width).
            following: Packed states after the step as words, (streams, width).
            terminated: (streams,) bool.
            truncated: (streams,) bool.
            skip: Streams without a step, (streams,) bool.
            exponents: What `Intake.exponents` says.

        Returns:
            `append.DONE`, or what was wrong; nothing is written then.
        """
        self._make_room(self.streams)
        return append.append_step(
            step, following, terminated, truncated, skip, exponents, self.state_words, self.words, self.flags,
            self.episode, self.side_words, self.table, self.open_row, self.coming, self.free, self.cursor,
        )  # fmt: skip

    def append_window(
        self,
        steps: np.ndarray,
        finals: np.ndarray,
        terminated: np.ndarray,
        truncated: np.ndarray,
        exponents: np.ndarray,
    ) -> int:
        """Check some steps of all streams and write them.

        Args:
            steps: Packed states and actions as words, time-major, then the states after the last step,
                ((T + 1) * streams, width).
            finals: Packed final states of the episodes that end, in time-major order, as words, (ends, width).
            terminated: (T, streams) bool.
            truncated: (T, streams) bool.
            exponents: What `Intake.exponents` says.

        Returns:
            `append.DONE`, or what was wrong; nothing is written then.
        """
        problem = append.check_window(steps, finals, exponents, self.state_words, self.side_words, self.open_row)
        if problem != append.DONE:
            return problem
        for start in range(0, len(terminated), self.rows):
            part = slice(start, start + self.rows)
            ends = int(np.count_nonzero(terminated[part] | truncated[part]))
            self._make_room(ends + self.streams)
            append.append_window(
                steps[start * self.streams :], finals, terminated[part], truncated[part], self.words, self.flags,
                self.episode, self.side_words, self.table, self.open_row, self.coming, self.free, self.cursor,
            )  # fmt: skip
            finals = finals[ends:]
        return append.DONE

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
        self.cursor[[HEAD, COUNT, WRITTEN]] = head, count, written
        self.cursor[VOIDS] = len(self.gap_slots())
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
        self.cursor[[WRITTEN, BEGUN]] = other.cursor[[WRITTEN, BEGUN]]
        self.names, self.coming[:] = other.names, other.coming
        # An empty ring has room for an episode of each stream.
        self.cursor[FREE] -= len(rows)
        new = self.free[self.cursor[FREE] :][: len(rows)]
        self.open_row[other.table[rows, STREAM]] = new
        self.table[new] = other.table[rows]
        self.side_words[new] = other.side_words[rows]

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
        words = np.empty((len(places), self.words.shape[1]), np.uint32)
        kernels.gather(self.words, self.side_words, places, words)
        return np.ndarray(len(places), self.slots.dtype, words)

    def _make_room(self, episodes: int) -> None:
        """Make sure that so many episodes can begin."""
        missing = episodes - self.cursor[FREE]
        if missing > 0:
            # Doubling keeps the number of copies small however many episodes are held.
            self._add_rows(max(int(missing), len(self.side)))

    def _add_rows(self, rows: int) -> None:
        """Make room for more episodes; those that are stored keep their rows."""
        held = len(self.side)
        # Copied as words: steps are compared as words too, and NumPy does not copy the padding between fields.
        words, self.side = words_of(self.side), np.zeros(held + rows, self.side.dtype)
        self.side_words = words_of(self.side)
        self.side_words[:held] = words
        self.table = np.concatenate([self.table, empty_table(rows)])
        # The stack is emptied from its end: lower rows are taken first.
        unused = self.free[: self.cursor[FREE]]
        self.free = np.zeros(held + rows, np.int32)
        self.free[:rows] = np.arange(held, held + rows)[::-1]
        self.free[rows : rows + len(unused)] = unused
        self.cursor[FREE] += rows
