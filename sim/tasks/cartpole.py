"""Cart-pole: balance a pole on a cart, or swing it up first."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from telic.sim.mujoco.actuators import Actuator
from telic.sim.mujoco.sources import Computed, Elapsed, JointPosition, JointVelocity, PreviousAction, Source
from telic.sim.mujoco.starts import Disturb, FromKeyframe
from telic.sim.mujoco.task import MujocoTask, Outside
from telic.sim.observe import Observe
from telic.sim.robots.scene import add_surroundings, load_robot, scene_text

RewardKind = Literal["shaped", "sparse"]

MAX_FORCE = 10.0  # [N]

_OBSERVATION = (
    Observe("cart_position"),
    Observe("pole_direction"),
    Observe("cart_velocity", scale=0.5),
    Observe("pole_velocity", scale=0.2),
)


def cartpole(reward: RewardKind = "shaped", duration_s: float = 10.0) -> MujocoTask:
    """Keep a pole upright that starts nearly so; the episode is lost where it tilts by 30 degrees.

    Args:
        reward: ``shaped``, or ``sparse`` for success alone.
        duration_s: Length of an episode [s].
    """
    return MujocoTask(
        name="cartpole",
        description="Keep a pole on a cart upright",
        xml=_scene(),
        signals=_signals(),
        observation=_OBSERVATION,
        reward="cartpole" if reward == "shaped" else "cartpole_sparse",
        decimation=2,
        actuators=(Actuator("force", scale=MAX_FORCE),),
        reset=(FromKeyframe("home"), Disturb("position", 0.2), Disturb("velocity", 0.2)),
        terminate=(Outside("pole_angle", -math.pi / 6.0, math.pi / 6.0), Outside("cart_position", -2.3, 2.3)),
        truncate_after_s=duration_s,
    )


def cartpole_swing_up(reward: RewardKind = "shaped", duration_s: float = 10.0) -> MujocoTask:
    """Swing a pole up that starts hanging, and keep it there.

    Args:
        reward: ``shaped``, or ``sparse`` for success alone.
        duration_s: Length of an episode [s].
    """
    return MujocoTask(
        name="cartpole_swing_up",
        description="Swing a pole on a cart up and keep it there",
        xml=_scene(),
        signals=_signals(),
        observation=_OBSERVATION,
        reward="cartpole" if reward == "shaped" else "cartpole_sparse",
        decimation=2,
        actuators=(Actuator("force", scale=MAX_FORCE),),
        reset=(FromKeyframe("hanging"), Disturb("position", 0.2), Disturb("velocity", 0.2)),
        truncate_after_s=duration_s,
    )


def _scene() -> str:
    spec = load_robot("cartpole")
    add_surroundings(spec, floor=False)
    return scene_text(spec)


def _signals() -> tuple[Source, ...]:
    return (
        JointPosition("cart_position", joints=("cart",)),
        JointPosition("pole_angle", joints=("pole",)),
        JointVelocity("cart_velocity", joints=("cart",)),
        JointVelocity("pole_velocity", joints=("pole",)),
        Computed(
            "pole_direction",
            function=_direction,
            inputs=("pole_angle",),
            shape=(2,),
            description="cosine and sine of the pole's angle from upright",
        ),
        PreviousAction("previous_action"),
        Elapsed("elapsed"),
    )


def _direction(out: NDArray[np.floating], angle: NDArray[np.floating]) -> None:
    out[:, 0] = np.cos(angle[:, 0])
    out[:, 1] = np.sin(angle[:, 0])
