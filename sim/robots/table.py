"""What stands in front of the arm of seven joints: a table whose top is at height zero, and things on it."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import mujoco

from telic.sim.robots.scene import OBJECT, SCENE, add_box, add_marker, add_surroundings, load_robot

CUBE_HALF = 0.02  # Half the length of a cube's edge [m].
_TABLE_HEIGHT = 0.75


def arm_on_table() -> mujoco.MjSpec:
    """Return the arm on a table. Its base, x forward, is the world's origin."""
    spec = load_robot("arm7")
    add_surroundings(spec, floor=False)
    world = spec.worldbody
    world.add_geom(
        name="floor",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[0, 0, 0.1],
        pos=[0, 0, -_TABLE_HEIGHT],
        material="floor",
        **SCENE,
    )
    half = _TABLE_HEIGHT / 2.0
    add_box(world, "table", (0.55, 0.6, half), (0.35, 0, -half), (0.75, 0.66, 0.55, 1), **SCENE)
    world.add_camera(name="front", pos=[1.5, -0.9, 0.8], xyaxes=[0.53, 0.85, 0, -0.36, 0.23, 0.9])
    return spec


def add_goal(spec: mujoco.MjSpec, radius: float, position: tuple[float, float, float] = (0.5, 0.0, 0.3)) -> None:
    """Add a goal that an episode puts anywhere: a mocap body with a marker."""
    add_marker(spec.worldbody.add_body(name="goal", mocap=True, pos=position), "goal", radius)


def add_cube(spec: mujoco.MjSpec, mass: float = 0.1) -> None:
    """Add a cube that lies free on the table, in the last seven positions.

    Args:
        spec: The scene.
        mass: [kg].
    """
    position = [0.5, 0.0, CUBE_HALF]
    cube = spec.worldbody.add_body(name="object", pos=position)
    cube.add_freejoint(name="object")
    size = (CUBE_HALF,) * 3
    add_box(cube, "object", size, rgba=(0.85, 0.25, 0.2, 1), mass=mass, condim=4, friction=[0.9, 0.02, 0.001], **OBJECT)
    for key in spec.keys:
        key.qpos = [*key.qpos, *position, 1.0, 0.0, 0.0, 0.0]


def add_door(spec: mujoco.MjSpec) -> None:
    """Add a door that opens towards the arm, with an upright handle whose upper end is free.

    The hinge stands at (0.78, 0.25); the closed door lies along -y from there.
    """
    frame = (0.45, 0.47, 0.5, 1)
    world = spec.worldbody
    add_box(world, "hinge_post", (0.02, 0.02, 0.3), (0.78, 0.29, 0.3), frame, **SCENE)
    add_box(world, "lock_post", (0.02, 0.02, 0.3), (0.78, -0.29, 0.3), frame, **SCENE)
    add_box(world, "lintel", (0.02, 0.31, 0.02), (0.78, 0.0, 0.62), frame, **SCENE)
    door = world.add_body(name="door", pos=[0.78, 0.25, 0.0])
    door.add_joint(
        name="door",
        type=mujoco.mjtJoint.mjJNT_HINGE,
        axis=[0, 0, -1],
        range=[0.0, 1.6],
        damping=[1.0, 0.0, 0.0],
        frictionloss=0.3,
        armature=0.02,
    )
    add_box(door, "panel", (0.012, 0.25, 0.29), (0, -0.25, 0.3), (0.72, 0.52, 0.35, 1), mass=3.0, **OBJECT)
    add_box(door, "handle_bracket", (0.035, 0.012, 0.012), (-0.045, -0.43, 0.2), frame, mass=0.1, **OBJECT)
    door.add_geom(
        name="handle",
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[0.012, 0.05, 0],
        pos=[-0.075, -0.43, 0.25],
        rgba=[0.8, 0.8, 0.82, 1],
        mass=0.1,
        condim=4,
        friction=[1.0, 0.02, 0.001],
        **OBJECT,
    )
    door.add_site(name="handle", pos=[-0.075, -0.43, 0.275], size=[0.005, 0.005, 0.005], group=4)
    for key in spec.keys:
        key.qpos = [*key.qpos, 0.0]
