"""Task families: one task, and a few named numbers that make easier, harder or simply other ones of it.

A dimension of the context is a command of the task: it is drawn within its range at the start of every episode, unless
a curriculum or a configuration says otherwise, and it is stored with the signals. What it does to the world, such as
the mass of a payload or how far away the goal is, its effects say.
"""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import mujoco
import numpy as np
from numpy.typing import NDArray

from telic.sim.errors import TaskError, check_range
from telic.sim.mujoco.model import find, position_columns
from telic.sim.mujoco.randomise import Randomise
from telic.sim.mujoco.sources import Command, Source
from telic.sim.mujoco.starts import Arrange, ResetRule, Start
from telic.sim.mujoco.task import MujocoTask
from telic.sim.observe import Observe
from telic.sim.suggest import did_you_mean

Vector3 = tuple[float, float, float]


@dataclass(frozen=True)
class OnModel:
    """The context is a number of the model: a mass, a friction, a gain.

    Attributes:
        quantity: As in `Randomise`.
        elements: Names of the elements; all of them by default.
        kind: What the number does to the nominal one.
        component: Which number of each element.
    """

    quantity: str
    elements: tuple[str, ...] = ()
    kind: Literal["scale", "add", "set"] = "scale"
    component: int | None = None


@dataclass(frozen=True)
class OnCommand:
    """The context is the size of a command: what was drawn for it is multiplied.

    Attributes:
        command: Name of the command.
    """

    command: str


@dataclass(frozen=True)
class OnPlace:
    """The context is one coordinate of where a body starts [m].

    Attributes:
        body: A mocap body, or one that floats freely.
        axis: ``x``, ``y`` or ``z``, of the world.
    """

    body: str
    axis: Literal["x", "y", "z"]


@dataclass(frozen=True)
class OnDistance:
    """The context is how far from a point a body starts: its drawn offset from the point is multiplied.

    Attributes:
        body: A mocap body, or one that floats freely.
        center: The point [m], world frame.
    """

    body: str
    center: Vector3


@dataclass(frozen=True)
class OnJoint:
    """The context is the first position of a joint [rad] or [m].

    Attributes:
        joint: Name of a hinge or slide.
    """

    joint: str


Effect = OnModel | OnCommand | OnPlace | OnDistance | OnJoint


@dataclass(frozen=True)
class Dimension:
    """One named number of a context.

    Attributes:
        name: Name of the signal that shows it.
        low: Smallest value.
        high: Largest value.
        effects: What it does.
        unit: SI unit.
        easy: The easiest value, from which a curriculum starts; `low` by default.
        description: One line for people, and for a language model that configures environments.
    """

    name: str
    low: float
    high: float
    effects: tuple[Effect, ...]
    unit: str = "1"
    easy: float | None = None
    description: str = ""

    def __post_init__(self) -> None:
        check_range(f"range of the context {self.name}", (self.low, self.high), -1e9, 1e9)
        if self.low == self.high:
            raise TaskError(f"context {self.name} can only be {self.low:g}; allowed: a smaller low, or a larger high")
        if not self.effects:
            raise TaskError(f"context {self.name} has no effects; it would change nothing")
        if self.easy is not None and not self.low <= self.easy <= self.high:
            raise TaskError(f"easy of context {self.name} is {self.easy:g}; allowed: {self.low:g} to {self.high:g}")

    @property
    def easiest(self) -> float:
        """The easiest value."""
        return self.low if self.easy is None else self.easy


@dataclass(frozen=True)
class TaskFamily:
    """A task with a context.

    Attributes:
        base: The task without its context.
        dimensions: The numbers of the context.
        observed: Names of those that the policy sees too, in front of all else; none by default.
    """

    base: MujocoTask
    dimensions: tuple[Dimension, ...]
    observed: tuple[str, ...] = ()
    task: MujocoTask = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [dimension.name for dimension in self.dimensions]
        taken = {source.name for source in self.base.signals}
        for name in names:
            if name in taken or names.count(name) > 1:
                raise TaskError(f"context {name!r} has the name of another signal; rename it")
        for name in self.observed:
            if name not in names:
                raise TaskError(f"the policy shall see context {name!r}{did_you_mean(name, names)}")
        object.__setattr__(self, "task", _with_context(self.base, self.dimensions, self.observed, {}))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the dimensions, in order."""
        return tuple(dimension.name for dimension in self.dimensions)

    @property
    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Smallest and largest values (dimensions,) each."""
        low, high = zip(*((dimension.low, dimension.high) for dimension in self.dimensions), strict=True)
        return np.array(low, np.float64), np.array(high, np.float64)

    def within(self, context: Mapping[str, float | tuple[float, float]]) -> MujocoTask:
        """Return the task with some dimensions fixed, or drawn from narrower ranges.

        Raises:
            TaskError: If a dimension is unknown or a value out of its range.
        """
        known = {dimension.name: dimension for dimension in self.dimensions}
        ranges = {}
        for name, value in context.items():
            if name not in known:
                raise TaskError(f"the family has no context {name!r}{did_you_mean(name, known)}")
            bounds = value if isinstance(value, tuple) else (value, value)
            check_range(f"context {name}", bounds, known[name].low, known[name].high)
            ranges[name] = bounds
        return _with_context(self.base, self.dimensions, self.observed, ranges)

    def pin(self, world: Any, contexts: NDArray[np.float64], worlds: NDArray[np.int64]) -> None:
        """Give worlds (n,) of this family's task their contexts (n, dimensions) from their next episode on.

        Raises:
            TaskError: If a value is out of its range.
        """
        low, high = self.bounds
        wrong = (contexts < low) | (contexts > high)
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            name, value = self.names[column], float(contexts[row, column])
            raise TaskError(f"context {name} is {value!r}; allowed: {low[column]:g} to {high[column]:g}")
        for column, name in enumerate(self.names):
            world.commands.pin(name, contexts[:, column : column + 1], worlds)


def _with_context(
    base: MujocoTask,
    dimensions: Sequence[Dimension],
    observed: Sequence[str],
    ranges: Mapping[str, tuple[float, float]],
) -> MujocoTask:
    """Return a task with a command for every dimension, and with what its effects do."""
    commands, rules, randomised = [], [], []
    scaled: dict[str, str] = {}
    for dimension in dimensions:
        low, high = ranges.get(dimension.name, (dimension.low, dimension.high))
        commands.append(
            Command(dimension.name, low=low, high=high, unit=dimension.unit, description=dimension.description)
        )
        for effect in dimension.effects:
            match effect:
                case OnModel():
                    randomised.append(_randomise(dimension, effect))
                case OnCommand(command):
                    scaled[command] = dimension.name
                case _:
                    rules.append(_start(base, dimension, effect))
    return replace(
        base,
        signals=(*commands, *_scaled(base, scaled)),
        # In front, as only the last item of an observation may have a history.
        observation=(*map(Observe, observed), *base.observation),
        privileged=(*(Observe(dimension.name) for dimension in dimensions), *base.privileged)
        if base.privileged
        else (),
        randomisation=(*base.randomisation, *randomised),
        reset=(*base.reset, *rules),
    )


def _randomise(dimension: Dimension, effect: OnModel) -> Randomise:
    return Randomise(
        effect.quantity,
        (dimension.low, dimension.high),
        elements=effect.elements,
        kind=effect.kind,
        component=effect.component,
        each="all",
        command=dimension.name,
    )


def _scaled(base: MujocoTask, scaled: Mapping[str, str]) -> list[Source]:
    """Return the signals of a task, with those commands multiplied by a context that are."""
    commands = [source.name for source in base.signals if isinstance(source, Command)]
    for command in scaled:
        if command not in commands:
            raise TaskError(f"a context scales command {command!r}{did_you_mean(command, commands)}")
    return [
        replace(source, scaled_by=scaled[source.name])
        if isinstance(source, Command) and source.name in scaled
        else source
        for source in base.signals
    ]


def _start(base: MujocoTask, dimension: Dimension, effect: OnPlace | OnDistance | OnJoint) -> ResetRule:
    """Return the rule that starts an episode as the context says."""
    model = base.model
    match effect:
        case OnJoint(joint):
            column = position_columns(model, (joint,), f"context {dimension.name}")
            if len(column) != 1:
                raise TaskError(f"context {dimension.name}: joint {joint!r} has {len(column)} positions; allowed: one")
            return Arrange(partial(_set_position, name=dimension.name, column=int(column[0])))
        case OnPlace(body, axis):
            where = _where(model, body, dimension.name)
            return Arrange(partial(_set_place, name=dimension.name, where=where, axis="xyz".index(axis)))
        case OnDistance(body, center):
            where = _where(model, body, dimension.name)
            return Arrange(partial(_scale_distance, name=dimension.name, where=where, center=center))


def _where(model: mujoco.MjModel, body: str, name: str) -> tuple[bool, int]:
    """Return whether a body is a mocap body, and its number among them or the place of its position in qpos."""
    number = find(model, "body", body, f"context {name}")
    if (mocap := int(model.body_mocapid[number])) >= 0:
        return True, mocap
    joint = int(model.body_jntadr[number])
    if joint < 0 or int(model.jnt_type[joint]) != mujoco.mjtJoint.mjJNT_FREE:
        raise TaskError(f"context {name} places body {body!r}, which neither floats freely nor is a mocap body")
    return False, int(model.jnt_qposadr[joint])


def _position(start: Start, where: tuple[bool, int]) -> NDArray[np.float64]:
    """Return the positions of a body (n, 3): a view."""
    is_mocap, place = where
    return start.mocap_pos[:, place] if is_mocap else start.qpos[:, place : place + 3]


def _set_position(start: Start, name: str, column: int) -> None:
    start.qpos[:, column] = start.command(name)[:, 0]


def _set_place(start: Start, name: str, where: tuple[bool, int], axis: int) -> None:
    _position(start, where)[:, axis] = start.command(name)[:, 0]


def _scale_distance(start: Start, name: str, where: tuple[bool, int], center: Vector3) -> None:
    position = _position(start, where)
    position[:] = center + start.command(name) * (position - center)
