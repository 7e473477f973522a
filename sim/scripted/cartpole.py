"""Cart-pole without learning: pump energy until the pole is near the top, then balance by a linear regulator.

Energy pumping: K. Astrom, K. Furuta, "Swinging up a pendulum by energy control", Automatica 36(2), 2000.
"""

import math
from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from telic.sim.scripted.regulator import linear_regulator
from telic.sim.tasks.cartpole import MAX_FORCE

CART_MASS = 1.0  # [kg]
POLE_MASS = 0.1  # [kg]
CENTRE = 0.5  # Distance of the pole's centre of mass from its hinge [m].
PIVOT_INERTIA = POLE_MASS * CENTRE**2 + POLE_MASS * 1.0**2 / 12.0  # About the hinge [kg m2].
GRAVITY = 9.81

_PUMP = 12.0  # Acceleration of the cart per joule of missing energy and rad/s [1/(kg m)].
_HOLD_WITHIN = 0.35  # [rad]
_HOLD_BELOW = 3.0  # [rad/s]


def swing_up_and_balance(signals: Mapping[str, NDArray[np.floating]]) -> NDArray[np.float32]:
    """Return the actions for cart-poles in any state.

    Args:
        signals: ``cart_position`` (N,) [m], ``cart_velocity`` (N,) [m/s], ``pole_angle`` (N,) [rad], zero upright, and
            ``pole_velocity`` (N,) [rad/s].

    Returns:
        Actions (N, 1): the force over `MAX_FORCE`, within 1.
    """
    x, v, angle, rate = (
        np.asarray(signals[name], np.float64).reshape(-1)
        for name in ("cart_position", "cart_velocity", "pole_angle", "pole_velocity")
    )
    angle = np.mod(angle + math.pi, 2.0 * math.pi) - math.pi
    near = (np.abs(angle) < _HOLD_WITHIN) & (np.abs(rate) < _HOLD_BELOW)
    hold = -np.stack((x, angle, v, rate), axis=1) @ _gains()
    force = np.where(near, hold, _pumping_force(x, v, angle, rate))
    return np.clip(force / MAX_FORCE, -1.0, 1.0).astype(np.float32)[:, None]


def _pumping_force(
    x: NDArray[np.float64], v: NDArray[np.float64], angle: NDArray[np.float64], rate: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Accelerate the cart so that the pole's energy approaches that of the upright pole, and stay near the middle."""
    lever = POLE_MASS * CENTRE
    missing = 0.5 * PIVOT_INERTIA * rate**2 + lever * GRAVITY * (np.cos(angle) - 1.0)
    # A pole that hangs still gives no direction to push in.
    rate_or_start = np.where((np.abs(rate) < 0.05) & (np.cos(angle) < -0.99), 0.05, rate)
    pump = np.clip(_PUMP * missing * rate_or_start * np.cos(angle), -7.0, 7.0)
    acceleration = pump - 1.0 * x - 0.6 * v
    angular = (lever * GRAVITY * np.sin(angle) - lever * acceleration * np.cos(angle)) / PIVOT_INERTIA
    return (CART_MASS + POLE_MASS) * acceleration + lever * (angular * np.cos(angle) - rate**2 * np.sin(angle))


@cache
def _gains() -> NDArray[np.floating]:
    """Return the regulator's gains (4,) on cart position, angle, cart velocity and angular velocity."""
    lever = POLE_MASS * CENTRE
    mass = np.array([[CART_MASS + POLE_MASS, lever], [lever, PIVOT_INERTIA]])
    stiffness = np.array([[0.0, 0.0], [0.0, lever * GRAVITY]])
    state = np.block([[np.zeros((2, 2)), np.eye(2)], [np.linalg.solve(mass, stiffness), np.zeros((2, 2))]])
    control = np.concatenate((np.zeros(2), np.linalg.solve(mass, [1.0, 0.0])))[:, None]
    return linear_regulator(state, control, np.diag([1.0, 10.0, 0.5, 0.5]), np.array([[0.05]]))[0]
