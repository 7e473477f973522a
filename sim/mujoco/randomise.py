"""Domain randomisation: numbers of the model that differ from world to world, drawn at the start of every episode."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import mujoco
import numpy as np
from mujoco.batch import Batch
from numpy.typing import NDArray

from telic.sim.errors import TaskError, check_choice, check_number, check_range
from telic.sim.mujoco.draws import Floats, Integers, gaussians, stream_key, uniforms
from telic.sim.mujoco.model_fields import NOT_NEGATIVE, POSITIVE, Entries, find, nominal
from telic.sim.suggest import did_you_mean

KINDS = ("scale", "add", "set")
DISTRIBUTIONS = ("uniform", "log_uniform", "normal")
EACH = ("element", "number", "all")

# Gaussians are cut off here, so that the contract can name a range.
_WIDEST_DEVIATION = 3.0


@dataclass(frozen=True)
class Randomise:
    """One quantity of the model, drawn anew for every episode of every world.

    Attributes:
        quantity: One of `telic.sim.mujoco.model_fields.QUANTITIES`, such as ``mass`` or ``friction``, or any field of
            MjModel or MjOption by its own name, such as ``geom_solref`` or ``opt.wind``.
        elements: Names of bodies, joints, geoms, actuators, ...; ``*`` stands for anything. All of them by default.
        range: Smallest and largest value; for ``normal``, mean and standard deviation, cut off at three of them.
        kind: What the value does to the nominal one: ``scale``, ``add`` (in the quantity's unit) or ``set``.
        distribution: ``uniform``, ``log_uniform`` or ``normal``.
        component: Which number of each element, such as 0 for the sliding one of ``geom_friction``; all by default.
        each: What has a value of its own: every ``element``, every ``number``, or ``all`` share one.
        command: Take the value from this command of the task, of one number, instead of a draw.
    """

    quantity: str
    range: tuple[float, float]
    elements: tuple[str, ...] = ()
    kind: Literal["scale", "add", "set"] = "scale"
    distribution: Literal["uniform", "log_uniform", "normal"] = "uniform"
    component: int | None = None
    each: Literal["element", "number", "all"] = "element"
    command: str = ""

    def __post_init__(self) -> None:
        about = f"randomisation of {self.label}"
        check_choice(f"kind of {about}", self.kind, KINDS)
        check_choice(f"distribution of {about}", self.distribution, DISTRIBUTIONS)
        check_choice(f"each of {about}", self.each, EACH)
        if self.distribution == "normal":
            if len(self.range) != 2:
                raise TaskError(f"range of {about} is {self.range!r}; allowed: mean and standard deviation")
            check_number(f"mean of {about}", self.range[0], -1e9, 1e9)
            check_number(f"standard deviation of {about}", self.range[1], 0.0, 1e9)
        else:
            positive = self.distribution == "log_uniform"
            check_range(f"range of {about}", self.range, 1e-12 if positive else -1e9, 1e9)
        if self.kind == "scale":
            check_number(f"smallest factor in the range of {about}", self.bounds[0], 0.0, 1e9)
        if self.quantity == "mass" and self.kind != "scale":
            raise TaskError(f"{about} has kind {self.kind!r}; allowed: 'scale'; body_mass alone can be set or added to")

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest value that can be drawn."""
        if self.distribution != "normal":
            return self.range
        mean, deviation = self.range
        return mean - _WIDEST_DEVIATION * deviation, mean + _WIDEST_DEVIATION * deviation

    @property
    def label(self) -> str:
        """The name under which the drawn values are recorded, such as ``mass:trunk``."""
        where = ",".join(self.elements)
        component = "" if self.component is None else f"[{self.component}]"
        return f"{self.quantity}{component}{':' if where else ''}{where}"


class Randomiser:
    """Draws values and writes them into the worlds' own copies of the model's fields.

    Several rules on one number act one after the other, in their order.

    Attributes:
        rules: What is drawn.
        values: The values of the present episodes by label (N, k): factors, additions or settings; live arrays.
        elements: What each column of the values belongs to, by label.
    """

    def __init__(self, rules: Sequence[Randomise], batch: Batch, seed: int) -> None:
        """Find everything in the model, and give the fields per-world values.

        Raises:
            TaskError: If a quantity or element is not in the model, or the range would make a field impossible.
        """
        self.rules = tuple(rules)
        self._batch, self._key = batch, stream_key(seed, "randomise")
        self._plans = [_plan(rule, batch.model) for rule in self.rules]
        self.values: dict[str, Floats] = {}
        self.elements: dict[str, tuple[str, ...]] = {}
        for rule, plan in zip(self.rules, self._plans, strict=True):
            if rule.label in self.values:
                raise TaskError(f"randomisation: {rule.label} stands there twice; join the two into one")
            neutral = {"scale": 1.0, "add": 0.0, "set": np.nan}[rule.kind]
            self.values[rule.label] = np.full((batch.nsim, plan.draws), neutral)
            self.elements[rule.label] = plan.names
        entries = [entry for plan in self._plans for entry in plan.entries]
        self._fields = {entry.field: batch.expand(entry.field).reshape(batch.nsim, -1) for entry in entries}
        self._nominal = {field: nominal(batch.model, field).copy() for field in self._fields}
        self._touched = {
            field: np.unique(np.concatenate([entry.index for entry in entries if entry.field == field]))
            for field in self._fields
        }
        derived = getattr(mujoco.MjModel, "_setconst_inputs", ())
        self._needs_constants = any(field in derived or field.startswith("opt.") for field in self._fields)

    def reseed(self, seed: int) -> None:
        """Draw from another seed from now on."""
        self._key = stream_key(seed, "randomise")

    def draw(self, worlds: Integers, episodes: Integers, told: Mapping[str, Floats] | None = None) -> None:
        """Draw the values of new episodes and write them into the model's fields.

        Args:
            worlds: Which worlds (n,), in rising order.
            episodes: The number of each one's episode (n,).
            told: Commands of these worlds by name (n, size), for the rules that follow one.

        Raises:
            TaskError: If a rule follows a command that there is not, or that leaves its range.
        """
        if not self.rules or not len(worlds):
            return
        first = 0
        for rule, plan in zip(self.rules, self._plans, strict=True):
            if rule.command:
                values = _follow(rule, told or {})
            else:
                values = _sample(rule, self._key, worlds, episodes, plan.draws, first)
            self.values[rule.label][worlds] = values
            first += 2 * (plan.draws + 1)  # Gaussians take up to two uniform numbers each, from an even place.
        self._write(worlds)

    def put(self, values: dict[str, Floats], worlds: Integers) -> None:
        """Write given values (n, k) by label, such as those of a stored episode.

        Raises:
            TaskError: If a label is unknown.
        """
        for label, given in values.items():
            if label not in self.values:
                raise TaskError(f"nothing is randomised as {label!r}; known: {', '.join(self.values)}")
            self.values[label][worlds] = given
        self._write(worlds)

    def snapshot(self) -> dict[str, Floats]:
        """Copy the values."""
        return {label: values.copy() for label, values in self.values.items()}

    def restore(self, snapshot: dict[str, Floats], worlds: Integers) -> None:
        """Go back to the values of a snapshot in these worlds."""
        if self.rules:
            self.put({label: values[worlds] for label, values in snapshot.items()}, worlds)

    def _write(self, worlds: Integers) -> None:
        for field, index in self._touched.items():
            self._fields[field][np.ix_(worlds, index)] = self._nominal[field][index]
        for rule, plan in zip(self.rules, self._plans, strict=True):
            values = self.values[rule.label][worlds]
            # Before the first draw, a rule that sets has nothing to say.
            known = ~np.isnan(values).any(axis=1)
            for entry, column in zip(plan.entries, plan.columns, strict=True):
                rows = np.ix_(worlds[known], entry.index)
                self._fields[entry.field][rows] = _apply(
                    rule, entry, self._fields[entry.field][rows], values[known][:, column]
                )
        if self._needs_constants:
            self._batch.set_const(worlds)


@dataclass(frozen=True)
class _Plan:
    """Where the draws of a rule go.

    Attributes:
        entries: The places in the fields.
        columns: For each of the entries, which draw serves each place (k,).
        draws: How many numbers are drawn.
        names: What each drawn number belongs to.
    """

    entries: tuple[Entries, ...]
    columns: tuple[NDArray[np.int64], ...]
    draws: int
    names: tuple[str, ...]


def _plan(rule: Randomise, model: mujoco.MjModel) -> _Plan:
    names, entries = find(model, rule.quantity, rule.elements, rule.component)
    for entry in entries:
        _check_possible(rule, model, entry, names)
    if rule.each == "all":
        columns, draws, owners = tuple(np.zeros_like(entry.element) for entry in entries), 1, ("",)
    elif rule.each == "number" or rule.quantity == "center_of_mass":
        (entry,) = entries
        columns, draws = (np.arange(len(entry.index)),), len(entry.index)
        owners = tuple(names[element] for element in entry.element)
    else:
        columns, draws, owners = tuple(entry.element for entry in entries), len(names), names
    return _Plan(entries, columns, draws, owners)


def _check_possible(rule: Randomise, model: mujoco.MjModel, entry: Entries, names: tuple[str, ...]) -> None:
    """Refuse a range that gives a field a value that it cannot have."""
    if entry.field not in NOT_NEGATIVE | POSITIVE:
        return
    present = nominal(model, entry.field)[entry.index]
    smallest = {"scale": present * rule.bounds[0], "add": present + rule.bounds[0]}.get(
        rule.kind, np.full_like(present, rule.bounds[0])
    )
    must_be_positive = entry.field in POSITIVE
    # A weightless body stays weightless under a factor.
    impossible = (smallest <= 0.0) & (present > 0.0) if must_be_positive else smallest < 0.0
    if impossible.any():
        worst = int(np.flatnonzero(impossible)[0])
        raise TaskError(
            f"randomisation of {rule.quantity} can make {entry.field} of {names[entry.element[worst]]!r} "
            f"{smallest[worst]:g}; allowed: {'more than 0' if must_be_positive else '0 or more'}; raise the lower end "
            f"of the range"
        )
    if entry.field == "actuator_delay":
        _check_delay(rule, model, entry, names)


def _check_delay(rule: Randomise, model: mujoco.MjModel, entry: Entries, names: tuple[str, ...]) -> None:
    longest = model.actuator_history[entry.index, 0] * model.opt.timestep
    present = nominal(model, entry.field)[entry.index]
    largest = {"scale": present * rule.bounds[1], "add": present + rule.bounds[1]}.get(
        rule.kind, np.full_like(present, rule.bounds[1])
    )
    for element, most, asked in zip(entry.element, longest, largest, strict=True):
        if asked > most + 1e-9:
            raise TaskError(
                f"randomisation of actuator_delay asks for {asked:g} s of {names[element]!r}, whose buffer holds "
                f"{most:g} s; give the actuator a larger nsample, or a delay_s range in the task"
            )


def _sample(rule: Randomise, key: int, worlds: Integers, episodes: Integers, count: int, first: int) -> Floats:
    low, high = rule.range
    if rule.distribution == "normal":
        deviations = gaussians(key, worlds, episodes, count, first // 2)
        return low + high * np.clip(deviations, -_WIDEST_DEVIATION, _WIDEST_DEVIATION)
    share = uniforms(key, worlds, episodes, count, first)
    if rule.distribution == "log_uniform":
        return low * (high / low) ** share
    return low + (high - low) * share


def _follow(rule: Randomise, told: Mapping[str, Floats]) -> Floats:
    """Return the values (n, 1) of the command that a rule follows."""
    if rule.command not in told:
        raise TaskError(f"{rule.label} follows command {rule.command!r}{did_you_mean(rule.command, told)}")
    values, (low, high) = told[rule.command], rule.bounds
    if values.shape[1] != 1 or ((values < low) | (values > high)).any():
        raise TaskError(f"{rule.label} follows command {rule.command!r}; allowed: one number from {low:g} to {high:g}")
    return values


def _apply(rule: Randomise, entry: Entries, present: Floats, drawn: Floats) -> Floats:
    if rule.kind == "scale":
        return present / drawn if entry.inverse else present * drawn
    if rule.kind == "add":
        return present + entry.sign * drawn
    return entry.sign * drawn
