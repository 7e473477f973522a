"""A warehouse hall with racks and moving carts, and the beams of a vehicle's laser scanner."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import math

import mujoco
import numpy as np

from telic.sim.robots.scene import OBJECT, SCENE, SEEN_ONLY, add_box, add_surroundings, load_robot

HALF_LENGTH, HALF_WIDTH = 4.0, 3.0  # Of the hall [m].
BEAMS = 19
FIELD_OF_VIEW = math.radians(270.0)
FARTHEST = 8.0  # Readings end here [m].

# Carts move to and fro along x or y: (name, axis, middle, largest distance from it [m]).
CARTS = (
    ("cart1", "y", (0.0, 0.0), 2.2),
    ("cart2", "x", (0.0, -2.3), 1.5),
    ("cart3", "x", (0.0, 2.3), 1.5),
)
_RACKS = ((-1.4, 0.9), (1.4, -0.9))
_RACK_SIZE = (0.35, 1.0, 0.6)
_CART_MASS = 150.0  # [kg]
CART_RATE = 2.0 * math.pi / 24.0  # Of their swing [rad/s].


def warehouse() -> mujoco.MjSpec:
    """Return a vehicle in a hall: walls, two racks, three moving carts, and a goal to be put anywhere."""
    spec = load_robot("agv")
    add_surroundings(spec)
    world = spec.worldbody
    grey = (0.75, 0.76, 0.78, 1)
    for name, x, y, half_x, half_y in (
        ("east_wall", HALF_LENGTH, 0.0, 0.05, HALF_WIDTH),
        ("west_wall", -HALF_LENGTH, 0.0, 0.05, HALF_WIDTH),
        ("north_wall", 0.0, HALF_WIDTH, HALF_LENGTH, 0.05),
        ("south_wall", 0.0, -HALF_WIDTH, HALF_LENGTH, 0.05),
    ):
        add_box(world, name, (half_x, half_y, 0.4), (x, y, 0.4), grey, **SCENE)
    for number, (x, y) in enumerate(_RACKS, start=1):
        add_box(world, f"rack{number}", _RACK_SIZE, (x, y, _RACK_SIZE[2]), (0.25, 0.4, 0.6, 1), **SCENE)
    for name, axis, middle, _ in CARTS:
        _add_cart(spec, name, axis, middle)
    _add_goal(spec)
    add_scanner(spec, spec.site("scanner"))
    world.add_camera(name="above", pos=[0, -4.2, 7.2], xyaxes=[1, 0, 0, 0, 0.86, 0.5])
    return spec


def add_scanner(spec: mujoco.MjSpec, center: mujoco.MjsSite) -> None:
    """Add beams in a horizontal fan around a site, each with a range finder: ``beam0`` on the right, to the left.

    A range finder looks along the z axis of its site, past the body that it sits on.
    """
    body = center.parent
    for number, angle in enumerate(np.linspace(-FIELD_OF_VIEW / 2.0, FIELD_OF_VIEW / 2.0, BEAMS)):
        name = f"beam{number}"
        along = [math.cos(angle), math.sin(angle), 0.0]
        body.add_site(name=name, pos=center.pos, zaxis=along, size=[0.005, 0.005, 0.005], group=4)
        spec.add_sensor(
            name=name,
            type=mujoco.mjtSensor.mjSENS_RANGEFINDER,
            objtype=mujoco.mjtObj.mjOBJ_SITE,
            objname=name,
            cutoff=FARTHEST,
            intprm=[1 << int(mujoco.mjtRayDataField.mjRAYDATA_DIST), 0, 0],
        )


def _add_goal(spec: mujoco.MjSpec) -> None:
    """Add a disc on the floor, below the scanner's beams, which stop at whatever is drawn."""
    goal = spec.worldbody.add_body(name="goal", mocap=True, pos=[3.0, 0.0, 0.01])
    disc = mujoco.mjtGeom.mjGEOM_CYLINDER
    goal.add_geom(name="goal", type=disc, size=[0.3, 0.005, 0], rgba=[0.1, 0.75, 0.3, 1], **SEEN_ONLY)
    goal.add_site(name="goal", size=[0.005, 0.005, 0.005], group=4)


def _add_cart(spec: mujoco.MjSpec, name: str, axis: str, middle: tuple[float, float]) -> None:
    """Add an obstacle that swings about its middle: a mass on a spring, without friction."""
    cart = spec.worldbody.add_body(name=name, pos=[*middle, 0.0])
    cart.add_joint(
        name=name,
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=[float(axis == "x"), float(axis == "y"), 0.0],
        stiffness=[_CART_MASS * CART_RATE**2, 0.0, 0.0],
    )
    cart.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[0.25, 0.4, 0],
        pos=[0, 0, 0.42],
        rgba=[0.8, 0.2, 0.2, 1],
        mass=_CART_MASS,
        **OBJECT,
    )
    for key in spec.keys:
        key.qpos = [*key.qpos, 0.0]
