"""Names in a MuJoCo model, and where what they name stands in its arrays."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from telic.replay.action import ActionSpec
from telic.sim.errors import TaskError
from telic.sim.mujoco.actuators import Actuator
from telic.sim.suggest import did_you_mean

Ids = NDArray[np.int64]

_TYPES = {
    "body": mujoco.mjtObj.mjOBJ_BODY,
    "joint": mujoco.mjtObj.mjOBJ_JOINT,
    "geom": mujoco.mjtObj.mjOBJ_GEOM,
    "site": mujoco.mjtObj.mjOBJ_SITE,
    "sensor": mujoco.mjtObj.mjOBJ_SENSOR,
    "keyframe": mujoco.mjtObj.mjOBJ_KEY,
}
_COUNTS = {"body": "nbody", "joint": "njnt", "geom": "ngeom", "site": "nsite", "sensor": "nsensor", "keyframe": "nkey"}

# Numbers of a joint in qpos and in qvel, by joint type: free, ball, slide, hinge.
_POSITIONS, _VELOCITIES = (7, 4, 1, 1), (6, 3, 1, 1)


def find(model: mujoco.MjModel, kind: str, name: str, user: str) -> int:
    """Return the number of an object.

    Args:
        model: The compiled model.
        kind: ``body``, ``joint``, ``geom``, ``site``, ``sensor`` or ``keyframe``.
        name: Its name.
        user: Who asks, for the message.

    Raises:
        TaskError: If there is none of this name.
    """
    number = mujoco.mj_name2id(model, _TYPES[kind], name)
    if number < 0:
        names = names_of(model, kind)
        known = did_you_mean(name, names) if names else "; it has none with a name"
        raise TaskError(f"{user}: the model has no {kind} {name!r}{known}")
    return number


def names_of(model: mujoco.MjModel, kind: str) -> list[str]:
    """Return the names of all objects of a kind that have one."""
    count = getattr(model, _COUNTS[kind])
    found = (mujoco.mj_id2name(model, _TYPES[kind], number) for number in range(count))
    return [name for name in found if name]


def position_columns(model: mujoco.MjModel, joints: Sequence[str], user: str) -> Ids:
    """Return the places of joints in qpos, one joint after the other; all places for no joints."""
    return _columns(model, joints, user, model.nq, model.jnt_qposadr, _POSITIONS)


def velocity_columns(model: mujoco.MjModel, joints: Sequence[str], user: str) -> Ids:
    """Return the places of joints in qvel, one joint after the other; all places for no joints."""
    return _columns(model, joints, user, model.nv, model.jnt_dofadr, _VELOCITIES)


def _columns(
    model: mujoco.MjModel, joints: Sequence[str], user: str, size: int, addresses: NDArray, widths: tuple[int, ...]
) -> Ids:
    if not joints:
        return np.arange(size)
    parts = []
    for name in joints:
        joint = find(model, "joint", name, user)
        parts.append(addresses[joint] + np.arange(widths[model.jnt_type[joint]]))
    return np.concatenate(parts).astype(np.int64)


def joint_unit(model: mujoco.MjModel, joints: Sequence[str], user: str) -> str:
    """Return the unit of the positions of joints; ``1`` for ball and free joints, and for several kinds of joints."""
    numbers = [find(model, "joint", name, user) for name in joints] or range(model.njnt)
    units = {("1", "1", "m", "rad")[model.jnt_type[joint]] for joint in numbers}
    return units.pop() if len(units) == 1 else "1"


def action_spec(model: mujoco.MjModel, actuators: Sequence[Actuator] = ()) -> ActionSpec:
    """Return one action per control: -1 to 1 for those with an actuator model, else the range of the MJCF.

    Raises:
        TaskError: If an actuator of the MJCF has no control range.
    """
    described = {item.name for item in actuators}
    names, low, high = [], [], []
    for number, name in enumerate(control_names(model)):
        if name in described:
            bounds = -1.0, 1.0
        elif model.actuator_ctrllimited[number]:
            bounds = model.actuator_ctrlrange[number]
        else:
            raise TaskError(
                f"actuator {name!r} has no control range; give it ctrlrange in the MJCF, or describe the actions with "
                f"MujocoTask.control"
            )
        names.append(name if name not in names else f"{name}_{number}")
        low.append(float(bounds[0]))
        high.append(float(bounds[1]))
    if not names:
        raise TaskError("the model has no actuators: there is nothing for a policy to do; add an <actuator>")
    return ActionSpec(tuple(names), low=tuple(low), high=tuple(high))


def control_names(model: mujoco.MjModel) -> list[str]:
    """Return the name of each control's actuator, or of the joint that it drives, or ``actuator<number>``."""
    names = [""] * model.nu
    for actuator in range(model.nactuator):
        name = mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_ACTUATOR, actuator)
        if not name and model.actuator_trntype[actuator] == mujoco.mjtTrn.mjTRN_JOINT:
            name = mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_JOINT, model.actuator_trnid[actuator, 0])
        first, count = int(model.actuator_ctrladr[actuator]), int(model.actuator_ctrlnum[actuator])
        for control in range(first, first + count):
            names[control] = name or f"actuator{actuator}"
    return names
