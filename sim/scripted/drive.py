"""The warehouse vehicle without learning: a known way past the racks, free directions near it, and patience.

A short version of the vector field histogram: J. Borenstein, Y. Koren, "The vector field histogram: fast obstacle
avoidance for mobile robots", IEEE Transactions on Robotics and Automation 7(3), 1991.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from telic.sim.robots.warehouse import BEAMS, CART_RATE, FIELD_OF_VIEW
from telic.sim.tasks.agv import MAX_TURN, MIDDLE_SPEED

_BEAM_ANGLES = np.linspace(-FIELD_OF_VIEW / 2.0, FIELD_OF_VIEW / 2.0, BEAMS)
_DIRECTIONS = np.linspace(-2.0, 2.0, 61)  # What may be driven towards [rad].
_HALF_WIDTH = 0.45  # Of the corridor that must be free: the vehicle's and a margin [m].
_HORIZON = 2.0  # Further away nothing matters yet [m].
_SPEEDUP = 1.5  # Speed per free way [1/s].
_STOP = 0.25  # Free way at which the vehicle stands [m].

_CROSSING_S = np.linspace(0.0, 2.6, 14)  # While the vehicle crosses the lane in the middle [s].
_BESIDE = 0.85  # Distance from the lane's cart that is enough [m].

# The map: a point beside each rack, where the way leads past it; the other rack's is opposite.
_GAP = np.array([1.4, 0.85])  # [m]


def drive(signals: Mapping[str, NDArray[np.floating]]) -> NDArray[np.float32]:
    """Return the actions (N, 2), forward speed and turning rate, each from -1 to 1.

    Args:
        signals: ``range`` (N, beams) [m]; ``base_position`` (N, 3) [m], ``base_rotation`` (N, 3, 3) and
            ``goal_position`` (N, 3) [m], world frame; and ``cart_position`` [m] and ``cart_velocity`` [m/s] (N, carts).
    """
    ranges = np.asarray(signals["range"], np.float64)
    distance, wanted = _next_point(signals)
    horizon = np.minimum(distance, _HORIZON)[:, None]
    free = np.minimum(_free_way(ranges), horizon)
    off = np.abs(_wrapped(_DIRECTIONS - wanted[:, None]))
    score = 2.0 * free / horizon - off - 0.2 * np.abs(_DIRECTIONS)
    direction = _DIRECTIONS[np.argmax(score, axis=1)]
    # What is behind is turned to on the spot.
    direction = np.where(np.abs(wanted) > _DIRECTIONS[-1], np.sign(wanted) * _DIRECTIONS[-1], direction)

    ahead = _free_way(ranges)[:, len(_DIRECTIONS) // 2]
    speed = np.clip(_SPEEDUP * (ahead - _STOP), 0.0, 1.2) * np.clip(1.2 - np.abs(direction), 0.0, 1.0)
    speed[_must_wait(signals)] = 0.0
    turn = np.clip(2.0 * direction, -MAX_TURN, MAX_TURN)
    return np.stack((np.clip(speed - MIDDLE_SPEED, -1.0, 1.0), turn / MAX_TURN), axis=1).astype(np.float32)


def _next_point(signals: Mapping[str, NDArray[np.floating]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return distance [m] and bearing [rad] (N,) of the next point of the way: past both racks, then the goal."""
    here = np.asarray(signals["base_position"], np.float64)[:, :2]
    goal = np.asarray(signals["goal_position"], np.float64)[:, :2]
    rotation = np.asarray(signals["base_rotation"], np.float64)
    target = goal.copy()
    eastwards = np.where(goal[:, 0] > 0.0, 1.0, -1.0)
    # The way is the same in both directions, turned by half a turn.
    for gap in (1.0, -1.0):
        before = eastwards * here[:, 0] < gap * _GAP[0] - 0.1
        target[before] = (gap * eastwards[:, None] * _GAP)[before]
    way = target - here
    heading = np.arctan2(rotation[:, 1, 0], rotation[:, 0, 0])
    return np.hypot(way[:, 0], way[:, 1]), _wrapped(np.arctan2(way[:, 1], way[:, 0]) - heading)


def _must_wait(signals: Mapping[str, NDArray[np.floating]]) -> NDArray[np.bool_]:
    """Return which vehicles (N,) stand before the lane in the middle while its cart comes."""
    here = np.asarray(signals["base_position"], np.float64)
    eastwards = np.where(np.asarray(signals["goal_position"])[:, 0] > 0.0, 1.0, -1.0)
    before = eastwards * here[:, 0]
    position, velocity = (np.asarray(signals[f"cart_{name}"], np.float64)[:, :1] for name in ("position", "velocity"))
    phase = CART_RATE * _CROSSING_S
    cart = position * np.cos(phase) + velocity / CART_RATE * np.sin(phase)
    crosses_at = 0.6 * here[:, 1:2]
    comes = np.any(np.abs(cart - crosses_at) < _BESIDE, axis=1)
    return (before > -1.2) & (before < -0.65) & comes


def _wrapped(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.mod(angle + np.pi, 2.0 * np.pi) - np.pi


def _free_way(ranges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far a corridor is free in each of `_DIRECTIONS` (N, directions) [m]."""
    angle = _BEAM_ANGLES - _DIRECTIONS[:, None]
    forward = ranges[:, None] * np.cos(angle)
    aside = np.abs(ranges[:, None] * np.sin(angle))
    hit = (forward > 0.0) & (aside < _HALF_WIDTH)
    return np.min(np.where(hit, forward, np.inf), axis=2).clip(0.0, 8.0)
