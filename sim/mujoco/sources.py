"""Where a signal of a MuJoCo task comes from, as plain data: objects by their names in the MJCF.

Every source names a signal and says in words what is read; `telic.sim.mujoco.signals` finds the addresses. Names are
checked, and shapes known, when the model is compiled.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from telic.sim.errors import TaskError, check_choice, check_number

# Writes the signal (n, *shape) from its inputs (n, *their shapes), the same for any n and any order of the rows.
Function = Callable[..., None]


@dataclass(frozen=True)
class Source:
    """A signal, and where it comes from.

    Attributes:
        name: Name of the signal.
    """

    name: str


@dataclass(frozen=True)
class JointPosition(Source):
    """Positions of joints: one number for a hinge [rad] or slide [m], a quaternion for a ball, seven for a free joint.

    Attributes:
        joints: Names; all joints by default.
        first: Leave out the numbers before this one, such as where on the plane a runner is.
    """

    joints: tuple[str, ...] = ()
    first: int = 0


@dataclass(frozen=True)
class JointVelocity(Source):
    """Velocities of joints: one number for a hinge [rad/s] or slide [m/s], three for a ball, six for a free joint.

    Attributes:
        joints: Names; all joints by default.
        first: Leave out the numbers before this one.
    """

    joints: tuple[str, ...] = ()
    first: int = 0


@dataclass(frozen=True)
class JointForce(Source):
    """Generalised forces at joints [N m] or [N].

    Attributes:
        joints: Names; all joints by default.
        by: What exerts them: ``actuator``, ``constraint`` (contacts and limits) or ``passive`` (springs and damping).
        first: Leave out the numbers before this one.
    """

    joints: tuple[str, ...] = ()
    by: str = "actuator"
    first: int = 0

    def __post_init__(self) -> None:
        check_choice(f"by of {self.name}", self.by, ("actuator", "constraint", "passive"))


@dataclass(frozen=True)
class _Placed(Source):
    """Something about one object, or about several of a kind: then the first axis counts them."""

    body: str | tuple[str, ...] = ()
    site: str | tuple[str, ...] = ()
    geom: str | tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if sum(map(bool, (self.body, self.site, self.geom))) != 1:
            raise TaskError(f"signal {self.name!r} needs the name of a body, of a site or of a geom: one of the three")


@dataclass(frozen=True)
class Position(_Placed):
    """Where the frame of a body, site or geom is, in the world (3,) [m].

    Attributes:
        body: Name of the body, or several.
        site: Name of the site, or several.
        geom: Name of the geom, or several.
    """


@dataclass(frozen=True)
class Rotation(_Placed):
    """How the frame of a body, site or geom is turned: a matrix from its frame to the world (3, 3)."""


@dataclass(frozen=True)
class Quaternion(Source):
    """How the frame of a body is turned: w, x, y, z, from its frame to the world (4,).

    Attributes:
        body: Name of the body, or several.
    """

    body: str | tuple[str, ...]


@dataclass(frozen=True)
class LinearVelocity(_Placed):
    """How fast the frame's origin of a body, site or geom moves (3,) [m/s].

    Attributes:
        frame: ``world``, or ``body`` for the axes of the object itself.
    """

    frame: str = "world"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(f"frame of {self.name}", self.frame, ("world", "body"))


@dataclass(frozen=True)
class AngularVelocity(_Placed):
    """How fast a body, site or geom turns (3,) [rad/s].

    Attributes:
        frame: ``world``, or ``body`` for the axes of the object itself.
    """

    frame: str = "body"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(f"frame of {self.name}", self.frame, ("world", "body"))


@dataclass(frozen=True)
class CenterOfMass(Source):
    """Centre of mass of a body and all that hangs on it, in the world (3,) [m].

    Attributes:
        body: Name of the body; by default the whole world.
    """

    body: str = "world"


@dataclass(frozen=True)
class SensorReading(Source):
    """What sensors of the MJCF read, one after the other.

    Attributes:
        sensors: Their names.
        unit: SI unit; by default that of the first sensor's type.
        frame: Where a vector is measured.
    """

    sensors: tuple[str, ...]
    unit: str = ""
    frame: str = ""


@dataclass(frozen=True)
class ContactForce(Source):
    """Torque and force on bodies from contacts and other outside causes, about the centre of mass (bodies, 6).

    Attributes:
        bodies: Their names; all bodies by default, the world first.
        first: Leave out the bodies before this one.
    """

    bodies: tuple[str, ...] = ()
    first: int = 0


@dataclass(frozen=True)
class Field(Source):
    """Any field of MjData as MuJoCo names it, such as ``cinert``, flattened.

    Attributes:
        field: Its name.
        first: Leave out the rows before this one.
        unit: SI unit of its numbers.
    """

    field: str = ""
    first: int = 0
    unit: str = "1"


@dataclass(frozen=True)
class ModelField(Source):
    """Numbers of each world's own model, such as a randomised mass, flattened.

    Attributes:
        field: A field of MjModel such as ``body_mass``, or of MjOption such as ``opt.gravity``.
        elements: Names of the bodies, geoms, joints ...; all by default.
        unit: SI unit of its numbers.
    """

    field: str = ""
    elements: tuple[str, ...] = ()
    unit: str = "1"


@dataclass(frozen=True)
class Control(Source):
    """What reaches the actuators of the MJCF, after the actuator models, in their unit (actuators,)."""


@dataclass(frozen=True)
class PreviousAction(Source):
    """The action of the step that led here; at the start of an episode, the initial one of the action spec."""


@dataclass(frozen=True)
class Elapsed(Source):
    """Time since the start of the episode () [s]."""


@dataclass(frozen=True)
class Constant(Source):
    """The same numbers in every world.

    Attributes:
        value: A number, or nested tuples of numbers.
        unit: SI unit.
        frame: Where a vector is measured.
        description: One line for people.
    """

    value: Any = 0.0
    unit: str = "1"
    frame: str = ""
    description: str = ""


@dataclass(frozen=True)
class Command(Source):
    """What the robot is told to do: uniform random numbers, drawn per episode and perhaps again in it.

    Attributes:
        low: Smallest value of each number.
        high: Largest value of each number.
        unit: SI unit.
        frame: Where a vector is measured.
        every_s: Draw again so often [s]; 0 for once per episode.
        zero: Chance that a draw is zero, all numbers together, so that standing still is practised too.
        scaled_by: Another command of one number, which stands before this one: what is drawn is multiplied by it.
        description: One line for people.
    """

    low: float | tuple[float, ...] = -1.0
    high: float | tuple[float, ...] = 1.0
    unit: str = "1"
    frame: str = ""
    every_s: float = 0.0
    zero: float = 0.0
    scaled_by: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        low, high = (value if isinstance(value, tuple) else (value,) for value in (self.low, self.high))
        if len(low) != len(high):
            raise TaskError(f"command {self.name!r} has {len(low)} numbers in low and {len(high)} in high")
        for smallest, largest in zip(low, high, strict=True):
            check_number(f"high of command {self.name}", largest, -1e9, 1e9)
            check_number(f"low of command {self.name}", smallest, -1e9, largest)
        check_number(f"every_s of command {self.name}", self.every_s, 0.0, 3600.0)
        check_number(f"zero of command {self.name}", self.zero, 0.0, 1.0)


@dataclass(frozen=True)
class Computed(Source):
    """A signal computed from others.

    Attributes:
        function: ``function(out, *inputs)`` fills the array ``out`` (n, *shape) from arrays (n, *shape of the input) of
            the inputs' values. Rows are worlds, and each may depend on its own only. NumPy serves, and a Numba function
            is faster.
        inputs: Names of signals that stand before this one.
        shape: Shape of one sample.
        unit: SI unit.
        frame: Where a vector is measured.
        description: One line for people.
    """

    function: Function = lambda out: None
    inputs: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    unit: str = "1"
    frame: str = ""
    description: str = ""
