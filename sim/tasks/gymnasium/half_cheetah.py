"""HalfCheetah: a planar cheetah runs forward."""

from telic.sim.mujoco.starts import Disturb
from telic.sim.mujoco.task import MujocoTask
from telic.sim.tasks.gymnasium.models import mjcf
from telic.sim.tasks.gymnasium.planar import planar_observation, planar_signals


def half_cheetah() -> MujocoTask:
    """Run forward with a planar cheetah, as Gymnasium's HalfCheetah-v5."""
    return MujocoTask(
        name="half_cheetah",
        description="Run forward with a planar cheetah, as Gymnasium's HalfCheetah-v5",
        xml=mjcf("half_cheetah"),
        signals=planar_signals(("bthigh", "bshin", "bfoot", "fthigh", "fshin", "ffoot")),
        observation=planar_observation(),
        reward="half_cheetah",
        decimation=5,
        reset=(Disturb("position", 0.1), Disturb("velocity", 0.1, kind="normal")),
        truncate_after_s=50.0,
        dtype="float64",
        refresh="none",
    )
