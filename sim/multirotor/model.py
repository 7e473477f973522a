"""A MuJoCo model of a vehicle, for pictures and for checking the equations of motion.

The inertia, the rotor sites and the actuators are those of the vehicle, so that ``ctrl`` is the thrust of each rotor
[N] and the free body flies like the one of `telic.sim.multirotor.dynamics`. The shapes have no mass and touch nothing.
"""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import math

import mujoco
import numpy as np

from telic.sim.vehicle import GRAVITY, Vehicle

BODY = "vehicle"
FRONT_RGBA = (0.98, 0.45, 0.09, 1.0)  # Orange shows where front is.
BACK_RGBA = (0.16, 0.19, 0.25, 1.0)
FRAME_RGBA = (0.10, 0.11, 0.14, 1.0)


def vehicle_spec(vehicle: Vehicle, dt: float = 0.01) -> mujoco.MjSpec:
    """Return the model of one vehicle above a ground plane, as a spec that can still be changed.

    Bodies ``rotor_1`` to ``rotor_4`` have no joint; turn them by their ``body_quat`` to show spinning rotors.
    """
    spec = mujoco.MjSpec()
    spec.modelname = vehicle.name
    spec.option.timestep = dt
    spec.option.gravity = [0.0, 0.0, -GRAVITY]
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_RK4
    spec.compiler.inertiafromgeom = mujoco.mjtInertiaFromGeom.mjINERTIAFROMGEOM_FALSE
    body = spec.worldbody.add_body(name=BODY, pos=[0.0, 0.0, 1.0])
    body.add_freejoint()
    body.explicitinertial, body.mass, body.inertia = True, vehicle.mass, np.array(vehicle.inertia)
    body.ipos = np.zeros(3)  # Without this, MuJoCo takes the position of the body for that of its centre of mass.
    _add_frame(body, vehicle)
    for index, position in enumerate(vehicle.rotor_positions):
        _add_rotor(spec, body, vehicle, index, np.array(position))
    return spec


def _shape(body: mujoco.MjsBody, kind: mujoco.mjtGeom, **attributes: object) -> None:
    body.add_geom(type=kind, mass=0.0, contype=0, conaffinity=0, **attributes)


def _add_frame(body: mujoco.MjsBody, vehicle: Vehicle) -> None:
    arm = vehicle.arm_length
    _shape(body, mujoco.mjtGeom.mjGEOM_BOX, size=[0.36 * arm, 0.24 * arm, 0.10 * arm], rgba=FRAME_RGBA)
    _shape(
        body, mujoco.mjtGeom.mjGEOM_BOX, size=[0.26 * arm, 0.16 * arm, 0.07 * arm],
        pos=[0.0, 0.0, 0.17 * arm], rgba=(0.55, 0.60, 0.68, 1.0),
    )  # fmt: skip
    # A light at the front.
    _shape(body, mujoco.mjtGeom.mjGEOM_SPHERE, size=[0.09 * arm, 0.0, 0.0], pos=[0.38 * arm, 0.0, 0.0], rgba=FRONT_RGBA)


def _add_rotor(spec: mujoco.MjSpec, body: mujoco.MjsBody, vehicle: Vehicle, index: int, hub: np.ndarray) -> None:
    number, arm, radius = index + 1, vehicle.arm_length, vehicle.rotor_radius
    rgba = FRONT_RGBA if hub[0] > 0.0 else BACK_RGBA
    _shape(
        body, mujoco.mjtGeom.mjGEOM_CAPSULE, size=[0.055 * arm, 0.0, 0.0], fromto=[0.0, 0.0, 0.0, *hub], rgba=FRAME_RGBA
    )
    top = hub + np.array([0.0, 0.0, 0.16 * arm])
    _shape(
        body, mujoco.mjtGeom.mjGEOM_CYLINDER, size=[0.10 * arm, 0.0, 0.0],
        fromto=[*(hub - np.array([0.0, 0.0, 0.08 * arm])), *top], rgba=rgba,
    )  # fmt: skip
    rotor = body.add_body(name=f"rotor_{number}", pos=top)
    rotor.explicitinertial, rotor.mass, rotor.inertia, rotor.ipos = True, 0.0, np.zeros(3), np.zeros(3)
    thickness = 0.012 * arm
    _shape(rotor, mujoco.mjtGeom.mjGEOM_CYLINDER, size=[radius, thickness, 0.0], rgba=(*rgba[:3], 0.22))
    for turn in (0.0, math.pi):
        blade = [0.5 * radius * math.cos(turn), 0.5 * radius * math.sin(turn), 0.0]
        _shape(
            rotor, mujoco.mjtGeom.mjGEOM_BOX, size=[0.5 * radius, 0.07 * radius, 1.6 * thickness],
            pos=blade, rgba=(*rgba[:3], 1.0),
        )  # fmt: skip
    site = body.add_site(name=f"thrust_{number}", pos=hub)
    yaw_arm = vehicle.rotor_directions[index] * vehicle.torque_constant
    actuator = spec.add_actuator(name=f"m{number}", target=site.name, trntype=mujoco.mjtTrn.mjTRN_SITE)
    actuator.gear = [0.0, 0.0, 1.0, 0.0, 0.0, yaw_arm]
    actuator.set_to_motor()
