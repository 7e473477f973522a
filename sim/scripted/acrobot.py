"""Acrobot without learning: bend the elbow against the swing of the shoulder, which pumps energy into it.

M. Spong, "The swing up control problem for the acrobot", IEEE Control Systems 15(1), 1995: the elbow follows an angle
given by the shoulder's velocity, by collocated partial feedback linearisation.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from telic.sim.tasks.acrobot import MAX_TORQUE

Floats = NDArray[np.float64]

# Both links: 1 kg, 1 m, centre of mass in the middle, inertia of a thin rod [kg m2].
_CENTRE, _INERTIA, _GRAVITY = 0.5, 1.0 / 12.0, 9.81
_BEND = 2.5  # Of the elbow at a fast swing [rad].
_STIFFNESS, _DAMPING = 30.0, 1.0  # Of the elbow's motion [1/s2] and [1/s].


def swing_up(signals: Mapping[str, NDArray[np.floating]]) -> NDArray[np.float32]:
    """Return the actions (N, 1) for acrobots in any state.

    Args:
        signals: ``joint_position`` (N, 2) [rad], zero where both links stand, and ``joint_velocity`` (N, 2) [rad/s].
    """
    angle = np.asarray(signals["joint_position"], np.float64)
    rate = np.asarray(signals["joint_velocity"], np.float64)
    elbow = np.mod(angle[:, 1] + math.pi, 2.0 * math.pi) - math.pi
    wanted = -_BEND * (2.0 / math.pi) * np.arctan(rate[:, 0])
    acceleration = _STIFFNESS * (wanted - elbow) - _DAMPING * rate[:, 1]
    torque = _torque_for(acceleration, angle[:, 0], elbow, rate)
    return np.clip(torque / MAX_TORQUE, -1.0, 1.0).astype(np.float32)[:, None]


def _torque_for(acceleration: Floats, shoulder: Floats, elbow: Floats, rate: Floats) -> Floats:
    """Return the elbow's torque (N,) [N m] for an acceleration of the elbow, while nothing drives the shoulder."""
    own = _INERTIA + _CENTRE**2
    both = own + _CENTRE * np.cos(elbow)
    whole = 2.0 * both + 1.0
    turning = -_CENTRE * np.sin(elbow)
    weight = -_CENTRE * _GRAVITY * np.sin(shoulder + elbow)
    bias_shoulder = turning * (2.0 * rate[:, 0] + rate[:, 1]) * rate[:, 1]
    bias_shoulder += weight - (_CENTRE + 1.0) * _GRAVITY * np.sin(shoulder)
    bias_elbow = -turning * rate[:, 0] ** 2 + weight
    return (own - both**2 / whole) * acceleration + bias_elbow - both / whole * bias_shoulder
