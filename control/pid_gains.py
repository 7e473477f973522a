"""Gains of the PID cascade, from the physics of a vehicle.

Between a rotor command and the place of a vehicle lies a chain of integrators behind the rotors' lag: angular
acceleration, angular velocity, attitude (which is the lateral acceleration), velocity, position. A cascade feeds each
of them back, and an integral of the position error closes it. With n states the closed loop has the characteristic
polynomial of n coefficients to choose; all poles are put at -q, at (s + q)^n, so that nothing rings and no loop is
faster or slower than its neighbours can bear. The gain of each loop is then the ratio of neighbouring coefficients.

How fast q may be is physics too: an attitude error of `full_torque_angle` shall ask for just the angular acceleration
that the rotors can give.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from telic.control.mixer import Mixer, allocation
from telic.sim.vehicle import GRAVITY, Vehicle

Array = NDArray[np.float64]

# The chains, counted with their integrals: what is fed back of each.
LATERAL_LOOPS = 6  # Angular acceleration, angular velocity, attitude, velocity, position, integral of the position.
VERTICAL_LOOPS = 4  # Acceleration, velocity, position, integral of the position.
YAW_LOOPS = 4  # Angular acceleration, angular velocity, yaw, integral of the angular velocity.

# Highest q times control period: the innermost lateral loop, six times as fast, keeps about 40 degrees of phase margin.
FASTEST_PER_STEP = 0.1
VERTICAL_SHARE = 0.75  # Vertical q over lateral q; the acceleration is differentiated from a noisy velocity.
RATE_INTEGRAL_SHARE = 0.25  # Of the attitude gain, as in the binomial yaw chain.


@dataclass(frozen=True)
class PidConfig:
    """What is chosen about the controller; all else follows from the vehicle.

    Attributes:
        full_torque_angle: Attitude error that asks for all of the torque about an axis [rad]. Smaller is faster.
        tilt_limit_deg: Largest tilt that the position loop asks for [deg].
        speed_limit: Fastest approach to the reference that it asks for [m/s].
        yaw_rate_limit: Fastest turn that the yaw loop asks for [rad/s].
        integral_limit_g: Largest acceleration by which the position's integral corrects [gravities].
        integral_radius: The integral stands still while the error is greater than this along an axis [m].
    """

    full_torque_angle: float = 1.0
    tilt_limit_deg: float = 50.0
    speed_limit: float = 2.0
    yaw_rate_limit: float = 3.0
    integral_limit_g: float = 0.15
    integral_radius: float = 0.2

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0.0 < value < math.inf:
                raise ValueError(f"{name} is {value!r}; allowed: above 0")
        if self.tilt_limit_deg > 80.0:
            raise ValueError(f"tilt_limit_deg is {self.tilt_limit_deg!r}; allowed: up to 80, where lift is left")


@dataclass(frozen=True)
class PidGains:
    """Gains along (x, y, z), or about the body axes.

    Attributes:
        integral: Velocity per integral of the position error, over `position` [1/s].
        position: Velocity per position error [1/s].
        velocity: Acceleration per velocity error [1/s].
        climb_damping: Vertical acceleration asked for per vertical acceleration felt [1].
        attitude: Angular velocity per attitude error [1/s].
        rate: Angular acceleration per angular velocity error [1/s].
        rate_integral: Angular acceleration per its integral [1/s^2].
        rate_derivative: Angular acceleration asked for per angular acceleration felt [1].
        torque_reserve: Angular acceleration that the rotors can give [rad/s^2].
    """

    integral: Array
    position: Array
    velocity: Array
    climb_damping: float
    attitude: Array
    rate: Array
    rate_integral: Array
    rate_derivative: Array
    torque_reserve: Array


def design_gains(vehicle: Vehicle, dt: float, config: PidConfig) -> PidGains:
    """Return the gains for a vehicle that is controlled every dt [s]."""
    lag = rotor_lag(vehicle)
    reserve = torque_reserve(vehicle)
    lateral = bandwidth(reserve[:2].min(), lag, LATERAL_LOOPS, dt, config)
    yaw = bandwidth(reserve[2], lag, YAW_LOOPS, dt, config)
    roll_loops = cascade(LATERAL_LOOPS, lateral, lag)
    yaw_loops = cascade(YAW_LOOPS, yaw, lag)
    climb_loops = cascade(VERTICAL_LOOPS, VERTICAL_SHARE * lateral, lag)

    acceleration, rate, attitude, *_ = np.stack([roll_loops[:3], roll_loops[:3], yaw_loops[:3]], axis=1)
    velocity, position, integral = np.stack([roll_loops[3:], roll_loops[3:], climb_loops[1:]], axis=1)
    proportional = lag * acceleration * rate
    return PidGains(
        integral=integral,
        position=position,
        # The vertical velocity acts through the rotors' lag, the lateral one through the attitude loop.
        velocity=velocity * np.array([1.0, 1.0, lag * climb_loops[0]]),
        climb_damping=lag * climb_loops[0] - 1.0,
        attitude=attitude,
        rate=proportional,
        rate_integral=RATE_INTEGRAL_SHARE * attitude * proportional,
        rate_derivative=lag * acceleration - 1.0,
        torque_reserve=reserve,
    )


def cascade(loops: int, q: float, lag: float) -> Array:
    """Return the gains [1/s] of a chain of loops with all poles at -q, innermost first.

    The innermost is never slower than the lag itself: rotors that are faster than needed need no lead.
    """
    gains = [q * math.comb(loops, k + 1) / math.comb(loops, k) for k in range(loops)]
    return np.array([max(gains[0], 1.0 / lag), *gains[1:]])


def bandwidth(reserve: float, lag: float, loops: int, dt: float, config: PidConfig) -> float:
    """Return q [1/s]: the three innermost gains turn the full-torque angle into lag * comb(loops, 3) q^3 of command."""
    q = (reserve / (lag * math.comb(loops, 3) * config.full_torque_angle)) ** (1.0 / 3.0)
    return min(q, FASTEST_PER_STEP / dt)


def rotor_lag(vehicle: Vehicle) -> float:
    """Return one time constant [s] for rotors of which half rise and half fall: the mean of the two speeds' rates."""
    return 2.0 / (1.0 / vehicle.rise_time_s + 1.0 / vehicle.fall_time_s)


def torque_reserve(vehicle: Vehicle) -> Array:
    """Return the angular accelerations (3,) [rad/s^2] that the rotors can give.

    About x and y, which the mixer puts before thrust, from all slow to half of them fast; about z while they hover.
    """
    mixer = Mixer(vehicle)
    arms = np.abs(allocation(vehicle)[1:]).sum(axis=1)
    hover = 0.25 * vehicle.mass * GRAVITY
    either_way = min(mixer.most - hover, hover - mixer.least)
    swing = 0.5 * (mixer.most - mixer.least)
    return arms * np.array([swing, swing, either_way]) / np.array(vehicle.inertia)
