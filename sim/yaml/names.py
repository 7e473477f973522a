"""Names of the MJCF in a task file: every one is looked up, and a wrong one is told with the nearest right one."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import mujoco

from telic.sim.mujoco.model import names_of
from telic.sim.suggest import did_you_mean
from telic.sim.yaml.convert import Converter
from telic.sim.yaml.document import Item, join

# Keys that hold names of elements, and of which kind.
_KINDS = {
    "joint": "joint",
    "joints": "joint",
    "body": "body",
    "bodies": "body",
    "site": "site",
    "geom": "geom",
    "sensors": "sensor",
}


def check_names(model: mujoco.MjModel, item: Item, where: str, converter: Converter) -> bool:
    """Look up every name of an element in a mapping of the file; return whether all are there."""
    right = True
    for key, kind in _KINDS.items():
        if isinstance(item.value, dict) and key in item.value:
            right &= check_name(model, kind, item.value[key], join(where, key), converter)
    return right


def check_name(model: mujoco.MjModel, kind: str, item: Item, where: str, converter: Converter) -> bool:
    """Look up a name, or a list of names, of elements of one kind; return whether all are there."""
    if isinstance(item.value, tuple):
        checks = [check_name(model, kind, child, f"{where}[{i}]", converter) for i, child in enumerate(item.value)]
        return all(checks)
    if not isinstance(item.value, str):
        return True  # Told by the converter already.
    known = names_of(model, kind)
    if item.value in known:
        return True
    remedy = f"name one of the model's {kind}s, or give the {kind} a name in the MJCF"
    converter.refuse(item, where, f"the model has no {kind} {item.value!r}{did_you_mean(item.value, known)}", remedy)
    return False
