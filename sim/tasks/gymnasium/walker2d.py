"""Walker2d: a planar biped walks forward."""

from telic.sim.mujoco.starts import Disturb
from telic.sim.mujoco.task import MujocoTask, Outside
from telic.sim.tasks.gymnasium.models import mjcf
from telic.sim.tasks.gymnasium.planar import planar_observation, planar_signals

_LEGS = ("thigh_joint", "leg_joint", "foot_joint", "thigh_left_joint", "leg_left_joint", "foot_left_joint")


def walker2d() -> MujocoTask:
    """Walk forward with a planar biped, as Gymnasium's Walker2d-v5."""
    return MujocoTask(
        name="walker2d",
        description="Walk forward with a planar biped, as Gymnasium's Walker2d-v5",
        xml=mjcf("walker2d_v5"),
        signals=planar_signals(_LEGS),
        observation=planar_observation(fastest=10.0),
        reward="walker2d",
        decimation=4,
        reset=(Disturb("position", 0.005), Disturb("velocity", 0.005)),
        terminate=(
            Outside("height", 0.8, 2.0, open=True),
            Outside("joint_position", -1.0, 1.0, element=0, open=True),
        ),
        truncate_after_s=8.0,
        dtype="float64",
        refresh="none",
    )
