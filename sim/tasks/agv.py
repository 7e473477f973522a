"""AGV: drive through a warehouse to a goal, past racks and carts that move, by a laser scanner."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from telic.replay.action import ActionSpec
from telic.sim.mujoco.actuators import Actuator
from telic.sim.mujoco.sources import (
    AngularVelocity,
    Computed,
    JointPosition,
    JointVelocity,
    LinearVelocity,
    Position,
    PreviousAction,
    Rotation,
    SensorReading,
    Source,
)
from telic.sim.mujoco.starts import Arrange, Draw, FromKeyframe, Start
from telic.sim.mujoco.task import MujocoTask, Outside
from telic.sim.observe import Observe
from telic.sim.robots.scene import scene_text
from telic.sim.robots.warehouse import BEAMS, CARTS, FARTHEST, warehouse

ARRIVED = 0.3  # Distance from the goal that counts as being there [m]. The reward programs have the same number.
MIDDLE_SPEED = 0.5  # Of an action of 0; one of 1 is a metre per second more [m/s].
MAX_TURN = 1.5  # [rad/s]
_TIMESTEP = 0.02
_DECIMATION = 5  # 10 Hz.
_TOUCH = 1.0  # Force on the bumper that counts as a collision [N].
_CART_SPEED = 0.3  # Largest speed of a cart at the start [m/s].

# The vehicle starts near one end of the hall, where no cart goes, and its goal is near the other end.
_NEAREST, _FURTHEST, _ASIDE = 2.5, 3.2, 1.5  # Distances from the middle along x and y [m].


def agv(reward: Literal["shaped", "sparse"] = "shaped", duration_s: float = 25.0) -> MujocoTask:
    """Drive a warehouse vehicle to a goal; the episode ends there, and is lost at the first collision.

    The actions are forward speed, from half a metre per second backwards to 1.5 forwards, and turning rate.

    Args:
        reward: ``shaped``, or ``sparse`` for arriving alone.
        duration_s: Length of an episode [s].
    """
    spec = warehouse()
    spec.option.timestep = _TIMESTEP
    carts = tuple(name for name, *_ in CARTS)
    reach = tuple(farthest for *_, farthest in CARTS)
    return MujocoTask(
        name="agv",
        description="Drive a warehouse vehicle to a goal past racks and moving carts, by a laser scanner",
        xml=scene_text(spec),
        signals=_signals(carts),
        observation=(
            Observe("goal_bearing"),
            Observe("goal_distance", scale=0.2),
            Observe("base_linear_velocity"),
            Observe("base_angular_velocity"),
            Observe("previous_action"),
            # Two scans show what moves.
            Observe("range", noise=0.01, scale=1.0 / FARTHEST, history=2),
        ),
        privileged=(
            Observe("range", scale=1.0 / FARTHEST),
            Observe("goal_bearing"),
            Observe("goal_distance", scale=0.2),
            Observe("base_linear_velocity"),
            Observe("base_angular_velocity"),
            Observe("cart_position"),
            Observe("cart_velocity"),
        ),
        reward="agv" if reward == "shaped" else "agv_sparse",
        decimation=_DECIMATION,
        control=ActionSpec(("forward", "turn")),
        actuators=(Actuator("forward", scale=1.0, offset=MIDDLE_SPEED), Actuator("turn", scale=MAX_TURN)),
        reset=(
            FromKeyframe("home"),
            Draw("position", carts, tuple(-most for most in reach), reach),
            Draw("velocity", carts, -_CART_SPEED, _CART_SPEED),
            Arrange(_put_vehicle_and_goal),
        ),
        terminate=(Outside("bumper", high=_TOUCH), Outside("goal_distance", low=ARRIVED, done=True)),
        truncate_after_s=duration_s,
    )


def _signals(carts: tuple[str, ...]) -> tuple[Source, ...]:
    return (
        Position("base_position", body="base"),
        Rotation("base_rotation", body="base"),
        LinearVelocity("base_linear_velocity", body="base", frame="body"),
        AngularVelocity("base_angular_velocity", body="base", frame="body"),
        SensorReading("range", sensors=tuple(f"beam{number}" for number in range(BEAMS))),
        Computed(
            "clearance",
            function=_shortest,
            inputs=("range",),
            unit="m",
            description="shortest distance that the scanner measures",
        ),
        SensorReading("bumper", sensors=("bumper",)),
        Position("goal_position", site="goal"),
        Computed(
            "goal_distance",
            function=_distance,
            inputs=("base_position", "goal_position"),
            unit="m",
            description="distance of the goal on the ground",
        ),
        Computed(
            "goal_bearing",
            function=_bearing,
            inputs=("base_position", "base_rotation", "goal_position"),
            shape=(2,),
            frame="body",
            description="direction of the goal on the ground, of length one",
        ),
        JointPosition("cart_position", joints=carts),
        JointVelocity("cart_velocity", joints=carts),
        PreviousAction("previous_action"),
    )


def _shortest(out: NDArray[np.floating], ranges: NDArray[np.floating]) -> None:
    np.min(ranges, axis=1, out=out)


def _distance(out: NDArray[np.floating], position: NDArray[np.floating], goal: NDArray[np.floating]) -> None:
    np.hypot(goal[:, 0] - position[:, 0], goal[:, 1] - position[:, 1], out=out)


def _bearing(
    out: NDArray[np.floating],
    position: NDArray[np.floating],
    rotation: NDArray[np.floating],
    goal: NDArray[np.floating],
) -> None:
    east, north = goal[:, 0] - position[:, 0], goal[:, 1] - position[:, 1]
    out[:, 0] = east * rotation[:, 0, 0] + north * rotation[:, 1, 0]
    out[:, 1] = east * rotation[:, 0, 1] + north * rotation[:, 1, 1]
    out /= np.maximum(np.hypot(out[:, 0], out[:, 1]), 1e-6)[:, None]


def _put_vehicle_and_goal(start: Start) -> None:
    """Put the vehicle near one end of the hall, turned anyhow, and the goal near the other."""
    east, along, aside, yaw, goal_along, goal_aside = start.uniform(6).T
    side = np.where(east < 0.5, -1.0, 1.0)
    base = start.position("base")
    base[:, 0] = side * (_NEAREST + (_FURTHEST - _NEAREST) * along)
    base[:, 1] = _ASIDE * (2.0 * aside - 1.0)
    half_turn = math.pi * (yaw - 0.5)
    base[:, 3], base[:, 6] = np.cos(half_turn), np.sin(half_turn)
    start.mocap_pos[:, 0, 0] = -side * (_NEAREST + (_FURTHEST - _NEAREST) * goal_along)
    start.mocap_pos[:, 0, 1] = _ASIDE * (2.0 * goal_aside - 1.0)
