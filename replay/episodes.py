"""The episode table: which stretches of the store belong together, and how they ended."""

from dataclasses import dataclass

import numpy as np

from telic.replay.kernels import ENDED, FIRST, TERMINATED, TRUNCATED
from telic.replay.ring import Ring


@dataclass(frozen=True)
class Episodes:
    """The episodes of which at least one step is stored, E of them, ordered by stream, then time.

    Attributes:
        stream: Stream that each episode is from, (E,) int64.
        first: Slot of its oldest stored step, (E,) int64.
        length: How many of its steps are stored, (E,) int64.
        terminated: Whether it ended for good, (E,) bool.
        truncated: Whether it was cut although it could have gone on, (E,) bool.
        whole: Whether it began within the store and ended, (E,) bool: only these have a true length and return.
        returns: Undiscounted sum of rewards over the stored steps, (E,) float64; None if no reward was named.
    """

    stream: np.ndarray
    first: np.ndarray
    length: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    whole: np.ndarray
    returns: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.stream)

    @property
    def mean_length(self) -> float:
        """Mean length of the whole episodes; NaN without any."""
        return _mean(self.length[self.whole])

    @property
    def mean_return(self) -> float:
        """Mean return of the whole episodes; NaN without any, or without a reward."""
        return _mean(self.returns[self.whole]) if self.returns is not None else float("nan")

    @property
    def terminated_share(self) -> float:
        """Share of the whole episodes that terminated; NaN without any."""
        return _mean(self.terminated[self.whole])


def episodes_of(ring: Ring, rewards: np.ndarray | None) -> Episodes:
    """The episode table of a ring, with returns from the rewards of all slots, if given."""
    order = ring.row_order()
    # Stream-major, so that every episode is one stretch.
    slots = (order[None, :] * ring.streams + np.arange(ring.streams)[:, None]).ravel()
    flags = ring.flags[slots]
    last = (flags & ENDED) > 0
    last[len(order) - 1 :: max(len(order), 1)] = True
    stop = np.flatnonzero(last) + 1
    start = np.concatenate([[0], stop[:-1]])[: len(stop)].astype(np.int64)
    ends = flags[stop - 1]
    returns = None
    if rewards is not None:
        sums = np.concatenate([[0.0], np.cumsum(rewards[slots], dtype=np.float64)])
        returns = sums[stop] - sums[start]
    return Episodes(
        stream=slots[start] % ring.streams,
        first=slots[start],
        length=stop - start,
        terminated=(ends & TERMINATED) > 0,
        truncated=(ends & TRUNCATED) > 0,
        whole=((flags[start] & FIRST) > 0) & ((ends & ENDED) > 0),
        returns=returns,
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
