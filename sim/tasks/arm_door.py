"""Arm, door: pull a door open by its handle."""

from telic.sim.mujoco.sources import JointPosition, JointVelocity, Position
from telic.sim.mujoco.starts import Disturb, FromKeyframe
from telic.sim.mujoco.task import MujocoTask
from telic.sim.observe import Observe
from telic.sim.robots.scene import scene_text
from telic.sim.robots.table import add_door, arm_on_table
from telic.sim.tasks.manipulation import (
    ACTUATORS,
    CONTROL,
    DECIMATION,
    JOINTS,
    RewardKind,
    arm_sensors,
    arm_signals,
    offset,
)


def arm_door(reward: RewardKind = "shaped", duration_s: float = 10.0) -> MujocoTask:
    """Open a door by at least 45 degrees.

    Args:
        reward: ``shaped``, or ``sparse`` for success alone.
        duration_s: Length of an episode [s].
    """
    spec = arm_on_table()
    add_door(spec)
    return MujocoTask(
        name="arm_door",
        description="Pull a door open by its handle",
        xml=scene_text(spec),
        signals=(
            *arm_signals(),
            JointPosition("door_angle", joints=("door",)),
            JointVelocity("door_velocity", joints=("door",)),
            Position("handle_position", site="handle"),
            offset("handle_offset", "gripper_position", "handle_position", "the handle's position from the gripper"),
        ),
        observation=(
            *arm_sensors(),
            Observe("handle_offset", scale=2.0),
            Observe("door_angle"),
            Observe("door_velocity"),
            Observe("previous_action"),
        ),
        reward="arm_door" if reward == "shaped" else "arm_door_sparse",
        decimation=DECIMATION,
        control=CONTROL,
        actuators=ACTUATORS,
        reset=(FromKeyframe("home"), Disturb("position", 0.1, joints=JOINTS)),
        truncate_after_s=duration_s,
    )
