"""The ring: where facts lie in memory, one copy of each.

Streams (parallel worlds) advance in step. Row t of the ring holds step t of every stream side by side, so that a batch
from a vector of worlds is one contiguous write. Slot ``t * streams + stream`` is one transition. The state that a step
led to is the state of the same stream one row later, except in two cases, which have rows of their own in a side table:
at the end of an episode, where the next row already belongs to another episode, and in the newest row.
"""

import numpy as np

from telic.replay import kernels
from telic.replay.kernels import ENDED, TERMINATED, TRUNCATED
from telic.replay.schema import Schema
from telic.replay.transition import Transitions


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


class Ring:
    """Preallocated storage of the newest `rows` steps of `streams` parallel streams.

    Attributes:
        slots: The packed transitions, (rows * streams,) of `row_type`.
        flags: End and start marks of each slot, (rows * streams,) uint8, see `kernels`.
        final: Row of the side table with the final state of the episode that ended in a slot, or -1, int32.
        side: First one row per stream with the state after its newest step, then final states, structured.
        fresh: Whether the next step of each stream begins an episode, (streams,) bool.
        head: The row that is written next.
        count: How many rows hold data.
        written: How many rows were ever written; the number of a row in this count is its generation.
    """

    def __init__(self, schema: Schema, rows: int, streams: int) -> None:
        """Allocate everything but the side table's final states, which grow as episodes end."""
        self.schema = schema
        self.rows = rows
        self.streams = streams
        self.slots = np.zeros(rows * streams, row_type(schema))
        self.flags = np.zeros(rows * streams, np.uint8)
        self.final = np.full(rows * streams, -1, np.int32)
        self.side = np.zeros(streams, self.slots.dtype)
        self._words = words_of(self.slots)
        self._side_words = words_of(self.side)
        self.fresh = np.ones(streams, np.bool_)
        self.written = 0
        self._free = np.zeros(0, np.int32)
        self.clear()

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in (self.slots, self.flags, self.final, self.side, self.fresh, self._free))

    def clear(self) -> None:
        """Forget all steps. Generations go on, so that nothing old is ever taken for something new."""
        self.head = self.count = 0
        self.final[:] = -1
        self.fresh[:] = True
        self._free_count = len(self._free)
        self._free[:] = np.arange(self.streams, self.streams + len(self._free))

    def append(
        self,
        steps: np.ndarray,
        finals: np.ndarray,
        terminated: np.ndarray,
        truncated: np.ndarray,
        following: np.ndarray,
    ) -> None:
        """Write checked steps of all streams.

        Args:
            steps: Packed states and actions, (T, streams).
            finals: Packed final states of the episodes that end, in time-major order, (ends,).
            terminated: (T, streams) bool.
            truncated: (T, streams) bool.
            following: Packed states after the last step, (streams,).
        """
        for start in range(0, len(steps), self.rows):
            part = slice(start, start + self.rows)
            ends = int(np.count_nonzero(terminated[part] | truncated[part]))
            self._reserve(ends)
            self._free_count = kernels.append(
                words_of(steps[part]),
                words_of(finals[:ends]),
                terminated[part],
                truncated[part],
                self.head,
                self._words,
                self.flags,
                self.final,
                self._side_words,
                self.fresh,
                self._free,
                self._free_count,
            )
            finals = finals[ends:]
            length = len(steps[part])
            self.head = (self.head + length) % self.rows
            self.count = min(self.count + length, self.rows)
            self.written += length
        self.side[: self.streams] = following

    def truncate_open(self) -> None:
        """End every open episode where it stands, as truncated, with the newest state as its final one."""
        if self.count == 0:
            return
        open_streams = np.flatnonzero(~self.fresh)
        newest = (self.head - 1) % self.rows * self.streams + open_streams
        self.flags[newest] |= TRUNCATED
        places = self.place_finals(newest)
        self.side[places] = self.side[open_streams]
        self.fresh[:] = True

    def ends(self) -> np.ndarray:
        """The slots of the last steps of episodes, (E,) int64."""
        return np.flatnonzero(self.flags[: self.count * self.streams] & ENDED)

    def newest_ended(self) -> np.ndarray:
        """Whether the newest step of each stream ended an episode, (streams,) bool; True in an empty ring."""
        newest = (self.head - 1) % self.rows * self.streams
        return (self.count == 0) | ((self.flags[newest : newest + self.streams] & ENDED) > 0)

    def place_finals(self, slots: np.ndarray) -> np.ndarray:
        """Rows of the side table for the final states of episodes that end in these slots, (E,)."""
        self._reserve(len(slots))
        self._free_count -= len(slots)
        self.final[slots] = self._free[self._free_count : self._free_count + len(slots)]
        return self.final[slots]

    def row_order(self) -> np.ndarray:
        """The rows that hold data, oldest first, (count,) int64."""
        return (np.arange(self.head - self.count, self.head) % self.rows).astype(np.int64)

    def generations(self, index: np.ndarray) -> np.ndarray:
        """Generation of the row of each slot, int64; the coming one for rows without data."""
        age = (self.head - 1 - index // self.streams) % self.rows
        return np.where(age < self.count, self.written - 1 - age, self.written)

    def read(self, index: np.ndarray) -> Transitions:
        """The transitions in these slots, (B,) int64, all of which must hold data."""
        following = np.empty_like(index)
        kernels.follow(index, self.head, self.streams, self.flags, self.final, following)
        signals, next_signals, action = self.gather(index, following)
        flags = self.flags[index]
        return Transitions(signals, action, next_signals, (flags & TERMINATED) > 0, (flags & TRUNCATED) > 0)

    def actions(self, index: np.ndarray) -> np.ndarray:
        """The actions in these slots, (B, actuators) float32."""
        return self.slots["action"][index]

    def gather(
        self, index: np.ndarray, following: np.ndarray
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
        """Copy states and actions at some slots and the states that follow.

        Args:
            index: Slots, (B,) int64.
            following: Where the next states are, (B,) int64: a slot, or -1 - row of the side table.

        Returns:
            Signals and next signals, (B, *shape) each, views of packed rows, and the action (B, actuators).
        """
        words = np.empty((2 * len(index), self._words.shape[1]), np.uint32)
        kernels.gather(self._words, self._side_words, index, following, words)
        packed = np.ndarray((2, len(index)), self.slots.dtype, words)
        signals: dict[str, np.ndarray] = {}
        next_signals: dict[str, np.ndarray] = {}
        for name in self.schema.names:
            signals[name], next_signals[name] = packed[name]
        return signals, next_signals, packed["action"][0]

    def _reserve(self, ends: int) -> None:
        """Make room for final states."""
        missing = ends - self._free_count
        if missing <= 0:
            return
        # Doubling keeps the number of copies small however many episodes are held.
        grown = max(missing, len(self.side))
        places = np.arange(len(self.side), len(self.side) + grown, dtype=np.int32)
        self.side = np.concatenate([self.side, np.zeros(grown, self.side.dtype)])
        self._side_words = words_of(self.side)
        in_use = self._free[: self._free_count]
        self._free = np.concatenate([in_use, places, np.zeros(len(self._free) - len(in_use), np.int32)])
        self._free_count += grown
