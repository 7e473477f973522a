"""What the tasks of the arm of seven joints have in common: joints, sensors and commands."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from telic.replay.action import ActionSpec
from telic.sim.mujoco.actuators import Actuator
from telic.sim.mujoco.sources import (
    Computed,
    JointPosition,
    JointVelocity,
    LinearVelocity,
    Position,
    PreviousAction,
    Rotation,
    Source,
)
from telic.sim.observe import Observe

RewardKind = Literal["shaped", "sparse"]

JOINTS = tuple(f"joint{number}" for number in range(1, 8))
JOINT_SPEED = (2.175,) * 4 + (2.61,) * 3  # Limits of the robot's joints [rad/s].
HOME = (0.0, -math.pi / 4, 0.0, -3 * math.pi / 4, 0.0, math.pi / 2, math.pi / 4)  # [rad]
FINGER_STROKE = 0.04  # Of each finger [m].
DECIMATION = 8  # Of 5 ms: 25 Hz.

# An action of 1 is half of the joint's speed limit: a full second from rest to rest is what these tasks need.
SPEED_SHARE = 0.5

CONTROL = ActionSpec((*JOINTS, "gripper"), initial=(0.0,) * 7 + (1.0,))
ACTUATORS = (
    *(Actuator(name, scale=SPEED_SHARE * speed) for name, speed in zip(JOINTS, JOINT_SPEED, strict=True)),
    Actuator("gripper", scale=FINGER_STROKE / 2.0, offset=FINGER_STROKE / 2.0),
)


def arm_signals() -> tuple[Source, ...]:
    """Return the signals of the arm itself."""
    return (
        JointPosition("joint_position", joints=JOINTS),
        JointVelocity("joint_velocity", joints=JOINTS),
        JointPosition("finger_position", joints=("left_finger", "right_finger")),
        Position("gripper_position", site="gripper"),
        Rotation("gripper_rotation", site="gripper"),
        LinearVelocity("gripper_velocity", site="gripper"),
        PreviousAction("previous_action"),
    )


def object_signals() -> tuple[Source, ...]:
    """Return the signals of a free object and of where it is from the gripper."""
    return (
        Position("object_position", body="object"),
        Rotation("object_rotation", body="object"),
        LinearVelocity("object_velocity", body="object"),
        offset("object_offset", "gripper_position", "object_position", "the object's position from the gripper"),
    )


def goal_signals(start: str) -> tuple[Source, ...]:
    """Return the signals of a goal and of where it is from what should get there."""
    return (
        Position("goal_position", site="goal"),
        offset("goal_offset", start, "goal_position", f"the goal's position from {start}"),
    )


def offset(name: str, start: str, end: str, description: str) -> Computed:
    """Return the signal of a difference of positions in the world frame."""
    return Computed(
        name, function=_difference, inputs=(start, end), shape=(3,), unit="m", frame="world", description=description
    )


def arm_sensors() -> tuple[Observe, ...]:
    """Return what the arm's policies see of the arm."""
    return (
        Observe("joint_position"),
        Observe("joint_velocity", scale=0.5),
        Observe("finger_position", scale=25.0),
        Observe("gripper_position"),
    )


def _difference(out: NDArray[np.floating], start: NDArray[np.floating], end: NDArray[np.floating]) -> None:
    np.subtract(end, start, out=out)
