"""A sum tree: draws of slots in proportion to their weights, and changes of weights, in logarithmic time.

The tree is wide and flat: 16 weights share a cache line and have one sum, 16 sums have one sum above them, and so on up
to a single group of at most 16. Five steps lead to one of a million slots, where a binary tree would need twenty. Sums
are always recomputed from what is below, never moved by a difference, so that no error builds up and the sums depend on
the weights alone, whatever the order of changes was.

Source: Schaul et al., "Prioritized Experience Replay", 2016, appendix B.2.1, for the sum tree and the stratified draw.
"""

import numpy as np
from numba import njit

from telic.replay.cache_line import begin_load

GROUP = 16
# The largest double below 1: what is left of a weight is kept strictly below it, also after rounding.
BELOW_ONE = 1.0 - 2.0**-53


class SumTree:
    """Weights of `size` slots and their partial sums.

    Attributes:
        weights: The weights, (size,) float32, a view; change them with `set` and `fill`.
    """

    def __init__(self, size: int) -> None:
        """All weights are 0 at first."""
        self._leaves = np.zeros(_whole_groups(size), np.float32)
        self.weights = self._leaves[:size]
        lengths = [_whole_groups(len(self._leaves) // GROUP)]
        while lengths[-1] > GROUP:
            lengths.append(_whole_groups(lengths[-1] // GROUP))
        self._sums = np.zeros(sum(lengths))
        self._first = np.cumsum([0, *lengths[:-1]])

    @property
    def total(self) -> float:
        """Sum of all weights."""
        return _sum(self._sums, len(self._sums) // GROUP - 1)

    def set(self, index: np.ndarray, weights: np.ndarray) -> None:
        """Change the weights of some slots, (B,) int64; of a slot that is named twice the last one counts."""
        _set(self._leaves, self._sums, self._first, index, weights)

    def fill(self, start: int, stop: int, weights: float | np.ndarray) -> None:
        """Change the weights of the slots from `start` up to `stop`."""
        if start < stop:
            self.weights[start:stop] = weights
            _sum_span(self._leaves, self._sums, self._first, start, stop)

    def find(self, targets: np.ndarray) -> np.ndarray:
        """The slots at which the running sum of the weights passes each target in [0, total), (B,) int64.

        A slot of weight 0 is never found. The total must be positive.
        """
        index = np.empty(len(targets), np.int64)
        _find(self._leaves, self._sums, self._first, np.minimum(targets, self.total * BELOW_ONE), index)
        return index

    def draw(self, uniform: np.ndarray) -> np.ndarray:
        """Slots in proportion to their weights, one from each B-th of the total, in random order, (B,) int64.

        Args:
            uniform: Random numbers in [0, 1), (2, B): for the places within the strata, and for the order.
        """
        return _draw(self._leaves, self._sums, self._first, uniform, self.total)


def _whole_groups(count: int) -> int:
    return -(-count // GROUP) * GROUP


@njit(cache=True)
def _draw(leaves: np.ndarray, sums: np.ndarray, first: np.ndarray, uniform: np.ndarray, total: float) -> np.ndarray:
    size = uniform.shape[1]
    targets = np.empty(size)
    index = np.empty(size, np.int64)
    for i in range(size):
        targets[i] = min((i + uniform[0, i]) * (total / size), total * BELOW_ONE)
    _find(leaves, sums, first, targets, index)
    # Fisher and Yates: in the order of the strata, a slice of the batch would come from one part of the store.
    for i in range(size - 1, 0, -1):
        j = int(uniform[1, i] * (i + 1))
        index[i], index[j] = index[j], index[i]
    return index


@njit(cache=True)
def _find(leaves: np.ndarray, sums: np.ndarray, first: np.ndarray, targets: np.ndarray, index: np.ndarray) -> None:
    # Unsigned numbers spare the test for negative indices. All targets go down a level together, and each asks for the
    # group that it will look into next, so that their cache misses overlap.
    group = np.zeros(targets.size, np.uint64)
    for level in range(first.size - 1, -1, -1):
        here = np.uint64(first[level])
        below = np.uint64(first[max(level - 1, 0)])
        for i in range(targets.size):
            begin = here + group[i] * np.uint64(GROUP)
            passed, chosen = _choose(sums, begin, targets[i])
            targets[i] = min(targets[i] - passed, sums[begin + chosen] * BELOW_ONE)
            group[i] = group[i] * np.uint64(GROUP) + chosen
            following = group[i] * np.uint64(GROUP)
            if level == 0:
                begin_load(leaves, following)
            else:
                begin_load(sums, below + following)
                begin_load(sums, below + following + np.uint64(GROUP // 2))
    for i in range(targets.size):
        begin = group[i] * np.uint64(GROUP)
        index[i] = begin + _choose(leaves, begin, targets[i])[1]


@njit(cache=True)
def _choose(values: np.ndarray, begin: np.uint64, target: float) -> tuple[float, np.uint64]:
    """Running sum of a group's values before the one that lifts it above the target, and which that is."""
    passed = 0.0
    chosen = np.uint64(0)
    while chosen < np.uint64(GROUP - 1) and target >= passed + values[begin + chosen]:
        passed += values[begin + chosen]
        chosen += np.uint64(1)
    return passed, chosen


@njit(cache=True)
def _set(leaves: np.ndarray, sums: np.ndarray, first: np.ndarray, index: np.ndarray, weights: np.ndarray) -> None:
    for i in range(index.size):
        leaves[index[i]] = weights[i]
    # A level is finished before the one above it is begun.
    for i in range(index.size):
        node = index[i] // GROUP
        sums[node] = _sum(leaves, node)
    reach = GROUP
    for level in range(1, first.size):
        reach *= GROUP
        for i in range(index.size):
            node = index[i] // reach
            sums[first[level] + node] = _sum(sums[first[level - 1] :], node)


@njit(cache=True)
def _sum_span(leaves: np.ndarray, sums: np.ndarray, first: np.ndarray, start: int, stop: int) -> None:
    low, high = start // GROUP, (stop - 1) // GROUP
    for node in range(low, high + 1):
        sums[node] = _sum(leaves, node)
    for level in range(1, first.size):
        low, high = low // GROUP, high // GROUP
        for node in range(low, high + 1):
            sums[first[level] + node] = _sum(sums[first[level - 1] :], node)


@njit(cache=True)
def _sum(values: np.ndarray, group: int) -> float:
    """Sum of a group's values, in the order in which `_choose` adds them."""
    total = 0.0
    for i in range(group * GROUP, (group + 1) * GROUP):
        total += values[i]
    return total
