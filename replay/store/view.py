"""The view: the steps of a store in one order, readable in the way in which samplers read the ring in memory."""

from functools import cached_property

import numpy as np

from telic.replay.kernels import ENDED, FIRST, TERMINATED, TRUNCATED
from telic.replay.schema import Schema
from telic.replay.store.errors import ReadOnlyError
from telic.replay.store.kernels import HINTED
from telic.replay.store.library import Library, Tables
from telic.replay.transition import Transitions

# Mark of a slot after which its episode goes on elsewhere or later. Samplers must stop there as they do at a truncated
# end, so it comes together with kernels.TRUNCATED.
CUT = 8


class View:
    """The steps of a store at one moment, as one stream in which no episode is torn apart without need.

    The order is by writer, then stream, then time; a view that extends another leaves the slots of that one where they
    are. It has what samplers ask of a `Ring`: a full one of a single stream, that nobody writes to.

    Attributes:
        schema: Signals and action.
        segments: The segments in order, (E,) of `PLACED`.
        slot: The first slot of each, (E,) int64.
    """

    streams = 1
    head = 0

    def __init__(self, library: Library, segments: np.ndarray) -> None:
        """Look at these segments, in their order."""
        self.schema: Schema = library.schema
        self.segments = segments
        self._library = library
        stop = np.cumsum(segments["length"])
        self.slot = stop - segments["length"]
        self.count = self.rows = self.written = int(stop[-1]) if len(stop) else 0

    def extended(self, arrived: np.ndarray) -> "View":
        """This view followed by segments that came later, (E,) of `PLACED`."""
        arrived = arrived.take(np.argsort(_stream_of(arrived), kind="stable"))
        # Copies of large tables are what takes the time when a store is opened.
        return View(self._library, np.concatenate([self.segments, arrived]) if len(self.segments) else arrived)

    def newest(self, capacity: int) -> "View":
        """The `capacity` steps that were committed last; all if there are no more."""
        newest_first = np.argsort(self.segments["time"], kind="stable")[::-1]
        stop = np.cumsum(self.segments["length"][newest_first])
        kept = newest_first[stop - self.segments["length"][newest_first] < capacity]
        segments = self.segments[np.sort(kept)]
        surplus = int(segments["length"].sum()) - capacity
        if surplus > 0:
            oldest = np.searchsorted(np.sort(kept), kept[-1])
            segments["row"][oldest] += surplus
            segments["start"][oldest] += surplus
            segments["length"][oldest] -= surplus
        return View(self._library, segments)

    @property
    def nbytes(self) -> int:
        """Bytes of the tables in memory; the steps themselves are in files."""
        return self.segments.nbytes + self.slot.nbytes + self.joined.nbytes + self.flags.nbytes + self.final.nbytes

    @cached_property
    def joined(self) -> np.ndarray:
        """Whether each segment is followed by the one that goes on where it ends, (E,) bool."""
        now, then = self.segments[:-1], self.segments[1:]
        joined = np.zeros(len(self.segments), np.bool_)
        joined[:-1] = (now["mark"] & ENDED == 0) & (now["start"] + now["length"] == then["start"])
        for field in ("writer", "stream", "episode"):
            joined[:-1] &= now[field] == then[field]
        return joined

    @cached_property
    def mark(self) -> np.ndarray:
        """How each segment ends, (E,) uint8: see kernels, and `CUT`; 0 if the next one goes on.

        A stream that begins another episode has left the one before, if that had no end: it was truncated.
        """
        segments = self.segments
        stream, episode = _stream_of(segments), segments["episode"]
        order = np.lexsort((episode, stream))
        now, then = order[:-1], order[1:]
        left = np.zeros(len(segments), np.bool_)
        left[now] = (stream[now] == stream[then]) & (episode[now] != episode[then])
        mark = segments["mark"].copy()
        is_open = (mark & ENDED == 0) & ~self.joined
        mark[is_open] = np.where(left, TRUNCATED, TRUNCATED | CUT)[is_open]
        return mark

    @cached_property
    def flags(self) -> np.ndarray:
        """Marks of each slot, (rows,) uint8."""
        flags = np.zeros(self.rows, np.uint8)
        flags[self.slot[self.segments["start"] == 0]] = FIRST
        flags[self.slot + self.segments["length"] - 1] |= self.mark
        return flags

    @cached_property
    def final(self) -> np.ndarray:
        """The segment that ends in each slot where an episode or its data ends, or -1, (rows,) int32."""
        final = np.full(self.rows, -1, np.int32)
        ends = np.flatnonzero(self.mark)
        final[(self.slot + self.segments["length"] - 1)[ends]] = ends
        return final

    def row_order(self) -> np.ndarray:
        """All slots, (rows,) int64: they are in order."""
        return np.arange(self.rows)

    def generations(self, index: np.ndarray) -> np.ndarray:
        """Generation of each slot, int64: nothing is ever overwritten."""
        return np.asarray(index, np.int64)

    def read(self, index: np.ndarray) -> Transitions:
        """The transitions in these slots, (B,) int64.

        Raises:
            CorruptChunkError: If a chunk that holds one of them is damaged.
        """
        segment = np.searchsorted(self.slot, index, side="right") - 1
        last = index == self.slot[segment] + self.segments["length"][segment] - 1
        # The state after a segment is in its own chunk, so that no other one is needed.
        signals, next_signals, action = self.gather(index, np.where(last, -1 - segment, index + 1))
        mark = self.mark[segment] * last
        truncated = (mark & (TRUNCATED | CUT)) == TRUNCATED
        return Transitions(signals, action, next_signals, (mark & TERMINATED) > 0, truncated)

    def actions(self, index: np.ndarray) -> np.ndarray:
        """The actions in these slots, (B, actuators) float32."""
        return self._library.gather(index, self._tables)["action"]

    def gather(
        self, index: np.ndarray, following: np.ndarray
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
        """Copy states and actions at some slots and the states that follow.

        Args:
            index: Slots, (B,) int64.
            following: Where the next states are, (B,) int64: a slot, or -1 - number of the segment that ends.

        Returns:
            Signals and next signals, (B, *shape) each, views of packed rows, and the action (B, actuators).

        Raises:
            CorruptChunkError: If a chunk that holds one of them is damaged.
        """
        packed = self._library.gather(np.concatenate([index, following]), self._tables)
        now, then = packed.reshape(2, -1)
        names = self.schema.names
        return {name: now[name] for name in names}, {name: then[name] for name in names}, now["action"]

    @property
    def side(self) -> np.ndarray:
        """What a ring keeps for the next step.

        Raises:
            ReadOnlyError: Always: there will be none.
        """
        raise ReadOnlyError("a replay over the files of a store cannot be added to: use Store.writer")

    def truncate_open(self) -> None:
        """Refuse, as `side` does."""
        _ = self.side

    clear = truncate_open

    def after(self, segments: np.ndarray) -> np.ndarray:
        """The states after some segments, packed as (B,)."""
        return self._library.gather(-1 - segments, self._tables)

    def unroll(self, segments: np.ndarray, out: np.ndarray) -> None:
        """Copy all rows of some segments, one after the other, to packed rows.

        Raises:
            CorruptChunkError: If a chunk that holds one of them is damaged.
        """
        place = self.segments.take(segments)
        self._library.unroll(place["chunk"], place["row"], place["length"], out)

    @cached_property
    def _tables(self) -> Tables:
        chunk, row, number = (np.ascontiguousarray(self.segments[field]) for field in ("chunk", "row", "number"))
        hint = np.searchsorted(self.slot, np.arange(0, self.rows, HINTED), side="right") - 1
        return Tables(self.slot, hint, chunk, row, number)


def _stream_of(segments: np.ndarray) -> np.ndarray:
    """A number for each segment's stream, rising by writer, (E,) int64."""
    return segments["writer"].astype(np.int64) << 32 | segments["stream"]
