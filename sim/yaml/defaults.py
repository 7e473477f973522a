"""The signals of a model whose author names none: all joints, and where the floating bodies are."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import mujoco

from telic.sim.mujoco.sources import (
    AngularVelocity,
    JointPosition,
    JointVelocity,
    LinearVelocity,
    Position,
    PreviousAction,
    Rotation,
    SensorReading,
    Source,
)


def default_signals(model: mujoco.MjModel) -> tuple[Source, ...]:
    """Return what most tasks need.

    They are ``joint_position`` and ``joint_velocity`` of all hinges and slides, ``position``, ``rotation``,
    ``velocity`` and ``angular_velocity`` of the first floating body, every named sensor, and ``previous_action``.
    """
    scalar = (mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_SLIDE)
    joints = tuple(
        model.joint(i).name for i in range(model.njnt) if int(model.jnt_type[i]) in scalar and model.joint(i).name
    )
    floating = [
        model.body(int(model.jnt_bodyid[i])).name
        for i in range(model.njnt)
        if model.jnt_type[i] == mujoco.mjtJoint.mjJNT_FREE
    ]
    signals: list[Source] = []
    if joints:
        signals += [JointPosition("joint_position", joints), JointVelocity("joint_velocity", joints)]
    if floating and floating[0]:
        body = floating[0]
        signals += [
            Position("position", body=body),
            Rotation("rotation", body=body),
            LinearVelocity("velocity", body=body),
            AngularVelocity("angular_velocity", body=body),
        ]
    names = [model.sensor(i).name for i in range(model.nsensor)]
    taken = {signal.name for signal in signals}
    signals += [SensorReading(name, (name,)) for name in names if name.isidentifier() and name not in taken]
    return (*signals, PreviousAction("previous_action"))
