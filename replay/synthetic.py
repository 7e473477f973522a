"""Transitions that a learned model made up: kept only as long as the model is young enough."""

from collections.abc import Mapping
from typing import Unpack

import numpy as np

from telic.replay.batch import Batch
from telic.replay.errors import FileFormatError, ReplayError
from telic.replay.recency import draw_newest
from telic.replay.replay import Replay
from telic.replay.sampler import Reading
from telic.replay.schema import Schema


class Synthetic:
    """Draws uniformly from what the newest generations of a model wrote into a store of their own.

    The store's streams are the branches of a rollout. Call `next_generation` whenever the model was trained anew, then
    write with `replay.add`.

    Source: Janner et al., "When to Trust Your Model", 2019: rollouts of a model are forgotten when it is retrained, or
    a few retrainings later (`keep`; in mbrl-lib "epochs to retain").

    Attributes:
        replay: The store. If its capacity is less than `keep` generations write, the oldest are overwritten sooner.
        keep: How many generations are drawn from.
    """

    def __init__(self, replay: Replay, keep: int = 1) -> None:
        """Stand before a store; what it holds counts as the first generation.

        Raises:
            ReplayError: If `keep` is not positive.
        """
        if keep < 1:
            raise ReplayError(f"keep is {keep} generations; allowed: at least 1")
        self.replay = replay
        self.keep = keep
        # The number of rows that were ever written when each kept generation began.
        self._began = [0]

    @property
    def schema(self) -> Schema:
        """Signals and action of the transitions."""
        return self.replay.schema

    def __len__(self) -> int:
        """How many transitions can be drawn."""
        return self._rows() * self.replay.num_streams

    def next_generation(self) -> None:
        """The model was trained anew: forget the oldest generation if there are too many, and begin another.

        Rollouts that are still open end as truncated.
        """
        self.replay.truncate_open()
        self._began = [*self._began, self.replay.ring.written][-self.keep :]

    def sample(self, batch_size: int, *, rng: np.random.Generator, **reading: Unpack[Reading]) -> Batch:
        """Draw transitions, with replacement; the arguments are those of `Replay.sample`.

        Raises:
            EmptyReplayError: If the kept generations wrote nothing yet.
            ReplayError: If an argument is out of range.
        """
        return self.replay.at(self.draw(batch_size, rng), **reading)

    def draw(self, batch_size: int, rng: np.random.Generator) -> np.ndarray:
        """Slots to read, (B,) int64."""
        return draw_newest(self.replay.ring, self._rows(), batch_size, rng)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Where the kept generations begin; the store's own state is saved beside it."""
        return {"began": np.array(self._began)}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Become the sampler that `state_dict` was called on.

        Raises:
            FileFormatError: If the state is of another kind, or of a sampler that keeps more generations.
        """
        began = state.get("began")
        if began is None or began.ndim != 1 or not 1 <= len(began) <= self.keep:
            raise FileFormatError(
                f"the state is not that of a synthetic store that keeps {self.keep} generations: 'began' is {began}"
            )
        self._began = began.tolist()

    def _rows(self) -> int:
        ring = self.replay.ring
        return min(ring.written - self._began[0], ring.count)
