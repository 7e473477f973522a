"""Quadruped with an arm: walk to a point and reach it with the gripper."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from telic.sim.mujoco.actuators import Actuator
from telic.sim.mujoco.sources import Computed, JointPosition, JointVelocity, Position
from telic.sim.mujoco.starts import Arrange, Disturb, FromKeyframe, Start
from telic.sim.mujoco.task import MujocoTask
from telic.sim.observe import Observe
from telic.sim.robots.scene import add_marker, load_robot, scene_text
from telic.sim.tasks.locomotion import (
    DECIMATION,
    FALLEN,
    JOINTS,
    LEG_ACTUATORS,
    PUSHES,
    RANDOMISATION,
    STANDING_HEIGHT,
    RewardKind,
    body_sensors,
    body_signals,
    outdoors,
    somewhere,
)

ARM_JOINTS = tuple(
    f"arm_{name}" for name in ("waist", "shoulder", "elbow", "forearm_roll", "wrist_angle", "wrist_rotate")
)
ARM_HOME = (0.0, -0.4, 0.6, 0.0, 0.3, 0.0)  # [rad]
ARM_SCALE = (1.5, 1.3, 1.4, 1.5, 1.5, 1.5)  # Angles from home for an action of 1 [rad].

_NEAREST, _FURTHEST = 0.8, 2.0  # Distance of goals from where the robot starts [m].
_LOWEST, _HIGHEST = 0.25, 0.6  # Height of goals [m].

ARM_ACTUATORS = tuple(
    Actuator(name, scale=scale, offset=home) for name, scale, home in zip(ARM_JOINTS, ARM_SCALE, ARM_HOME, strict=True)
)


def quadruped_arm(
    reward: RewardKind = "shaped",
    roughness: float = 0.0,
    ground_seed: int = 0,
    pushes: bool = False,
    randomise: bool = True,
    duration_s: float = 15.0,
) -> MujocoTask:
    """Reach a point that is further away than the arm is long; the episode is lost at a fall.

    Args:
        reward: ``shaped``, or ``sparse`` for success alone.
        roughness: Height of the highest point of uneven ground above the lowest [m]; 0 for flat ground.
        ground_seed: Another seed makes other bumps.
        pushes: Shove the trunk every few seconds.
        randomise: Draw friction, mass, centre of mass and strength anew for every episode.
        duration_s: Length of an episode [s].
    """
    return MujocoTask(
        name="quadruped_arm",
        description="Walk to a point and reach it with the arm on the back",
        xml=scene_text(_scene(roughness, ground_seed)),
        signals=(
            *body_signals(),
            JointPosition("arm_joint_position", joints=ARM_JOINTS),
            JointVelocity("arm_joint_velocity", joints=ARM_JOINTS),
            Position("gripper_position", site="arm_gripper"),
            Position("goal_position", site="goal"),
            _seen_from_base("gripper_in_base", "gripper_position", "where the gripper is from the trunk"),
            _seen_from_base("goal_in_base", "goal_position", "where the goal is from the trunk"),
        ),
        observation=(
            *body_sensors(),
            Observe("arm_joint_position", noise=0.01),
            Observe("arm_joint_velocity", noise=0.1, scale=0.2),
            Observe("gripper_in_base"),
            Observe("goal_in_base", noise=0.01),
            Observe("previous_action"),
        ),
        privileged=(
            Observe("base_linear_velocity"),
            Observe("base_angular_velocity", scale=0.25),
            Observe("projected_gravity"),
            Observe("joint_position"),
            Observe("joint_velocity", scale=0.05),
            Observe("base_height"),
            Observe("foot_contact"),
            Observe("arm_joint_position"),
            Observe("arm_joint_velocity", scale=0.2),
            Observe("gripper_in_base"),
            Observe("goal_in_base"),
            Observe("previous_action"),
        ),
        reward="quadruped_arm" if reward == "shaped" else "quadruped_arm_sparse",
        decimation=DECIMATION,
        actuators=(*LEG_ACTUATORS, *ARM_ACTUATORS),
        reset=(
            FromKeyframe("home"),
            somewhere(roughness, ground_seed),
            Disturb("position", 0.1, joints=JOINTS),
            Arrange(_put_goal),
        ),
        terminate=FALLEN,
        truncate_after_s=duration_s,
        randomisation=RANDOMISATION if randomise else (),
        pushes=PUSHES if pushes else (),
    )


def _scene(roughness: float, ground_seed: int) -> mujoco.MjSpec:
    spec = outdoors(roughness, ground_seed)
    home = spec.key("home")
    positions, controls = [*home.qpos, *ARM_HOME], [*home.ctrl, *ARM_HOME]
    spec.attach(load_robot("arm6"), site=spec.site("back"), prefix="arm_")
    home.qpos, home.ctrl = positions, controls
    add_marker(spec.worldbody.add_body(name="goal", mocap=True, pos=[1.0, 0.0, 0.4]), "goal", 0.04)
    return spec


def _seen_from_base(name: str, point: str, description: str) -> Computed:
    return Computed(
        name,
        function=_into_base,
        inputs=("base_position", "base_rotation", point),
        shape=(3,),
        unit="m",
        frame="body",
        description=description,
    )


def _into_base(
    out: NDArray[np.floating],
    position: NDArray[np.floating],
    rotation: NDArray[np.floating],
    point: NDArray[np.floating],
) -> None:
    out[:] = np.einsum("nij,ni->nj", rotation, point - position)


def _put_goal(start: Start) -> None:
    """Put the goal around the robot, too far away to be reached without walking."""
    distance, direction, height = start.uniform(3).T
    distance = _NEAREST + (_FURTHEST - _NEAREST) * distance
    angle = math.pi * (2.0 * direction - 1.0)
    base = start.position("base")
    start.mocap_pos[:, 0, 0] = base[:, 0] + distance * np.cos(angle)
    start.mocap_pos[:, 0, 1] = base[:, 1] + distance * np.sin(angle)
    ground = np.maximum(base[:, 2] - STANDING_HEIGHT, 0.0)
    start.mocap_pos[:, 0, 2] = ground + _LOWEST + (_HIGHEST - _LOWEST) * height
