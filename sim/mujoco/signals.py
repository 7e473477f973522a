"""The signals of a task: their shapes, units and frames, and where in the simulation each is read."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mujoco
import numpy as np
from mujoco.batch import DATA_FIELDS, MODEL_FIELDS

from telic.replay.signal import Signal
from telic.sim.errors import TaskError
from telic.sim.mujoco import sources as src
from telic.sim.mujoco.model import Ids, find, joint_unit, position_columns, velocity_columns
from telic.sim.mujoco.model_fields import find as find_in_model
from telic.sim.suggest import did_you_mean

if TYPE_CHECKING:
    from telic.sim.mujoco.task import MujocoTask


@dataclass(frozen=True)
class Columns:
    """Read places of a field of MjData, each world's flattened."""

    field: str
    places: Ids


@dataclass(frozen=True)
class ModelColumns:
    """Read places of a field of each world's own model, flattened."""

    field: str
    places: Ids


@dataclass(frozen=True)
class Velocity:
    """Read velocities of objects: those that the engine keeps refer to the centre of mass of the whole robot.

    Attributes:
        bodies: The body of each object.
        roots: The uppermost body of the tree of each.
        where: Field of the objects' positions.
        axes: Field of the objects' rotations.
        objects: The number of each object in those fields.
        angular: Angular instead of linear velocity.
        local: In the axes of the object instead of the world's.
    """

    bodies: Ids
    roots: Ids
    where: str
    axes: str
    objects: Ids
    angular: bool
    local: bool


@dataclass(frozen=True)
class Own:
    """Read what the world itself keeps: ``previous_action``, ``elapsed``, a command, or a constant."""

    source: src.Source


@dataclass(frozen=True)
class Function:
    """Compute from other signals."""

    source: src.Computed


Reading = Columns | ModelColumns | Velocity | Own | Function

_SENSOR_UNITS = {
    "TOUCH": "N",
    "ACCELEROMETER": "m/s^2",
    "VELOCIMETER": "m/s",
    "GYRO": "rad/s",
    "FORCE": "N",
    "TORQUE": "N m",
    "RANGEFINDER": "m",
    "JOINTPOS": "rad",
    "JOINTVEL": "rad/s",
    "TENDONPOS": "m",
    "TENDONVEL": "m/s",
    "JOINTACTFRC": "N m",
    "BALLANGVEL": "rad/s",
    "FRAMEPOS": "m",
    "FRAMELINVEL": "m/s",
    "FRAMEANGVEL": "rad/s",
    "FRAMELINACC": "m/s^2",
    "FRAMEANGACC": "rad/s^2",
    "SUBTREECOM": "m",
    "SUBTREELINVEL": "m/s",
    "GEOMDIST": "m",
}
_IN_BODY = ("ACCELEROMETER", "VELOCIMETER", "GYRO", "FORCE", "TORQUE", "MAGNETOMETER", "BALLANGVEL")


def signals_of(task: "MujocoTask") -> tuple[Signal, ...]:
    """Return the signals of a task.

    Raises:
        TaskError: If a source names what the model does not have.
    """
    return tuple(signal for signal, _ in readings_of(task))


def readings_of(task: "MujocoTask") -> tuple[tuple[Signal, Reading], ...]:
    """Return the signals of a task, and where each is read.

    Raises:
        TaskError: If a source names what the model does not have, or another signal that does not stand before it.
    """
    found: list[tuple[Signal, Reading]] = []
    for source in task.signals:
        shape, unit, frame, description, reading = _read(task, source, [signal.name for signal, _ in found])
        found.append((Signal(source.name, shape, unit, frame, description, task.dtype), reading))
    return tuple(found)


_Found = tuple[tuple[int, ...], str, str, str, Reading]


def _read(task: "MujocoTask", source: src.Source, before: list[str]) -> _Found:
    model, user = task.model, f"signal {source.name!r}"
    match source:
        case src.JointPosition(_, joints, first):
            columns = position_columns(model, joints, user)[first:]
            return _row(columns, joint_unit(model, joints, user), f"positions of {_joints(joints)}", "qpos")
        case src.JointVelocity(_, joints, first):
            columns = velocity_columns(model, joints, user)[first:]
            unit = {"rad": "rad/s", "m": "m/s"}.get(joint_unit(model, joints, user), "1")
            return _row(columns, unit, f"velocities of {_joints(joints)}", "qvel")
        case src.JointForce(_, joints, by, first):
            columns = velocity_columns(model, joints, user)[first:]
            unit = {"rad": "N m", "m": "N"}.get(joint_unit(model, joints, user), "1")
            return _row(columns, unit, f"forces of {by}s at {_joints(joints)}", f"qfrc_{by}")
        case src.Position():
            return _placed(model, source, user, (3,), "m", "world", "position of {}", "pos")
        case src.Rotation():
            return _placed(model, source, user, (3, 3), "1", "", "rotation of {}, from its frame to the world", "mat")
        case src.Quaternion(_, body):
            numbers = _bodies(model, body, user)
            shape = (4,) if isinstance(body, str) else (len(numbers), 4)
            description = f"quaternion w x y z of {_listed(body)}, from its frame to the world"
            return shape, "1", "", description, Columns("xquat", _blocks(numbers, 4))
        case src.LinearVelocity() | src.AngularVelocity():
            return _velocity(model, source, user)
        case src.CenterOfMass(_, body):
            number = find(model, "body", body, user)
            columns = Columns("subtree_com", _blocks([number], 3))
            return (3,), "m", "world", f"centre of mass of {body} and all that hangs on it", columns
        case src.SensorReading(_, sensors, unit, frame):
            return _sensors(model, sensors, unit, frame, user)
        case src.ContactForce(_, bodies, first):
            numbers = _bodies(model, bodies, user)[first:]
            description = "torque and force from contacts, about the centre of mass of the whole"
            return (len(numbers), 6), "1", "world", description, Columns("cfrc_ext", _blocks(numbers, 6))
        case src.Field(_, field, first, unit):
            return _field(model, field, first, unit, user)
        case src.ModelField(_, field, elements, unit):
            return _model_field(model, field, elements, unit, user)
        case src.Control():
            return _row(np.arange(model.nu), "1", "what reaches the actuators", "ctrl")
        case src.PreviousAction():
            size, unit = task.actions.size, task.actions.unit
            return (size,), unit, "", f"the latest action: {', '.join(task.actions.names)}", Own(source)
        case src.Elapsed():
            return (), "s", "", "time since the start of the episode", Own(source)
        case src.Constant():
            shape = np.asarray(source.value, np.float64).shape
            return shape, source.unit, source.frame, source.description, Own(source)
        case src.Command():
            shape = np.asarray(source.low, np.float64).shape
            return shape, source.unit, source.frame, source.description, Own(source)
        case src.Computed():
            for name in source.inputs:
                if name not in before:
                    raise TaskError(
                        f"{user} needs {name!r}, which does not stand before it{did_you_mean(name, before)}"
                    )
            return source.shape, source.unit, source.frame, source.description, Function(source)
    raise TaskError(f"{user} has a source of an unknown kind: {type(source).__name__}")


def _row(columns: Ids, unit: str, description: str, field: str) -> _Found:
    if not len(columns):
        raise TaskError(f"{description}: none are left to read")
    return (len(columns),), unit, "", description, Columns(field, columns)


def _placed(
    model: mujoco.MjModel,
    source: "src.Position | src.Rotation",
    user: str,
    shape: tuple[int, ...],
    unit: str,
    frame: str,
    description: str,
    quantity: str,
) -> _Found:
    kind, names = _object(source)
    numbers = _numbers(model, kind, names, user)
    field = f"x{quantity}" if kind == "body" else f"{kind}_x{quantity}"
    whole = shape if isinstance(names, str) else (len(numbers), *shape)
    columns = Columns(field, _blocks(numbers, int(np.prod(shape))))
    return whole, unit, frame, description.format(f"{kind} {_listed(names)}"), columns


def _velocity(model: mujoco.MjModel, source: "src.LinearVelocity | src.AngularVelocity", user: str) -> _Found:
    kind, names = _object(source)
    numbers = np.array(_numbers(model, kind, names, user), np.int64)
    bodies = numbers if kind == "body" else getattr(model, f"{kind}_bodyid")[numbers].astype(np.int64)
    angular = isinstance(source, src.AngularVelocity)
    prefix = "x" if kind == "body" else f"{kind}_x"
    reading = Velocity(
        bodies=bodies,
        roots=model.body_rootid[bodies].astype(np.int64),
        where=f"{prefix}pos",
        axes=f"{prefix}mat",
        objects=numbers,
        angular=angular,
        local=source.frame == "body",
    )
    shape = (3,) if isinstance(names, str) else (len(numbers), 3)
    what = f"{'angular' if angular else 'linear'} velocity of {kind} {_listed(names)}"
    return shape, "rad/s" if angular else "m/s", source.frame, what, reading


def _object(source: "src.Position | src.Rotation | src.LinearVelocity | src.AngularVelocity") -> tuple:
    """Return the kind and the names of what a source speaks of."""
    return next((kind, getattr(source, kind)) for kind in ("body", "site", "geom") if getattr(source, kind))


def _numbers(model: mujoco.MjModel, kind: str, names: str | tuple[str, ...], user: str) -> list[int]:
    return [find(model, kind, name, user) for name in ((names,) if isinstance(names, str) else names)]


def _bodies(model: mujoco.MjModel, names: str | tuple[str, ...], user: str) -> list[int]:
    return _numbers(model, "body", names, user) or list(range(model.nbody))


def _blocks(numbers: list[int], size: int) -> Ids:
    """Return the flattened places of rows of this size."""
    return (np.array(numbers, np.int64)[:, None] * size + np.arange(size)).ravel()


def _sensors(model: mujoco.MjModel, names: tuple[str, ...], unit: str, frame: str, user: str) -> _Found:
    if not names:
        raise TaskError(f"{user} names no sensors")
    numbers = _numbers(model, "sensor", names, user)
    columns = np.concatenate([model.sensor_adr[i] + np.arange(model.sensor_dim[i]) for i in numbers]).astype(np.int64)
    kind = mujoco.mjtSensor(model.sensor_type[numbers[0]]).name.removeprefix("mjSENS_")
    unit = unit or _SENSOR_UNITS.get(kind, "1")
    # A reference frame of its own may be anything: only the author knows.
    frame = frame or ("body" if kind in _IN_BODY else "")
    return (len(columns),), unit, frame, f"reading of {_listed(names)}", Columns("sensordata", columns)


def _field(model: mujoco.MjModel, field: str, first: int, unit: str, user: str) -> _Found:
    template = getattr(mujoco.MjData(model), field, None) if field in DATA_FIELDS else None
    if not isinstance(template, np.ndarray):
        raise TaskError(f"{user}: MjData has no array {field!r} to read{did_you_mean(field, sorted(DATA_FIELDS))}")
    width = int(np.prod(template.shape[1:]))
    columns = np.arange(first * width, template.size)
    return _row(columns, unit, f"{field} of MjData", field)


def _model_field(model: mujoco.MjModel, field: str, elements: tuple[str, ...], unit: str, user: str) -> _Found:
    if field not in MODEL_FIELDS:
        raise TaskError(f"{user}: MjModel has no field {field!r} to read{did_you_mean(field, sorted(MODEL_FIELDS))}")
    _, (entries, *_) = find_in_model(model, field, elements, None)
    of = f" of {', '.join(elements)}" if elements else ""
    return (len(entries.index),), unit, "", f"{field}{of} in this world", ModelColumns(field, entries.index)


def _joints(names: tuple[str, ...]) -> str:
    return f"joints {', '.join(names)}" if names else "all joints"


def _listed(names: str | tuple[str, ...]) -> str:
    return names if isinstance(names, str) else ", ".join(names)


def fields_of(readings: Iterable[Reading]) -> set[str]:
    """Return the fields of MjData that are read."""
    fields: set[str] = set()
    for reading in readings:
        match reading:
            case Columns(field):
                fields.add(field)
            case Velocity():
                fields |= {"cvel", "subtree_com", reading.where, reading.axes}
    return fields
