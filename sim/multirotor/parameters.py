"""From a vehicle in SI units to the numbers that the equations of motion use."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from telic.sim.multirotor.dynamics import Airframe
from telic.sim.vehicle import Vehicle

# What domain randomisation may scale, in the order of `Randomisation`'s fields.
SCALABLE = ("mass", "inertia", "thrust", "torque_constant", "rise_time", "fall_time")


def airframe(vehicle: Vehicle, dt: float) -> NDArray[np.float32]:
    """Return the `Airframe` numbers (30,) of a vehicle for steps of dt [s]."""
    return airframes(vehicle, dt, {name: np.ones(1) for name in SCALABLE})[:, 0]


def airframes(vehicle: Vehicle, dt: float, scale: Mapping[str, NDArray[np.floating]]) -> NDArray[np.float32]:
    """Return the `Airframe` numbers (30, N) of N vehicles that differ from a nominal one.

    Args:
        vehicle: The nominal vehicle. The map from action to rotor speed always stays nominal, as firmware knows no
            other.
        dt: Length of a step [s].
        scale: For each name in `SCALABLE`, factors (N,).
    """
    mass = vehicle.mass * np.asarray(scale["mass"], np.float64)
    inertia = np.array(vehicle.inertia)[:, None] * scale["inertia"]
    yaw_arm = np.array(vehicle.rotor_directions)[:, None] * vehicle.torque_constant * scale["torque_constant"]
    positions = np.array(vehicle.rotor_positions)
    numbers = (
        1.0 / mass,
        *(np.array(normalised_thrust(vehicle))[:, None] * scale["thrust"]),
        *(positions[:, 1, None] / inertia[0]),
        *(-positions[:, 0, None] / inertia[1]),
        *(yaw_arm / inertia[2]),
        (inertia[1] - inertia[2]) / inertia[0],
        (inertia[2] - inertia[0]) / inertia[1],
        (inertia[0] - inertia[1]) / inertia[2],
        *(1.0 / inertia),
        *lag_shares(dt / (vehicle.rise_time_s * scale["rise_time"])),
        *lag_shares(dt / (vehicle.fall_time_s * scale["fall_time"])),
    )
    return np.stack(np.broadcast_arrays(*Airframe._make(numbers))).astype(np.float32)


def normalised_thrust(vehicle: Vehicle) -> tuple[float, float, float]:
    """Return the coefficients [N] of the thrust as a polynomial of the rotor speed normalised to -1..1."""
    low, high = vehicle.rotor_speed_range
    middle, reach = 0.5 * (low + high), 0.5 * (high - low)
    constant, linear, quadratic = vehicle.thrust_coefficients
    return (
        constant + linear * middle + quadratic * middle**2,
        (linear + 2.0 * quadratic * middle) * reach,
        quadratic * reach**2,
    )


def lag_shares(h: NDArray[np.floating]) -> tuple[NDArray[np.floating], ...]:
    """Return how far a first-order lag has gone at the stages of a Runge-Kutta step.

    For n' = (u - n) / t and h = dt / t, the classic stages are n + (u - n) * share with these polynomials of h; the
    last is the Taylor series of 1 - exp(-h) to fourth order.
    """
    return (
        h / 2,
        h / 2 - h**2 / 4,
        h - h**2 / 2 + h**3 / 4,
        h - h**2 / 2 + h**3 / 6 - h**4 / 24,
    )
