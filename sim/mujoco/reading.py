"""The live signals of all worlds: read from the simulations after every step."""

# Arguments of the compiled function are arrays.
# ruff: noqa: ANN001, ANN202

from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from mujoco.batch import Batch
from numpy.typing import NDArray

from telic.replay.signal import Signal
from telic.sim.compiled import compiled
from telic.sim.mujoco import sources as src
from telic.sim.mujoco.draws import Integers
from telic.sim.mujoco.engine import Engine
from telic.sim.mujoco.signals import Columns, Function, ModelColumns, Own, Reading, Velocity
from telic.sim.mujoco.task import MujocoTask

Array = NDArray[Any]

# Fills a block (n, size) with the values of some worlds: their numbers (n,), or None for all of them.
_Fill = Callable[[Array, Integers | None], None]


class Signals:
    """All signals of all worlds, one row per world.

    Attributes:
        rows: All numbers (N, total), in the order of the task's signals.
        views: Signals by name, (N, *shape) live views.
        columns: Where each signal stands in the rows.
    """

    def __init__(
        self,
        task: MujocoTask,
        readings: tuple[tuple[Signal, Reading], ...],
        engine: Engine,
        own: Mapping[str, Array],
    ) -> None:
        """Bind the fields that are read.

        Args:
            task: The task.
            readings: From `telic.sim.mujoco.signals.readings_of`.
            engine: The simulations.
            own: What the world keeps itself, by the name of the signal (N, size): live arrays.
        """
        num_envs = engine.batch.nsim
        self._signals = tuple(signal for signal, _ in readings)
        sizes = [signal.size for signal in self._signals]
        edges = np.cumsum([0, *sizes])
        self.columns = {
            signal.name: slice(int(first), int(last))
            for signal, (first, last) in zip(self._signals, pairwise(edges), strict=True)
        }
        self.rows = np.zeros((num_envs, int(edges[-1])), task.dtype)
        self._scratch = np.zeros_like(self.rows)
        self.views: Mapping[str, Array] = MappingProxyType(self._views(self.rows))
        self._fills: list[tuple[slice, _Fill]] = []
        self._functions: list[src.Computed] = []
        for signal, reading in readings:
            if isinstance(reading, Function):
                self._functions.append(reading.source)
            else:
                self._fills.append((self.columns[signal.name], _filler(reading, engine, own)))

    def _views(self, rows: Array) -> dict[str, Array]:
        """Return views (n, *shape) of rows (n, total), by name."""
        return {s.name: rows[:, self.columns[s.name]].reshape(len(rows), *s.shape) for s in self._signals}

    def update(self, ids: Integers | None = None) -> None:
        """Read the signals of some worlds, or of all."""
        if ids is None:
            self._fill(self.rows, self.views, None)
        elif len(ids):
            rows = self._scratch[: len(ids)]
            self._fill(rows, self._views(rows), ids)
            self.rows[ids] = rows

    def _fill(self, rows: Array, views: Mapping[str, Array], ids: Integers | None) -> None:
        for columns, fill in self._fills:
            fill(rows[:, columns], ids)
        for source in self._functions:
            source.function(views[source.name], *(views[name] for name in source.inputs))

    def unfit(self) -> str | None:
        """Return the name of a signal that is not finite in some world, if there is one."""
        if _all_finite(self.rows):
            return None
        return next((name for name, view in self.views.items() if not np.isfinite(view).all()), None)


def _filler(reading: Reading, engine: Engine, own: Mapping[str, Array]) -> _Fill:
    num_envs = engine.batch.nsim
    match reading:
        case Columns(field, places):
            return _gather(_flat(engine.bind(field), num_envs), places)
        case ModelColumns(field, places):
            return _gather_model(engine.batch, field, places)
        case Velocity():
            return _velocity(reading, engine)
        case Own(src.Constant(_, value)):
            return _copy(np.broadcast_to(np.asarray(value, np.float64).reshape(-1), (num_envs, np.size(value))))
        case Own(source):
            return _copy(own[source.name])
    raise TypeError(f"{type(reading).__name__} is computed from other signals, not filled")


def _copy(values: Array) -> _Fill:
    def fill(block: Array, ids: Integers | None) -> None:
        block[:] = values if ids is None else values[ids]

    return fill


def _gather(field: Array, places: Integers) -> _Fill:
    """Copy columns of a field (N, size); a run of neighbours without an index."""
    together = len(places) > 0 and np.array_equal(places, np.arange(places[0], places[0] + len(places)))
    columns = slice(int(places[0]), int(places[0]) + len(places)) if together else places
    source = field[:, columns] if together else None

    def fill(block: Array, ids: Integers | None) -> None:
        if source is not None:
            block[:] = source if ids is None else source[ids]
        else:
            block[:] = field[:, columns] if ids is None else field[np.ix_(ids, places)]

    return fill


def _gather_model(batch: Batch, field: str, places: Integers) -> _Fill:
    def fill(block: Array, ids: Integers | None) -> None:
        # Whether the field differs between worlds is known only when something has randomised it.
        values = batch.expanded(field)
        if values is None:
            shared = getattr(batch.model.opt, field[4:]) if field.startswith("opt.") else getattr(batch.model, field)
            block[:] = np.asarray(shared).reshape(-1)[places]
        else:
            flat = _flat(values, batch.nsim)
            block[:] = flat[:, places] if ids is None else flat[np.ix_(ids, places)]

    return fill


def _velocity(reading: Velocity, engine: Engine) -> _Fill:
    num_envs = engine.batch.nsim
    cvel, centers = engine.bind("cvel"), engine.bind("subtree_com")
    where, axes = engine.bind(reading.where), engine.bind(reading.axes)
    everybody = np.arange(num_envs)

    def fill(block: Array, ids: Integers | None) -> None:
        _object_velocity(
            cvel,
            centers,
            where,
            axes.reshape(num_envs, -1, 9),
            reading.bodies,
            reading.roots,
            reading.objects,
            reading.angular,
            reading.local,
            everybody if ids is None else ids,
            block,
        )

    return fill


def _flat(field: Array, num_envs: int) -> Array:
    """Return a field (N, ...) as (N, size): a view."""
    return field.reshape(num_envs, -1)


@compiled(nogil=True, error_model="numpy", fastmath={"reassoc"})
def _all_finite(rows):
    for i in range(rows.shape[0]):
        # What is not finite makes this not a number. As a sum in any order, it is vectorised.
        total = 0.0
        for j in range(rows.shape[1]):
            total += rows[i, j] * 0.0
        if total != 0.0:
            return False
    return True


@compiled(nogil=True, error_model="numpy")
def _object_velocity(cvel, centers, where, axes, bodies, roots, objects, angular, local, ids, block):
    """Fill a block (n, 3 * objects) with velocities of objects.

    The spatial velocities ``cvel`` (N, nbody, 6), angular then linear, are those at the centre of mass of each tree:
    at a point r from it the linear one is v + w x r.
    """
    velocity = np.empty(3)
    for row in range(len(ids)):
        i = ids[row]
        for k in range(len(bodies)):
            spatial, thing = cvel[i, bodies[k]], objects[k]
            if angular:
                for j in range(3):
                    velocity[j] = spatial[j]
            else:
                x = where[i, thing, 0] - centers[i, roots[k], 0]
                y = where[i, thing, 1] - centers[i, roots[k], 1]
                z = where[i, thing, 2] - centers[i, roots[k], 2]
                velocity[0] = spatial[3] + spatial[1] * z - spatial[2] * y
                velocity[1] = spatial[4] + spatial[2] * x - spatial[0] * z
                velocity[2] = spatial[5] + spatial[0] * y - spatial[1] * x
            for j in range(3):
                if local:
                    frame = axes[i, thing]
                    block[row, 3 * k + j] = (
                        frame[j] * velocity[0] + frame[3 + j] * velocity[1] + frame[6 + j] * velocity[2]
                    )
                else:
                    block[row, 3 * k + j] = velocity[j]
