"""The quadruped with an arm without learning: trot towards the goal, and follow it with the gripper all the while."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from functools import cache

import mujoco
import numpy as np
from numpy.typing import NDArray

from telic.sim.robots.scene import load_robot
from telic.sim.scripted.trot import Floats, Signals, leg_actions
from telic.sim.tasks.locomotion import JOINTS
from telic.sim.tasks.quadruped_arm import ARM_HOME, ARM_SCALE

_BEFORE = 0.45  # Distance of the trunk from the point above or below the goal where it stops [m].
_TOP_SPEED, _TOP_TURN = 0.5, 0.8  # [m/s], [rad/s]
_REACHES = 0.7  # The arm moves towards goals nearer than this, else it stays at home [m].
_STEP = 0.08  # Share of the gripper's way in one control step.
_DAMPING = 0.08


def walk_and_reach(signals: Signals) -> NDArray[np.float32]:
    """Return the actions (N, 18): twelve of the legs, then six of the arm."""
    goal = np.asarray(signals["goal_in_base"], np.float64)
    bearing = np.arctan2(goal[:, 1], goal[:, 0])
    # Where the robot looks elsewhere it turns first.
    ahead = np.clip(1.5 * (np.linalg.norm(goal[:, :2], axis=1) - _BEFORE), -0.3, _TOP_SPEED) * np.maximum(
        0.0, np.cos(bearing)
    )
    velocity = np.stack((ahead, 0.0 * ahead), axis=1)
    legs = leg_actions(signals, velocity, np.clip(1.5 * bearing, -_TOP_TURN, _TOP_TURN))
    return np.concatenate((legs, _arm_actions(signals, goal)), axis=1)


def _arm_actions(signals: Signals, goal: Floats) -> NDArray[np.float32]:
    """Return the arm's actions (N, 6): its targets of the step before, moved towards the goal (N, 3) from the trunk."""
    before = np.asarray(signals["previous_action"], np.float64)[:, len(JOINTS) :]
    angles = np.asarray(signals["arm_joint_position"], np.float64)
    error = goal - np.asarray(signals["gripper_in_base"], np.float64)
    near = np.linalg.norm(goal, axis=1) < _REACHES
    targets = np.array(ARM_HOME) + np.array(ARM_SCALE) * before
    for row, joints in enumerate(angles):
        if not near[row]:
            targets[row] += 0.1 * (np.array(ARM_HOME) - targets[row])
            continue
        jacobian = _jacobian(joints)
        step = _STEP * error[row] / max(1.0, np.linalg.norm(error[row]) / 0.3)
        targets[row] += jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + _DAMPING**2 * np.eye(3), step)
    return np.clip((targets - np.array(ARM_HOME)) / np.array(ARM_SCALE), -1.0, 1.0).astype(np.float32)


def _jacobian(joints: Floats) -> Floats:
    """Return the Jacobian (3, 6) of the gripper's velocity by the joints' [m/rad], in the frame of the trunk."""
    model, data, site = _arm()
    data.qpos[:] = joints
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    jacobian = np.zeros((3, model.nv))
    mujoco.mj_jacSite(model, data, jacobian, None, site)
    return jacobian


@cache
def _arm() -> tuple[mujoco.MjModel, mujoco.MjData, int]:
    model = load_robot("arm6").compile()
    return model, mujoco.MjData(model), model.site("gripper").id
