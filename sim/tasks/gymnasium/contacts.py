"""How hard contacts are, in one number, as Gymnasium's costs of contacts measure it."""

# Arguments of the compiled functions are arrays.
# ruff: noqa: ANN001, ANN202

from telic.sim.compiled import compiled
from telic.sim.mujoco.sources import Computed


def contact_load() -> Computed:
    """Return the sum of the squares of all contact forces and torques."""
    return Computed("contact_load", _load, ("contact_force",), description="sum of the squares of contact_force")


def limited_contact_load() -> Computed:
    """Return the sum of the squares of all contact forces and torques, each cut off at 1."""
    description = "sum of the squares of contact_force, each cut off at 1"
    return Computed("contact_load", _limited_load, ("contact_force",), description=description)


@compiled(nogil=True, error_model="numpy")
def _load(out, force):
    for i in range(force.shape[0]):
        load = 0.0
        for body in range(force.shape[1]):
            for j in range(force.shape[2]):
                load += force[i, body, j] ** 2
        out[i] = load


@compiled(nogil=True, error_model="numpy")
def _limited_load(out, force):
    for i in range(force.shape[0]):
        load = 0.0
        for body in range(force.shape[1]):
            for j in range(force.shape[2]):
                load += min(max(force[i, body, j], -1.0), 1.0) ** 2
        out[i] = load
