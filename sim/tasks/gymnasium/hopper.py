"""Hopper: a planar leg hops forward."""

from telic.sim.mujoco.starts import Disturb
from telic.sim.mujoco.task import MujocoTask, Outside
from telic.sim.tasks.gymnasium.models import mjcf
from telic.sim.tasks.gymnasium.planar import planar_observation, planar_signals


def hopper() -> MujocoTask:
    """Hop forward on one leg, as Gymnasium's Hopper-v5."""
    return MujocoTask(
        name="hopper",
        description="Hop forward on one leg, as Gymnasium's Hopper-v5",
        xml=mjcf("hopper"),
        signals=planar_signals(("thigh_joint", "leg_joint", "foot_joint")),
        observation=planar_observation(fastest=10.0),
        reward="hopper",
        decimation=4,
        reset=(Disturb("position", 0.005), Disturb("velocity", 0.005)),
        terminate=(
            Outside("height", low=0.7, open=True),
            Outside("joint_position", -0.2, 0.2, element=0, open=True),
            Outside("joint_position", -100.0, 100.0, open=True),
            Outside("forward_velocity", -100.0, 100.0, open=True),
            Outside("vertical_velocity", -100.0, 100.0, open=True),
            Outside("joint_velocity", -100.0, 100.0, open=True),
        ),
        truncate_after_s=8.0,
        dtype="float64",
        refresh="none",
    )
