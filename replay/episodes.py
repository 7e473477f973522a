"""Episodes: which stretches of the store belong together, where they are from, and how they ended."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from telic.replay.episode_table import (
    BEGIN,
    EARLIER,
    INTERVENTION,
    NUMBER,
    OPEN,
    POLICY_VERSION,
    SEED,
    SOURCE,
    STOP,
    STREAM,
    TASK,
)
from telic.replay.kernels import TERMINATED, TRUNCATED
from telic.replay.storage import Storage


@dataclass(frozen=True)
class Episodes:
    """The episodes of which at least one step is stored, E of them, ordered by stream, then time.

    Attributes:
        number: How many episodes had begun before it, (E,) int64: its name for as long as it is stored.
        stream: Stream that each episode is from, (E,) int64.
        first: Slot of its oldest stored step, (E,) int64.
        length: How many of its steps are stored, (E,) int64.
        terminated: Whether it ended for good, (E,) bool.
        truncated: Whether it was cut although it could have gone on, (E,) bool.
        whole: Whether it began within the store and ended, (E,) bool: only these have a true length and return.
        source: What made it, (E,) strings; this and the following as given to `Replay.tag`.
        task: Its task, (E,) strings.
        seed: Seed of its world, (E,) int64; -1 if unknown.
        policy_version: Version of the policy that acted, (E,) int64; -1 if unknown.
        intervention: Whether a person took over, (E,) bool.
        returns: Undiscounted sum of rewards over the stored steps, (E,) float64; None if no reward was named.
    """

    number: np.ndarray
    stream: np.ndarray
    first: np.ndarray
    length: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    whole: np.ndarray
    source: np.ndarray
    task: np.ndarray
    seed: np.ndarray
    policy_version: np.ndarray
    intervention: np.ndarray
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


def episodes_of(storage: Storage, rewards: np.ndarray | None) -> Episodes:
    """The episodes of a storage, with returns from the rewards of all slots, if given."""
    rows = storage.episodes()
    rows = rows[np.lexsort((storage.table[rows, BEGIN], storage.table[rows, STREAM]))]
    table = storage.table[rows]
    begin, stop = storage.stored_span(rows)
    ended = table[:, STOP] != OPEN
    last = storage.flags[storage.slots_at(stop - 1, table[:, STREAM])]
    first, length = storage.slots_at(begin, table[:, STREAM]), stop - begin
    return Episodes(
        number=table[:, NUMBER],
        stream=table[:, STREAM],
        first=first,
        length=length,
        terminated=ended & ((last & TERMINATED) > 0),
        truncated=ended & ((last & TRUNCATED) > 0),
        whole=(begin == table[:, BEGIN]) & (table[:, EARLIER] == 0) & ended,
        source=storage.names.at(table[:, SOURCE]),
        task=storage.names.at(table[:, TASK]),
        seed=table[:, SEED],
        policy_version=table[:, POLICY_VERSION],
        intervention=table[:, INTERVENTION] > 0,
        returns=None if rewards is None else _returns(first, length, storage.streams, rewards),
    )


@njit(cache=True)
def _returns(first: np.ndarray, length: np.ndarray, streams: int, rewards: np.ndarray) -> np.ndarray:
    """Sums of the rewards of episodes, (E,) float64."""
    sums = np.zeros(first.size)
    for i in range(first.size):
        for step in range(length[i]):
            sums[i] += rewards[(first[i] + step * streams) % rewards.size]
    return sums


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
