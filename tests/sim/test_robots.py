"""The packaged robots against published numbers, and against arithmetic done by hand."""

import math

import mujoco
import numpy as np
import pytest

from telic.sim.errors import TaskError
from telic.sim.robots.ground import HALF_WIDTH, bumpy_ground, highest_around
from telic.sim.robots.scene import ROBOTS, add_height_field, add_surroundings, load_robot, scene_text
from telic.sim.robots.table import CUBE_HALF
from telic.sim.robots.warehouse import BEAMS, FARTHEST
from telic.sim.tasks.acrobot import acrobot
from telic.sim.tasks.agv import agv
from telic.sim.tasks.arm_pick import arm_pick
from telic.sim.tasks.arm_reach import arm_reach
from telic.sim.tasks.cartpole import cartpole
from telic.sim.tasks.locomotion import JOINTS as LEG_JOINTS
from telic.sim.tasks.quadruped import quadruped
from telic.sim.tasks.quadruped_arm import quadruped_arm

GRAVITY = 9.81


def compiled(name):
    model = load_robot(name).compile()
    return model, mujoco.MjData(model)


def joints(model):
    return [model.joint(i).name for i in range(model.njnt)]


def at(model, data, qpos):
    data.qpos[:] = qpos
    mujoco.mj_forward(model, data)
    return data


@pytest.mark.parametrize(
    ("name", "mass"),
    [
        ("quadruped", 12.012),  # go1.urdf; the maker's sheet says 12 kg.
        ("arm6", 2.135),  # wx250s.urdf.xacro.
        ("arm7", 0.630 + 4.971 + 0.647 + 3.229 + 3.588 + 1.226 + 1.667 + 0.736 + 0.73 + 2 * 0.015),  # Gaz et al., hand.
        ("agv", 80.0),
        ("cartpole", 1.1),  # Barto, Sutton, Anderson.
        ("acrobot", 2.0),  # Sutton, Barto.
    ],
)
def test_total_mass_is_the_published_one(name, mass):
    assert compiled(name)[0].body_mass.sum() == pytest.approx(mass, abs=3e-3)


@pytest.mark.parametrize("name", ROBOTS)
def test_every_moved_joint_has_mass_behind_it_and_every_actuator_a_range(name):
    model, _ = compiled(name)
    assert model.actuator_ctrllimited.all() or model.nu == 0
    for joint in range(model.njnt):
        assert model.body_subtreemass[model.jnt_bodyid[joint]] > 0.0
    for key in range(model.nkey):
        limited = model.jnt_limited.astype(bool)
        places = model.key_qpos[key][model.jnt_qposadr[limited]]
        assert (places >= model.jnt_range[limited, 0] - 1e-6).all() and (
            places <= model.jnt_range[limited, 1] + 1e-6
        ).all()


def test_unknown_robot_is_named_with_the_nearest_one():
    with pytest.raises(TaskError, match=r"quadrupd.*quadruped"):
        load_robot("quadrupd")


def test_scene_that_does_not_compile_says_why():
    spec = load_robot("cartpole")
    spec.worldbody.add_geom(name="nothing", size=[0, 0, 0])
    with pytest.raises(TaskError, match="does not compile"):
        scene_text(spec)


# The quadruped.


def test_quadruped_joints_are_in_the_order_of_the_real_robot():
    legs = [f"{leg}_{joint}" for leg in ("FR", "FL", "RR", "RL") for joint in ("hip", "thigh", "calf")]
    model, _ = compiled("quadruped")
    assert joints(model) == ["base", *legs] and tuple(legs) == LEG_JOINTS
    assert [model.actuator(i).name for i in range(model.nu)] == legs
    assert quadruped().actions.names == tuple(legs)
    assert (model.actuator_forcerange == [-23.7, 23.7]).all()


def test_quadruped_at_home_has_its_feet_under_its_hips_and_its_mass_in_the_middle():
    model, data = compiled("quadruped")
    at(model, data, model.key_qpos[0])
    for leg in ("FR", "FL", "RR", "RL"):
        hip, foot = data.body(f"{leg}_thigh").xpos, data.site(f"{leg}_foot").xpos
        # Two links of 0.213 m, each at 0.9 rad from the vertical.
        assert foot - hip == pytest.approx([0.0, 0.0, -2 * 0.213 * math.cos(0.9)], abs=1e-6)
    center = data.subtree_com[model.body("base").id] - data.body("base").xpos
    assert np.abs(center[:2]).max() < 0.015


def test_quadruped_stands_for_five_seconds_and_its_feet_carry_its_weight():
    world = quadruped(pushes=False, randomise=False).make_world(4, seed=0, threads=1)
    start = world.signals["base_position"].copy()
    for _ in range(250):
        world.step(np.zeros((4, 12), np.float32))
        assert not world.ended.any()
    assert world.signals["base_height"].min() > 0.2
    assert (world.signals["projected_gravity"][:, 2] < -0.99).all()
    assert np.abs(world.signals["base_position"] - start)[:, :2].max() < 0.1
    assert world.signals["foot_force"].sum(axis=1) == pytest.approx(12.012 * GRAVITY, rel=0.02)
    assert (world.signals["foot_contact"] == 1.0).all()


def test_quadruped_with_arm_carries_it_and_keeps_its_joint_order():
    task = quadruped_arm(randomise=False)
    assert task.actions.names[:12] == LEG_JOINTS and len(task.actions.names) == 18
    assert task.model.body_mass.sum() == pytest.approx(12.012 + 2.135, abs=1e-3)
    world = task.make_world(2, seed=0, threads=1)
    for _ in range(250):
        world.step(np.zeros((2, 18), np.float32))
    assert not world.ended.any() and (world.signals["projected_gravity"][:, 2] < -0.98).all()


def test_goals_of_the_quadruped_with_arm_are_out_of_its_arms_reach():
    world = quadruped_arm().make_world(64, seed=1)
    away = np.linalg.norm((world.signals["goal_position"] - world.signals["base_position"])[:, :2], axis=1)
    assert away.min() >= 0.79 and away.max() <= 2.01


# The ground.


def test_uneven_ground_has_the_stated_height_and_depends_on_the_seed_alone():
    heights = bumpy_ground(0.08, seed=3)
    assert heights.min() == 0.0 and heights.max() == pytest.approx(0.08)
    assert (heights == bumpy_ground(0.08, seed=3)).all() and (heights != bumpy_ground(0.08, seed=4)).any()


def test_height_field_stands_where_its_heights_say():
    spec = mujoco.MjSpec()
    heights = np.full((5, 5), 0.3)
    heights[4, 2] = 0.5  # Largest y, middle x.
    add_height_field(spec, "ground", heights, half_width=2.0)
    model = mujoco.MjModel.from_xml_string(scene_text(spec))
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)

    def height(x, y):
        down, hit = np.array([0.0, 0.0, -1.0]), np.zeros(1, np.int32)
        return 5.0 - mujoco.mj_ray(model, data, np.array([x, y, 5.0]), down, None, 1, -1, hit)

    assert height(-1.5, -1.5) == pytest.approx(0.3, abs=1e-5)
    assert height(0.0, 1.999) == pytest.approx(0.5, abs=2e-3)
    assert height(1.9, 1.9) == pytest.approx(0.3, abs=1e-3)


def test_highest_point_around_is_found_where_it_is():
    heights = bumpy_ground(0.1, seed=0)
    row, column = np.unravel_index(heights.argmax(), heights.shape)
    cell = 2.0 * HALF_WIDTH / (len(heights) - 1)
    x, y = column * cell - HALF_WIDTH, row * cell - HALF_WIDTH
    tops = highest_around(heights, np.array([x + 0.3, x + 0.9]), np.array([y, y]), radius=0.4)
    assert tops[0] == heights.max() and tops[1] < heights.max()


def test_quadruped_starts_clear_of_uneven_ground_and_then_stands_on_it():
    world = quadruped(roughness=0.06, pushes=False, randomise=False).make_world(8, seed=0, threads=1)
    # A bent leg may touch a bump, but no more: it would be thrown up.
    assert world.signals["foot_force"].max() < 12.012 * GRAVITY
    for _ in range(100):
        world.step(np.zeros((8, 12), np.float32))
    assert not world.ended.any() and (world.signals["foot_contact"].sum(axis=1) >= 2).all()


# The arms.


def test_gripper_of_arm7_is_where_the_makers_documentation_has_it():
    model, data = compiled("arm7")
    # O_T_EE of the Franka Control Interface in the home posture.
    at(model, data, model.key_qpos[0])
    assert data.site("gripper").xpos == pytest.approx([0.3069, 0.0, 0.4869], abs=1e-3)
    assert data.site("gripper").xmat == pytest.approx(np.eye(3).ravel(), abs=1e-6)
    # Straight up: base 0.333, then 0.316 and 0.384, then flange and fingers hang down by 0.107 and 0.1034.
    at(model, data, [0.0] * 7 + [0.04, 0.04])
    assert data.site("gripper").xpos == pytest.approx([0.088, 0.0, 0.333 + 0.316 + 0.384 - 0.107 - 0.1034], abs=1e-9)


def test_flange_of_arm7_reaches_as_far_as_published():
    model, data = compiled("arm7")
    rng = np.random.default_rng(0)
    reach = []
    for _ in range(4000):
        data.qpos[:7] = rng.uniform(model.jnt_range[:7, 0], model.jnt_range[:7, 1])
        mujoco.mj_kinematics(model, data)
        reach.append(np.linalg.norm(data.body("hand").xpos - data.body("link2").xpos))
    # 855 mm in the data sheet.
    assert 0.80 < max(reach) < 0.862


def test_arm7_joints_are_limited_as_published_and_in_order():
    model, _ = compiled("arm7")
    assert joints(model)[:7] == [f"joint{i}" for i in range(1, 8)]
    assert model.jnt_range[3] == pytest.approx([-3.0718, -0.0698]) and model.jnt_range[5] == pytest.approx(
        [-0.0175, 3.7525]
    )
    assert model.actuator_forcerange[:7, 1] == pytest.approx([87] * 4 + [12] * 3)


def test_arm7_holds_still_without_commands_and_moves_at_the_commanded_speed():
    world = arm_reach().make_world(2, seed=0, threads=1)
    action = np.zeros((2, 8), np.float32)
    action[:, 7] = 1.0
    before = world.signals["joint_position"].copy()
    for _ in range(50):
        world.step(action)
    assert np.abs(world.signals["joint_position"] - before).max() < 0.01
    action[:, 0] = 0.4
    for _ in range(25):
        world.step(action)
    # A share of 0.4 of half of 2.175 rad/s.
    assert world.signals["joint_velocity"][:, 0] == pytest.approx(0.4 * 0.5 * 2.175, rel=0.03)


def test_gripper_of_arm7_opens_and_closes_with_both_fingers():
    world = arm_reach().make_world(1, seed=0, threads=1)
    for command, width in ((-1.0, 0.0), (1.0, 0.04)):
        action = np.zeros((1, 8), np.float32)
        action[:, 7] = command
        for _ in range(30):
            world.step(action)
        assert world.signals["finger_position"] == pytest.approx(width, abs=2e-3)


def test_cube_rests_on_the_table():
    world = arm_pick().make_world(4, seed=0, threads=1)
    action = np.zeros((4, 8), np.float32)
    for _ in range(25):
        world.step(action)
    assert world.signals["object_position"][:, 2] == pytest.approx(CUBE_HALF, abs=2e-3)
    assert np.abs(world.signals["object_velocity"]).max() < 1e-2


def test_gripper_of_arm6_at_zero_is_at_the_sum_of_its_links():
    model, data = compiled("arm6")
    at(model, data, np.zeros(6))
    forward = 0.04975 + 0.175 + 0.075 + 0.065 + (0.043 + 0.023 + 0.027575)
    assert data.site("gripper").xpos == pytest.approx([forward, 0.0, 0.072 + 0.03865 + 0.25], abs=1e-4)


# The warehouse vehicle.


@pytest.fixture
def vehicle():
    """The vehicle at (-3, 0), heading east, and its carts in the middle of their lanes."""
    model = agv().model
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, model.key("home").id)
    data.qpos[0] = -3.0
    mujoco.mj_forward(model, data)
    return model, data


def beams(data):
    return np.array([data.sensor(f"beam{i}").data[0] for i in range(BEAMS)])


def test_scanner_measures_the_distances_that_the_plan_of_the_hall_says(vehicle):
    _, data = vehicle
    measured = beams(data)
    # The scanner is 0.23 m before the origin. Beams are 15 degrees apart, the middle one looks ahead.
    at_degrees = dict(zip(range(-135, 136, 15), measured, strict=True))
    assert at_degrees[0] == pytest.approx(-1.75 + 2.77, abs=1e-6)  # West face of the first rack.
    assert at_degrees[90] == pytest.approx(2.95, abs=1e-6)  # North wall.
    assert at_degrees[-90] == pytest.approx(2.95, abs=1e-6)  # South wall.
    assert at_degrees[135] == pytest.approx(1.18 * math.sqrt(2.0), abs=1e-6)  # West wall, 3.95 - 2.77 m behind.
    assert at_degrees[-45] == pytest.approx(2.95 * math.sqrt(2.0), abs=1e-6)
    assert (measured > 0.0).all() and measured.max() <= FARTHEST


def test_vehicle_drives_and_turns_as_commanded(vehicle):
    model, data = vehicle
    data.qpos[:2] = 2.8, 0.5
    data.ctrl[:] = 0.0, 0.6
    for _ in range(150):
        mujoco.mj_step(model, data)
    assert data.qvel[5] == pytest.approx(0.6, rel=0.05)
    mujoco.mj_resetDataKeyframe(model, data, 0)
    data.qpos[:2] = -3.0, -1.5
    data.ctrl[:] = 0.5, 0.0
    for _ in range(100):
        mujoco.mj_step(model, data)
    assert data.qvel[0] == pytest.approx(0.5, rel=0.03) and abs(data.qpos[1] + 1.5) < 0.02


def test_vehicle_accelerates_no_faster_than_published(vehicle):
    model, data = vehicle
    data.ctrl[:] = 1.5, 0.0
    speeds = []
    for _ in range(25):
        mujoco.mj_step(model, data)
        speeds.append(data.qvel[0])
    assert np.mean(np.diff(speeds)) / model.opt.timestep < 2.4


def test_bumper_is_silent_on_the_way_and_feels_a_wall(vehicle):
    model, data = vehicle
    data.qpos[:2] = -3.0, -1.5
    data.ctrl[:] = 0.8, 0.0
    pressed = []
    for _ in range(600):
        mujoco.mj_step(model, data)
        pressed.append((data.qpos[0], data.sensor("bumper").data[0]))
    free = [force for x, force in pressed if x < 0.5]
    # Straight ahead is the second rack, whose west face is at 1.05 m.
    assert max(free) == 0.0 and max(force for _, force in pressed) > 10.0
    assert data.qpos[0] == pytest.approx(1.05 - 0.296, abs=0.02)


def test_carts_swing_without_losing_energy(vehicle):
    model, data = vehicle
    data.joint("cart1").qpos[0] = 1.5
    farthest = []
    for _ in range(round(24.0 / model.opt.timestep)):
        mujoco.mj_step(model, data)
        farthest.append(data.joint("cart1").qpos[0])
    assert farthest[-1] == pytest.approx(1.5, abs=0.01)  # One period.
    assert min(farthest) == pytest.approx(-1.5, abs=0.01)


# Energy and frequencies, by hand.


def energies(model, data, steps, sample=1):
    model.opt.enableflags |= int(mujoco.mjtEnableBit.mjENBL_ENERGY)
    values = []
    for step in range(steps):
        mujoco.mj_step(model, data)
        if step % sample == 0:
            values.append(data.energy.sum())
    return np.array(values)


def test_energy_of_the_cart_pole_is_the_one_of_the_textbook_and_is_conserved():
    model, data = compiled("cartpole")
    data.qpos[:], data.qvel[:] = (0.2, 0.7), (0.3, -1.1)
    model.opt.enableflags |= int(mujoco.mjtEnableBit.mjENBL_ENERGY)
    mujoco.mj_forward(model, data)
    # The pole's middle moves with the cart and around the hinge.
    across, up = 0.3 + 0.5 * -1.1 * math.cos(0.7), -0.5 * -1.1 * math.sin(0.7)
    kinetic = 0.5 * 1.0 * 0.3**2 + 0.5 * 0.1 * (across**2 + up**2) + 0.5 * (0.1 / 12.0) * 1.1**2
    potential = 0.1 * GRAVITY * 0.5 * math.cos(0.7)
    assert data.energy == pytest.approx([potential, kinetic], rel=1e-6)
    values = energies(model, data, 500)
    assert np.ptp(values) < 1e-4 * abs(values).max()


def test_hanging_pole_swings_with_the_frequency_of_the_linear_theory():
    model, data = compiled("cartpole")
    data.qpos[:] = 0.0, math.pi + 0.02
    crossings, before = [], 0.02
    for step in range(600):
        mujoco.mj_step(model, data)
        now = data.qpos[1] - math.pi
        if before > 0.0 >= now:
            crossings.append((step + now / (before - now)) * model.opt.timestep)
        before = now
    whole, lever, inertia = 1.1, 0.1 * 0.5, 0.1 / 3.0  # Mass, first moment, and inertia about the hinge.
    rate = math.sqrt(lever * GRAVITY * whole / (whole * inertia - lever**2))
    assert np.diff(crossings).mean() == pytest.approx(2.0 * math.pi / rate, rel=2e-3)


def test_energy_of_the_acrobot_is_the_one_of_the_textbook_and_is_conserved():
    model, data = compiled("acrobot")
    (first, second), (rate, bend) = (2.3, -0.8), (0.4, 1.3)
    data.qpos[:], data.qvel[:] = (first, second), (rate, bend)
    model.opt.enableflags |= int(mujoco.mjtEnableBit.mjENBL_ENERGY)
    mujoco.mj_forward(model, data)
    total = rate + bend
    across = rate * math.cos(first) + 0.5 * total * math.cos(first + second)
    up = -rate * math.sin(first) - 0.5 * total * math.sin(first + second)
    kinetic = 0.5 * (1.0 / 3.0) * rate**2 + 0.5 * (across**2 + up**2) + 0.5 * (1.0 / 12.0) * total**2
    heights = 2.0 + 0.5 * math.cos(first), 2.0 + math.cos(first) + 0.5 * math.cos(first + second)
    assert data.energy == pytest.approx([GRAVITY * sum(heights), kinetic], rel=1e-6)
    values = energies(model, data, 1000)
    assert np.ptp(values) < 3e-4 * abs(values).max()


# Actions and starts.


def test_an_action_of_one_is_the_largest_force_of_the_cart_and_torque_of_the_elbow():
    for task, largest in ((cartpole(), 10.0), (acrobot(), 5.0)):
        world = task.make_world(1, seed=0, threads=1)
        world.step(np.ones((1, 1), np.float32))
        assert world.engine.batch.bind("ctrl")[0] == pytest.approx([largest])


def test_vehicle_and_goal_start_at_opposite_ends_clear_of_everything():
    world = agv().make_world(256, seed=0)
    base, goal = world.signals["base_position"], world.signals["goal_position"]
    assert (np.sign(base[:, 0]) == -np.sign(goal[:, 0])).all()
    assert (world.signals["clearance"] > 0.3).all() and (world.signals["bumper"] == 0.0).all()


def test_surroundings_do_not_change_the_physics():
    bare, dressed = load_robot("quadruped"), load_robot("quadruped")
    add_surroundings(dressed, floor=False)
    model = mujoco.MjModel.from_xml_string(scene_text(dressed))
    assert model.ngeom == bare.compile().ngeom and model.body_mass.sum() == pytest.approx(12.012)
