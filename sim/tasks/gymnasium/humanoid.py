"""Humanoid: a body with 17 motors walks forward."""

from telic.sim.mujoco.starts import Disturb
from telic.sim.mujoco.task import MujocoTask, Outside
from telic.sim.tasks.gymnasium.body import HUMANOID_OBSERVATION, HUMANOID_SIGNALS
from telic.sim.tasks.gymnasium.models import mjcf


def humanoid() -> MujocoTask:
    """Walk forward without falling, as Gymnasium's Humanoid-v5."""
    return MujocoTask(
        name="humanoid",
        description="Walk forward without falling, as Gymnasium's Humanoid-v5",
        xml=mjcf("humanoid"),
        signals=HUMANOID_SIGNALS,
        observation=HUMANOID_OBSERVATION,
        reward="humanoid",
        decimation=5,
        reset=(Disturb("position", 0.01), Disturb("velocity", 0.01)),
        terminate=(Outside("configuration", 1.0, 2.0, element=0, open=True),),
        truncate_after_s=15.0,
        dtype="float64",
        refresh="none",
    )
