"""From a store on disk to a replay in memory: all at once, or as writers go on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from telic.replay.errors import ReplayError, SchemaError
from telic.replay.kernels import ENDED, FIRST, TERMINATED, TRUNCATED
from telic.replay.replay import Replay
from telic.replay.ring import Ring
from telic.replay.storage import row_type
from telic.replay.store.view import CUT, View

if TYPE_CHECKING:
    from telic.replay.store.store import Store

# Steps copied at a time.
BLOCK = 1 << 16


def fill(ring: Ring, view: View) -> None:
    """Copy a view that is not empty into an empty ring of one stream that has room for it.

    The ring cannot say that an episode goes on elsewhere: where one does, it counts as truncated. Only the last one
    stays open.

    Raises:
        CorruptChunkError: If a chunk is damaged.
    """
    segments = np.arange(len(view.segments))
    stop = view.slot + view.segments["length"]
    for first, last in _blocks(stop):
        view.unroll(segments[first:last], ring.slots[view.slot[first] : stop[last - 1]])
    marks = _marks(view, segments)
    ring.flags[view.slot[view.segments["start"] == 0]] = FIRST
    ring.flags[stop - 1] |= marks
    last = marks > 0
    last[-1] = True
    rows, _ = ring.adopt(view.rows % ring.rows, view.rows, view.rows)
    ring.side[rows] = view.after(np.flatnonzero(last))


class Follower:
    """Gives a replay in memory what the writers of a store commit, while they go on.

    Steps arrive by commits. Where those of several writers alternate, an episode that goes on later counts as truncated
    in the replay: its returns are bootstrapped there, as they are at the newest step.
    """

    def __init__(self, store: "Store", replay: Replay, start: int = 0) -> None:
        """Begin at a slot of the store; `Store.follow` does this.

        Raises:
            ReplayError: If the replay has more than one stream or another schema.
        """
        if replay.num_streams != 1:
            raise ReplayError(f"a replay that follows a store has 1 stream, this one has {replay.num_streams}")
        if replay.schema != store.schema:
            raise SchemaError("the replay has another schema than the store that it is to follow")
        if start != len(store) and start not in store.view.slot:
            raise ReplayError(f"no chunk of {store.path} begins at step {start}; what was loaded ends at {len(store)}")
        self._store = store
        self._replay = replay
        self._next = start

    def update(self) -> int:
        """Add what was committed since the last time; returns how many steps.

        Raises:
            CorruptChunkError: If a new chunk is damaged.
        """
        self._store.refresh()
        view = self._store.view
        begin = int(np.searchsorted(view.slot, self._next))
        stop = np.cumsum(view.segments["length"][begin:])
        for first, last in _blocks(stop):
            self._add(view, np.arange(begin + first, begin + last))
        added = view.rows - self._next
        self._next = view.rows
        return added

    def _add(self, view: View, segments: np.ndarray) -> None:
        goes_on = segments[0] > 0 and view.joined[segments[0] - 1]
        if not goes_on:
            self._replay.truncate_open()
        marks = _marks(view, segments)
        steps = np.zeros(int(view.segments["length"][segments].sum()), row_type(view.schema))
        view.unroll(segments, steps)
        finals = view.after(segments[marks > 0])
        last = view.after(segments[-1:])
        ends = np.cumsum(view.segments["length"][segments]) - 1
        flags = np.zeros(len(steps), np.uint8)
        flags[ends] = marks
        names = view.schema.names
        self._replay.add_window(
            {name: np.concatenate([steps[name], last[name]])[:, None] for name in names},
            steps["action"][:, None],
            {name: finals[name] for name in names},
            (flags & TERMINATED)[:, None] > 0,
            (flags & TRUNCATED)[:, None] > 0,
        )


def _marks(view: View, segments: np.ndarray) -> np.ndarray:
    """How segments that follow each other end, uint8: truncated where they go on elsewhere, but for the last."""
    marks = view.mark[segments]
    if marks[-1] & CUT:
        marks[-1] = 0
    return marks & np.uint8(ENDED)


def _blocks(stop: np.ndarray) -> Iterator[tuple[int, int]]:
    """Spans of segments that together have about `BLOCK` steps, from the cumulative number of steps, (E,)."""
    bounds = np.flatnonzero(np.diff(stop // BLOCK, prepend=-1, append=-1))
    return zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
