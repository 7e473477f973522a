"""Acrobot: raise the tip of two links by a motor at the elbow alone."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from telic.sim.mujoco.actuators import Actuator
from telic.sim.mujoco.sources import Computed, JointPosition, JointVelocity, Position, PreviousAction
from telic.sim.mujoco.starts import Disturb, FromKeyframe
from telic.sim.mujoco.task import MujocoTask, Outside
from telic.sim.observe import Observe
from telic.sim.robots.scene import add_surroundings, load_robot, scene_text

MAX_TORQUE = 5.0  # [N m]
GOAL_HEIGHT = 1.0  # Of the tip above the shoulder [m]. The reward programs have the same number.


def acrobot(reward: Literal["shaped", "sparse"] = "shaped", duration_s: float = 15.0) -> MujocoTask:
    """Raise the tip by a link's length above the shoulder, from hanging at rest; the episode ends there.

    Args:
        reward: ``shaped``, or ``sparse`` for success alone.
        duration_s: Length of an episode [s].
    """
    spec = load_robot("acrobot")
    add_surroundings(spec, floor=False)
    return MujocoTask(
        name="acrobot",
        description="Swing two links up by a motor at the elbow alone",
        xml=scene_text(spec),
        signals=(
            JointPosition("joint_position"),
            JointVelocity("joint_velocity"),
            Position("shoulder_position", body="upper"),
            Position("tip_position", site="tip"),
            Computed(
                "tip_height",
                function=_height,
                inputs=("tip_position", "shoulder_position"),
                unit="m",
                description="height of the tip above the shoulder",
            ),
            Computed(
                "joint_direction",
                function=_directions,
                inputs=("joint_position",),
                shape=(4,),
                description="cosine and sine of the shoulder's angle from upright, then of the elbow's angle",
            ),
            PreviousAction("previous_action"),
        ),
        observation=(Observe("joint_direction"), Observe("joint_velocity", scale=0.2)),
        reward="acrobot" if reward == "shaped" else "acrobot_sparse",
        decimation=2,
        actuators=(Actuator("elbow", scale=MAX_TORQUE),),
        reset=(FromKeyframe("hanging"), Disturb("position", 0.1), Disturb("velocity", 0.1)),
        terminate=(Outside("tip_height", high=GOAL_HEIGHT, done=True),),
        truncate_after_s=duration_s,
    )


def _height(out: NDArray[np.floating], tip: NDArray[np.floating], shoulder: NDArray[np.floating]) -> None:
    np.subtract(tip[:, 2], shoulder[:, 2], out=out)


def _directions(out: NDArray[np.floating], angles: NDArray[np.floating]) -> None:
    np.cos(angles, out=out[:, 0::2])
    np.sin(angles, out=out[:, 1::2])
