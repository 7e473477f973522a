"""The parts of a contract that a MuJoCo task fills: what the policy sees and commands, and what varied in training.

Units are those of the task's signals. The robot's own joints, masses and frictions are not in the contract; how they
varied in training is.
"""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterator

import mujoco
import numpy as np

from telic.deploy.contract_parts import (
    ACTION_HISTORY,
    ActionSpec,
    Actuator,
    ActuatorModel,
    Fault,
    ObservationTerm,
    TrainedRange,
    reset_fill,
)
from telic.sim.mujoco import actuators as simulated
from telic.sim.mujoco.model import control_names
from telic.sim.mujoco.model_fields import unit_of
from telic.sim.mujoco.randomise import Randomise
from telic.sim.mujoco.sources import Command
from telic.sim.mujoco.task import MujocoTask
from telic.sim.observe import Observe

# Far beyond what a robot shows; training clips what it wants clipped.
_LIMIT = 1e4
_TIMEOUT_STEPS = 5

# What the contract calls a model, and the unit of its commands, for a hinge.
_MODELS: dict[type, ActuatorModel] = {
    simulated.AsInModel: "as_in_model",
    simulated.Ideal: "ideal",
    simulated.PositionServo: "position_servo",
    simulated.VelocityServo: "velocity_servo",
    simulated.DCMotor: "dc_motor",
}
_UNITS: dict[ActuatorModel, str] = {
    "as_in_model": "1",
    "ideal": "N m",
    "position_servo": "rad",
    "velocity_servo": "rad/s",
    "dc_motor": "rad",
}


def observation_terms(task: MujocoTask) -> tuple[ObservationTerm, ...]:
    """Return what the policy sees, with all that its sensors were spoiled with."""
    return tuple(_term(task, item) for item in task.observation)


def _term(task: MujocoTask, item: Observe) -> ObservationTerm:
    signal = next(signal for signal in task.schema if signal.name == item.signal)
    is_history = signal.name == ACTION_HISTORY
    return ObservationTerm(
        signal=signal.name,
        shape=signal.shape or (1,),
        unit=signal.unit,
        frame=signal.frame,
        scale=float(item.scale),
        clip=item.clip,
        limit=float(np.abs(task.actions.bounds).max()) if is_history else _LIMIT,
        noise_std=float(item.noise),
        delay_s=(float(item.delay_s[0]), float(item.delay_s[1])),
        history=item.history,
        history_order="newest_first",
        reset_fill=reset_fill(signal.name, item.history),
        bias_std=float(item.bias),
        dropout=float(item.dropout),
    )


def action_spec(task: MujocoTask) -> ActionSpec:
    """Return what the policy's outputs command."""
    spec = task.actions
    scale, offset = simulated.commands(task.actuators, task.model)
    kinds = [(actuator.model, _UNITS[actuator.model]) for actuator in actuators(task)]
    units = {unit for _, unit in kinds}
    low, high = spec.bounds
    return ActionSpec(
        names=spec.names,
        meaning=tuple(
            f"{kind.replace('_', ' ')} {name} [{unit}]" for name, (kind, unit) in zip(spec.names, kinds, strict=True)
        ),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        initial=tuple(spec.initial_action.tolist()),
        # Actuators of several kinds have no common unit; the meaning of each says its own.
        command_unit=units.pop() if len(units) == 1 else "1",
        command_scale=tuple(scale.tolist()),
        command_offset=tuple(offset.tolist()),
        rate_limit=None,
        last_action="clipped",
    )


def actuators(task: MujocoTask) -> tuple[Actuator, ...]:
    """Return the models of all actuators; those of the MJCF as far as a servo's numbers can be read from it."""
    described = {item.name: item for item in task.actuators}
    return tuple(
        _actuator(task.model, described.get(name) or simulated.Actuator(name), control, action)
        for control, (name, action) in enumerate(zip(control_names(task.model), task.actions.names, strict=True))
    )


def _actuator(model: mujoco.MjModel, item: simulated.Actuator, control: int, action: str) -> Actuator:
    servo = item.model if not isinstance(item.model, simulated.AsInModel) else _servo(model, control)

    def number(name: str) -> float | None:
        value = getattr(servo, name, None)
        return None if value is None else float(value)

    return Actuator(
        name=action,
        model=_MODELS[type(servo)],
        kp=number("kp"),
        kd=number("kd"),
        torque_limit=number("torque_limit"),
        stall_torque=number("stall_torque"),
        no_load_speed=number("no_load_speed"),
        delay_s=(float(item.delay_s[0]), float(item.delay_s[1])),
        lag_s=float(item.lag_s),
    )


def _servo(model: mujoco.MjModel, control: int) -> simulated.Model:
    """Return the actuator of a control of the model as one of the contract's models, where it is one."""
    number = int(np.flatnonzero(model.actuator_ctrladr <= control)[-1])
    gain, bias = model.actuator_gainprm[number], model.actuator_biasprm[number]
    is_linear = (
        int(model.actuator_dyntype[number]) == mujoco.mjtDyn.mjDYN_NONE
        and int(model.actuator_gaintype[number]) == mujoco.mjtGain.mjGAIN_FIXED
        and int(model.actuator_trntype[number]) == mujoco.mjtTrn.mjTRN_JOINT
        and model.actuator_gear[number, 0] == 1.0
    )
    if not is_linear:
        return simulated.AsInModel()
    limit = float(model.actuator_forcerange[number, 1]) if model.actuator_forcelimited[number] else None
    if int(model.actuator_biastype[number]) == mujoco.mjtBias.mjBIAS_NONE:
        return simulated.Ideal(limit) if gain[0] == 1.0 else simulated.AsInModel()
    kp, kd = -float(bias[1]), -float(bias[2])
    if bias[0] == 0.0 and kp == gain[0] and kd >= 0.0:
        return simulated.PositionServo(kp, kd, limit)
    if bias[0] == 0.0 and kp == 0.0 and kd == gain[0]:
        return simulated.VelocityServo(kd, limit)
    return simulated.AsInModel()


def fault(task: MujocoTask) -> Fault:
    """Return when the policy must not be obeyed: late or broken inputs; then the first action of an episode holds."""
    return Fault(
        safe_action=tuple(task.actions.initial_action.tolist()),
        safe_meaning="the action with which an episode begins",
        input_timeout_s=_TIMEOUT_STEPS * task.dt,
        position_limit=None,
        tilt_limit_deg=None,
        triggers=("input_not_finite", "input_stale", "time_backwards"),
    )


def trained(task: MujocoTask) -> Iterator[TrainedRange]:
    """Yield what varied in training: the model, the commands, and the pushes."""
    for rule in task.randomisation:
        yield _randomised(rule)
    for source in task.signals:
        if isinstance(source, Command):
            lows, highs = np.atleast_1d(source.low), np.atleast_1d(source.high)
            for i, (low, high) in enumerate(zip(lows, highs, strict=True)):
                name = source.name if len(lows) == 1 else f"{source.name}[{i}]"
                yield _uniform(f"command {name}", source.unit, float(low), float(high))
    for push in task.pushes:
        units = ("m/s", "rad/s") if push.kind == "velocity" else ("N", "N m")
        for what, limits, unit in (("linear", push.linear, units[0]), ("angular", push.angular, units[1])):
            for axis, limit in zip("xyz", limits, strict=True):
                if limit:
                    yield _uniform(f"{what} push of {push.body} along {axis}", unit, -limit, limit)


def _randomised(rule: Randomise) -> TrainedRange:
    unit = "1" if rule.kind == "scale" else unit_of(rule.quantity)
    name = f"{rule.label} ({rule.kind})"
    if rule.distribution == "normal":
        return TrainedRange(name, unit, "normal", float(rule.range[0]), float(rule.range[1]))
    low, high = rule.range
    return TrainedRange(name, unit, rule.distribution, (low + high) / 2.0, (high - low) / 2.0)


def _uniform(quantity: str, unit: str, low: float, high: float) -> TrainedRange:
    return TrainedRange(quantity, unit, "uniform", (low + high) / 2.0, (high - low) / 2.0)
