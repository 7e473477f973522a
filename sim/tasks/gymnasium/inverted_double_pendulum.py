"""InvertedDoublePendulum: a cart keeps two poles upright, one on top of the other."""

from telic.sim.mujoco.sources import JointForce, JointPosition, JointVelocity, Position, PreviousAction
from telic.sim.mujoco.starts import Disturb
from telic.sim.mujoco.task import MujocoTask, Outside
from telic.sim.observe import Observe
from telic.sim.tasks.gymnasium.angles import cosines, sines
from telic.sim.tasks.gymnasium.models import mjcf

_HINGES = ("hinge", "hinge2")


def inverted_double_pendulum() -> MujocoTask:
    """Keep two poles on a cart upright, one on top of the other, as Gymnasium's InvertedDoublePendulum-v5."""
    return MujocoTask(
        name="inverted_double_pendulum",
        description="Keep two poles on a cart upright, as Gymnasium's InvertedDoublePendulum-v5",
        xml=mjcf("inverted_double_pendulum"),
        signals=(
            JointPosition("cart_position", joints=("slider",)),
            JointPosition("joint_position", joints=_HINGES),
            JointVelocity("cart_velocity", joints=("slider",)),
            JointVelocity("joint_velocity", joints=_HINGES),
            JointForce("cart_stop_force", joints=("slider",), by="constraint"),
            Position("tip_position", site="tip"),
            sines("joint_sine", "joint_position", 2),
            cosines("joint_cosine", "joint_position", 2),
            PreviousAction("previous_action"),
        ),
        observation=(
            Observe("cart_position"),
            Observe("joint_sine"),
            Observe("joint_cosine"),
            Observe("cart_velocity", clip=10.0),
            Observe("joint_velocity", clip=10.0),
            Observe("cart_stop_force", clip=10.0),
        ),
        reward="inverted_double_pendulum",
        decimation=5,
        reset=(Disturb("position", 0.1), Disturb("velocity", 0.1, kind="normal")),
        terminate=(Outside("tip_position", low=1.0, element=2, open=True),),
        truncate_after_s=50.0,
        dtype="float64",
        refresh="none",
    )
