"""Drawing the newest transitions of a store, or newer ones more often."""

import math
from typing import Unpack

import numpy as np

from telic.replay.batch import Batch
from telic.replay.errors import EmptyReplayError, ReplayError
from telic.replay.kernels import VOID
from telic.replay.replay import Replay
from telic.replay.ring import Ring
from telic.replay.sampler import Reading
from telic.replay.schema import Schema


class Recent:
    """Draws uniformly from the newest transitions of a store.

    Emphasising recent experience (Wang and Ross, "Boosting Soft Actor-Critic", 2019) sets `newest` before each update
    of a burst: ``sampler.newest = max(size * eta ** (1000 * k / updates), least)``.

    Attributes:
        replay: The store.
        newest: How many transitions count as recent, in whole steps of all streams, but at least one such step.
    """

    def __init__(self, replay: Replay, newest: int) -> None:
        """Stand before a store.

        Raises:
            ReplayError: If `newest` is not positive.
        """
        if newest < 1:
            raise ReplayError(f"newest is {newest}; allowed: at least 1")
        self.replay = replay
        self.newest = newest

    @property
    def schema(self) -> Schema:
        """Signals and action of the transitions."""
        return self.replay.schema

    def sample(self, batch_size: int, *, rng: np.random.Generator, **reading: Unpack[Reading]) -> Batch:
        """Draw transitions, with replacement; the arguments are those of `Replay.sample`.

        Raises:
            EmptyReplayError: If nothing is stored.
            ReplayError: If an argument is out of range.
        """
        return self.replay.at(self.draw(batch_size, rng), **reading)

    def draw(self, batch_size: int, rng: np.random.Generator) -> np.ndarray:
        """Slots to read, (B,) int64."""
        ring = self.replay.ring
        return draw_newest(ring, min(max(int(self.newest) // ring.streams, 1), ring.count), batch_size, rng)


class RecencyWeighted:
    """Draws from a whole store, a transition half as often as one that is younger by a half-life.

    A transition with a steps of all streams after it is drawn with a probability proportional to
    ``2 ** (-a * streams / half_life)``: a geometric distribution, cut off at the oldest transition.

    Attributes:
        replay: The store.
        half_life: In transitions.
    """

    def __init__(self, replay: Replay, half_life: float) -> None:
        """Stand before a store.

        Raises:
            ReplayError: If the half-life is not positive.
        """
        if not half_life > 0.0:
            raise ReplayError(f"half_life is {half_life} transitions; allowed: more than 0")
        self.replay = replay
        self.half_life = half_life

    @property
    def schema(self) -> Schema:
        """Signals and action of the transitions."""
        return self.replay.schema

    def sample(self, batch_size: int, *, rng: np.random.Generator, **reading: Unpack[Reading]) -> Batch:
        """Draw transitions, with replacement; the arguments are those of `Replay.sample`.

        Raises:
            EmptyReplayError: If nothing is stored.
            ReplayError: If an argument is out of range.
        """
        return self.replay.at(self.draw(batch_size, rng), **reading)

    def draw(self, batch_size: int, rng: np.random.Generator) -> np.ndarray:
        """Slots to read, (B,) int64."""
        ring = self.replay.ring
        _refuse_nothing(ring.count, batch_size)
        # The inverse of the distribution function of the age, for rows that weigh exp(-decay * age).
        decay = math.log(2.0) * ring.streams / self.half_life
        reach = -math.expm1(-decay * ring.count)
        age = (-np.log1p(-reach * rng.random(batch_size)) / decay).astype(np.int64)
        stream = rng.integers(0, ring.streams, batch_size)
        index = slots_of_age(ring, np.minimum(age, ring.count - 1), stream)
        # A stream without a step at that age is asked again.
        again = np.flatnonzero(ring.flags[index] & VOID) if ring.gaps else index[:0]
        if len(again):
            index[again] = self.draw(len(again), rng)
        return index


def draw_newest(ring: Ring, rows: int, batch_size: int, rng: np.random.Generator) -> np.ndarray:
    """Slots drawn uniformly from the newest rows of a ring, (B,) int64.

    Raises:
        EmptyReplayError: If there is no such row.
        ReplayError: If the batch size is not positive.
    """
    _refuse_nothing(rows, batch_size)
    drawn = (rng.random(batch_size) * (rows * ring.streams)).astype(np.int64)
    index = slots_of_age(ring, drawn // ring.streams, drawn % ring.streams)
    # A stream without a step at that age is asked again.
    again = np.flatnonzero(ring.flags[index] & VOID) if ring.gaps else index[:0]
    if len(again):
        index[again] = draw_newest(ring, rows, len(again), rng)
    return index


def slots_of_age(ring: Ring, age: np.ndarray, stream: np.ndarray) -> np.ndarray:
    """The slots in which some streams wrote, `age` rows before the newest one, (B,) int64."""
    return (ring.head - 1 - age) % ring.rows * ring.streams + stream


def _refuse_nothing(rows: int, batch_size: int) -> None:
    if batch_size < 1:
        raise ReplayError(f"batch_size {batch_size}; allowed: at least 1")
    if rows == 0:
        raise EmptyReplayError("nothing to draw from is stored yet: add transitions before sampling")
