"""A trot without learning: two diagonal pairs of legs in turn, feet placed by Raibert's rule.

Foot placement: M. Raibert, "Legged Robots That Balance", 1986, chapter 2.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from telic.sim.tasks.locomotion import ACTION_SCALE, HOME, LEGS

Floats = NDArray[np.float64]
Signals = Mapping[str, NDArray[np.floating]]

# Lengths of the quadruped [m]: see quadruped.xml.
HIP = np.array([[0.1881, -0.04675], [0.1881, 0.04675], [-0.1881, -0.04675], [-0.1881, 0.04675]])
SHOULDER, THIGH, CALF = 0.08, 0.213, 0.213
WEIGHT = 12.0 * 9.81  # [N]
STIFFNESS = 40.0  # Of the joints' servos [N m/rad].

_SIDE = np.array([-1.0, 1.0, -1.0, 1.0])  # The right legs are on the negative y side.
_HIP_TO_FOOT = HIP + np.stack((0.0 * _SIDE, _SIDE * SHOULDER), axis=1)  # Where feet are from the trunk's middle.
_PHASE = np.array([0.0, math.pi, math.pi, 0.0])  # FR and RL together, FL and RR together.
_PERIOD_S = 0.54
_STANCE_S = _PERIOD_S / 2.0
_LIFT = 0.078  # [m]
_HEIGHT = 0.261  # Of the hips above the feet [m].
_CORRECTION = 0.1  # Foot placement per velocity error [s].
_BOOST = 0.4  # Extra velocity per missing velocity [1].
# The gait falls short by a fixed share, and drifts: measured on flat ground.
_GAIN = 1.4
_DRIFT = np.array([0.12, 0.0])  # [m/s]
_FASTEST = 0.65  # Faster it falls [m/s].
_NEUTRAL = 0.24  # Share of the present velocity in the place where feet touch down.
_LEVEL = 1.28  # Change of a leg's length per tilt of the trunk.
_BEHIND = -0.024  # Places of the feet from the hips while walking [m].
_MOST_LEVEL = 0.05  # Largest such change [m].
_PUSHED_ABOVE = 0.25  # [m/s]
_STANDS_BELOW = 0.05  # Commands this small are answered by standing [m/s] and [rad/s].


def trot(signals: Signals) -> NDArray[np.float32]:
    """Return the actions (N, 12) that walk with ``command_velocity`` and ``command_yaw_rate``.

    Args:
        signals: Those of the task, of which also ``elapsed``, ``base_linear_velocity``, ``base_angular_velocity`` and
            ``projected_gravity`` are read.
    """
    command = np.asarray(signals["command_velocity"], np.float64)
    turn = np.asarray(signals["command_yaw_rate"], np.float64).reshape(-1)
    return leg_actions(signals, command, turn)


def leg_actions(signals: Signals, velocity: Floats, yaw_rate: Floats) -> NDArray[np.float32]:
    """Return the actions (N, 12) of the legs that walk with a velocity (N, 2) [m/s] and a yaw rate (N,) [rad/s]."""
    present = np.asarray(signals["base_linear_velocity"], np.float64)[:, :2]
    down = np.asarray(signals["projected_gravity"], np.float64)
    # A robot that was pushed steps, whatever it is told.
    still = (np.linalg.norm(velocity, axis=1) < _STANDS_BELOW) & (np.abs(yaw_rate) < _STANDS_BELOW)
    still &= np.linalg.norm(present, axis=1) < _PUSHED_ABOVE
    phase = 2.0 * math.pi * np.asarray(signals["elapsed"], np.float64).reshape(-1, 1) / _PERIOD_S + _PHASE
    phase = np.mod(phase, 2.0 * math.pi)
    swings = (phase < math.pi) & ~still[:, None]
    share = np.where(swings, phase / math.pi, phase / math.pi - 1.0)  # Of the present swing or stance.

    foot = np.empty((len(velocity), len(LEGS), 3))
    foot[..., :2] = np.where(still[:, None, None], 0.0, _places(signals, velocity, yaw_rate, swings, share))
    foot[..., 1] += _SIDE * SHOULDER
    # Level the trunk: legs on the low side push further down.
    tilt = np.einsum("nk,lk->nl", down[:, :2], _HIP_TO_FOOT)
    lift = np.where(swings, _LIFT * np.sin(math.pi * share), 0.0)
    foot[..., 2] = lift - _HEIGHT - np.clip(_LEVEL * tilt, -_MOST_LEVEL, _MOST_LEVEL)
    angles = leg_angles(foot)
    load = np.where(swings, 0.0, WEIGHT / np.maximum(1, np.sum(~swings, axis=1))[:, None])
    angles += _load_torque(angles, load) / STIFFNESS
    actions = (angles - np.array(HOME)) / np.array(ACTION_SCALE)
    return np.clip(actions.reshape(len(actions), -1), -1.0, 1.0).astype(np.float32)


def _places(signals: Signals, velocity: Floats, yaw_rate: Floats, swings: NDArray[np.bool_], share: Floats) -> Floats:
    """Return where the feet of a walking robot are from their hips, along x and y (N, 4, 2) [m].

    Args:
        signals: Of the task.
        velocity: To walk with (N, 2) [m/s].
        yaw_rate: To turn with (N,) [rad/s].
        swings: Which feet are in the air (N, 4).
        share: How much of the present swing or stance is over (N, 4).
    """
    present = np.asarray(signals["base_linear_velocity"], np.float64)[:, :2]
    present_turn = np.asarray(signals["base_angular_velocity"], np.float64)[:, 2]
    velocity = np.clip(_GAIN * velocity, -_FASTEST, _FASTEST) + _DRIFT
    # Soft servos fall behind: ask for more than is commanded by as much as is missing.
    wanted = _at_hips(velocity + _BOOST * (velocity - present), yaw_rate + _BOOST * (yaw_rate - present_turn))
    error = _at_hips(present - velocity, present_turn - yaw_rate)
    neutral = wanted + _NEUTRAL * (_at_hips(present, present_turn) - wanted)
    touchdown = 0.5 * _STANCE_S * neutral + _CORRECTION * error
    liftoff = -0.5 * _STANCE_S * wanted
    smooth = 0.5 - 0.5 * np.cos(math.pi * share)
    swinging = liftoff + (touchdown - liftoff) * smooth[..., None]
    standing = 0.5 * _STANCE_S * wanted * (1.0 - 2.0 * share[..., None])
    return np.where(swings[..., None], swinging, standing) + np.array((_BEHIND, 0.0))


def leg_angles(foot: Floats) -> Floats:
    """Return the joint angles (..., 4, 3) that bring feet to places (..., 4, 3) [m] from their hips, body frame."""
    x, y, z = foot[..., 0], foot[..., 1], foot[..., 2]
    across = np.sqrt(np.maximum(y**2 + z**2 - SHOULDER**2, 1e-6))  # Length of the leg in its own plane, upright.
    hip = np.arctan2(y, -z) - np.arctan2(_SIDE * SHOULDER, across)
    reach = np.sqrt(x**2 + across**2)
    reach = np.clip(reach, 0.1, THIGH + CALF - 1e-3)
    knee = np.arccos(np.clip((THIGH**2 + CALF**2 - reach**2) / (2.0 * THIGH * CALF), -1.0, 1.0))
    bend = np.arccos(np.clip((THIGH**2 + reach**2 - CALF**2) / (2.0 * THIGH * reach), -1.0, 1.0))
    thigh = np.arctan2(-x, across) + bend
    return np.stack((hip, thigh, knee - math.pi), axis=-1)


def _load_torque(angles: Floats, load: Floats) -> Floats:
    """Return the joint torques (..., 4, 3) [N m] of legs that carry loads (..., 4) [N]: the servos yield by so much."""
    hip, thigh, calf = angles[..., 0], angles[..., 1], angles[..., 1] + angles[..., 2]
    forward = -THIGH * np.sin(thigh) - CALF * np.sin(calf)
    below = THIGH * np.cos(thigh) + CALF * np.cos(calf)
    # How the foot's height changes with each angle: torque is minus the load times that.
    by_hip = below * np.sin(hip) + _SIDE * SHOULDER * np.cos(hip)
    by_thigh = -forward * np.cos(hip)
    by_calf = CALF * np.sin(calf) * np.cos(hip)
    return -load[..., None] * np.stack((by_hip, by_thigh, by_calf), axis=-1)


def _at_hips(velocity: Floats, yaw_rate: Floats) -> Floats:
    """Return the velocity (N, 4, 2) of the ground's points under the hips of a body that moves and turns."""
    around = np.stack((-_HIP_TO_FOOT[:, 1], _HIP_TO_FOOT[:, 0]), axis=1)
    return velocity[:, None] + yaw_rate[:, None, None] * around
