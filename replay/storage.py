"""What every reader asks of a place where transitions lie, in memory or in files."""

from abc import ABC, abstractmethod

import numpy as np

from telic.replay import kernels
from telic.replay.episode_table import BEGIN, NUMBER, STOP, Names
from telic.replay.kernels import TERMINATED, TRUNCATED, VOID
from telic.replay.schema import Schema
from telic.replay.transition import Transitions


class Storage(ABC):
    """The newest `count` rows of `streams` parallel streams, of at most `rows`.

    Slot ``row * streams + stream`` is one transition. A place is a slot, where a state and its action are, or
    ``-1 - r``, the state after the newest stored step of the episode in row r of the episode table.

    Attributes:
        schema: Signals and action.
        rows: How many rows fit.
        streams: How many streams there are.
        head: The row that is written next.
        count: How many rows hold data.
        written: How many rows were ever written; the number of a row in this count is its generation.
        gaps: How many slots of the rows that hold data are without a transition.
        flags: End and start marks of each slot, (rows * streams,) uint8, see `kernels`.
        episode: Row of the episode table that each slot belongs to, (rows * streams,) int32.
        table: The episode table, (any, WIDTH) int64; see `episode_table`.
        names: What the table's numbers for sources and tasks mean.
    """

    schema: Schema
    rows: int
    streams: int
    head: int
    count: int
    written: int
    gaps: int
    flags: np.ndarray
    episode: np.ndarray
    table: np.ndarray
    names: Names

    @property
    def filled(self) -> int:
        """How many slots there are in the rows that hold data: the slots from 0 on."""
        return self.count * self.streams

    def gap_slots(self) -> np.ndarray:
        """The slots without a transition in the rows that hold data, in order, (gaps,) int64."""
        return np.flatnonzero(self.flags[: self.filled] & VOID)

    def filled_slots(self) -> np.ndarray:
        """The slots with a transition, in order, (transitions,) int64."""
        return np.flatnonzero((self.flags[: self.filled] & VOID) == 0) if self.gaps else np.arange(self.filled)

    @abstractmethod
    def rows_at(self, places: np.ndarray) -> np.ndarray:
        """Copies of what is at some places, (B,) int64, packed as (B,) of `row_type`; there are no checks."""

    def episodes(self) -> np.ndarray:
        """The rows of the table with an episode of which something is stored, in the order of their numbers, (E,)."""
        rows = np.flatnonzero(self.table[:, BEGIN] >= 0)
        return rows[np.argsort(self.table[rows, NUMBER])]

    def stored_span(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Generations of the oldest stored step of episodes and after their newest one, (E,) int64 each."""
        begin = np.maximum(self.table[rows, BEGIN], self.written - self.count)
        return begin, np.minimum(self.table[rows, STOP], self.written)

    def slots_at(self, generation: np.ndarray, stream: np.ndarray) -> np.ndarray:
        """The slots of stored steps, int64, by their generation and stream."""
        return (self.head - self.written + generation) % self.rows * self.streams + stream

    def row_order(self) -> np.ndarray:
        """The rows that hold data, oldest first, (count,) int64."""
        return (np.arange(self.head - self.count, self.head) % self.rows).astype(np.int64)

    def generations(self, index: np.ndarray) -> np.ndarray:
        """Generation of the row of each slot, int64; the coming one for rows without data."""
        age = (self.head - 1 - index // self.streams) % self.rows
        return np.where(age < self.count, self.written - 1 - age, self.written)

    def following(self, index: np.ndarray) -> np.ndarray:
        """The places of the states one step after each slot, (B,) int64."""
        following = np.empty_like(index)
        kernels.follow(index, self.head, self.streams, self.flags, self.episode, following)
        return following

    def read(self, index: np.ndarray) -> Transitions:
        """The transitions in these slots, (B,) int64, all of which must hold data."""
        packed = self.rows_at(np.concatenate([index, self.following(index)])).reshape(2, -1)
        signals, next_signals = split_rows(packed, self.schema)
        flags = self.flags[index]
        return Transitions(
            signals, packed["action"][0], next_signals, (flags & TERMINATED) > 0, (flags & TRUNCATED) > 0
        )


def row_type(schema: Schema) -> np.dtype:
    """The structured type of one slot: the signals in order, then the action.

    A transition is read at a random place of a store that is larger than any cache. Were every signal an array of its
    own, each would cost a cache miss; packed side by side they cost one or two together. The action is float32, so the
    aligned size is a whole number of 32-bit words.
    """
    fields = [(field.name, field.dtype, field.shape) for field in (*schema.signals, schema.action)]
    return np.dtype(fields, align=True)


def words_of(rows: np.ndarray) -> np.ndarray:
    """A view of contiguous structured rows, of any shape, as 32-bit words (rows, width)."""
    return rows.reshape(-1).view(np.uint32).reshape(-1, rows.dtype.itemsize // 4)


def split_rows(packed: np.ndarray, schema: Schema) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The signals of two rows of packed states, (2, B): views, (B, *shape) per signal of each."""
    first: dict[str, np.ndarray] = {}
    second: dict[str, np.ndarray] = {}
    for name in schema.names:
        first[name], second[name] = packed[name]
    return first, second
