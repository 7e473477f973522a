"""What the tasks of the quadruped have in common: its joints, sensors, commands and starts."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import math
from functools import partial
from typing import Literal

import mujoco
import numpy as np
from numpy.typing import NDArray

from telic.sim.mujoco.actuators import Actuator
from telic.sim.mujoco.pushes import Push
from telic.sim.mujoco.randomise import Randomise
from telic.sim.mujoco.sources import (
    AngularVelocity,
    Computed,
    Elapsed,
    JointForce,
    JointPosition,
    JointVelocity,
    LinearVelocity,
    Position,
    PreviousAction,
    Rotation,
    SensorReading,
    Source,
)
from telic.sim.mujoco.starts import Arrange, Place, ResetRule, Start
from telic.sim.mujoco.task import Outside
from telic.sim.observe import Observe
from telic.sim.robots.ground import HALF_WIDTH, bumpy_ground, highest_around
from telic.sim.robots.scene import add_height_field, add_surroundings, load_robot

RewardKind = Literal["shaped", "sparse"]

LEGS = ("FR", "FL", "RR", "RL")
JOINTS = tuple(f"{leg}_{joint}" for leg in LEGS for joint in ("hip", "thigh", "calf"))
FEET = tuple(f"{leg}_foot" for leg in LEGS)
HOME = (0.0, 0.9, -1.8)  # Angles of a leg [rad].
ACTION_SCALE = (0.3, 0.6, 0.6)  # Angles from home for an action of 1 [rad].
STANDING_HEIGHT = 0.285  # Of the base at home [m].
DECIMATION = 5  # Of 4 ms: 50 Hz.

_CONTACT = 1.0  # Force on a foot that counts as contact [N].
_MARGIN = 2.0  # Distance of the first place from the edge of uneven ground [m].

LEG_ACTUATORS = tuple(
    Actuator(f"{leg}_{joint}", scale=scale, offset=home)
    for leg in LEGS
    for joint, scale, home in zip(("hip", "thigh", "calf"), ACTION_SCALE, HOME, strict=True)
)

# Ranges of A. Kumar et al., "RMA: Rapid Motor Adaptation for Legged Robots", RSS 2021, a little narrower.
RANDOMISATION = (
    Randomise("friction", (0.5, 1.25), elements=FEET, kind="scale", each="all"),
    Randomise("mass", (0.9, 1.2), elements=("base",)),
    Randomise("center_of_mass", (-0.03, 0.03), elements=("base",), kind="add"),
    Randomise("strength", (0.9, 1.1), elements=JOINTS),
)
PUSHES = (Push("base", linear=(0.5, 0.5, 0.0), interval_s=(4.0, 8.0)),)

# Lost where it tilts by more than 60 degrees or its trunk sinks to its feet.
FALLEN = (
    Outside("projected_gravity", high=-0.5, element=2),
    Outside("base_height", low=0.14),
)


def outdoors(roughness: float, ground_seed: int) -> mujoco.MjSpec:
    """Return a quadruped on flat ground, or on uneven ground where roughness is more than 0 m."""
    spec = load_robot("quadruped")
    add_surroundings(spec, floor=roughness == 0.0)
    if roughness > 0.0:
        add_height_field(spec, "ground", bumpy_ground(roughness, ground_seed), HALF_WIDTH)
    return spec


def somewhere(roughness: float, ground_seed: int) -> ResetRule:
    """Return the rule that puts the quadruped anywhere on its ground, turned anyhow."""
    if roughness == 0.0:
        return Place("base", (-1.0, -1.0, STANDING_HEIGHT), (1.0, 1.0, STANDING_HEIGHT), yaw=(-math.pi, math.pi))
    return Arrange(partial(_put_on_ground, heights=bumpy_ground(roughness, ground_seed)))


def body_signals() -> tuple[Source, ...]:
    """Return the signals of the trunk and the legs."""
    return (
        JointPosition("joint_position", joints=JOINTS),
        JointVelocity("joint_velocity", joints=JOINTS),
        JointForce("joint_torque", joints=JOINTS),
        Position("base_position", body="base"),
        Rotation("base_rotation", body="base"),
        LinearVelocity("base_linear_velocity", body="base", frame="body"),
        AngularVelocity("base_angular_velocity", body="base", frame="body"),
        Computed(
            "projected_gravity",
            function=_down,
            inputs=("base_rotation",),
            shape=(3,),
            frame="body",
            description="direction of gravity as the trunk sees it, of length one",
        ),
        Position("foot_position", site=FEET),
        Computed(
            "base_height",
            function=_height,
            inputs=("base_position", "foot_position"),
            unit="m",
            description="height of the trunk above its lowest foot",
        ),
        SensorReading("foot_force", sensors=FEET),
        Computed(
            "foot_contact",
            function=_touches,
            inputs=("foot_force",),
            shape=(len(FEET),),
            description="1 where a foot touches something",
        ),
        Elapsed("elapsed"),
        PreviousAction("previous_action"),
    )


def body_sensors() -> tuple[Observe, ...]:
    """Return what the quadruped's policies see of its body, with the noise of its sensors."""
    return (
        Observe("base_angular_velocity", noise=0.1, scale=0.25),
        Observe("projected_gravity", noise=0.03),
        Observe("joint_position", noise=0.01),
        Observe("joint_velocity", noise=0.5, scale=0.05),
    )


def _put_on_ground(start: Start, heights: NDArray[np.float64]) -> None:
    """Put the quadruped above its uneven ground: its feet clear of the highest point around."""
    draws = start.uniform(3)
    most = HALF_WIDTH - _MARGIN
    base = start.position("base")
    base[:, :2] = most * (2.0 * draws[:, :2] - 1.0)
    base[:, 2] = STANDING_HEIGHT + highest_around(heights, base[:, 0], base[:, 1], radius=0.4)
    half_turn = math.pi * (draws[:, 2] - 0.5)
    base[:, 3], base[:, 6] = np.cos(half_turn), np.sin(half_turn)


def _down(out: NDArray[np.floating], rotation: NDArray[np.floating]) -> None:
    np.negative(rotation[:, 2], out=out)


def _height(out: NDArray[np.floating], position: NDArray[np.floating], feet: NDArray[np.floating]) -> None:
    np.subtract(position[:, 2], feet[:, :, 2].min(axis=1), out=out)


def _touches(out: NDArray[np.floating], force: NDArray[np.floating]) -> None:
    out[:] = force > _CONTACT
