"""Actuator models: how an action becomes torque, written into the MuJoCo model so that the engine itself computes them.

An action a commands ``offset + scale * a``. It reaches the actuator after a delay and through a first-order lag; the
actuator's model then turns it into torque, within its limits, in every physics step. What the engine computes costs no
more than the actuators of the MJCF, and is part of the saved state.
"""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import mujoco
import numpy as np

from telic.sim.errors import TaskError, check_number, check_range
from telic.sim.mujoco.draws import Floats
from telic.sim.mujoco.randomise import Randomise
from telic.sim.suggest import did_you_mean


@dataclass(frozen=True)
class AsInModel:
    """The actuator as the MJCF describes it."""


@dataclass(frozen=True)
class Ideal:
    """The command is the torque [N m], or the force [N] of a sliding joint.

    Attributes:
        torque_limit: Largest torque [N m]; None for no limit.
    """

    torque_limit: float | None = None

    def __post_init__(self) -> None:
        _check_limit("torque_limit of an ideal actuator", self.torque_limit)


@dataclass(frozen=True)
class PositionServo:
    """A PD controller: the command is a joint position, and the torque kp (command - q) - kd dq/dt, within its limit.

    Attributes:
        kp: Proportional gain [N m/rad].
        kd: Derivative gain [N m s/rad].
        torque_limit: Largest torque [N m]; None for no limit.
    """

    kp: float
    kd: float
    torque_limit: float | None = None

    def __post_init__(self) -> None:
        check_number("kp of a position servo", self.kp, 0.0, 1e7)
        check_number("kd of a position servo", self.kd, 0.0, 1e7)
        _check_limit("torque_limit of a position servo", self.torque_limit)


@dataclass(frozen=True)
class VelocityServo:
    """The command is a joint velocity, and the torque kd (command - dq/dt), within its limit.

    Attributes:
        kd: Gain [N m s/rad].
        torque_limit: Largest torque [N m]; None for no limit.
    """

    kd: float
    torque_limit: float | None = None

    def __post_init__(self) -> None:
        check_number("kd of a velocity servo", self.kd, 0.0, 1e7)
        _check_limit("torque_limit of a velocity servo", self.torque_limit)


@dataclass(frozen=True)
class DCMotor:
    """A PD position controller that drives a DC motor at the joint, with the motor's torque-speed line.

    At the speed w, the torque kp (command - q) - kd w is cut off at ``stall_torque * (±1 - w / no_load_speed)``, what
    the supply voltage allows, and at the driver's own limit. It is MuJoCo's DC motor, with one volt for the supply.

    Attributes:
        kp: Proportional gain [N m/rad].
        kd: Derivative gain [N m s/rad].
        stall_torque: Largest torque at rest [N m], at the joint.
        no_load_speed: Speed at which no torque is left [rad/s], at the joint.
        torque_limit: Largest torque that the driver allows [N m]; None for none but the motor's own.
    """

    kp: float
    kd: float
    stall_torque: float
    no_load_speed: float
    torque_limit: float | None = None

    def __post_init__(self) -> None:
        check_number("kp of a DC motor", self.kp, 0.0, 1e7)
        check_number("kd of a DC motor", self.kd, 0.0, 1e7)
        check_number("stall_torque of a DC motor", self.stall_torque, 1e-6, 1e7)
        check_number("no_load_speed of a DC motor", self.no_load_speed, 1e-6, 1e7)
        _check_limit("torque_limit of a DC motor", self.torque_limit)


Model = AsInModel | Ideal | PositionServo | VelocityServo | DCMotor


@dataclass(frozen=True)
class Actuator:
    """One actuator: what an action commands, and what comes of it.

    Attributes:
        name: Name of the actuator in the MJCF; it is added to the model if `joint` is given.
        joint: Joint that an added actuator drives; None for an actuator of the MJCF.
        model: What it does with a command.
        scale: Command for an action of 1, beyond `offset`, in the command's unit.
        offset: Command for an action of 0.
        delay_s: Shortest and longest time until a command arrives, drawn once per episode [s].
        lag_s: Time constant of a first-order lag of the command, or of a DC motor's current [s].
    """

    name: str
    joint: str | None = None
    model: Model = field(default_factory=AsInModel)
    scale: float = 1.0
    offset: float = 0.0
    delay_s: tuple[float, float] = (0.0, 0.0)
    lag_s: float = 0.0

    def __post_init__(self) -> None:
        check_number(f"scale of actuator {self.name}", self.scale, -1e9, 1e9)
        if self.scale == 0.0:
            raise TaskError(f"scale of actuator {self.name} is 0; its action would do nothing")
        check_number(f"offset of actuator {self.name}", self.offset, -1e9, 1e9)
        check_range(f"delay_s of actuator {self.name}", self.delay_s, 0.0, 10.0)
        check_number(f"lag_s of actuator {self.name}", self.lag_s, 0.0, 100.0)


def compiled_model(xml: str, assets: Mapping[str, bytes], actuators: Sequence[Actuator]) -> mujoco.MjModel:
    """Compile MJCF with these actuator models in it.

    Raises:
        TaskError: If an actuator or a joint is not in the model.
        ValueError: If MuJoCo refuses the MJCF.
    """
    if not actuators:
        return mujoco.MjModel.from_xml_string(xml, dict(assets))
    return specification(xml, assets, actuators).compile()


def specification(xml: str, assets: Mapping[str, bytes], actuators: Sequence[Actuator]) -> mujoco.MjSpec:
    """Read MJCF and write these actuator models into it; raises as `compiled_model`."""
    spec = mujoco.MjSpec.from_string(xml, assets=dict(assets))
    install(spec, actuators)
    return spec


def install(spec: mujoco.MjSpec, actuators: Sequence[Actuator]) -> None:
    """Write actuator models into a specification.

    Raises:
        TaskError: If an actuator or a joint is not in the model, or one is named twice.
    """
    names = [item.name for item in actuators]
    for item in actuators:
        if names.count(item.name) > 1:
            raise TaskError(f"actuator {item.name!r} is described twice; join the two into one")
        _install(spec, item)


def _install(spec: mujoco.MjSpec, item: Actuator) -> None:
    target = spec.actuator(item.name) if item.joint is None else _added(spec, item)
    if target is None:
        known = [actuator.name for actuator in spec.actuators]
        raise TaskError(
            f"the model has no actuator {item.name!r}{did_you_mean(item.name, known)}; to add one, name its joint"
        )
    match item.model:
        case Ideal(limit):
            _affine(target, gain=1.0, bias=(0.0, 0.0), limit=limit)
        case PositionServo(kp, kd, limit):
            _affine(target, gain=kp, bias=(-kp, -kd), limit=limit)
        case VelocityServo(kd, limit):
            _affine(target, gain=kd, bias=(0.0, -kd), limit=limit)
        case DCMotor() as motor:
            _dc_motor(target, motor, item.lag_s)
    if item.lag_s and not isinstance(item.model, DCMotor):
        if target.dyntype not in (mujoco.mjtDyn.mjDYN_NONE, mujoco.mjtDyn.mjDYN_FILTEREXACT):
            raise TaskError(f"actuator {item.name!r} has dynamics of its own in the MJCF; give it lag_s 0")
        target.dyntype = mujoco.mjtDyn.mjDYN_FILTEREXACT
        target.dynprm[0] = item.lag_s
    if item.delay_s[1]:
        # A little less than the whole, so that a delay of exactly n steps asks for n samples.
        target.nsample = max(1, math.ceil(item.delay_s[1] / spec.option.timestep - 1e-9))
        target.delay = sum(item.delay_s) / 2.0


def _added(spec: mujoco.MjSpec, item: Actuator) -> mujoco.MjsActuator:
    if spec.actuator(item.name) is not None:
        raise TaskError(f"the model has an actuator {item.name!r} already; leave its joint out to use it")
    joints = [joint.name for joint in spec.joints]
    if item.joint not in joints:
        raise TaskError(
            f"actuator {item.name!r} drives joint {item.joint!r}, which is not in the model"
            f"{did_you_mean(str(item.joint), joints)}"
        )
    target = spec.add_actuator(name=item.name)
    target.trntype = mujoco.mjtTrn.mjTRN_JOINT
    target.target = item.joint
    if isinstance(item.model, AsInModel):
        raise TaskError(f"actuator {item.name!r} is added to the model, so it needs a model of its own, such as ideal")
    return target


def _affine(target: mujoco.MjsActuator, gain: float, bias: tuple[float, float], limit: float | None) -> None:
    """Make the force ``gain * command + bias . (position, velocity)``, within the limit."""
    target.dyntype = mujoco.mjtDyn.mjDYN_NONE
    target.gaintype = mujoco.mjtGain.mjGAIN_FIXED
    target.biastype = mujoco.mjtBias.mjBIAS_AFFINE if any(bias) else mujoco.mjtBias.mjBIAS_NONE
    target.gainprm[:] = 0.0
    target.biasprm[:] = 0.0
    target.gainprm[0] = gain
    target.biasprm[1:3] = bias
    _limit(target, limit)


def _dc_motor(target: mujoco.MjsActuator, motor: DCMotor, electrical_lag_s: float) -> None:
    target.set_to_dcmotor(
        motorconst=(0.0, 0.0),
        resistance=0.0,
        nominal=(1.0, motor.stall_torque, motor.no_load_speed),
        saturation=(motor.torque_limit or 0.0, 0.0, 0.0),
        inductance=(0.0, electrical_lag_s),
        controller=(motor.kp, 0.0, motor.kd, 0.0, 0.0, 1.0),
        ctrlspec=int(mujoco.mjtCtrlInput.mjINPUT_POS),
    )


def _limit(target: mujoco.MjsActuator, limit: float | None) -> None:
    target.forcelimited = limit is not None
    target.forcerange[:] = (-limit, limit) if limit is not None else (0.0, 0.0)


def delays(actuators: Sequence[Actuator]) -> tuple[Randomise, ...]:
    """Return the rules that draw the delays of an episode: actuators with the same range share one."""
    ranges = {item.delay_s for item in actuators if item.delay_s[0] < item.delay_s[1]}
    return tuple(
        Randomise(
            "actuator_delay",
            bounds,
            elements=tuple(item.name for item in actuators if item.delay_s == bounds),
            kind="set",
            each="all",
        )
        for bounds in sorted(ranges)
    )


def commands(actuators: Sequence[Actuator], model: mujoco.MjModel) -> tuple[Floats, Floats]:
    """Return scale and offset of each control of a model, (nu,) each: ``ctrl = offset + scale * action``."""
    scale, offset = np.ones(model.nu), np.zeros(model.nu)
    for item in actuators:
        control = _control(model, item.name)
        scale[control], offset[control] = item.scale, item.offset
    return scale, offset


def settled(model: mujoco.MjModel, ctrl: Floats) -> tuple[Floats, Floats]:
    """Return the activations (na,) and the buffer of delayed controls (nhistory,) of actuators that have long had ctrl.

    An episode that starts with a command other than zero needs both, or its actuators begin with a jerk.
    """
    data = mujoco.MjData(model)
    data.ctrl[:] = ctrl
    act, history = data.act.copy(), data.history.copy()
    for i in range(model.nactuator):
        control = int(model.actuator_ctrladr[i])
        if int(model.actuator_dyntype[i]) in (mujoco.mjtDyn.mjDYN_FILTER, mujoco.mjtDyn.mjDYN_FILTEREXACT):
            act[model.actuator_actadr[i]] = ctrl[control]
        samples = int(model.actuator_history[i, 0])
        if samples:
            # The buffer: two numbers of its own, the times of the samples, then the samples.
            first = int(model.actuator_historyadr[i]) + 2 + samples
            width = int(model.actuator_ctrlnum[i])
            history[first : first + samples * width] = np.tile(ctrl[control : control + width], samples)
    return act, history


def _control(model: mujoco.MjModel, name: str) -> int:
    return int(model.actuator_ctrladr[model.actuator(name).id])


def _check_limit(name: str, value: float | None) -> None:
    if value is not None:
        check_number(name, value, 1e-9, 1e9)
