"""The geoms of a model that can ever touch, listed: MuJoCo then need not sweep for them in every step.

Which geoms may touch is known from the model alone. Where they are few, to test each pair's bounding spheres takes less
than to sort all bodies along an axis in every step: up to a sixth of a step. The contacts are the same to the bit: a
pair gets the parameters that MuJoCo would combine from its two geoms
(https://mujoco.readthedocs.io/en/stable/modeling.html#contact-parameters).
"""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import copy
import itertools
import warnings
from collections.abc import Iterable

import mujoco
import numpy as np

from telic.sim.mujoco.actuators import specification
from telic.sim.mujoco.randomise import Randomise
from telic.sim.mujoco.task import MujocoTask

# More pairs than these are found sooner by sweeping.
_MOST = 64
_GEOMS = frozenset(
    int(kind)
    for kind in (
        mujoco.mjtGeom.mjGEOM_PLANE,
        mujoco.mjtGeom.mjGEOM_SPHERE,
        mujoco.mjtGeom.mjGEOM_CAPSULE,
        mujoco.mjtGeom.mjGEOM_ELLIPSOID,
        mujoco.mjtGeom.mjGEOM_CYLINDER,
        mujoco.mjtGeom.mjGEOM_BOX,
    )
)
# What contacts are combined from, and what decides which geoms may touch: worlds that differ in it find their own.
_CONTACT_FIELDS = frozenset(
    f"geom_{name}"
    for name in (
        *("contype", "conaffinity", "condim", "priority", "solmix", "solref", "solimp", "friction", "margin", "gap"),
        *("size", "rbound", "aabb"),
    )
)


def model_of(task: MujocoTask) -> mujoco.MjModel:
    """A copy of a task's model, with its pairs listed where that is possible and pays."""
    if _differs(task.randomisation) or not _is_plain(task.model):
        return copy.copy(task.model)
    pairs = touching(task.model)
    if not 0 < len(pairs) <= _MOST:
        return copy.copy(task.model)
    spec = specification(task.xml, task.assets, task.actuators)
    geoms = list(spec.geoms)
    for number, geom in enumerate(geoms):
        geom.name = geom.name or f"geom of no name {number}"
    for one, other in pairs:
        spec.add_pair(geomname1=geoms[one].name, geomname2=geoms[other].name)
    with warnings.catch_warnings():
        # What there is to warn of was said when the task's own model was compiled.
        warnings.simplefilter("ignore")
        model = spec.compile()
    for field in ("geom_contype", "geom_conaffinity", "body_contype", "body_conaffinity"):
        getattr(model, field)[:] = 0
    for pair in range(model.npair):
        _combine(model, pair)
    return model


def touching(model: mujoco.MjModel) -> list[tuple[int, int]]:
    """All pairs of geoms that MuJoCo would let touch, by number, the smaller first."""
    excluded = set(model.exclude_signature.tolist())
    static = np.asarray(model.body_weldid)
    parent = static[model.body_parentid[static]]
    pairs = []
    for one, other in itertools.combinations(range(model.ngeom), 2):
        bodies = sorted((int(model.geom_bodyid[one]), int(model.geom_bodyid[other])))
        a, b = (int(static[body]) for body in bodies)
        willing = (
            model.geom_contype[one] & model.geom_conaffinity[other]
            or model.geom_contype[other] & model.geom_conaffinity[one]
        )
        related = a == b or (a and b and (a == parent[b] or b == parent[a]))
        if willing and not related and (bodies[0] << 16) + bodies[1] not in excluded:
            pairs.append((one, other))
    return pairs


def _differs(rules: Iterable[Randomise]) -> bool:
    """Whether worlds differ in what contacts are made of."""
    return any(rule.quantity == "friction" or rule.quantity in _CONTACT_FIELDS for rule in rules)


def _is_plain(model: mujoco.MjModel) -> bool:
    """Whether contacts are between simple shapes only, and by MuJoCo's default rules."""
    disabled = mujoco.mjtDisableBit.mjDSBL_FILTERPARENT | mujoco.mjtDisableBit.mjDSBL_CONTACT
    shapes = model.geom_type[(model.geom_contype | model.geom_conaffinity) != 0]
    return (
        model.npair == 0
        and model.nflex == 0
        and not model.opt.disableflags & disabled
        and not model.opt.enableflags & mujoco.mjtEnableBit.mjENBL_OVERRIDE
        and _GEOMS.issuperset(shapes.tolist())
    )


def _combine(model: mujoco.MjModel, pair: int) -> None:
    """Give a pair the parameters of its two geoms."""
    one, other = int(model.pair_geom1[pair]), int(model.pair_geom2[pair])
    model.pair_margin[pair] = model.geom_margin[one] + model.geom_margin[other]
    model.pair_gap[pair] = model.geom_gap[one] + model.geom_gap[other]
    model.pair_solreffriction[pair] = 0.0
    if model.geom_priority[one] != model.geom_priority[other]:
        both = [one if model.geom_priority[one] > model.geom_priority[other] else other]
        share = 1.0
    else:
        both = [one, other]
        share = _share(model.geom_solmix[one], model.geom_solmix[other])
    first, last = both[0], both[-1]
    model.pair_dim[pair] = model.geom_condim[both].max()
    # Sliding, torsional and rolling friction, the first and the last for two axes each.
    model.pair_friction[pair] = model.geom_friction[both].max(axis=0)[[0, 0, 1, 2, 2]]
    model.pair_solimp[pair] = share * model.geom_solimp[first] + (1.0 - share) * model.geom_solimp[last]
    if (model.geom_solref[both, 0] > 0.0).all():
        model.pair_solref[pair] = share * model.geom_solref[first] + (1.0 - share) * model.geom_solref[last]
    else:
        # Direct stiffness and damping have no mixture.
        model.pair_solref[pair] = model.geom_solref[both].min(axis=0)


def _share(one: float, other: float) -> float:
    """How much of the first geom is in a mixture."""
    least = mujoco.mjMINVAL
    if one >= least and other >= least:
        return float(one / (one + other))
    if one < least and other < least:
        return 0.5
    return 0.0 if one < least else 1.0
