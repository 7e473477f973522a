"""What left and right are on the robot of a task, read from its model."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import re
from collections.abc import Iterator

import mujoco
import numpy as np

from telic.rewards.mirror import Mirror
from telic.sim.mujoco.task import MujocoTask
from telic.sim.task import Task
from telic.sim.world import AnyTask

# Further from the middle than this, a part without a partner has none [m].
_MIDDLE = 1e-3
_HINGE, _SLIDE = int(mujoco.mjtJoint.mjJNT_HINGE), int(mujoco.mjtJoint.mjJNT_SLIDE)
_SIDES = {"left": "right", "right": "left", "Left": "Right", "Right": "Left", "LEFT": "RIGHT", "RIGHT": "LEFT"}
_SIDE_WORD = re.compile("left|right|Left|Right|LEFT|RIGHT")
# FR, FL, RR and RL: front and rear, right and left; also with H for hind and B for back.
_SIDE_LETTER = re.compile(r"(?:(?<=^[FRHB])|(?<=_[FRHB]))[LR](?=_|$)|(?<![A-Za-z])[LR](?=_)|(?<=_)[LR]$")


def mirror_of(task: AnyTask) -> Mirror:
    """The mirror of a task's robot; empty where its left and right are not known."""
    if isinstance(task, Task):
        return _of_rotors(task)
    if isinstance(task, MujocoTask):
        return _of_model(task)
    return Mirror()


def other_side(name: str) -> str:
    """A name with left and right exchanged: ``right_hip_x`` and ``left_hip_x``, ``FR_calf`` and ``FL_calf``."""
    if _SIDE_WORD.search(name):
        return _SIDE_WORD.sub(lambda found: _SIDES[found[0]], name)
    return _SIDE_LETTER.sub(lambda found: "L" if found[0] == "R" else "R", name)


def _of_rotors(task: Task) -> Mirror:
    positions = np.array(task.vehicle.rotor_positions)
    names = task.actions.names
    pairs = {}
    for name, position in zip(names, positions, strict=True):
        distances = np.linalg.norm(positions - position * (1.0, -1.0, 1.0), axis=1)
        if distances.min() < _MIDDLE:
            pairs[name] = (names[int(distances.argmin())], 1.0)
    return Mirror(pairs, dict.fromkeys(("action", "previous_action", "rotor_speed"), names))


def _of_model(task: MujocoTask) -> Mirror:
    model = task.model
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    pairs = dict(_joints(model, data))
    for index in range(model.nu):
        actuator = model.actuator(index).name
        if int(model.actuator_trntype[index]) == int(mujoco.mjtTrn.mjTRN_JOINT):
            joint = model.joint(model.actuator_trnid[index, 0]).name
            partner = other_side(actuator)
            if joint in pairs and actuator and (partner != actuator or pairs[joint][0] == joint):
                pairs[actuator] = (partner, pairs[joint][1])
    return Mirror({**_places(model, data), **pairs}, dict.fromkeys(("action", "previous_action"), task.actions.names))


def _joints(model: mujoco.MjModel, data: mujoco.MjData) -> Iterator[tuple[str, tuple[str, float]]]:
    """The partner of every joint, and the sign with which it moves in the mirror."""
    names = [model.joint(index).name for index in range(model.njnt)]
    for index, name in enumerate(names):
        kind = int(model.jnt_type[index])
        partner = names.index(other_side(name)) if other_side(name) in names else index
        if kind not in (_HINGE, _SLIDE) or (partner == index and abs(data.xanchor[index, 1]) > _MIDDLE):
            continue
        # A slide goes along its axis; a hinge turns about it, and turns are mirrored the other way round.
        mirrored = data.xaxis[index] * (1.0, -1.0, 1.0)
        along = float(np.dot(mirrored, data.xaxis[partner]))
        sign = along if kind == _SLIDE else -along
        if abs(abs(sign) - 1.0) < 1e-3:
            yield name, (names[partner], float(np.sign(sign)))


def _places(model: mujoco.MjModel, data: mujoco.MjData) -> dict[str, tuple[str, float]]:
    """The partners of sites and bodies with a side in their names; sensors are often named like them.

    What is in the middle may still look to one side, as a beam does, and is left out.
    """
    where = {model.body(index).name: data.xpos[index] for index in range(model.nbody)}
    where |= {model.site(index).name: data.site_xpos[index] for index in range(model.nsite)}
    return {
        name: (other_side(name), 1.0)
        for name, position in where.items()
        if other_side(name) != name
        and other_side(name) in where
        and np.linalg.norm(position * (1.0, -1.0, 1.0) - where[other_side(name)]) < 10.0 * _MIDDLE
    }
