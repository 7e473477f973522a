"""Pusher: an arm with seven joints pushes an object to a goal."""

from telic.sim.mujoco.sources import JointPosition, JointVelocity, Position, PreviousAction
from telic.sim.mujoco.starts import Disturb, Draw
from telic.sim.mujoco.task import MujocoTask
from telic.sim.observe import Observe
from telic.sim.tasks.gymnasium.models import mjcf

_ARM = (
    "r_shoulder_pan_joint",
    "r_shoulder_lift_joint",
    "r_upper_arm_roll_joint",
    "r_elbow_flex_joint",
    "r_forearm_roll_joint",
    "r_wrist_flex_joint",
    "r_wrist_roll_joint",
)
_OBJECT = ("obj_slidey", "obj_slidex")


def pusher() -> MujocoTask:
    """Push an object to a goal with an arm of seven joints, as Gymnasium's Pusher-v5."""
    return MujocoTask(
        name="pusher",
        description="Push an object to a goal with an arm of seven joints, as Gymnasium's Pusher-v5",
        xml=mjcf("pusher_v5"),
        signals=(
            JointPosition("joint_position", joints=_ARM),
            JointVelocity("joint_velocity", joints=_ARM),
            Position("tip_position", body="tips_arm"),
            Position("object_position", body="object"),
            Position("goal_position", body="goal"),
            PreviousAction("previous_action"),
        ),
        observation=(
            Observe("joint_position"),
            Observe("joint_velocity"),
            Observe("tip_position"),
            Observe("object_position"),
            Observe("goal_position"),
        ),
        reward="pusher",
        decimation=5,
        reset=(
            # At least 17 cm from the goal, which is in the middle.
            Draw("position", _OBJECT, low=(-0.3, -0.2), high=(0.0, 0.2), between=(0.17, 1.0)),
            Disturb("velocity", 0.005, joints=_ARM),
        ),
        truncate_after_s=5.0,
        dtype="float64",
        refresh="none",
    )
