"""Prioritised replay: transitions that surprised the learner are drawn more often."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, Unpack, get_args

import numpy as np
from numba import njit

from telic.replay.batch import Batch
from telic.replay.errors import EmptyReplayError, FileFormatError, NonFiniteError, ReplayError, ShapeError
from telic.replay.replay import Replay
from telic.replay.sampler import Reading
from telic.replay.schedule import Linear, value_at
from telic.replay.schema import Schema
from telic.replay.sum_tree import SumTree

Kind = Literal["proportional", "lap"]

# Keeps every transition drawable, however small its error is.
EPSILON = 1e-6
# A limit that leaves room for the sum of any number of priorities.
LARGEST = float(np.finfo(np.float32).max)


class Prioritised:
    """Draws the transitions of a store in proportion to a power of their last known TD error.

    - ``proportional``: ``(|error| + epsilon) ** alpha``, with importance weights in `Batch.weight` that undo the bias
      of the draw, ``(N * probability) ** -beta``, divided by the largest of the batch. Source: Schaul et al.,
      "Prioritized Experience Replay", 2016, equation 1 and section 3.4.
    - ``lap``: ``max(|error|, 1) ** alpha`` and no weights: meant for a Huber loss, whose gradient is then the same in
      expectation as that of an unbiased loss. Source: Fujimoto et al., "An Equivalence between Loss Functions and
      Non-Uniform Sampling in Experience Replay", 2020, equation 11.

    A new transition gets the largest priority there ever was (`reset_largest` forgets outliers), and loses it when it
    is overwritten. Draws are stratified: of B transitions, one comes from each B-th of the total priority.

    Attributes:
        replay: The store.
        alpha: How much the error matters; 0 draws uniformly.
    """

    def __init__(
        self,
        replay: Replay,
        alpha: float | None = None,
        beta: float | Linear | None = None,
        kind: Kind = "proportional",
    ) -> None:
        """Stand beside a store; whatever it holds already counts as new.

        Args:
            replay: The store.
            alpha: How much the error matters; by default 0.6 if proportional, 0.4 for lap, as in the papers.
            beta: How much of the bias is undone, or a schedule of it; by default 0.4. Only if proportional.
            kind: Which formula makes a priority out of an error.

        Raises:
            ReplayError: If an argument is not allowed.
        """
        if kind not in get_args(Kind):
            raise ReplayError(f"kind {kind!r} of priorities; allowed: {', '.join(get_args(Kind))}")
        if kind == "lap" and beta is not None:
            raise ReplayError(f"beta is {beta}, but lap has no importance weights: leave beta out")
        self.replay = replay
        self.alpha = alpha if alpha is not None else 0.6 if kind == "proportional" else 0.4
        self._beta = 0.4 if beta is None else beta
        self._kind = kind
        for name, value in (("alpha", self.alpha), ("beta", value_at(self._beta, 0))):
            if not 0.0 <= value <= 1.0:
                raise ReplayError(f"{name} is {value}; allowed: 0 to 1")
        self._tree = SumTree(replay.capacity)
        self._largest = 1.0
        self._seen = 0
        self._batches = 0

    @property
    def schema(self) -> Schema:
        """Signals and action of the transitions."""
        return self.replay.schema

    @property
    def cursor(self) -> np.ndarray:
        """What drawing changes: how many batches were drawn, (1,) int64."""
        return np.array([self._batches])

    @cursor.setter
    def cursor(self, value: np.ndarray) -> None:
        self._batches = int(value[0])

    @property
    def beta(self) -> float:
        """How much of the bias is undone in the next batch."""
        return value_at(self._beta, self._batches)

    def sample(self, batch_size: int, *, rng: np.random.Generator, **reading: Unpack[Reading]) -> Batch:
        """Draw transitions by priority, with replacement; the arguments are those of `Replay.sample`.

        Raises:
            EmptyReplayError: If nothing is stored.
            ReplayError: If an argument is out of range.
        """
        index, weight = self.draw(batch_size, rng)
        return replace(self.replay.at(index, **reading), weight=weight)

    def draw(self, batch_size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
        """Slots to read, (B,) int64, and their importance weights, (B,) float32, or None for lap."""
        if batch_size < 1:
            raise ReplayError(f"batch_size {batch_size}; allowed: at least 1")
        self._take_in()
        if self._tree.total == 0.0:
            raise EmptyReplayError("nothing is stored yet: add transitions before sampling")
        index = self._tree.draw(rng.random((2, batch_size)))
        weight = _importance(self._tree.weights, index, self.beta) if self._kind == "proportional" else None
        self._batches += 1
        return index, weight

    def update(self, index: np.ndarray, generation: int | np.ndarray, error: np.ndarray) -> int:
        """Tell the TD errors of drawn transitions.

        Slots that were overwritten since the draw are left alone.

        Args:
            index: `Batch.index`, (B,) integers; of a slot that is named twice the last error counts.
            generation: `Batch.generation`.
            error: |TD error| of each, (B,).

        Returns:
            How many slots still held what had been drawn.

        Raises:
            NonFiniteError: If an error is NaN or infinite; no priority is changed then.
            ReplayError: If an error is negative or a slot does not exist; no priority is changed then.
        """
        index, error = np.asarray(index, np.int64), np.asarray(error, np.float64)
        self._check(index, error)
        self._take_in()
        current = self._current(index, generation)
        priority = self._priority(error[current])
        self._tree.set(index[current], priority)
        self._largest = max(self._largest, float(priority.max(initial=0.0)))
        return len(priority)

    def probabilities(self, index: np.ndarray) -> np.ndarray:
        """The probability with which a draw gives each slot, (B,) float64."""
        self._take_in()
        return self._tree.weights[index].astype(np.float64) / self._tree.total

    def reset_largest(self) -> None:
        """Make the largest stored priority that of new transitions: forget outliers that are long gone."""
        self._take_in()
        self._largest = float(self._tree.weights.max()) or 1.0

    def state_dict(self) -> dict[str, np.ndarray]:
        """Priorities and counters as plain arrays; the store's own state is saved beside it."""
        self._take_in()
        return {
            "weights": self._tree.weights[: self.replay.ring.filled].copy(),
            "alpha": np.array(self.alpha),
            "largest": np.array(self._largest),
            "seen": np.array(self._seen),
            "cursor": self.cursor,
        }

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Become the sampler that `state_dict` was called on; load the store's own state first.

        Raises:
            FileFormatError: If the state is incomplete, damaged or does not belong to the state of the store. Nothing
                is changed then.
        """
        missing = [name for name in ("weights", "alpha", "largest", "seen", "cursor") if name not in state]
        if missing:
            raise FileFormatError(f"the state of the priorities lacks {', '.join(missing)}")
        weights, seen, alpha = state["weights"], int(state["seen"]), float(state["alpha"])
        if weights.shape != (self.replay.ring.filled,) or seen != self.replay.ring.written:
            raise FileFormatError(
                f"priorities of {len(weights)} slots at generation {seen}, but the store has "
                f"{self.replay.ring.filled} at {self.replay.ring.written}: load the store saved beside them first"
            )
        if alpha != self.alpha:
            raise FileFormatError(f"the priorities were made with alpha {alpha}, this sampler has {self.alpha}")
        if not ((weights >= 0.0) & (weights <= LARGEST)).all():
            raise FileFormatError("the state of the priorities holds a negative or non-finite one")
        self._tree.fill(0, self.replay.capacity, 0.0)
        self._tree.fill(0, len(weights), weights)
        self._largest, self._seen = float(state["largest"]), seen
        self.cursor = state["cursor"]

    def _take_in(self) -> None:
        """Give rows that were written since the last look the largest priority, and rows that are gone none."""
        ring = self.replay.ring
        fresh = min(ring.written - self._seen, ring.count)
        if fresh < 0:
            raise ReplayError("the store is older than its priorities: load the state of both, the store's first")
        # If every row is new, the store may have been cleared: forget all others.
        if fresh == ring.count and (fresh or self._tree.total):
            self._tree.fill(0, self.replay.capacity, 0.0)
        start, slots = (ring.head - fresh) % ring.rows * ring.streams, fresh * ring.streams
        past_end = max(start + slots - self.replay.capacity, 0)
        self._tree.fill(start, start + slots - past_end, self._largest)
        self._tree.fill(0, past_end, self._largest)
        if fresh and ring.gaps:
            gaps = ring.gap_slots()
            self._tree.set(gaps, np.zeros(len(gaps)))
        self._seen = ring.written

    def _current(self, index: np.ndarray, generation: int | np.ndarray) -> np.ndarray | slice:
        """Which of some drawn slots still hold what had been drawn."""
        # Mostly nothing was written since the draw; then all do, and there is nothing to look up.
        if np.all(np.greater_equal(generation, self.replay.ring.written)) and index.max(initial=0) < len(self.replay):
            return slice(None)
        return self.replay.is_current(index, generation)

    def _priority(self, error: np.ndarray) -> np.ndarray:
        if self._kind == "lap":
            return np.maximum(error, 1.0) ** self.alpha
        return (error + EPSILON) ** self.alpha

    def _check(self, index: np.ndarray, error: np.ndarray) -> None:
        if index.ndim != 1 or error.shape != index.shape:
            raise ShapeError(f"slots of shape {index.shape} and errors of shape {error.shape}; needed: (B,) both")
        bad = _first_bad(index, error, self.replay.capacity)
        if bad < 0:
            return
        slot, value = index[bad], error[bad]
        if not 0 <= slot < self.replay.capacity:
            raise ReplayError(f"slot {slot} (element {bad}) does not exist; there are {self.replay.capacity}")
        what = f"the TD error of slot {slot} (element {bad} of {len(error)}) is {value}"
        if -LARGEST <= value < 0.0:
            raise ReplayError(f"{what}; hand in the absolute values, np.abs(error)")
        raise NonFiniteError(f"{what}; the critic or its target has diverged. No priority was changed")


@njit(cache=True)
def _importance(weights: np.ndarray, index: np.ndarray, beta: float) -> np.ndarray:
    """Importance weights over the largest of them; the number of transitions and the total cancel out."""
    least = weights[index[0]]
    for slot in index:
        least = min(least, weights[slot])
    importance = np.empty(index.size, np.float32)
    for i in range(index.size):
        importance[i] = (least / weights[index[i]]) ** beta
    return importance


@njit(cache=True)
def _first_bad(index: np.ndarray, error: np.ndarray, capacity: int) -> int:
    """Where the first slot that does not exist or error that is no finite, positive number is, or -1."""
    for i in range(index.size):
        if not (0 <= index[i] < capacity and 0.0 <= error[i] <= LARGEST):
            return i
    return -1
