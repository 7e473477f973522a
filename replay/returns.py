"""Returns to go: what is still to come in an episode, as a column derived from a reward column."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from telic.replay.episode_table import STREAM
from telic.replay.kernels import TERMINATED
from telic.replay.storage import Storage


@dataclass
class ReturnsToGo:
    """The discounted sum of rewards from each step to the last stored one of its episode.

    Only where the episode terminated is that the whole return. Where it was truncated, or still goes on, its rest is
    unknown: `complete` is False, and ``total + discount * value(state after the last step)`` estimates the whole, as
    a truncated episode could have gone on.

    Attributes:
        total: The sums, (slots,) float32; index it with `Batch.index` or `Windows.index`.
        discount: gamma to the power of the steps to the last one, itself included, (slots,) float32; 0 where the
            return is complete.
        complete: Whether the sum is the whole return, (slots,) bool.
        gamma: Discount per step.
    """

    total: np.ndarray
    discount: np.ndarray
    complete: np.ndarray
    gamma: float
    _covered: int = 0

    @classmethod
    def empty(cls, slots: int, gamma: float) -> "ReturnsToGo":
        """Returns to go that cover nothing yet."""
        return cls(np.zeros(slots, np.float32), np.zeros(slots, np.float32), np.zeros(slots, np.bool_), gamma)

    def update(self, storage: Storage, rewards: np.ndarray) -> None:
        """Sum up the episodes that had new steps since the last time."""
        if self._covered == storage.written:
            return
        rows = storage.episodes()
        begin, stop = storage.stored_span(rows)
        grown = (stop > self._covered) & (stop > begin)
        last = storage.slots_at(stop[grown] - 1, storage.table[rows[grown], STREAM])
        _sum_back(
            last, (stop - begin)[grown], self.gamma, storage.flags, storage.streams, rewards, self.total, self.discount,
            self.complete,
        )  # fmt: skip
        self._covered = storage.written


@njit(cache=True)
def _sum_back(
    last: np.ndarray,
    length: np.ndarray,
    gamma: float,
    flags: np.ndarray,
    streams: int,
    rewards: np.ndarray,
    total: np.ndarray,
    discount: np.ndarray,
    complete: np.ndarray,
) -> None:
    """Sum up episodes (E,) from their last slots back: ``G_t = r_t + gamma G_{t+1}``, in float64."""
    for i in range(last.size):
        slot = last[i]
        togo = 0.0
        whole = flags[slot] & TERMINATED != 0
        left = 0.0 if whole else 1.0
        for _ in range(length[i]):
            togo = rewards[slot] + gamma * togo
            left *= gamma
            total[slot] = togo
            discount[slot] = left
            complete[slot] = whole
            slot = (slot - streams) % flags.size
