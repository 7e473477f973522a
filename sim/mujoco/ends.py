"""When episodes end: a task's termination rules, on the rows of all signals, and its time limit."""

# Arguments of the compiled function are arrays.
# ruff: noqa: ANN001, ANN202

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from telic.sim.compiled import compiled
from telic.sim.errors import TaskError
from telic.sim.mujoco.draws import Integers
from telic.sim.mujoco.task import Outside


class Ends:
    """Tells which episodes end, and why.

    Attributes:
        terminated: Which episodes are lost (N,).
        truncated: Which episodes are over without being lost (N,).
        ended: Which episodes are over for either reason (N,).
    """

    def __init__(
        self, rules: tuple[Outside, ...], columns: Mapping[str, slice], num_envs: int, episode_steps: int
    ) -> None:
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

        self._episode_steps = episode_steps
        self.terminated, self.truncated, self.ended = np.zeros((3, num_envs), np.bool_)

    def find(self, rows: NDArray[Any], steps: Integers, diverged: NDArray[np.bool_]) -> None:
        """Look at all episodes after a step.

        Args:
            rows: The signals of all worlds (N, total).
            steps: Control steps since the start of each episode (N,).
            diverged: Whose simulation broke down (N,): these are over, but not lost.
        """
        rules = self._places, self._low, self._high, self._open, self._episode_steps
        _find(rows, steps, diverged, *rules, self.terminated, self.truncated, self.ended)

    def clear(self, worlds: Integers) -> None:
        """Forget how the episodes of these worlds (n,) ended."""
        for record in (self.terminated, self.truncated, self.ended):
            record[worlds] = False


@compiled(nogil=True, error_model="numpy")
def _find(rows, steps, diverged, places, low, high, is_open, episode_steps, terminated, truncated, ended):
    for i in range(len(rows)):
        lost = False
        for j in range(len(places)):
            value = rows[i, places[j]]
            # What is not a number is in no range.
            inside = low[j] < value < high[j] if is_open[j] else low[j] <= value <= high[j]
            if not inside:
                lost = True
                break
        terminated[i] = lost and not diverged[i]
        truncated[i] = not terminated[i] and (diverged[i] or steps[i] >= episode_steps)
        ended[i] = terminated[i] or truncated[i]
