"""Where something can start: drawing steps out of some episodes, each in constant time and without rejection."""

import numpy as np
from numba import njit

from telic.replay.episode_table import STREAM
from telic.replay.storage import Storage


class Starts:
    """The steps of some episodes that are followed by enough others, as they stand now.

    The episodes' counts of such steps are summed up, and a step is found in the sums with a guide table (Chen and Asau,
    "On generating random variates from an empirical distribution", AIIE Transactions 6, 1974): about one comparison
    each, however many episodes there are.

    Attributes:
        total: How many steps there are.
    """

    def __init__(self, storage: Storage, rows: np.ndarray, length: int = 1, across: bool = False) -> None:
        """Count the steps.

        Args:
            storage: The store.
            rows: Rows of the episode table, (E,) int64.
            length: How many steps must be stored from a start on, itself included.
            across: Whether steps of later episodes count too.
        """
        begin, stop = storage.stored_span(rows)
        last = np.minimum(stop, storage.written - length + 1) if across else stop - length + 1
        counts = np.maximum(last - begin, 0)
        possible = counts > 0
        self._begin = begin[possible]
        self._stream = storage.table[rows[possible], STREAM]
        self._sums = np.cumsum(counts[possible])
        self.total = int(self._sums[-1]) if len(self._sums) else 0
        self._guide = np.searchsorted(
            self._sums, np.arange(len(self._sums)) / max(len(self._sums), 1) * self.total, side="right"
        )
        self._storage = storage

    def draw(self, uniform: np.ndarray) -> np.ndarray:
        """Slots chosen by numbers in [0, 1), (B,) float64; `total` must not be 0."""
        generation, stream = np.empty((2, len(uniform)), np.int64)
        _find(uniform, self._sums, self._guide, self._begin, self._stream, generation, stream)
        return self._storage.slots_at(generation, stream)


@njit(cache=True)
def _find(
    uniform: np.ndarray,
    sums: np.ndarray,
    guide: np.ndarray,
    begin: np.ndarray,
    streams: np.ndarray,
    generation: np.ndarray,
    stream: np.ndarray,
) -> None:
    for i in range(uniform.size):
        step = np.int64(uniform[i] * sums[-1])
        at = guide[np.int64(uniform[i] * guide.size)]
        # The guide may be one too far where a rounded product meets a whole number.
        while at > 0 and sums[at - 1] > step:
            at -= 1
        while sums[at] <= step:
            at += 1
        before = sums[at - 1] if at else 0
        generation[i] = begin[at] + step - before
        stream[i] = streams[at]
