"""A vehicle: the physical numbers of one multirotor, read from a TOML file and checked field by field."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from telic.sim.suggest import did_you_mean

GRAVITY = 9.81  # m/s^2, standard for all worlds; along world -z.

Vector3 = tuple[float, float, float]


class VehicleError(ValueError):
    """A vehicle that cannot fly, or a file that does not describe one."""


@dataclass(frozen=True)
class _Allowed:
    """The range of every number in a field, and the shape of the field."""

    low: float
    high: float
    shape: tuple[int, ...] = ()


_ALLOWED = {
    "mass": _Allowed(1e-3, 1e3),
    "inertia": _Allowed(1e-9, 1e3, (3,)),
    "rotor_positions": _Allowed(-10.0, 10.0, (4, 3)),
    "rotor_directions": _Allowed(-1, 1, (4,)),
    "rotor_speed_range": _Allowed(0.0, 1e6, (2,)),
    "thrust_coefficients": _Allowed(-1e4, 1e4, (3,)),
    "torque_constant": _Allowed(0.0, 1.0),
    "rise_time_s": _Allowed(1e-3, 5.0),
    "fall_time_s": _Allowed(1e-3, 5.0),
    "rotor_radius": _Allowed(1e-3, 5.0),
}


@dataclass(frozen=True)
class Vehicle:
    """A rigid body with four rotors that push along body +z.

    The body frame is x forward, y left, z up, with its origin at the centre of mass and its axes along the principal
    axes of inertia. Rotor i pushes with ``c0 + c1 n_i + c2 n_i^2`` newton at rotor speed ``n_i`` and turns the body
    about +z with ``rotor_directions[i] * torque_constant`` newton metre per newton of thrust.

    Attributes:
        name: A short name, used in file names.
        mass: kg.
        inertia: Principal moments (x, y, z) [kg m^2].
        rotor_positions: (4, 3) [m], body frame.
        rotor_directions: Sign of the reaction torque of each rotor about body +z.
        rotor_speed_range: Lowest and highest rotor speed, in ``rotor_speed_unit``.
        thrust_coefficients: c0, c1, c2 [N, N/unit, N/unit^2].
        torque_constant: Yaw torque over thrust [m].
        rise_time_s: Time constant of the rotor speed when it rises [s].
        fall_time_s: Time constant when it falls [s].
        rotor_speed_unit: Unit of the rotor speed, for people: ``rpm``, or ``1`` for a share of full speed.
        rotor_radius: For pictures only [m].
        description: One line for people.
    """

    name: str
    mass: float
    inertia: Vector3
    rotor_positions: tuple[Vector3, Vector3, Vector3, Vector3]
    rotor_directions: tuple[int, int, int, int]
    rotor_speed_range: tuple[float, float]
    thrust_coefficients: Vector3
    torque_constant: float
    rise_time_s: float
    fall_time_s: float
    rotor_speed_unit: str = "1"
    rotor_radius: float = 0.03
    description: str = ""

    def __post_init__(self) -> None:
        for name, allowed in _ALLOWED.items():
            object.__setattr__(self, name, _numbers(getattr(self, name), allowed, name))
        directions = self.rotor_directions
        if any(abs(direction) != 1 for direction in directions):
            raise VehicleError(f"rotor_directions is {list(directions)}; allowed: -1 or 1 for each rotor")
        low, high = self.rotor_speed_range
        if high <= low:
            raise VehicleError(f"rotor_speed_range is {[low, high]}; the second number must be greater than the first")
        _check_inertia(self.inertia)
        self._check_thrust()

    def _check_thrust(self) -> None:
        low, high = self.rotor_speed_range
        _, linear, quadratic = self.thrust_coefficients
        if self.thrust(low) < 0.0 or min(linear + 2 * quadratic * low, linear + 2 * quadratic * high) < 0.0:
            raise VehicleError(
                f"thrust_coefficients is {list(self.thrust_coefficients)}; the thrust must be at least 0 N and must "
                f"not fall with rotor speed anywhere in rotor_speed_range {[low, high]}"
            )
        if self.thrust_to_weight <= 1.0:
            raise VehicleError(
                f"the vehicle cannot lift itself: full thrust is {4 * self.thrust(high):.4g} N and the weight "
                f"{self.mass * GRAVITY:.4g} N; allowed thrust over weight: above 1. Check mass, thrust_coefficients "
                f"and rotor_speed_range"
            )

    def thrust(self, rotor_speed: float) -> float:
        """Thrust of one rotor [N] at a rotor speed in the vehicle's own unit."""
        constant, linear, quadratic = self.thrust_coefficients
        return constant + linear * rotor_speed + quadratic * rotor_speed * rotor_speed

    @property
    def thrust_to_weight(self) -> float:
        """Thrust of all rotors at full speed over the weight."""
        return 4.0 * self.thrust(self.rotor_speed_range[1]) / (self.mass * GRAVITY)

    @property
    def hover_action(self) -> float:
        """The action in -1..1 that holds the weight when all four rotors share it; it balances a symmetric vehicle."""
        constant, linear, quadratic = self.thrust_coefficients
        missing = constant - self.mass * GRAVITY / 4.0
        if quadratic == 0.0:
            speed = -missing / linear
        else:
            speed = (-linear + math.sqrt(linear * linear - 4.0 * quadratic * missing)) / (2.0 * quadratic)
        low, high = self.rotor_speed_range
        return 2.0 * (speed - low) / (high - low) - 1.0

    @property
    def arm_length(self) -> float:
        """The largest distance of a rotor from the centre of mass [m]."""
        return max(math.hypot(*position) for position in self.rotor_positions)


def vehicle_names() -> tuple[str, ...]:
    """Names of the packaged vehicles."""
    folder = files("telic.sim") / "vehicles"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_vehicle(name_or_path: str | Path) -> Vehicle:
    """Read a packaged vehicle by name, or any vehicle from a TOML file.

    Raises:
        VehicleError: If there is no such vehicle, or if a field is missing, unknown or out of its range.
    """
    text = str(name_or_path)
    if not text.endswith(".toml") and text in vehicle_names():
        return _packaged(text)
    path = Path(name_or_path)
    if not path.is_file():
        raise VehicleError(f"no vehicle {text!r}{did_you_mean(text, vehicle_names())}")
    return parse_vehicle(path.read_text(encoding="utf-8"), source=str(path))


def parse_vehicle(text: str, source: str = "vehicle") -> Vehicle:
    """Read a vehicle from the text of a TOML file.

    Raises:
        VehicleError: With the source, the field, its value and what is allowed.
    """
    try:
        return _from_table(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise VehicleError(f"{source}: not a TOML file: {error}") from error
    except VehicleError as error:
        raise VehicleError(f"{source}: {error}") from error


@cache
def _packaged(name: str) -> Vehicle:
    text = (files("telic.sim") / "vehicles" / f"{name}.toml").read_text(encoding="utf-8")
    return parse_vehicle(text, source=f"{name}.toml")


def _from_table(table: Mapping[str, Any]) -> Vehicle:
    known = [field.name for field in fields(Vehicle)]
    for key in table:
        if key not in known:
            raise VehicleError(f"unknown field {key!r}{did_you_mean(key, known)}")
    missing = [field.name for field in fields(Vehicle) if field.default is MISSING and field.name not in table]
    if missing:
        described = ", ".join(f"{name} ({_describe(_ALLOWED[name])})" if name in _ALLOWED else name for name in missing)
        raise VehicleError(f"missing field: {described}")
    for key in ("name", "rotor_speed_unit", "description"):
        if key in table and not isinstance(table[key], str):
            raise VehicleError(f"{key} is {table[key]!r}; allowed: text")
    return Vehicle(**table)


def _numbers(value: Any, allowed: _Allowed, field: str) -> Any:
    """Return the value as nested tuples of the allowed shape, with every number checked."""
    if allowed.shape:
        count, *rest = allowed.shape
        if not isinstance(value, (list, tuple)) or len(value) != count:
            raise VehicleError(f"{field} is {value!r}; allowed: {_describe(allowed)}")
        inner = _Allowed(allowed.low, allowed.high, tuple(rest))
        return tuple(_numbers(item, inner, f"{field}[{index}]") for index, item in enumerate(value))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise VehicleError(f"{field} is {value!r}; allowed: {_describe(allowed)}")
    if not allowed.low <= value <= allowed.high:
        raise VehicleError(f"{field} is {value}; allowed: {_describe(allowed)}")
    return value


def _describe(allowed: _Allowed) -> str:
    numbers = f"{allowed.low:g} to {allowed.high:g}"
    shape = " x ".join(map(str, allowed.shape))
    return f"{shape} numbers, each {numbers}" if shape else numbers


def _check_inertia(inertia: Vector3) -> None:
    # Mass is never negative, so the moments of a rigid body obey the triangle inequality; 2 % covers rounded data.
    for axis, moment in enumerate(inertia):
        others = sum(inertia) - moment
        if moment > 1.02 * others:
            raise VehicleError(
                f"inertia[{axis}] is {moment:g}; allowed: at most the sum of the other two, {others:g} kg m^2 "
                f"(no rigid body has more: look for a missing exponent)"
            )
