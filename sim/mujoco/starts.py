"""How an episode of a MuJoCo task starts, as plain data. The rules of a task are applied one after the other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from telic.sim.errors import TaskError, check_choice, check_number, check_range

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FromKeyframe:
    """Start in a keyframe of the MJCF; without this rule, in its reference configuration at rest.

    Attributes:
        name: Name of the keyframe.
    """

    name: str


@dataclass(frozen=True)
class Disturb:
    """Add independent random numbers to the positions or velocities of joints.

    Attributes:
        what: ``position`` or ``velocity``.
        scale: Half width of a uniform distribution, or standard deviation of a normal one.
        kind: ``uniform`` or ``normal``.
        joints: Names; all joints by default.
    """

    what: str
    scale: float
    kind: str = "uniform"
    joints: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_choice("what is disturbed", self.what, ("position", "velocity"))
        check_choice("kind of a disturbance", self.kind, ("uniform", "normal"))
        check_number(f"scale of a disturbed {self.what}", self.scale, 0.0, 1e6)


@dataclass(frozen=True)
class Draw:
    """Set positions or velocities of joints to independent uniform random numbers.

    Attributes:
        what: ``position`` or ``velocity``.
        joints: Names of joints.
        low: Smallest value, or one for each number.
        high: Largest value, or one for each number.
        between: Smallest and largest distance from ``center`` of all the numbers together, as a point: what is drawn
            nearer or further is drawn again.
        center: The point from which the distance is measured; zeros by default.
    """

    what: str
    joints: tuple[str, ...]
    low: float | tuple[float, ...]
    high: float | tuple[float, ...]
    between: tuple[float, float] | None = None
    center: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        check_choice("what is drawn", self.what, ("position", "velocity"))
        if not self.joints:
            raise TaskError(f"a drawn {self.what} names no joints")
        if self.between is not None:
            check_range(f"between of {', '.join(self.joints)}", self.between, 0.0, 1e6)


@dataclass(frozen=True)
class Place:
    """Put a body that floats freely, or a mocap body, somewhere in a box, turned about the vertical.

    Attributes:
        body: Name of the body.
        low: Lower corner of the box [m], world frame.
        high: Upper corner [m].
        yaw: Smallest and largest angle about the vertical [rad].
    """

    body: str
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    yaw: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        for axis, smallest, largest in zip("xyz", self.low, self.high, strict=True):
            check_range(f"{axis} of body {self.body}", (smallest, largest), -1e6, 1e6)
        check_range(f"yaw of body {self.body}", self.yaw, -100.0, 100.0)


class Start(Protocol):
    """The first states of some episodes, to be changed in place: one row per world, in MuJoCo's order."""

    qpos: Floats
    qvel: Floats
    ctrl: Floats
    mocap_pos: Floats
    mocap_quat: Floats

    def uniform(self, count: int) -> Floats:
        """Return random numbers (n, count), uniform in [0, 1), that depend only on the seed, the world and its episode.

        Each call returns others.
        """
        ...

    def command(self, name: str) -> Floats:
        """Return the values of a command (n, size), to be read or changed."""
        ...

    def position(self, joint: str) -> Floats:
        """Return the position of a joint (n, size): a view of ``qpos``."""
        ...

    def velocity(self, joint: str) -> Floats:
        """Return the velocity of a joint (n, size): a view of ``qvel``."""
        ...


@dataclass(frozen=True)
class Arrange:
    """Change the first states with a function, where the other rules do not say enough.

    Attributes:
        function: Takes a `Start`. Rows are worlds, and each may depend on its own only.
    """

    function: Callable[[Start], None]


ResetRule = FromKeyframe | Disturb | Draw | Place | Arrange
