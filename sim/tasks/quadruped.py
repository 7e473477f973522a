"""Quadruped: walk as commanded, on flat or uneven ground, through pushes."""

from telic.sim.mujoco.sources import Command
from telic.sim.mujoco.starts import Disturb, FromKeyframe
from telic.sim.mujoco.task import MujocoTask
from telic.sim.observe import Observe
from telic.sim.robots.scene import scene_text
from telic.sim.tasks.locomotion import (
    DECIMATION,
    FALLEN,
    JOINTS,
    LEG_ACTUATORS,
    PUSHES,
    RANDOMISATION,
    RewardKind,
    body_sensors,
    body_signals,
    outdoors,
    somewhere,
)


def quadruped(
    reward: RewardKind = "shaped",
    roughness: float = 0.0,
    ground_seed: int = 0,
    pushes: bool = True,
    randomise: bool = True,
    duration_s: float = 20.0,
) -> MujocoTask:
    """Walk at a commanded velocity; the episode is lost at a fall.

    Args:
        reward: ``shaped``, or ``sparse`` for success alone.
        roughness: Height of the highest point of uneven ground above the lowest [m]; 0 for flat ground.
        ground_seed: Another seed makes other bumps.
        pushes: Shove the trunk every few seconds.
        randomise: Draw friction, mass, centre of mass and strength anew for every episode.
        duration_s: Length of an episode [s].
    """
    return MujocoTask(
        name="quadruped",
        description="Walk on four legs at a commanded velocity",
        xml=scene_text(outdoors(roughness, ground_seed)),
        signals=(
            *body_signals(),
            Command(
                "command_velocity",
                low=(-0.5, -0.3),
                high=(1.0, 0.3),
                unit="m/s",
                frame="body",
                every_s=5.0,
                zero=0.1,
                description="velocity to walk with, forwards and to the left",
            ),
            Command(
                "command_yaw_rate",
                low=-0.8,
                high=0.8,
                unit="rad/s",
                frame="body",
                every_s=5.0,
                zero=0.2,
                description="rate to turn with, to the left",
            ),
        ),
        observation=(
            *body_sensors(),
            Observe("command_velocity", scale=2.0),
            Observe("command_yaw_rate"),
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
            Observe("command_velocity", scale=2.0),
            Observe("command_yaw_rate"),
            Observe("previous_action"),
        ),
        reward="quadruped" if reward == "shaped" else "quadruped_sparse",
        decimation=DECIMATION,
        actuators=LEG_ACTUATORS,
        reset=(FromKeyframe("home"), somewhere(roughness, ground_seed), Disturb("position", 0.1, joints=JOINTS)),
        terminate=FALLEN,
        truncate_after_s=duration_s,
        randomisation=RANDOMISATION if randomise else (),
        pushes=PUSHES if pushes else (),
    )
