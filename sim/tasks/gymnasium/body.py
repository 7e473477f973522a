"""What Gymnasium's humanoid tasks have in common: their signals and what of them is seen."""

from telic.sim.mujoco.sources import (
    CenterOfMass,
    ContactForce,
    Field,
    JointForce,
    JointPosition,
    JointVelocity,
    PreviousAction,
    Source,
)
from telic.sim.observe import Observe
from telic.sim.tasks.gymnasium.contacts import contact_load

HUMANOID_SIGNALS: tuple[Source, ...] = (
    CenterOfMass("center_of_mass"),
    # Height, quaternion and hinges; linear and angular velocity of the torso and those of the hinges.
    JointPosition("configuration", first=2),
    JointVelocity("velocity"),
    Field("body_inertia", field="cinert", first=1),
    Field("body_velocity", field="cvel", first=1),
    JointForce("joint_torque", first=6),
    ContactForce("contact_force", first=1),
    contact_load(),
    PreviousAction("previous_action"),
)

HUMANOID_OBSERVATION = (
    Observe("configuration"),
    Observe("velocity"),
    Observe("body_inertia"),
    Observe("body_velocity"),
    Observe("joint_torque"),
    Observe("contact_force"),
)
