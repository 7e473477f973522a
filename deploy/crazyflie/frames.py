"""What the Crazyflie firmware says in the policy's words, in NumPy float32: the twin of ``telic_convert.c``.

Every operation rounds to float32 in the order of the C program, so that both give the same bits.
"""

from dataclasses import dataclass

import numpy as np

from telic.deploy.contract import Contract
from telic.deploy.crazyflie.wiring import Wiring

RADIANS = np.float32(0.0174532925)  # One degree.


@dataclass(frozen=True)
class Estimate:
    """What the firmware knows of the vehicle, in the firmware's units and orders.

    Attributes:
        position: [m], world, shape (3,).
        velocity: [m/s], world, shape (3,).
        quaternion_xyzw: Body to world, shape (4,).
        gyro_deg: Angular velocity [deg/s], body: forward, left, up. Shape (3,).
    """

    position: np.ndarray
    velocity: np.ndarray
    quaternion_xyzw: np.ndarray
    gyro_deg: np.ndarray


@dataclass(frozen=True)
class Setpoint:
    """Where to be.

    Attributes:
        position: [m], world, shape (3,).
        velocity: [m/s], world, shape (3,).
        acceleration: [m/s^2], world, shape (3,).
        yaw_deg: Heading [deg]; None for the heading of the quaternion.
        quaternion_xyzw: Shape (4,), used without `yaw_deg`.
    """

    position: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray
    yaw_deg: float | None = 0.0
    quaternion_xyzw: np.ndarray | None = None


def observe(contract: Contract, estimate: Estimate, setpoint: Setpoint) -> np.ndarray:
    """Inputs of the executor. Shape (inputs_size,), float32."""
    heading = _heading(setpoint)
    position, velocity = _float32(estimate.position), _float32(estimate.velocity)
    rotation = rotation_matrix(estimate.quaternion_xyzw)
    signals = {
        "position": position,
        "velocity": velocity,
        "rotation": rotation,
        "angular_velocity": _float32(estimate.gyro_deg) * RADIANS,
        "position_error": _turn(heading, position - _float32(setpoint.position)),
        "velocity_error": _turn(heading, velocity - _float32(setpoint.velocity)),
        "attitude": _turn(heading, rotation),
        "acceleration_ahead": _turn(heading, _float32(setpoint.acceleration)),
    }
    return np.concatenate([signals[term.signal].ravel() for term in contract.inputs])


def forces(wiring: Wiring, action: np.ndarray, full_force: float | None) -> np.ndarray:
    """Actions (4,) as ``normalizedForces`` (4,), in the order of the motors.

    Args:
        wiring: Of the contract.
        action: From the safety filter.
        full_force: Thrust of a rotor at full power in firmware that compensates the battery [N]; None without.
    """
    rotors = list(wiring.rotors)
    command = (
        _float32(wiring.command_scale)[rotors] * _float32(action)[rotors] + _float32(wiring.command_offset)[rotors]
    )
    if full_force is None:
        share = command / np.float32(wiring.fastest)
    else:
        c0, c1, c2 = _float32(wiring.thrust_coefficients)
        share = ((c2 * command + c1) * command + c0) / np.float32(full_force)
    above = np.where(share > 0, share, np.float32(0))
    return np.where(above > 1, np.float32(1), above)


def rotation_matrix(quaternion_xyzw: np.ndarray) -> np.ndarray:
    """Body to world, shape (3, 3), float32, of a unit quaternion."""
    x, y, z, w = _float32(quaternion_xyzw)
    one, two = np.float32(1), np.float32(2)
    return np.array(
        [
            [one - two * (y * y + z * z), two * (x * y - w * z), two * (x * z + w * y)],
            [two * (x * y + w * z), one - two * (x * x + z * z), two * (y * z - w * x)],
            [two * (x * z - w * y), two * (y * z + w * x), one - two * (x * x + y * y)],
        ],
        np.float32,
    )


def heading_of_degrees(degrees: float) -> tuple[np.float32, np.float32]:
    """Cosine and sine to 2e-7: the rest to a quarter turn, then a polynomial fitted on ±45 degrees."""
    angle = np.float32(degrees)
    quarters = angle / np.float32(90)
    quarter = int(quarters + np.float32(-0.5 if quarters < 0 else 0.5))
    x = (angle - np.float32(90) * np.float32(quarter)) * RADIANS
    s = x * x
    a, b, c = (np.float32(value) for value in (-0.16666655, 0.00833218, -0.00019517))
    sine = x + (x * s) * (a + s * (b + s * c))
    a, b, c = (np.float32(value) for value in (0.04166665, -0.00138874, 0.00002444))
    cosine = (np.float32(1) - np.float32(0.5) * s) + (s * s) * (a + s * (b + s * c))
    return ((cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine))[quarter % 4]


def _heading(setpoint: Setpoint) -> tuple[np.float32, np.float32]:
    if setpoint.yaw_deg is not None:
        return heading_of_degrees(setpoint.yaw_deg)
    if setpoint.quaternion_xyzw is None:
        raise ValueError("a setpoint needs yaw_deg or quaternion_xyzw; it has neither")
    x, y, z, w = _float32(setpoint.quaternion_xyzw)
    forward = np.float32(1) - np.float32(2) * (y * y + z * z)
    left = np.float32(2) * (x * y + w * z)
    length = np.sqrt(forward * forward + left * left)
    return forward / length, left / length


def _turn(heading: tuple[np.float32, np.float32], world: np.ndarray) -> np.ndarray:
    """World to reference, for a vector (3,) or the columns of a matrix (3, 3)."""
    cosine, sine = heading
    x, y, z = world
    return np.stack([cosine * x + sine * y, cosine * y - sine * x, z])


def _float32(values: object) -> np.ndarray:
    return np.asarray(values, np.float32)
