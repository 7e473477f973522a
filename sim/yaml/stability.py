"""Whether a model can be simulated at its time step: it is let run, still and with random actions, and watched."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from telic.sim.mujoco.actuators import commands, compiled_model
from telic.sim.mujoco.starts import FromKeyframe
from telic.sim.mujoco.task import MujocoTask

_SECONDS = 2.0
_FINER = (2, 4, 8, 16, 32)
# Speeds beyond the first, and more than the second times those at a finer step, come from the integrator.
_FAST, _TOO_MUCH_FASTER = 100.0, 10.0
_WARNINGS = (mujoco.mjtWarning.mjWARN_BADQPOS, mujoco.mjtWarning.mjWARN_BADQVEL, mujoco.mjtWarning.mjWARN_BADQACC)


@dataclass(frozen=True)
class Divergence:
    """A simulation that ran away.

    Attributes:
        joint: Name of the joint that did.
        time_s: When [s].
        actions: ``no`` or ``random``.
        stable_s: A time step at which it does not [s]; None if none was found.
    """

    joint: str
    time_s: float
    actions: str
    stable_s: float | None


def find_divergence(task: MujocoTask) -> Divergence | None:
    """Simulate a task's model for two seconds, twice, and return what goes wrong."""
    before = mujoco.get_mju_user_warning()
    # A divergence that is looked for shall not be printed, nor written to MuJoCo's log.
    mujoco.set_mju_user_warning(lambda message: None)
    try:
        return _find(task, compiled_model(task.xml, task.assets, task.actuators))
    finally:
        mujoco.set_mju_user_warning(before)


def _find(task: MujocoTask, model: mujoco.MjModel) -> Divergence | None:
    step = float(model.opt.timestep)
    for actions in ("no", "random"):
        dof, time, speed = _run(task, model, actions)
        if dof is None and speed < _FAST:
            continue
        for parts in _FINER:
            model.opt.timestep = step / parts
            worse, _, calm = _run(task, model, actions)
            if worse is None and (dof is not None or speed > _TOO_MUCH_FASTER * calm):
                return Divergence(_culprit(model, dof or 0, step), time, actions, step / parts)
        model.opt.timestep = step
        if dof is not None:
            return Divergence(_culprit(model, dof, step), time, actions, None)
    return None


def _run(task: MujocoTask, model: mujoco.MjModel, actions: str) -> tuple[int | None, float, float]:
    """Return the degree of freedom that ran away or None, when, and the largest speed."""
    data = mujoco.MjData(model)
    for rule in task.reset:
        if isinstance(rule, FromKeyframe):
            mujoco.mj_resetDataKeyframe(model, data, model.key(rule.name).id)
    period = task.decimation * task.model.opt.timestep
    rng = np.random.default_rng(0)
    fastest = 0.0
    for _ in range(max(1, round(_SECONDS / period))):
        data.ctrl[:] = _controls(task, model, rng if actions == "random" else None)
        mujoco.mj_step(model, data, max(1, round(period / model.opt.timestep)))
        for warning in _WARNINGS:
            if data.warning[warning].number:
                return int(data.warning[warning].lastinfo), float(data.time), np.inf
        if model.nv:
            fastest = max(fastest, float(np.abs(data.qvel).max()))
    return None, float(data.time), fastest


def _controls(task: MujocoTask, model: mujoco.MjModel, rng: np.random.Generator | None) -> NDArray[np.float64]:
    scale, offset = commands(task.actuators, model)
    low, high = task.actions.bounds
    action = task.actions.initial_action if rng is None else rng.uniform(low, high)
    return offset + scale * action


def _culprit(model: mujoco.MjModel, dof: int, step: float) -> str:
    """Return the joint that is servoed too stiffly for the step, else the one that was seen to run away.

    For an inertia I, the gains kp and kd are too much where ``kd step / I`` or ``sqrt(kp / I) step`` are beyond 1 or 2.
    """
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    inertia = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, data, inertia)
    worst, stiffest = 1.0, dof
    for i in range(model.nactuator):
        if model.actuator_trntype[i] != mujoco.mjtTrn.mjTRN_JOINT:
            continue
        driven = int(model.jnt_dofadr[model.actuator_trnid[i, 0]])
        kp, kd = np.maximum(-model.actuator_biasprm[i, 1:3], 0.0) * model.actuator_gear[i, 0] ** 2
        rate = step * max(kd / inertia[driven, driven], np.sqrt(kp / inertia[driven, driven]))
        if rate > worst:
            worst, stiffest = rate, driven
    return _joint(model, stiffest)


def _joint(model: mujoco.MjModel, dof: int) -> str:
    if not 0 <= dof < model.nv:
        return ""
    joint = int(model.dof_jntid[dof])
    return model.joint(joint).name or f"joint {joint} of body {model.body(int(model.jnt_bodyid[joint])).name!r}"
