"""Swimmer: a snake of three links swims forward."""

from telic.sim.mujoco.sources import JointPosition, JointVelocity, PreviousAction
from telic.sim.mujoco.starts import Disturb
from telic.sim.mujoco.task import MujocoTask
from telic.sim.observe import Observe
from telic.sim.tasks.gymnasium.models import mjcf

_HINGES = ("free_body_rot", "motor1_rot", "motor2_rot")


def swimmer() -> MujocoTask:
    """Swim forward with a snake of three links, as Gymnasium's Swimmer-v5."""
    return MujocoTask(
        name="swimmer",
        description="Swim forward with a snake of three links, as Gymnasium's Swimmer-v5",
        xml=mjcf("swimmer"),
        signals=(
            JointPosition("root_position", joints=("slider1", "slider2")),
            JointPosition("joint_position", joints=_HINGES),
            JointVelocity("root_velocity", joints=("slider1", "slider2")),
            JointVelocity("joint_velocity", joints=_HINGES),
            PreviousAction("previous_action"),
        ),
        observation=(Observe("joint_position"), Observe("root_velocity"), Observe("joint_velocity")),
        reward="swimmer",
        decimation=4,
        reset=(Disturb("position", 0.1), Disturb("velocity", 0.1)),
        truncate_after_s=40.0,
        dtype="float64",
        refresh="none",
    )
