"""Arm, push: slide a cube over the table to a point, with closed fingers."""

import numpy as np

from telic.sim.mujoco.starts import Arrange, Disturb, FromKeyframe, Place, Start
from telic.sim.mujoco.task import MujocoTask, Outside
from telic.sim.observe import Observe
from telic.sim.robots.scene import scene_text
from telic.sim.robots.table import CUBE_HALF, add_cube, add_goal, arm_on_table
from telic.sim.tasks.manipulation import (
    ACTUATORS,
    CONTROL,
    DECIMATION,
    JOINTS,
    RewardKind,
    arm_sensors,
    arm_signals,
    goal_signals,
    object_signals,
)

_NEAREST, _FURTHEST = 0.1, 0.18  # Distance of the goal from the cube [m].


def arm_push(reward: RewardKind = "shaped", duration_s: float = 8.0) -> MujocoTask:
    """Push a cube to a point on the table; the episode is lost where the cube falls off.

    Args:
        reward: ``shaped``, or ``sparse`` for success alone.
        duration_s: Length of an episode [s].
    """
    spec = arm_on_table()
    add_goal(spec, radius=0.02)
    add_cube(spec)
    return MujocoTask(
        name="arm_push",
        description="Push a cube over a table to a point",
        xml=scene_text(spec),
        signals=(*arm_signals(), *object_signals(), *goal_signals("object_position")),
        observation=(
            *arm_sensors(),
            Observe("object_offset", scale=2.0),
            Observe("object_velocity"),
            Observe("goal_offset", scale=2.0),
            Observe("previous_action"),
        ),
        reward="arm_push" if reward == "shaped" else "arm_push_sparse",
        decimation=DECIMATION,
        control=CONTROL,
        actuators=ACTUATORS,
        reset=(
            FromKeyframe("home"),
            Disturb("position", 0.05, joints=JOINTS),
            Place("object", (0.4, -0.2, CUBE_HALF), (0.6, 0.2, CUBE_HALF), yaw=(-0.8, 0.8)),
            Arrange(_put_goal),
        ),
        terminate=(Outside("object_position", low=-0.05, element=2),),
        truncate_after_s=duration_s,
    )


def _put_goal(start: Start) -> None:
    """Put the goal beside the cube: not where it lies already, and never nearer to the edge of the arm's reach."""
    distance, direction = start.uniform(2).T
    distance = _NEAREST + (_FURTHEST - _NEAREST) * distance
    angle = np.pi * (2.0 * direction - 1.0)
    cube = start.position("object")
    inwards = np.where(cube[:, 0] > 0.5, -1.0, 1.0)
    start.mocap_pos[:, 0, 0] = cube[:, 0] + inwards * np.abs(distance * np.cos(angle))
    start.mocap_pos[:, 0, 1] = cube[:, 1] + distance * np.sin(angle)
    start.mocap_pos[:, 0, 2] = CUBE_HALF
