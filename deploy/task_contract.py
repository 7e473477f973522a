"""The contract of a policy that was trained on a task: the task's own data, and what the robot needs beside it."""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from telic.control.policy import PolicyWeights
from telic.deploy import mujoco_contract
from telic.deploy.checked import ContractError
from telic.deploy.contract import Contract, weights_sha256
from telic.deploy.contract_parts import (
    ACTION_HISTORY,
    ActionSpec,
    Airframe,
    Fault,
    Golden,
    Network,
    Normalizer,
    ObservationTerm,
    Rates,
    TrainedRange,
    Trigger,
    reset_fill,
    vector,
)
from telic.deploy.reference import ReferencePolicy
from telic.sim.mujoco.task import MujocoTask
from telic.sim.multirotor.signals import SIGNALS
from telic.sim.task import Observe, Task
from telic.sim.vehicle import GRAVITY, Vehicle

GOLDEN_VECTORS = 8
EXECUTION_HZ = 500

# Where the robot's inputs saturate. The first two keep a far target from exciting the policy beyond what it was
# trained on, as on the L2F flight controller; the others are beyond what a flight shows.
_LIMITS = {
    "position_error": 0.5,
    "velocity_error": 2.0,
    "attitude": 1.5,
    "rotation": 1.5,
    "angular_velocity": 50.0,
    "acceleration_ahead": 20.0,
    ACTION_HISTORY: 1.0,
}
_OTHER_LIMIT = 100.0

_TIMEOUT_STEPS = 5
_POSITION_MARGIN = 2.0  # The position fault, over the distance at which training gave up.
_TILT_MARGIN_DEG = 60.0  # The tilt fault, beyond the tilt at which training started.
_VELOCITY_LIMIT = 5.0  # Several times what a reset gives, and more than a vehicle under control shows [m/s].
_ANGULAR_VELOCITY_LIMIT = 34.0  # A little before usual gyros end, at 2000 degrees per second [rad/s].


def contract_from_task(
    task: Task | MujocoTask, weights: PolicyWeights, observations: np.ndarray, purpose: str = ""
) -> Contract:
    """Draw up the contract.

    Args:
        task: What the policy was trained on.
        weights: The policy.
        observations: Recorded policy inputs of shape (K, observation_size); golden vectors are taken from them.
        purpose: The sentence that asked for it.

    Raises:
        ContractError: If task and weights do not fit together.
    """
    observations = np.atleast_2d(np.asarray(observations, np.float32))
    if not len(observations) or not np.isfinite(observations).all():
        raise ContractError("observations", "must be at least one recorded row of finite numbers")
    chosen = observations[np.linspace(0, len(observations) - 1, GOLDEN_VECTORS).astype(int)]
    inputs = tuple(map(vector, chosen))
    unanswered = Golden(inputs, ((0.0,) * task.actions.size,) * len(inputs))
    contract = Contract(
        schema_version=2,
        name=task.name,
        purpose=purpose,
        network=_network(weights),
        rates=_rates(task.dt),
        quaternion_order="wxyz",
        normalizer=_normalizer(weights),
        golden=unanswered,
        weights_sha256=weights_sha256(weights),
        **(_of_robot(task) if isinstance(task, MujocoTask) else _of_flight(task)),
    )
    actions, _ = ReferencePolicy(weights, contract).evaluate(chosen)
    return dataclasses.replace(contract, golden=Golden(inputs, tuple(map(vector, actions))))


def _of_flight(task: Task) -> dict[str, Any]:
    """Return the fields that a multirotor's task fills."""
    return {
        "airframe": _airframe(task.vehicle),
        "observation": tuple(_term(item) for item in task.observation),
        "action": _action(task),
        "fault": _fault(task),
        "trained": tuple(_trained(task)),
    }


def _of_robot(task: MujocoTask) -> dict[str, Any]:
    """Return the fields that a MuJoCo task fills."""
    return {
        "airframe": None,
        "observation": mujoco_contract.observation_terms(task),
        "action": mujoco_contract.action_spec(task),
        "fault": mujoco_contract.fault(task),
        "trained": tuple(mujoco_contract.trained(task)),
        "actuators": mujoco_contract.actuators(task),
    }


def _airframe(vehicle: Vehicle) -> Airframe:
    return Airframe(
        name=vehicle.name,
        mass=vehicle.mass,
        rotor_positions=vehicle.rotor_positions,
        rotor_directions=tuple(-1 if direction < 0 else 1 for direction in vehicle.rotor_directions),
        thrust_coefficients=vehicle.thrust_coefficients,
    )


def _term(item: Observe) -> ObservationTerm:
    signal = SIGNALS[item.signal]
    return ObservationTerm(
        signal=signal.name,
        shape=signal.shape or (1,),
        unit=signal.unit,
        frame=signal.frame,
        scale=float(item.scale),
        clip=item.clip,
        limit=_LIMITS.get(signal.name, _OTHER_LIMIT),
        noise_std=float(item.noise),
        delay_s=(0.0, 0.0),
        history=item.history,
        history_order="newest_first",
        reset_fill=reset_fill(signal.name, item.history),
    )


def _action(task: Task) -> ActionSpec:
    spec, vehicle = task.actions, task.vehicle
    slowest, fastest = vehicle.rotor_speed_range
    count = spec.size
    return ActionSpec(
        names=spec.names,
        meaning=tuple(_rotor(vehicle, i) for i in range(count)),
        low=_each(spec.low, count),
        high=_each(spec.high, count),
        initial=_each(spec.initial, count),
        command_unit=vehicle.rotor_speed_unit,
        command_scale=((fastest - slowest) / 2.0,) * count,
        command_offset=((fastest + slowest) / 2.0,) * count,
        rate_limit=None,
        last_action="clipped",
    )


def _each(value: float | tuple[float, ...], count: int) -> tuple[float, ...]:
    return tuple(float(number) for number in np.broadcast_to(value, count))


def _rotor(vehicle: Vehicle, i: int) -> str:
    """Say where a rotor sits and how it turns; the body feels the opposite of its drag."""
    x, y, _ = vehicle.rotor_positions[i]
    where = f"{'front' if x > 0 else 'back'} {'left' if y > 0 else 'right'}"
    turns = "counter-clockwise" if vehicle.rotor_directions[i] < 0 else "clockwise"
    return f"rotor speed, {where}, turns {turns} seen from above"


def _network(weights: PolicyWeights) -> Network:
    sizes = (weights.num_inputs, *(layer.bias.size for layer in weights.layers))
    return Network(sizes, tuple(layer.activation for layer in weights.layers))


def _rates(dt: float) -> Rates:
    policy_hz = round(1.0 / dt)
    if not math.isclose(policy_hz * dt, 1.0, rel_tol=1e-6):
        raise ContractError("rates.policy_hz", f"is {1.0 / dt}; the task's dt must be one over a whole number")
    execution_hz = EXECUTION_HZ if EXECUTION_HZ % policy_hz == 0 else policy_hz
    return Rates(policy_hz=policy_hz, execution_hz=execution_hz, tolerance=0.2)


def _normalizer(weights: PolicyWeights) -> Normalizer:
    mean, std = vector(weights.observation_mean), vector(weights.observation_std)
    return Normalizer(mean=mean, std=std, eps=0.0, clip=weights.observation_clip)


def _fault(task: Task) -> Fault:
    observed = {item.signal for item in task.observation}
    limits: dict[Trigger, float] = {}
    if "position_error" in observed:
        limits["position_limit"] = _POSITION_MARGIN * task.terminate.half_width
    if "attitude" in observed:
        limits["tilt_limit"] = min(task.reset.degrees + _TILT_MARGIN_DEG, 180.0)
    if "velocity_error" in observed:
        limits["velocity_limit"] = _VELOCITY_LIMIT
    if "angular_velocity" in observed:
        limits["angular_velocity_limit"] = _ANGULAR_VELOCITY_LIMIT
    return Fault(
        safe_action=_each(task.actions.low, task.actions.size),
        safe_meaning="rotors at their lowest speed",
        input_timeout_s=_TIMEOUT_STEPS * task.dt,
        position_limit=limits.get("position_limit"),
        tilt_limit_deg=limits.get("tilt_limit"),
        triggers=("input_not_finite", "input_stale", "time_backwards", *limits),
        velocity_limit=limits.get("velocity_limit"),
        angular_velocity_limit=limits.get("angular_velocity_limit"),
    )


def _trained(task: Task) -> Iterator[TrainedRange]:
    weight = task.vehicle.mass * GRAVITY
    disturbance, reset = task.disturbance, task.reset
    yield TrainedRange("disturbance_force", "N", "normal", 0.0, disturbance.force_std_mg * weight)
    yield TrainedRange("disturbance_torque", "N m", "normal", 0.0, disturbance.torque_std_mg * weight)
    yield TrainedRange("initial_position_error", "m", "uniform", 0.0, reset.position)
    yield TrainedRange("initial_velocity_error", "m/s", "uniform", 0.0, reset.velocity)
    yield TrainedRange("initial_tilt", "rad", "uniform", 0.0, math.radians(reset.degrees))
    yield TrainedRange("initial_angular_velocity", "rad/s", "uniform", 0.0, reset.angular_velocity)
    for field in dataclasses.fields(task.randomisation):
        spread = getattr(task.randomisation, field.name)
        if spread:
            yield TrainedRange(f"{field.name}_factor", "1", "uniform", 1.0, spread)
