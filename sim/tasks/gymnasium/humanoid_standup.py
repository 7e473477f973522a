"""HumanoidStandup: a body with 17 motors gets up from the floor."""

from telic.sim.mujoco.starts import Disturb
from telic.sim.mujoco.task import MujocoTask
from telic.sim.tasks.gymnasium.body import HUMANOID_OBSERVATION, HUMANOID_SIGNALS
from telic.sim.tasks.gymnasium.models import mjcf


def humanoid_standup() -> MujocoTask:
    """Get up from the floor, as Gymnasium's HumanoidStandup-v5."""
    return MujocoTask(
        name="humanoid_standup",
        description="Get up from the floor, as Gymnasium's HumanoidStandup-v5",
        xml=mjcf("humanoidstandup"),
        signals=HUMANOID_SIGNALS,
        observation=HUMANOID_OBSERVATION,
        reward="humanoid_standup",
        decimation=5,
        reset=(Disturb("position", 0.01), Disturb("velocity", 0.01)),
        truncate_after_s=15.0,
        dtype="float64",
        refresh="none",
    )
