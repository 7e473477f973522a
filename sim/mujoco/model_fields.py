"""Numbers of a MuJoCo model by name: which entries of which fields "the mass of the trunk" is."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import mujoco
import numpy as np
from mujoco.batch import MODEL_FIELDS
from numpy.typing import NDArray

from telic.sim.errors import TaskError
from telic.sim.suggest import did_you_mean

# What a field's name begins with: the kind of element, MuJoCo's object type, and where their number stands.
_KINDS = {
    "body": ("body", mujoco.mjtObj.mjOBJ_BODY, "nbody"),
    "jnt": ("joint", mujoco.mjtObj.mjOBJ_JOINT, "njnt"),
    "dof": ("joint", mujoco.mjtObj.mjOBJ_JOINT, "njnt"),
    "qpos": ("joint", mujoco.mjtObj.mjOBJ_JOINT, "njnt"),
    "geom": ("geom", mujoco.mjtObj.mjOBJ_GEOM, "ngeom"),
    "site": ("site", mujoco.mjtObj.mjOBJ_SITE, "nsite"),
    "cam": ("camera", mujoco.mjtObj.mjOBJ_CAMERA, "ncam"),
    "light": ("light", mujoco.mjtObj.mjOBJ_LIGHT, "nlight"),
    "tendon": ("tendon", mujoco.mjtObj.mjOBJ_TENDON, "ntendon"),
    "actuator": ("actuator", mujoco.mjtObj.mjOBJ_ACTUATOR, "nactuator"),
    "sensor": ("sensor", mujoco.mjtObj.mjOBJ_SENSOR, "nsensor"),
    "eq": ("equality", mujoco.mjtObj.mjOBJ_EQUALITY, "neq"),
    "pair": ("pair", mujoco.mjtObj.mjOBJ_PAIR, "npair"),
    "mat": ("material", mujoco.mjtObj.mjOBJ_MATERIAL, "nmat"),
}

# Quantities that people speak of. The others are fields of MjModel and MjOption by their own names.
QUANTITIES = {
    "mass": "mass of bodies; their inertia is scaled with it",
    "inertia": "moments of inertia of bodies, in their principal axes",
    "center_of_mass": "position of the centre of mass in the body's frame, each axis drawn by itself",
    "friction": "sliding friction of geoms",
    "damping": "viscous damping of joints",
    "armature": "reflected inertia of joints",
    "frictionloss": "dry friction of joints",
    "stiffness": "spring stiffness of joints",
    "kp": "proportional gain of position actuators",
    "kd": "derivative gain of position, velocity and DC motor actuators",
    "strength": "how strong an actuator is: gains and force limits, or the stall torque of a DC motor, together",
    "gravity": "all components of gravity together",
}
_FIELD_OF = {
    "center_of_mass": "body_ipos",
    "inertia": "body_inertia",
    "damping": "dof_damping",
    "armature": "dof_armature",
    "frictionloss": "dof_frictionloss",
    "stiffness": "jnt_stiffness",
    "gravity": "opt.gravity",
}
_KIND_OF_QUANTITY = {"mass": "body", "friction": "geom", "kp": "actuator", "kd": "actuator", "strength": "actuator"}

# Indices of actuator parameters; the DC motor's as `mjs_setToDCMotor` writes them.
_DC_RESISTANCE, _DC_KP, _DC_KD = 0, 4, 6

# Fields that may not be negative, and those that must be positive.
NOT_NEGATIVE = frozenset(
    {
        "geom_friction",
        "dof_damping",
        "dof_armature",
        "dof_frictionloss",
        "jnt_stiffness",
        "actuator_delay",
        "tendon_damping",
        "tendon_stiffness",
        "tendon_frictionloss",
        "opt.density",
        "opt.viscosity",
        "jnt_margin",
        "geom_margin",
    }
)
POSITIVE = frozenset({"body_mass", "body_inertia", "geom_size", "opt.impratio"})


# By field, or by quantity where that is several fields.
_UNITS = {
    "body_mass": "kg",
    "body_inertia": "kg m^2",
    "body_ipos": "m",
    "body_pos": "m",
    "dof_damping": "N m s/rad",
    "dof_armature": "kg m^2",
    "dof_frictionloss": "N m",
    "jnt_stiffness": "N m/rad",
    "geom_size": "m",
    "actuator_delay": "s",
    "opt.gravity": "m/s^2",
    "opt.wind": "m/s",
    "kp": "N m/rad",
    "kd": "N m s/rad",
}


@dataclass(frozen=True)
class Entries:
    """Entries of one field.

    Attributes:
        field: Name of the MjModel field.
        index: Places in the field, flattened (k,).
        element: Number of the element that each belongs to (k,).
        sign: 1, or -1 where the field holds the negative of the quantity (k,).
        inverse: The field shrinks where the quantity grows, as a motor's resistance does with its strength.
    """

    field: str
    index: NDArray[np.int64]
    element: NDArray[np.int64]
    sign: NDArray[np.float64]
    inverse: bool = False


def unit_of(quantity: str) -> str:
    """Return the SI unit of a quantity, for hinges where it depends on the joint; ``1`` where it is not known."""
    return _UNITS.get(_FIELD_OF.get(quantity, quantity), "1")


def nominal(model: mujoco.MjModel, field: str) -> NDArray[np.float64]:
    """Return a field of the model, flattened: a view where it is an array of float64."""
    values = getattr(model.opt, field[4:]) if field.startswith("opt.") else getattr(model, field)
    return np.asarray(values, np.float64).reshape(-1)


def find(
    model: mujoco.MjModel, quantity: str, patterns: Iterable[str], component: int | None
) -> tuple[tuple[str, ...], tuple[Entries, ...]]:
    """Find what a quantity is in a model.

    Args:
        model: The compiled model.
        quantity: A key of `QUANTITIES`, or a field of MjModel, or of MjOption as ``opt.gravity``.
        patterns: Names of elements, where ``*`` stands for anything; none for all of them.
        component: Which number of each element, for fields with several; all of them by default.

    Returns:
        The names of the elements, and the entries.

    Raises:
        TaskError: If there is no such quantity, element or component.
    """
    field = _FIELD_OF.get(quantity, quantity)
    if quantity not in QUANTITIES:
        _check_field(model, field)
    if field.startswith("opt."):
        if tuple(patterns):
            raise TaskError(f"{quantity} belongs to the whole model; leave its elements out")
        return ("",), (_option(model, field, component),)
    prefix = _KIND_OF_QUANTITY.get(quantity, _prefix(field))
    kind, names, ids = _elements(model, prefix, quantity, tuple(patterns))
    if quantity == "mass":
        mass, inertia = _of(model, "body_mass", ids, None), _of(model, "body_inertia", ids, None)
        return names, (mass, inertia)
    if quantity == "friction":
        return names, (_of(model, "geom_friction", ids, 0),)
    if quantity in ("kp", "kd", "strength"):
        return names, tuple(_actuator_entries(model, quantity, names, ids))
    entries = _of(model, field, ids, component)
    if not len(entries.index):
        raise TaskError(f"{quantity} of {kind} {', '.join(names)} has no number {component}")
    return names, (entries,)


def _check_field(model: mujoco.MjModel, field: str) -> None:
    known = [*QUANTITIES, *sorted(name for name in MODEL_FIELDS if _is_number(model, name))]
    if field not in known:
        close = did_you_mean(field, known).split("known:")[0]
        raise TaskError(
            f"unknown model quantity {field!r}{close}known: {', '.join(QUANTITIES)}, and the fields of MjModel and "
            f"MjOption that hold numbers, such as geom_friction or opt.wind"
        )
    if field == "opt.timestep":
        raise TaskError("opt.timestep cannot differ between worlds; the control period is part of the task")


def _is_number(model: mujoco.MjModel, field: str) -> bool:
    values = getattr(model.opt, field[4:], None) if field.startswith("opt.") else getattr(model, field, None)
    return np.asarray(values).dtype.kind == "f" and (field.startswith("opt.") or _prefix(field) in _KINDS)


def _prefix(field: str) -> str:
    """Return what a field is an array of: ``qpos`` of ``qpos0``, ``geom`` of ``geom_friction``."""
    return field.split("_")[0].rstrip("0")


def _option(model: mujoco.MjModel, field: str, component: int | None) -> Entries:
    size = nominal(model, field).size
    if component is not None and not 0 <= component < size:
        raise TaskError(f"{field} has {size} numbers; there is no number {component}")
    index = np.arange(size) if component is None else np.array([component])
    return Entries(field, index, np.zeros(len(index), np.int64), np.ones(len(index)))


def _elements(
    model: mujoco.MjModel, prefix: str, field: str, patterns: tuple[str, ...]
) -> tuple[str, tuple[str, ...], NDArray[np.int64]]:
    """Return the kind of elements, the names that match, and their numbers."""
    kind, object_type, count = _KINDS[prefix]
    names = [mujoco.mj_id2name(model, object_type, i) or f"#{i}" for i in range(getattr(model, count))]
    if not patterns:
        ids = [i for i in range(len(names)) if prefix != "body" or model.body_mass[i] > 0.0]
    else:
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in names):
                raise TaskError(f"{field}: the model has no {kind} {pattern!r}{did_you_mean(pattern, names)}")
        ids = [i for i in range(len(names)) if any(fnmatchcase(names[i], pattern) for pattern in patterns)]
    if not ids:
        raise TaskError(f"{field}: the model has no {kind}")
    return kind, tuple(names[i] for i in ids), np.array(ids, np.int64)


def _of(model: mujoco.MjModel, field: str, ids: NDArray[np.int64], component: int | None) -> Entries:
    """Return the entries of elements in a field."""
    width = int(np.prod(getattr(model, field).shape[1:]))
    places: list[NDArray[np.int64]] = []
    for identifier in ids:
        first, last = _rows(model, field, int(identifier))
        numbers = np.arange(first * width, last * width)
        places.append(numbers if component is None else numbers[component : component + 1])
    index = np.concatenate(places)
    element = np.repeat(np.arange(len(ids)), [len(numbers) for numbers in places])
    return Entries(field, index, element, np.ones(len(index)))


def _rows(model: mujoco.MjModel, field: str, identifier: int) -> tuple[int, int]:
    """Return the rows of an element in a field: a joint has as many degrees of freedom as its type says."""
    widths = {"dof": ((6, 3, 1, 1), model.jnt_dofadr), "qpos": ((7, 4, 1, 1), model.jnt_qposadr)}
    if _prefix(field) not in widths:
        return identifier, identifier + 1
    sizes, addresses = widths[_prefix(field)]
    first = int(addresses[identifier])
    return first, first + sizes[int(model.jnt_type[identifier])]


def _actuator_entries(
    model: mujoco.MjModel, quantity: str, names: tuple[str, ...], ids: NDArray[np.int64]
) -> Iterable[Entries]:
    """Find gains and limits, which lie elsewhere for every type of actuator."""
    places: dict[tuple[str, bool], list[tuple[int, int, float]]] = {}

    def add(field: str, element: int, column: int, sign: float = 1.0, inverse: bool = False) -> None:
        width = getattr(model, field).shape[1]
        places.setdefault((field, inverse), []).append((element, int(ids[element]) * width + column, sign))

    for element, identifier in enumerate(ids):
        is_motor = model.actuator_gaintype[identifier] == mujoco.mjtGain.mjGAIN_DCMOTOR
        is_affine = model.actuator_biastype[identifier] == mujoco.mjtBias.mjBIAS_AFFINE
        if quantity == "strength":
            add("actuator_forcerange", element, 0)
            add("actuator_forcerange", element, 1)
            if is_motor:
                add("actuator_gainprm", element, _DC_RESISTANCE, inverse=True)
        if quantity in ("kp", "strength"):
            add("actuator_gainprm", element, _DC_KP if is_motor else 0)
            if is_affine and (quantity == "strength" or model.actuator_biasprm[identifier, 1] != 0.0):
                add("actuator_biasprm", element, 1, -1.0)
            elif quantity == "kp" and not is_motor:
                raise TaskError(f"kp: actuator {names[element]!r} has no position gain; use strength instead")
        if quantity in ("kd", "strength"):
            if is_motor:
                add("actuator_gainprm", element, _DC_KD)
            elif is_affine:
                add("actuator_biasprm", element, 2, -1.0)
            elif quantity == "kd":
                raise TaskError(f"kd: actuator {names[element]!r} has no derivative gain; use damping of its joint")
    for (field, inverse), found in places.items():
        element, index, sign = (np.array(column) for column in zip(*found, strict=True))
        yield Entries(field, index.astype(np.int64), element.astype(np.int64), sign.astype(float), inverse)
