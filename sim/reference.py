"""References: where the vehicle should be at each time of an episode."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from telic.sim.suggest import did_you_mean

Vector3 = tuple[float, float, float]


@dataclass(frozen=True)
class ReferenceSample:
    """A reference at N times, float32.

    Attributes:
        position: (N, 3) [m], world frame.
        velocity: (N, 3) [m/s], world frame.
        acceleration: (N, 3) [m/s^2], world frame.
        yaw: (N,) [rad].
    """

    position: NDArray[np.float32]
    velocity: NDArray[np.float32]
    acceleration: NDArray[np.float32]
    yaw: NDArray[np.float32]

    def __iter__(self) -> Any:
        return iter((self.position, self.velocity, self.acceleration, self.yaw))


@runtime_checkable
class Reference(Protocol):
    """Anything that says where to be at a time.

    Attributes:
        duration_s: Time after which the reference stands still, or infinity.
        period_s: Time of one lap, or None.
    """

    @property
    def duration_s(self) -> float: ...  # noqa: D102

    @property
    def period_s(self) -> float | None: ...  # noqa: D102

    def sample(self, time: NDArray[np.floating]) -> ReferenceSample:
        """Return the reference at times (N,) [s] since the start of the episode."""
        ...


@dataclass(frozen=True)
class Hold:
    """Stay at one point, with a fixed or a turning yaw.

    Attributes:
        position: [m], world frame.
        yaw: Yaw at time 0 [rad].
        yaw_rate: [rad/s].
    """

    kind: ClassVar[str] = "hold"
    position: Vector3 = (0.0, 0.0, 1.0)
    yaw: float = 0.0
    yaw_rate: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "position", _vector(self, "position"))
        _finite(self, "yaw", "yaw_rate")

    @property
    def duration_s(self) -> float:
        """0 where nothing moves."""
        return math.inf if self.yaw_rate else 0.0

    @property
    def period_s(self) -> float | None:
        """Time of one turn."""
        return 2.0 * math.pi / abs(self.yaw_rate) if self.yaw_rate else None

    def sample(self, time: NDArray[np.floating]) -> ReferenceSample:
        """Return the same point at all times (N,) [s]."""
        time = np.asarray(time, np.float64)
        still = np.zeros((*time.shape, 3))
        return _sample(still + self.position, still, still, self.yaw + self.yaw_rate * time)


@dataclass(frozen=True)
class Lissajous:
    """A figure eight, a circle, or any other Lissajous curve, flown with a smooth start.

    Axis j is at ``center_j + amplitude_j sin(frequency_j phi + phase_j)``. The angle phi runs at 2 pi / period_s after
    the start; during the first ``ramp_s`` seconds its rate rises linearly from 0, so that a vehicle can start at rest.

    Attributes:
        center: [m], world frame.
        amplitude: [m] for each axis.
        frequency: Whole waves per lap, for each axis.
        phase: [rad] for each axis.
        period_s: Time of one lap at full rate [s].
        yaw: [rad].
        ramp_s: Duration of the start [s].
    """

    kind: ClassVar[str] = "lissajous"
    center: Vector3 = (0.0, 0.0, 1.0)
    amplitude: Vector3 = (1.0, 0.5, 0.0)
    frequency: tuple[int, int, int] = (1, 2, 1)
    phase: Vector3 = (math.pi / 2.0, math.pi, 0.0)
    period_s: float = 5.5
    yaw: float = 0.0
    ramp_s: float = 2.0

    def __post_init__(self) -> None:
        for name in ("center", "amplitude", "phase"):
            object.__setattr__(self, name, _vector(self, name))
        frequency = _vector(self, "frequency")
        if any(number != int(number) or number < 0 for number in frequency):
            raise ValueError(f"Lissajous frequency is {self.frequency!r}; allowed: three whole numbers of at least 0")
        object.__setattr__(self, "frequency", tuple(int(number) for number in frequency))
        _finite(self, "yaw")
        _above(self, "period_s", 0.0)
        if not 0.0 <= self.ramp_s < math.inf:
            raise ValueError(f"Lissajous ramp_s is {self.ramp_s!r}; allowed: 0 s or more")

    @property
    def duration_s(self) -> float:
        """A curve is flown without end."""
        return math.inf

    def sample(self, time: NDArray[np.floating]) -> ReferenceSample:
        """Points of the curve at times (N,) [s], with exact derivatives."""
        time = np.asarray(time, np.float64)[..., None]
        rate = 2.0 * math.pi / self.period_s
        ramp = max(self.ramp_s, 1e-9)
        starting = time < ramp
        phi = np.where(starting, 0.5 * rate * time**2 / ramp, rate * (time - 0.5 * ramp))
        phi_rate = np.where(starting, rate * time / ramp, rate)
        phi_acceleration = np.where(starting, rate / ramp, 0.0)
        waves, size = np.array(self.frequency, np.float64), np.array(self.amplitude)
        angle = waves * phi + np.array(self.phase)
        position = np.array(self.center) + size * np.sin(angle)
        velocity = size * waves * np.cos(angle) * phi_rate
        acceleration = size * waves * (np.cos(angle) * phi_acceleration - waves * np.sin(angle) * phi_rate**2)
        return _sample(position, velocity, acceleration, np.full(time.shape[:-1], self.yaw))


@dataclass(frozen=True)
class Waypoints:
    """Straight flight from point to point, each leg with minimum jerk, resting at the last point.

    A leg of length d takes ``15/8 d / speed`` seconds, so that ``speed`` is the highest speed on it.

    Attributes:
        points: At least two points [m], world frame; the flight starts at the first.
        speed: Highest speed [m/s].
        yaw: [rad].
    """

    kind: ClassVar[str] = "waypoints"
    points: tuple[Vector3, ...] = ((0.0, 0.0, 1.0), (1.0, 0.0, 1.0))
    speed: float = 1.0
    yaw: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.points, Sequence) or len(self.points) < 2:
            raise ValueError(f"Waypoints points is {self.points!r}; allowed: at least two points of three numbers [m]")
        points = tuple(_numbers(point, f"Waypoints points[{index}]") for index, point in enumerate(self.points))
        object.__setattr__(self, "points", points)
        _above(self, "speed", 0.0)
        _finite(self, "yaw")

    @property
    def duration_s(self) -> float:
        """Time until the last point."""
        return float(self._times()[-1])

    @property
    def period_s(self) -> float | None:
        """The flight is not repeated."""
        return None

    def sample(self, time: NDArray[np.floating]) -> ReferenceSample:
        """Points of the flight at times (N,) [s], with exact derivatives."""
        time = np.asarray(time, np.float64)
        ends, points = self._times(), np.array(self.points)
        leg = np.clip(np.searchsorted(ends, time, side="right") - 1, 0, len(ends) - 2)
        # A leg between equal points takes no time; any duration serves, as its length is 0.
        duration = np.maximum(ends[leg + 1] - ends[leg], 1e-9)
        s = np.clip((time - ends[leg]) / duration, 0.0, 1.0)
        way = points[leg + 1] - points[leg]
        # Minimum jerk from rest to rest: Flash and Hogan 1985.
        share = s**3 * (10.0 - 15.0 * s + 6.0 * s**2)
        share_rate = 30.0 * s**2 * (1.0 - s) ** 2 / duration
        share_acceleration = 60.0 * s * (1.0 - s) * (1.0 - 2.0 * s) / duration**2
        return _sample(
            points[leg] + share[..., None] * way,
            share_rate[..., None] * way,
            share_acceleration[..., None] * way,
            np.full(time.shape, self.yaw),
        )

    def _times(self) -> NDArray[np.float64]:
        """Return the times (points,) [s] at which each point is reached."""
        lengths = np.linalg.norm(np.diff(np.array(self.points), axis=0), axis=1)
        return np.concatenate([[0.0], np.cumsum(15.0 / 8.0 * lengths / self.speed)])


KINDS: dict[str, type[Hold] | type[Lissajous] | type[Waypoints]] = {
    "hold": Hold,
    "lissajous": Lissajous,
    "waypoints": Waypoints,
}


def reference_spec(reference: Hold | Lissajous | Waypoints) -> dict[str, Any]:
    """Return a packaged reference as plain data for JSON; `make_reference` reads it back."""
    return {"kind": reference.kind, **asdict(reference)}


def make_reference(spec: Mapping[str, Any]) -> Hold | Lissajous | Waypoints:
    """Make a reference from plain data: ``{"kind": "lissajous", "period_s": 5.5, ...}``.

    Raises:
        ValueError: If the kind or a field is unknown, or a value is not allowed.
    """
    values = dict(spec)
    kind = values.pop("kind", None)
    if kind not in KINDS:
        raise ValueError(f"unknown reference kind {kind!r}{did_you_mean(str(kind), KINDS)}")
    known = list(KINDS[kind].__dataclass_fields__)
    known.remove("kind")
    for name in values:
        if name not in known:
            raise ValueError(f"reference {kind!r} has no field {name!r}{did_you_mean(name, known)}")
    return KINDS[kind](**values)


def _sample(position: Any, velocity: Any, acceleration: Any, yaw: Any) -> ReferenceSample:
    return ReferenceSample(*(np.asarray(array, np.float32) for array in (position, velocity, acceleration, yaw)))


def _vector(reference: Any, field: str) -> Vector3:
    return _numbers(getattr(reference, field), f"{type(reference).__name__} {field}")


def _numbers(value: Any, name: str) -> Vector3:
    numbers = np.asarray(value, dtype=object).ravel().tolist()
    if len(numbers) != 3 or not all(isinstance(n, (int, float)) and math.isfinite(n) for n in numbers):
        raise ValueError(f"{name} is {value!r}; allowed: three finite numbers")
    return (float(numbers[0]), float(numbers[1]), float(numbers[2]))


def _finite(reference: Any, *names: str) -> None:
    for name in names:
        value = getattr(reference, name)
        if not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ValueError(f"{type(reference).__name__} {name} is {value!r}; allowed: a finite number")


def _above(reference: Any, name: str, bound: float) -> None:
    _finite(reference, name)
    if getattr(reference, name) <= bound:
        raise ValueError(f"{type(reference).__name__} {name} is {getattr(reference, name)!r}; allowed: above {bound:g}")
