"""Arm, reach: bring the gripper to a point."""

from telic.sim.mujoco.starts import Disturb, FromKeyframe, Place
from telic.sim.mujoco.task import MujocoTask
from telic.sim.observe import Observe
from telic.sim.robots.scene import scene_text
from telic.sim.robots.table import add_goal, arm_on_table
from telic.sim.tasks.manipulation import (
    ACTUATORS,
    CONTROL,
    DECIMATION,
    JOINTS,
    RewardKind,
    arm_sensors,
    arm_signals,
    goal_signals,
)


def arm_reach(reward: RewardKind = "shaped", duration_s: float = 4.0) -> MujocoTask:
    """Bring the gripper of an arm with seven joints to a point in front of it, and hold it there.

    Args:
        reward: ``shaped``, or ``sparse`` for success alone.
        duration_s: Length of an episode [s].
    """
    spec = arm_on_table()
    add_goal(spec, radius=0.025)
    return MujocoTask(
        name="arm_reach",
        description="Bring the gripper of a seven-joint arm to a point and hold it there",
        xml=scene_text(spec),
        signals=(*arm_signals(), *goal_signals("gripper_position")),
        observation=(*arm_sensors(), Observe("goal_offset", scale=2.0), Observe("previous_action")),
        reward="arm_reach" if reward == "shaped" else "arm_reach_sparse",
        decimation=DECIMATION,
        control=CONTROL,
        actuators=ACTUATORS,
        reset=(
            FromKeyframe("home"),
            Disturb("position", 0.1, joints=JOINTS),
            Place("goal", (0.35, -0.3, 0.1), (0.6, 0.3, 0.5)),
        ),
        truncate_after_s=duration_s,
    )
