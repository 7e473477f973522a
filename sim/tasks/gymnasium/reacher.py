"""Reacher: an arm with two joints brings its fingertip to a target."""

import numpy as np
from numpy.typing import NDArray

from telic.sim.mujoco.sources import Computed, JointPosition, JointVelocity, Position, PreviousAction
from telic.sim.mujoco.starts import Disturb, Draw
from telic.sim.mujoco.task import MujocoTask
from telic.sim.observe import Observe
from telic.sim.tasks.gymnasium.angles import cosines, sines
from telic.sim.tasks.gymnasium.models import mjcf

_ARM = ("joint0", "joint1")
_TARGET = ("target_x", "target_y")


def reacher() -> MujocoTask:
    """Bring the fingertip of an arm with two joints to a target, as Gymnasium's Reacher-v5."""
    return MujocoTask(
        name="reacher",
        description="Bring the fingertip of an arm with two joints to a target, as Gymnasium's Reacher-v5",
        xml=mjcf("reacher"),
        signals=(
            JointPosition("joint_position", joints=_ARM),
            JointVelocity("joint_velocity", joints=_ARM),
            JointPosition("target", joints=_TARGET),
            Position("fingertip_position", body="fingertip"),
            Position("target_position", body="target"),
            cosines("joint_cosine", "joint_position", 2),
            sines("joint_sine", "joint_position", 2),
            Computed(
                "target_offset",
                _offset,
                ("fingertip_position", "target_position"),
                (2,),
                "m",
                "world",
                "the fingertip from the target, in the plane",
            ),
            PreviousAction("previous_action"),
        ),
        observation=(
            Observe("joint_cosine"),
            Observe("joint_sine"),
            Observe("target"),
            Observe("joint_velocity"),
            Observe("target_offset"),
        ),
        reward="reacher",
        decimation=2,
        reset=(
            Disturb("position", 0.1),
            Draw("position", _TARGET, low=-0.2, high=0.2, between=(0.0, 0.2)),
            Disturb("velocity", 0.005, joints=_ARM),
        ),
        truncate_after_s=1.0,
        dtype="float64",
        refresh="none",
    )


def _offset(out: NDArray[np.floating], fingertip: NDArray[np.floating], target: NDArray[np.floating]) -> None:
    np.subtract(fingertip[:, :2], target[:, :2], out=out)
