"""The view: the steps of a store in one order, readable in the way in which samplers read the ring in memory."""

from functools import cached_property

import numpy as np

from telic.replay.episode_table import BEGIN, EARLIER, NUMBER, OPEN, STOP, Names, empty_table
from telic.replay.kernels import ENDED, FIRST, TERMINATED, TRUNCATED
from telic.replay.schema import Schema
from telic.replay.storage import Storage, split_rows
from telic.replay.store.errors import ReadOnlyError
from telic.replay.store.kernels import HINTED
from telic.replay.store.library import Library, Tables
from telic.replay.transition import Transitions

# Mark of a slot after which its episode goes on elsewhere or later. Samplers must stop there as they do at a truncated
# end, so it comes together with kernels.TRUNCATED.
CUT = 8


class View(Storage):
    """The steps of a store at one moment, as one stream in which no episode is torn apart without need.

    The order is by writer, then stream, then time; a view that extends another leaves the slots of that one where they
    are. It is a full storage of one stream, that nobody writes to. The row of an episode in the episode table is the
    number of its last segment.

    Attributes:
        schema: Signals and action.
        segments: The segments in order, (E,) of `PLACED`.
        slot: The first slot of each, (E,) int64.
    """

    streams = 1
    head = 0
    gaps = 0
    names = Names()

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
        return self.segments.nbytes + self.slot.nbytes + self.joined.nbytes + self.flags.nbytes + self.episode.nbytes

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
    def episode(self) -> np.ndarray:
        """The last segment of the episode that each slot belongs to, (rows,) int32."""
        ends = np.flatnonzero(self.mark)
        last = ends[np.searchsorted(ends, np.arange(len(self.segments)))]
        return np.repeat(last, self.segments["length"]).astype(np.int32)

    @cached_property
    def table(self) -> np.ndarray:
        """The episode table, one row for each segment, used for the last one of an episode."""
        table = empty_table(len(self.segments))
        ends = np.flatnonzero(self.mark)
        first = np.concatenate([[0], ends[:-1] + 1])[: len(ends)].astype(np.int64)
        table[ends, BEGIN] = self.slot[first]
        table[ends, EARLIER] = self.segments["start"][first]
        table[ends, STOP] = np.where(self.mark[ends] & CUT, OPEN, self._stop[ends])
        table[ends, NUMBER] = np.arange(len(ends))
        return table

    def stored_span(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The first slot of episodes, and the one after their last, (E,) int64 each."""
        return self.table[rows, BEGIN], self._stop[rows]

    @property
    def _stop(self) -> np.ndarray:
        """The slot after each segment, (E,) int64."""
        return self.slot + self.segments["length"]

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
        packed = self.rows_at(np.concatenate([index, np.where(last, -1 - segment, index + 1)])).reshape(2, -1)
        signals, next_signals = split_rows(packed, self.schema)
        mark = self.mark[segment] * last
        truncated = (mark & (TRUNCATED | CUT)) == TRUNCATED
        return Transitions(signals, packed["action"][0], next_signals, (mark & TERMINATED) > 0, truncated)

    def rows_at(self, places: np.ndarray) -> np.ndarray:
        """Copies of what is at some places, (B,) int64, packed: a slot, or -1 - the segment after which the state is.

        Raises:
            CorruptChunkError: If a chunk that holds one of them is damaged.
        """
        return self._library.gather(places, self._tables)

    def append_step(self, *_: object) -> int:
        """Refuse what a `Ring` would do.

        Raises:
            ReadOnlyError: Always.
        """
        raise ReadOnlyError("a replay over the files of a store cannot be added to: use Store.writer")

    append_window = tag = truncate_open = clear = append_step

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
