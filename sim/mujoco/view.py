"""What a policy or a critic sees of the signals: measured, scaled, clipped, with a history."""

# Arguments of the compiled function are arrays.
# ruff: noqa: ANN001, ANN202

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from telic.sim.compiled import compiled
from telic.sim.mujoco.draws import Integers
from telic.sim.mujoco.sensors import Sensors
from telic.sim.observe import Observe

Array = NDArray[Any]


class View:
    """Writes observations from the rows of all signals.

    Attributes:
        out: The observations of all worlds (N, size): a live array.
        sensors: What is late or wrong about them.
    """

    def __init__(
        self,
        items: tuple[Observe, ...],
        columns: Mapping[str, slice],
        dt: float,
        num_envs: int,
        seed: int,
        dtype: str,
    ) -> None:
        """Find the signals.

        Args:
            items: What is seen, in order.
            columns: Where each signal stands in the rows.
            dt: Control period [s].
            num_envs: How many worlds.
            seed: Seed of all draws.
            dtype: Type of the observations.
        """
        sizes = [columns[item.signal].stop - columns[item.signal].start for item in items]
        places = [np.arange(columns[item.signal].start, columns[item.signal].stop) for item in items]
        self._places = np.concatenate([np.zeros(0, np.int64), *places])
        self._scale = np.repeat([item.scale for item in items], sizes).astype(dtype)
        self._clip = np.repeat([math.inf if item.clip is None else item.clip for item in items], sizes).astype(dtype)
        history = items[-1].history if items else 1
        self._repeated = sizes[-1] if history > 1 else 0
        size = sum(sizes) + self._repeated * (history - 1)
        self.out = np.zeros((num_envs, size), dtype)
        self.sensors = Sensors(tuple(zip(sizes, items, strict=True)), dt, num_envs, seed)
        self._measured = np.zeros((num_envs, len(self._places)), dtype) if self.sensors.active else None
        self._runs, self._one_run = _runs_of(self._places), np.array([[0, len(self._places)]])

    def begin(self, rows: Array, worlds: Integers, episodes: Integers, steps: Integers) -> None:
        """Observe the start of new episodes in some worlds; arguments as `update`."""
        if self._measured is not None:
            self.sensors.begin(rows[:, self._places], worlds, episodes[worlds])
        self.update(rows, worlds, episodes, steps, first=True)

    def update(self, rows: Array, worlds: Integers, episodes: Integers, steps: Integers, first: bool = False) -> None:
        """Observe some worlds once more.

        Args:
            rows: All signals of all worlds (N, total).
            worlds: Which worlds (n,).
            episodes: The number of the episode of every world (N,).
            steps: Control steps since its start (N,).
            first: The history starts anew: all of it is as the present.
        """
        runs = self._runs
        if self._measured is not None:
            truth = rows[:, self._places]
            self.sensors.measure(truth, self._measured, worlds, episodes, steps)
            rows, runs = self._measured, self._one_run
        _emit(rows, runs, self._scale, self._clip, worlds, self._repeated, first, self.out)


def _runs_of(places: Integers) -> NDArray[np.int64]:
    """Return the runs of neighbours (runs, 2) that some places consist of: the first place of each, and how many."""
    starts = np.flatnonzero(np.diff(places, prepend=-2) != 1)
    runs = [places[starts], np.diff(starts, append=len(places))]
    return np.stack(runs, axis=1).reshape(-1, 2).astype(np.int64)


@compiled(nogil=True, error_model="numpy")
def _emit(rows, runs, scale, clip, worlds, repeated, first, out):
    """Write scaled and clipped numbers; behind them, the last ``repeated`` ones of the steps before."""
    width, size = len(scale), out.shape[1]
    for k in range(len(worlds)):
        i = worlds[k]
        if not first:
            for j in range(size - 1, width - 1, -1):
                out[i, j] = out[i, j - repeated]
        column = 0
        for run in range(len(runs)):
            place, count = runs[run]
            end = column + count
            source, target = rows[i, place : place + count], out[i, column:end]
            factor, limit = scale[column:end], clip[column:end]
            # Without branches, and with indices that cannot be negative, this is vectorised.
            for j in range(count):
                value = source[j] * factor[j]
                value = limit[j] if value > limit[j] else value
                target[j] = -limit[j] if value < -limit[j] else value
            column = end
        if first:
            for j in range(width, size):
                out[i, j] = out[i, j - repeated]
