"""InvertedPendulum: a cart keeps a pole upright."""

from telic.sim.mujoco.sources import JointPosition, JointVelocity, PreviousAction
from telic.sim.mujoco.starts import Disturb
from telic.sim.mujoco.task import MujocoTask, Outside
from telic.sim.observe import Observe
from telic.sim.tasks.gymnasium.models import mjcf


def inverted_pendulum() -> MujocoTask:
    """Keep a pole on a cart upright, as Gymnasium's InvertedPendulum-v5."""
    return MujocoTask(
        name="inverted_pendulum",
        description="Keep a pole on a cart upright, as Gymnasium's InvertedPendulum-v5",
        xml=mjcf("inverted_pendulum"),
        signals=(
            JointPosition("cart_position", joints=("slider",)),
            JointPosition("pole_angle", joints=("hinge",)),
            JointVelocity("cart_velocity", joints=("slider",)),
            JointVelocity("pole_velocity", joints=("hinge",)),
            PreviousAction("previous_action"),
        ),
        observation=(
            Observe("cart_position"),
            Observe("pole_angle"),
            Observe("cart_velocity"),
            Observe("pole_velocity"),
        ),
        reward="inverted_pendulum",
        decimation=2,
        reset=(Disturb("position", 0.01), Disturb("velocity", 0.01)),
        terminate=(Outside("pole_angle", -0.2, 0.2),),
        truncate_after_s=40.0,
        dtype="float64",
        refresh="none",
    )
