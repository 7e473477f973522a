"""The arm's tasks without learning: steps towards a pose of the gripper, by damped least squares.

Damped least squares: S. Buss, "Introduction to Inverse Kinematics with Jacobian Transpose, Pseudoinverse and Damped
Least Squares methods", 2004. Each policy looks at the present signals only: what to do follows from where things are.
"""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Mapping
from functools import cache

import mujoco
import numpy as np
from numpy.typing import NDArray

from telic.sim.robots.scene import load_robot
from telic.sim.tasks.manipulation import HOME, JOINT_SPEED, SPEED_SHARE

Floats = NDArray[np.float64]
Signals = Mapping[str, NDArray[np.floating]]

_DAMPING = 0.05
_POSITION_GAIN = 5.0  # [1/s]
_ROTATION_GAIN = 3.0  # [1/s]
_POSTURE_GAIN = 0.5  # Pull of the redundant joint towards the home posture [1/s].
_TOP_SPEED = 0.4  # Of the gripper [m/s].

_OPEN, _CLOSED = 1.0, -1.0
_CLEARANCE = 0.1  # Height above things in which the gripper travels [m].


def reach(signals: Signals) -> NDArray[np.float32]:
    """Return actions (N, 8) that bring the gripper to ``goal_position``."""
    here = _of(signals, "gripper_position")
    return _actions(signals, _POSITION_GAIN * (_of(signals, "goal_position") - here), _yaw(0.0, len(here)), _OPEN)


def push(signals: Signals) -> NDArray[np.float32]:
    """Return actions (N, 8) that push ``object_position`` to ``goal_position``.

    The closed fingers travel above the table, come down behind the object, and push it along the line to its goal.
    """
    here, thing, goal = (_of(signals, name) for name in ("gripper_position", "object_position", "goal_position"))
    way = goal[:, :2] - thing[:, :2]
    distance = np.linalg.norm(way, axis=1)
    forward = way / np.maximum(distance, 1e-6)[:, None]
    from_thing = here[:, :2] - thing[:, :2]
    along = np.sum(from_thing * forward, axis=1)
    aside = from_thing - along[:, None] * forward

    behind = thing[:, :2] - 0.065 * forward
    height, low = here[:, 2], thing[:, 2] + 0.003
    at_work = (along < -0.02) & (along > -0.09) & (np.linalg.norm(aside, axis=1) < 0.02) & (height < low + 0.02)
    off_start = np.linalg.norm(here[:, :2] - behind, axis=1)
    over_start = off_start < 0.012
    arrived = distance < 0.015

    velocity = np.empty_like(here)
    shove = forward * np.minimum(0.2, 0.02 + 2.0 * distance)[:, None] - _POSITION_GAIN * aside
    may_travel = (height > low + 0.6 * _CLEARANCE) | (off_start < 0.025)
    travel = _POSITION_GAIN * (behind - here[:, :2]) * may_travel[:, None]
    velocity[:, :2] = np.where(at_work[:, None], shove, travel)
    travel_height = np.where(over_start, low, low + _CLEARANCE)
    velocity[:, 2] = _POSITION_GAIN * (np.where(at_work, low, travel_height) - height)
    velocity[arrived] = 0.0
    return _actions(signals, velocity, _yaw(0.0, len(here)), _CLOSED)


def pick(signals: Signals) -> NDArray[np.float32]:
    """Return actions (N, 8) that grasp the object and bring it to ``goal_position``."""
    here, thing, goal = (_of(signals, name) for name in ("gripper_position", "object_position", "goal_position"))
    turn = np.asarray(signals["object_rotation"], np.float64).reshape(-1, 3, 3)
    yaw = np.arctan2(turn[:, 1, 0], turn[:, 0, 0])
    # A cube looks the same after a quarter turn.
    yaw = np.mod(yaw + np.pi / 4.0, np.pi / 2.0) - np.pi / 4.0

    level = np.linalg.norm(here[:, :2] - thing[:, :2], axis=1)
    around = (level < 0.012) & (np.abs(here[:, 2] - thing[:, 2]) < 0.012)
    fingers = _of(signals, "finger_position").mean(axis=1)
    held = around & (fingers < 0.0225)
    above = thing + np.stack((0 * level, 0 * level, np.where(level < 0.008, 0.0, _CLEARANCE)), axis=1)
    # Low and beside the object, first up: the way there would lead through it.
    too_low = (level > 0.03) & (here[:, 2] < thing[:, 2] + 0.6 * _CLEARANCE)
    above[too_low, :2] = here[too_low, :2]

    target = np.where(held[:, None], goal + here - thing, np.where(around[:, None], here, above))
    grip = np.where(around, _CLOSED, _OPEN)
    return _actions(signals, _limited(_POSITION_GAIN * (target - here), 0.25), _yaw(yaw, len(here)), grip)


def open_door(signals: Signals) -> NDArray[np.float32]:
    """Return actions (N, 8) that grasp the handle from above and lead it along its arc."""
    here, handle = _of(signals, "gripper_position"), _of(signals, "handle_position")
    angle = _of(signals, "door_angle")[:, 0]
    level = np.linalg.norm(here[:, :2] - handle[:, :2], axis=1)
    around = (level < 0.012) & (np.abs(here[:, 2] - handle[:, 2]) < 0.015)
    fingers = _of(signals, "finger_position").mean(axis=1)
    held = around & (fingers < 0.018)

    target = handle + np.stack((0 * level, 0 * level, np.where(level < 0.008, 0.0, _CLEARANCE)), axis=1)
    velocity = _limited(_POSITION_GAIN * (target - here), 0.3)
    # Along the arc, whose tangent at the closed door is -x, and back to the handle's middle.
    tangent = np.stack((-np.cos(angle), np.sin(angle), 0.0 * angle), axis=1)
    lead = 0.2 * tangent * (angle < 1.1)[:, None] + 2.0 * (handle - here)
    velocity[around] = 0.0
    velocity[held] = lead[held]
    return _actions(signals, velocity, _yaw(-angle, len(here)), np.where(around, _CLOSED, _OPEN))


def _actions(
    signals: Signals, velocity: Floats, rotation: Floats, grip: float | NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the actions that move the gripper.

    Args:
        signals: ``joint_position`` (N, 7) and ``gripper_rotation`` (N, 3, 3).
        velocity: Of the gripper (N, 3) [m/s], world frame.
        rotation: To turn the gripper to (N, 3, 3).
        grip: 1 to open, -1 to close, (N,) or for all.
    """
    position = _of(signals, "joint_position")
    present = np.asarray(signals["gripper_rotation"], np.float64).reshape(-1, 3, 3)
    # The rotation vector between two frames, for small angles: half the sum of the cross products of their axes.
    error = 0.5 * np.sum(np.cross(present, rotation, axisa=1, axisb=1, axisc=1), axis=2)
    twist = np.concatenate((_limited(velocity, _TOP_SPEED), _limited(_ROTATION_GAIN * error, 1.5)), axis=1)
    actions = np.empty((len(position), 8), np.float32)
    for row, joints in enumerate(position):
        jacobian = _jacobian(joints)
        inverse = jacobian.T @ np.linalg.inv(jacobian @ jacobian.T + _DAMPING**2 * np.eye(6))
        redundant = np.eye(7) - inverse @ jacobian
        speed = inverse @ twist[row] + redundant @ (_POSTURE_GAIN * (np.array(HOME) - joints))
        share = speed / (SPEED_SHARE * np.array(JOINT_SPEED))
        # Slow all joints together: the gripper keeps its direction.
        actions[row, :7] = share / max(1.0, np.abs(share).max())
    actions[:, 7] = grip
    return actions


def _jacobian(joints: Floats) -> Floats:
    """Return the Jacobian (6, 7) of the gripper's linear and angular velocity by the joints' [m/rad] and [1]."""
    model, data, site = _arm()
    data.qpos[:7] = joints
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    jacobian = np.zeros((6, model.nv))
    mujoco.mj_jacSite(model, data, jacobian[:3], jacobian[3:], site)
    return jacobian[:, :7]


@cache
def _arm() -> tuple[mujoco.MjModel, mujoco.MjData, int]:
    model = load_robot("arm7").compile()
    return model, mujoco.MjData(model), model.site("gripper").id


def _yaw(angle: float | Floats, count: int) -> Floats:
    """Return rotations about the vertical (count, 3, 3), of a gripper that points down."""
    angle = np.broadcast_to(angle, count)
    rotation = np.zeros((count, 3, 3))
    rotation[:, 0, 0] = rotation[:, 1, 1] = np.cos(angle)
    rotation[:, 1, 0] = np.sin(angle)
    rotation[:, 0, 1] = -np.sin(angle)
    rotation[:, 2, 2] = 1.0
    return rotation


def _limited(vectors: Floats, most: float) -> Floats:
    """Shorten vectors (N, 3) to a largest length."""
    return vectors / np.maximum(1.0, np.linalg.norm(vectors, axis=1) / most)[:, None]


def _of(signals: Signals, name: str) -> Floats:
    array = np.asarray(signals[name], np.float64)
    return array.reshape(len(array), -1)
