"""When episodes are lost: a task's termination rules, on the rows of all signals."""

# Arguments of the compiled function are arrays.
# ruff: noqa: ANN001, ANN202

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from telic.sim.compiled import compiled
from telic.sim.errors import TaskError
from telic.sim.mujoco.task import Outside


class Ends:
    """Tells which episodes are lost."""

    def __init__(self, rules: tuple[Outside, ...], columns: Mapping[str, slice]) -> None:
        """Find the signals.

        Raises:
            TaskError: If a signal does not have the element that a rule names.
        """
        places, low, high, open_ = [], [], [], []
        for rule in rules:
            where = range(columns[rule.signal].start, columns[rule.signal].stop)
            if rule.element is not None and not 0 <= rule.element < len(where):
                raise TaskError(f"a termination reads number {rule.element} of {rule.signal!r}, which has {len(where)}")
            chosen = where if rule.element is None else where[rule.element : rule.element + 1]
            places += chosen
            low += [rule.low] * len(chosen)
            high += [rule.high] * len(chosen)
            open_ += [rule.open] * len(chosen)
        self._places = np.array(places, np.int64)
        self._low, self._high = np.array(low, np.float64), np.array(high, np.float64)
        self._open = np.array(open_, np.bool_)

    def find(self, rows: NDArray[Any], lost: NDArray[np.bool_]) -> None:
        """Write which episodes are lost (N,), from the signals of all worlds (N, total)."""
        _find(rows, self._places, self._low, self._high, self._open, lost)


@compiled(nogil=True, error_model="numpy")
def _find(rows, places, low, high, is_open, lost):
    for i in range(len(rows)):
        lost[i] = False
        for j in range(len(places)):
            value = rows[i, places[j]]
            # What is not a number is in no range.
            inside = low[j] < value < high[j] if is_open[j] else low[j] <= value <= high[j]
            if not inside:
                lost[i] = True
                break
