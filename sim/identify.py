"""System identification: the numbers of a model that explain a log of a real robot, with their uncertainty.

The log is cut into windows. From the measured state at the start of each, the model is simulated under the logged
controls, and what it predicts is compared with what was measured. `mujoco.sysid` finds the numbers with the least sum
of squares; the worlds of one `mujoco.batch.Batch` try all that it asks for at once.
"""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import mujoco
import numpy as np
from mujoco.batch import Batch
from numpy.typing import NDArray

from telic.sim.errors import TaskError
from telic.sim.mujoco.actuators import settled
from telic.sim.mujoco.randomise import Randomise, Randomiser
from telic.sim.suggest import did_you_mean

Floats = NDArray[np.float64]

# A column that varies less than this share of the widest one of its kind says nothing.
_STILL = 1e-9


@dataclass(frozen=True)
class Log:
    """States and controls of a robot at a fixed rate; the control of row t holds until row t + 1.

    Attributes:
        dt: Time between two rows [s].
        qpos: Positions as MuJoCo has them (T, nq).
        qvel: Velocities (T, nv).
        ctrl: Controls as MuJoCo has them (T, nu); the last row is not used.
    """

    dt: float
    qpos: Floats
    qvel: Floats
    ctrl: Floats

    def __post_init__(self) -> None:
        for name in ("qpos", "qvel", "ctrl"):
            array = np.asarray(getattr(self, name), np.float64)
            if array.ndim != 2 or len(array) != len(self.qpos):
                raise TaskError(f"{name} of the log has shape {array.shape}; allowed: ({len(self.qpos)}, numbers)")
            if not np.isfinite(array).all():
                row, column = np.argwhere(~np.isfinite(array))[0]
                raise TaskError(f"{name}[{row}, {column}] of the log is {array[row, column]}; allowed: finite numbers")
            object.__setattr__(self, name, array)

    def check(self, model: mujoco.MjModel) -> None:
        """Refuse a log that is not of this model.

        Raises:
            TaskError: If a width or the rate does not fit.
        """
        for name, size in (("qpos", model.nq), ("qvel", model.nv), ("ctrl", model.nu)):
            if getattr(self, name).shape[1] != size:
                raise TaskError(f"{name} of the log has {getattr(self, name).shape[1]} columns; the model has {size}")
        substeps = self.dt / model.opt.timestep
        if substeps < 0.999 or abs(substeps - round(substeps)) > 1e-3 * substeps:
            raise TaskError(
                f"dt of the log is {self.dt:g} s; allowed: whole multiples of the model's time step "
                f"{model.opt.timestep:g} s; resample the log"
            )


@dataclass(frozen=True)
class Estimate:
    """What a log says about one quantity.

    Attributes:
        rule: The quantity, with its range of search.
        names: The elements that the values belong to.
        values: Factors, additions or settings, as the rule's kind says.
        intervals: Half widths of the 95 % confidence intervals; infinite where the log says nothing.
    """

    rule: Randomise
    names: tuple[str, ...]
    values: tuple[float, ...]
    intervals: tuple[float, ...]


@dataclass(frozen=True)
class Identified:
    """The outcome of an identification.

    Attributes:
        estimates: One for each quantity.
        error_before: Root of the mean square prediction error with the model as it was, in standard deviations of the
            measured columns.
        error_after: The same with the estimates.
    """

    estimates: tuple[Estimate, ...]
    error_before: float
    error_after: float

    def value(self, label: str) -> tuple[float, ...]:
        """Return the values of a quantity by its label, such as ``mass:trunk``.

        Raises:
            KeyError: If it was not identified.
        """
        found = {estimate.rule.label: estimate.values for estimate in self.estimates}
        if label not in found:
            raise KeyError(f"nothing was identified as {label!r}{did_you_mean(label, found)}")
        return found[label]

    def randomisation(self, at_least: float = 0.05) -> tuple[Randomise, ...]:
        """Return rules to train with: each value within its interval, one rule for each element.

        Args:
            at_least: Smallest half width, as a share of the value.
        """
        rules = []
        for estimate in self.estimates:
            for name, value, interval in zip(estimate.names, estimate.values, estimate.intervals, strict=True):
                low, high = estimate.rule.bounds
                half = max(min(interval, high - low), at_least * abs(value))
                bounds = max(low, value - half), min(high, value + half)
                elements = (name,) if name else estimate.rule.elements
                rules.append(replace(estimate.rule, elements=elements, range=bounds, distribution="uniform"))
        return tuple(rules)


def identify(
    model: mujoco.MjModel,
    log: Log,
    unknowns: Sequence[Randomise],
    window_s: float = 0.5,
    threads: int = 0,
    max_iterations: int = 50,
) -> Identified:
    """Find the numbers of a model with which it predicts a log best.

    Args:
        model: The model, with the actuator models of the task (`MujocoTask.model`).
        log: What was measured.
        unknowns: The quantities, by the same names as for randomisation; the range of each is the range of search. Its
            distribution does not matter.
        window_s: Length of one prediction [s]: long enough for the quantity to show, short enough not to diverge.
        threads: Threads of the simulation; 0 for all processors.
        max_iterations: Steps of the optimiser.

    Raises:
        TaskError: If the log or an unknown does not fit the model, or the log is shorter than a window.
        ImportError: If the libraries of `mujoco.sysid` are missing, with the line that installs them.
    """
    sysid = _sysid()
    log.check(model)
    if not unknowns:
        raise TaskError("there is nothing to identify; name at least one unknown quantity")
    predictor = _Predictor(model, log, unknowns, window_s, threads)
    parameters = sysid.ParameterDict()
    for rule in unknowns:
        size = predictor.sizes[rule.label]
        low, high = rule.bounds
        start = _start(rule)
        parameters.add(sysid.Parameter(rule.label, np.full(size, start), np.full(size, low), np.full(size, high)))
    first = parameters.as_vector()
    # The starting point must not lie on a bound, where a search can get stuck.
    parameters.move_off_bounds()
    found, result = sysid.optimize(
        parameters,
        predictor.residual,
        verbose=False,
        max_iters=max_iterations,
        x_scale="jac",
        output=io.StringIO(),
    )
    vector = found.as_vector()
    error = predictor.errors(vector[:, None])[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        _, intervals = sysid.calculate_intervals([error], np.asarray(result.jac))
    intervals = np.where(np.isfinite(intervals), intervals, np.inf)
    estimates, place = [], 0
    for rule in unknowns:
        size = predictor.sizes[rule.label]
        piece = slice(place, place + size)
        names = predictor.names[rule.label]
        estimates.append(Estimate(rule, names, tuple(vector[piece].tolist()), tuple(intervals[piece].tolist())))
        place += size
    before = predictor.errors(first[:, None])[:, 0]
    return Identified(tuple(estimates), float(np.sqrt(np.mean(before**2))), float(np.sqrt(np.mean(error**2))))


def _sysid() -> ModuleType:
    """Import `mujoco.sysid`, which leaves itself empty when one of its own libraries is missing."""
    import mujoco.sysid as sysid

    if not hasattr(sysid, "optimize"):
        raise ImportError("system identification needs more libraries: pip install 'telic[identify]'")
    return sysid


def _start(rule: Randomise) -> float:
    """Return the value that leaves the model as it is, or the middle of the range where none does."""
    low, high = rule.bounds
    neutral = {"scale": 1.0, "add": 0.0}.get(rule.kind, (low + high) / 2.0)
    return float(np.clip(neutral, low, high))


class _Predictor:
    """Simulates every window of the log for several candidates at once.

    Attributes:
        sizes: How many numbers each quantity has, by label.
        names: The elements that they belong to.
    """

    def __init__(
        self, model: mujoco.MjModel, log: Log, unknowns: Sequence[Randomise], window_s: float, threads: int
    ) -> None:
        self._log = log
        self._steps = max(1, round(window_s / log.dt))
        self._substeps = round(log.dt / model.opt.timestep)
        self._starts = np.arange(0, len(log.qpos) - self._steps, self._steps)
        if not len(self._starts):
            raise TaskError(
                f"the log lasts {log.dt * (len(log.qpos) - 1):g} s; allowed: at least one window of {window_s:g} s"
            )
        probe = Randomiser(unknowns, Batch(model, 1, 1), 0)
        self.sizes = {label: values.shape[1] for label, values in probe.values.items()}
        self.names = probe.elements
        self._candidates = sum(self.sizes.values())
        self._batch = Batch(model, self._candidates * len(self._starts), threads)
        self._randomiser = Randomiser(unknowns, self._batch, 0)
        self._position, self._rotation = _columns(model)
        self._weights = _weights(log, self._position, self._rotation)
        self._settled = [settled(model, log.ctrl[max(start - 1, 0)]) for start in self._starts]

    def residual(self, x: Floats, parameters: Any, **_: Any) -> tuple[list[Floats], None, None]:
        """Return the errors in the form in which `mujoco.sysid` asks for them."""
        columns = x.reshape(len(x), -1)
        pieces = [
            self.errors(columns[:, first : first + self._candidates])
            for first in range(0, columns.shape[1], self._candidates)
        ]
        errors = np.concatenate(pieces, axis=1)
        return [errors[:, 0] if x.ndim == 1 else errors], None, None

    def errors(self, candidates: Floats) -> Floats:
        """Return the prediction errors (rows, m) of candidates (numbers, m), in standard deviations of the columns."""
        count, windows = candidates.shape[1], len(self._starts)
        worlds = np.arange(count * windows)
        values, place = {}, 0
        for label, size in self.sizes.items():
            values[label] = np.repeat(candidates[place : place + size].T, windows, axis=0)
            place += size
        self._randomiser.put(values, worlds)
        self._begin(worlds, count)
        found = []
        qpos, qvel, ctrl = (self._batch.bind(name) for name in ("qpos", "qvel", "ctrl"))
        for step in range(self._steps):
            ctrl[worlds] = np.tile(self._log.ctrl[self._starts + step], (count, 1))
            self._batch.step(worlds, nstep=self._substeps)
            rows = np.tile(self._starts + step + 1, count)
            error = self._difference(qpos[worlds], qvel[worlds], rows) * self._weights
            found.append(error.reshape(count, -1).T)
        # A candidate whose simulation runs away is as bad as can be, and not NaN.
        return np.nan_to_num(np.concatenate(found), nan=1e6, posinf=1e6, neginf=-1e6).clip(-1e6, 1e6)

    def _begin(self, worlds: NDArray[np.int64], count: int) -> None:
        """Bring every world to the measured state at the start of its window."""
        batch = self._batch
        batch.reset(worlds, stage=int(mujoco.mjtStage.mjSTAGE_NONE))
        batch.bind("qpos")[worlds] = np.tile(self._log.qpos[self._starts], (count, 1))
        batch.bind("qvel")[worlds] = np.tile(self._log.qvel[self._starts], (count, 1))
        act, history = (np.array(part) for part in zip(*self._settled, strict=True))
        if act.size:
            batch.bind("act")[worlds] = np.tile(act, (count, 1))
        if history.size:
            batch.bind("history")[worlds] = np.tile(history, (count, 1))

    def _difference(self, qpos: Floats, qvel: Floats, rows: NDArray[np.int64]) -> Floats:
        """Return predicted minus measured, turns as rotation vectors (worlds, columns)."""
        parts = [qpos[:, self._position] - self._log.qpos[rows][:, self._position]]
        for address in self._rotation:
            quaternion = slice(address, address + 4)
            parts.append(_turn(self._log.qpos[rows][:, quaternion], qpos[:, quaternion]))
        return np.concatenate([*parts, qvel - self._log.qvel[rows]], axis=1)


def _columns(model: mujoco.MjModel) -> tuple[NDArray[np.int64], list[int]]:
    """Return the places of plain positions in qpos, and where its quaternions begin."""
    offsets = {int(mujoco.mjtJoint.mjJNT_FREE): 3, int(mujoco.mjtJoint.mjJNT_BALL): 0}
    rotation = [
        int(address) + offsets[int(kind)]
        for kind, address in zip(model.jnt_type, model.jnt_qposadr, strict=True)
        if int(kind) in offsets
    ]
    turned = {address + i for address in rotation for i in range(4)}
    return np.array([i for i in range(model.nq) if i not in turned], np.int64), rotation


def _weights(log: Log, position: NDArray[np.int64], rotation: list[int]) -> Floats:
    """Return one over the standard deviation of each column; 0 for one that stands still."""
    turns = [_turn(log.qpos[:1, address : address + 4], log.qpos[:, address : address + 4]) for address in rotation]
    spread = np.concatenate([log.qpos[:, position], *turns, log.qvel], axis=1).std(axis=0)
    if not spread.any():
        raise TaskError("nothing moves in the log; excite the robot, as with a sweep of frequencies")
    moves = spread > _STILL * spread.max()
    return np.where(moves, 1.0 / np.where(moves, spread, 1.0), 0.0)


def _turn(before: Floats, after: Floats) -> Floats:
    """Return twice the vector part of the rotation between unit quaternions (n, 4): for small turns, its angles."""
    w, v = before[:, :1], -before[:, 1:]
    real = w * after[:, :1] - np.sum(v * after[:, 1:], axis=1, keepdims=True)
    vector = w * after[:, 1:] + after[:, :1] * v + np.cross(np.broadcast_to(v, after[:, 1:].shape), after[:, 1:])
    return 2.0 * np.sign(np.where(real == 0.0, 1.0, real)) * vector
