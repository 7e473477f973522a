"""Ant: a robot with four legs runs forward."""

from telic.sim.mujoco.sources import ContactForce, JointPosition, JointVelocity, Position, PreviousAction
from telic.sim.mujoco.starts import Disturb
from telic.sim.mujoco.task import MujocoTask, Outside
from telic.sim.observe import Observe
from telic.sim.tasks.gymnasium.contacts import limited_contact_load
from telic.sim.tasks.gymnasium.models import mjcf


def ant() -> MujocoTask:
    """Run forward on four legs, as Gymnasium's Ant-v5."""
    return MujocoTask(
        name="ant",
        description="Run forward on four legs, as Gymnasium's Ant-v5",
        xml=mjcf("ant"),
        signals=(
            Position("torso_position", body="torso"),
            # Height, quaternion and hinges; linear and angular velocity of the torso and those of the hinges.
            JointPosition("configuration", first=2),
            JointVelocity("velocity"),
            ContactForce("contact_force", first=1),
            limited_contact_load(),
            PreviousAction("previous_action"),
        ),
        observation=(Observe("configuration"), Observe("velocity"), Observe("contact_force", clip=1.0)),
        reward="ant",
        decimation=5,
        reset=(Disturb("position", 0.1), Disturb("velocity", 0.1, kind="normal")),
        terminate=(Outside("configuration", 0.2, 1.0, element=0),),
        truncate_after_s=50.0,
        dtype="float64",
        refresh="none",
    )
