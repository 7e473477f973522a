"""From the ring in memory to the steps of a chunk."""

from dataclasses import dataclass

import numpy as np

from telic.replay.kernels import ENDED, FIRST, VOID
from telic.replay.ring import Ring
from telic.replay.store.chunk import Steps
from telic.replay.store.segments import SEGMENT


@dataclass(frozen=True)
class Position:
    """How far the streams of a writer have come.

    Attributes:
        episode: The episode that each stream is in, (streams,) int64.
        steps: How many of its steps are written, (streams,) int64.
        next_episode: The number of the next episode to begin.
        known: Whether what comes next goes on where this left off. If not, whatever does not begin an episode is from
            the middle of one that is not stored.
    """

    episode: np.ndarray
    steps: np.ndarray
    next_episode: int = 0
    known: bool = True

    @classmethod
    def start(cls, streams: int, next_episode: int) -> "Position":
        """Before the first step."""
        return cls(np.zeros(streams, np.int64), np.zeros(streams, np.int64), next_episode, known=False)


def cut(ring: Ring, first: int, stop: int, position: Position, tags: np.ndarray) -> tuple[Steps, Position]:
    """The steps of the generations from `first` to before `stop`, one stream after the other.

    Args:
        ring: Holds all of these generations.
        first: Generation of the first row.
        stop: Generation after the last row, greater than `first`.
        position: Where the streams are before `first`.
        tags: Place of the tags of each step, (stop - first, streams) int32.

    Returns:
        The steps, and where the streams are after them.
    """
    rows = (ring.head - ring.written + np.arange(first, stop)) % ring.rows
    slots = (rows * ring.streams + np.arange(ring.streams)[:, None]).ravel()
    made = ring.flags[slots] & VOID == 0
    slots, labels = slots[made], tags.T.ravel()[made]
    flags, stream = ring.flags[slots], slots % ring.streams
    last = flags & ENDED > 0
    last[:-1] |= (labels[:-1] != labels[1:]) | (stream[:-1] != stream[1:])
    last[-1:] = True
    ends = np.flatnonzero(last)
    begin = np.concatenate([[0], ends[:-1] + 1])
    segments = np.zeros(len(ends), SEGMENT)
    segments["stream"] = stream[ends]
    segments["length"] = ends + 1 - begin
    segments["mark"] = flags[ends] & ENDED
    segments["tags"] = labels[ends]
    position = _number(segments, flags[begin] & FIRST > 0, position)
    signals = {name: ring.slots[name][slots] for name in ring.schema.names}
    return Steps(segments, signals, ring.slots["action"][slots], _after(ring, slots[ends])), position


def _number(segments: np.ndarray, begins: np.ndarray, position: Position) -> Position:
    """Fill in which episode each segment is of, and where in it it starts."""
    episode, steps = position.episode.copy(), position.steps.copy()
    known = np.full(len(episode), position.known)
    following = position.next_episode
    for segment, first in zip(segments, begins, strict=True):
        stream = segment["stream"]
        if first or not known[stream]:
            episode[stream], steps[stream] = following, 0 if first else 1
            following += 1
        segment["episode"], segment["start"] = episode[stream], steps[stream]
        steps[stream] += segment["length"]
        known[stream] = True
    return Position(episode, steps, following)


def _after(ring: Ring, slots: np.ndarray) -> dict[str, np.ndarray]:
    """The states that the steps in these slots led to."""
    after = ring.rows_at(ring.following(slots))
    return {name: after[name] for name in ring.schema.names}
