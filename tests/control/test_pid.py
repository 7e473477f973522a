"""The PID baseline: mixing and gains by hand, and what it must be able to do with every vehicle."""

from dataclasses import replace

import numpy as np
import pytest

from telic.control.attitude_error import attitude_error
from telic.control.flights import fly_episodes
from telic.control.mixer import Mixer, allocation
from telic.control.pid import CascadedPid
from telic.control.pid_gains import PidConfig, cascade, design_gains, rotor_lag, torque_reserve
from telic.control.tracking import GENTLE_START, evaluate_tracking
from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.task import Disturbance, Observe
from telic.sim.tasks.hover import hover
from telic.sim.tasks.track import track
from telic.sim.vehicle import GRAVITY, load_vehicle, vehicle_names

CRAZYFLIE = load_vehicle("crazyflie")


@pytest.fixture(params=vehicle_names())
def vehicle(request):
    return load_vehicle(request.param)


def rotation(axis, angle):
    """Rotation matrix by Rodrigues' formula."""
    x, y, z = np.asarray(axis) / np.linalg.norm(axis)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


# Mixer.


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("crazyflie", 14475.8 / 21702 * 2 - 1),  # sqrt(0.027 * 9.81 / 4 / 3.16e-10) rpm.
        ("crazyflie_2024", 0.8062 * 2 - 1),  # 0.09223 n^2 + 0.01437 n + 0.00353 = 0.0306 * 9.81 / 4.
        ("x500", 0.55494 * 2 - 1),  # sqrt(2 * 9.81 / 4 / 15.926).
    ],
)
def test_hover_thrust_asks_for_the_hand_computed_rotor_speed(name, action):
    vehicle = load_vehicle(name)
    mixer = Mixer(vehicle)
    thrusts, cut = mixer.thrusts(np.array([vehicle.mass * GRAVITY]), np.zeros((1, 3)))
    np.testing.assert_allclose(mixer.actions(thrusts), np.full((1, 4), action), atol=2e-4)
    assert not cut.any()


def test_each_torque_goes_to_the_rotors_that_give_it():
    """m1 front right, m2 back right, m3 back left, m4 front left; reaction torques -, +, -, +."""
    torque = np.array([[1e-3, 0, 0], [0, 1e-3, 0], [0, 0, 1e-4]])
    thrusts, cut = Mixer(CRAZYFLIE).thrusts(np.full(3, 0.2), torque)
    tilt, turn = 1e-3 / (4 * 0.028), 1e-4 / (4 * 0.005964552)
    expected = 0.05 + np.array([[-tilt, -tilt, tilt, tilt], [-tilt, tilt, tilt, -tilt], [-turn, turn, -turn, turn]])
    np.testing.assert_allclose(thrusts, expected, rtol=1e-9)
    assert not cut.any()


def test_thrusts_give_the_wrench_that_was_asked_for(vehicle):
    rng = np.random.default_rng(0)
    weight = vehicle.mass * GRAVITY
    collective = weight * rng.uniform(0.9, 1.1, 50)
    torque = np.array(vehicle.inertia) * torque_reserve(vehicle) * rng.uniform(-0.05, 0.05, (50, 3))
    thrusts, cut = Mixer(vehicle).thrusts(collective, torque)
    wrench = thrusts @ allocation(vehicle).T
    np.testing.assert_allclose(wrench[:, 0], collective, rtol=1e-9)
    np.testing.assert_allclose(wrench[:, 1:], torque, rtol=1e-9, atol=1e-12)
    assert not cut.any()


def test_roll_and_pitch_come_before_thrust_and_thrust_before_yaw(vehicle):
    mixer = Mixer(vehicle)
    tilting = np.array(vehicle.inertia) * torque_reserve(vehicle) * [0.6, 0.3, 0.0]
    # The back left rotor has the most to do; a turn to the right asks it for more.
    ask = tilting - np.array([0, 0, 10 * vehicle.inertia[2] * torque_reserve(vehicle)[2]])
    thrusts, cut = mixer.thrusts(np.array([8 * mixer.most]), ask[None])
    lift, *torque = (thrusts @ allocation(vehicle).T)[0]
    assert cut.all()
    np.testing.assert_allclose(torque[:2], tilting[:2], rtol=1e-9)
    np.testing.assert_allclose(torque[2], 0, atol=1e-9 * abs(ask[2]))
    np.testing.assert_allclose(thrusts.max(), mixer.most)
    assert vehicle.mass * GRAVITY / 2 < lift < 4 * mixer.most


def test_no_wrench_drives_a_rotor_beyond_its_limits(vehicle):
    rng = np.random.default_rng(1)
    mixer = Mixer(vehicle)
    torque = np.array(vehicle.inertia) * torque_reserve(vehicle) * rng.normal(size=(500, 3)) * 3
    thrusts, _ = mixer.thrusts(vehicle.mass * GRAVITY * rng.normal(1, 3, 500), torque)
    assert thrusts.min() >= mixer.least
    assert thrusts.max() <= mixer.most


@pytest.mark.parametrize("coefficients", [None, (0.001, 0.1, 0.0)])
def test_actions_invert_the_thrust_curve(vehicle, coefficients):
    if coefficients:
        scale = vehicle.mass * GRAVITY / vehicle.rotor_speed_range[1]
        vehicle = replace(vehicle, thrust_coefficients=(0.0, scale, 0.0))
    low, high = vehicle.rotor_speed_range
    action = np.linspace(-0.999, 1, 40).reshape(10, 4)
    thrusts = np.vectorize(vehicle.thrust)((action + 1) / 2 * (high - low) + low)
    np.testing.assert_allclose(Mixer(vehicle).actions(thrusts), action, atol=1e-5)


def test_rotors_that_are_all_on_one_side_are_refused():
    positions = tuple((x + 0.1, y, z) for x, y, z in CRAZYFLIE.rotor_positions)
    with pytest.raises(ValueError, match="allowed: rotors all around the centre of mass"):
        Mixer(replace(CRAZYFLIE, rotor_positions=positions))


# Gains.


@pytest.mark.parametrize("loops", [4, 6])
def test_cascade_puts_all_poles_in_one_place(loops):
    q, lag = 5.0, 0.15
    gains = cascade(loops, q, lag)
    # Products of gains, innermost first, are the coefficients of the characteristic polynomial.
    np.testing.assert_allclose(np.cumprod(gains), np.poly(np.full(loops, -q))[1:], rtol=1e-12)


def test_rotors_faster_than_needed_get_no_lead():
    gains = design_gains(replace(CRAZYFLIE, rise_time_s=0.011, fall_time_s=0.011), 0.01, PidConfig())
    np.testing.assert_allclose(gains.rate_derivative, 0.0, atol=1e-12)
    assert (gains.rate > 0).all()


def test_torque_reserve_of_the_crazyflie_is_the_one_computed_by_hand():
    most = 3.16e-10 * 21702**2
    hover_thrust = 0.027 * 9.81 / 4
    roll = 4 * 0.028 * most / 2 / 3.85e-6
    yaw = 4 * 0.005964552 * min(most - hover_thrust, hover_thrust) / 5.9675e-6
    np.testing.assert_allclose(torque_reserve(CRAZYFLIE), [roll, roll, yaw], rtol=1e-6)


def test_lag_of_unequal_rotors_lies_between_both(vehicle):
    lag = rotor_lag(vehicle)
    assert vehicle.rise_time_s <= lag * (1 + 1e-12)
    assert lag <= vehicle.fall_time_s * (1 + 1e-12)


@pytest.mark.parametrize(
    ("field", "value"), [("speed_limit", 0.0), ("full_torque_angle", -1.0), ("tilt_limit_deg", 85)]
)
def test_configuration_out_of_range_is_refused(field, value):
    with pytest.raises(ValueError, match=f"{field} is .*allowed"):
        PidConfig(**{field: value})


# Attitude error.


def test_attitude_error_is_the_rotation_vector_of_a_pure_tilt():
    up = np.array([[0.0, 0.0, 1.0]])
    tilted = rotation([1, 0, 0], 0.7)[None]
    np.testing.assert_allclose(attitude_error(tilted, up), [[-0.7, 0, 0]], atol=1e-12)


def test_attitude_error_of_a_wrong_heading_is_about_body_z_only():
    turned = rotation([0, 0, 1], 2.5)[None]
    np.testing.assert_allclose(attitude_error(turned, np.array([[0.0, 0.0, 1.0]])), [[0, 0, -2.5]], atol=1e-12)


def test_turning_by_the_attitude_error_points_the_thrust_along_the_direction():
    rng = np.random.default_rng(2)
    for _ in range(20):
        attitude = rotation(rng.normal(size=3), rng.uniform(0, 1.5))
        direction = np.array([*rng.uniform(-0.5, 0.5, 2), 1.0])
        direction /= np.linalg.norm(direction)
        error = attitude_error(attitude[None], direction[None])[0]
        tilt = np.array([error[0], error[1], 0.0])
        moved = attitude @ rotation(tilt, np.linalg.norm(tilt))
        np.testing.assert_allclose(moved[:, 2], direction, atol=1e-6)
        done = moved @ rotation([0, 0, 1], error[2])
        np.testing.assert_allclose(done[0, 1], 0, atol=1e-6)
        assert done[0, 0] > 0


def test_upside_down_still_gives_a_finite_half_turn():
    error = attitude_error(np.diag([1.0, -1.0, -1.0])[None], np.array([[0.0, 0.0, 1.0]]))
    np.testing.assert_allclose(np.linalg.norm(error[:, :2]), np.pi)


# Flight.


def test_hovers_every_vehicle_from_a_gentle_start(vehicle):
    task = replace(hover(vehicle), reset=GENTLE_START)
    flights = fly_episodes(task, CascadedPid(task), 16, seed=0)
    assert flights.settled.all()
    assert flights.distance[-1].max() < 0.01


def test_recovers_from_the_starts_of_the_paper():
    task = hover()
    assert fly_episodes(task, CascadedPid(task), 100, seed=1).settled.mean() >= 0.97


def test_integral_takes_out_a_constant_force(vehicle):
    weight = vehicle.mass * GRAVITY
    task = replace(
        hover(vehicle, duration_s=6.0), reset=GENTLE_START, disturbance=Disturbance(force_std_mg=0.0, torque_std_mg=0.0)
    )

    def offset(config):
        world, pid = MultirotorWorld(task, 4, 0), CascadedPid(task, config)
        push = np.tile([0.1 * weight, -0.05 * weight, 0.05 * weight, 0, 0, 0], (4, 1))
        world.set_state(world.state, push)
        for _ in range(task.episode_steps):
            world.step(pid.act(world.observation, world.signals))
        return np.linalg.norm(world.signals["position"] - world.signals["reference_position"], axis=1).max()

    assert offset(PidConfig()) < 0.01
    assert offset(PidConfig(integral_limit_g=1e-6)) > 0.03


def test_follows_a_figure_eight():
    task = track()
    tracking = evaluate_tracking(task, CascadedPid(task), episodes=8)
    assert tracking.survival.fraction == 1.0
    assert tracking.rmse_m < 0.03


@pytest.mark.parametrize("yaw_rate", [0.0, 0.5])
def test_keeps_the_heading_of_the_reference(yaw_rate):
    task = replace(hover(yaw=1.0, yaw_rate=yaw_rate), reset=GENTLE_START)
    world, pid = MultirotorWorld(task, 4, 0), CascadedPid(task)
    for _ in range(task.episode_steps):
        world.step(pid.act(world.observation, world.signals))
    r = world.signals["rotation"]
    behind = world.signals["reference_yaw"] - np.arctan2(r[:, 1, 0], r[:, 0, 0])
    assert np.abs(np.angle(np.exp(1j * behind))).max() < 0.05 + 0.3 * yaw_rate


# What it reads and remembers.


def fly_a_little(pid, world, steps=30):
    for _ in range(steps):
        world.step(pid.act(world.observation, world.signals))


def test_reads_only_the_reference_from_the_signals():
    task = track()
    world, pid = MultirotorWorld(task, 4, 0), CascadedPid(task)
    reference = {name: world.signals[name] for name in ("reference_yaw", "reference_acceleration")}
    actions = pid.act(world.observation, reference)
    assert actions.shape == (4, 4)
    assert actions.dtype == np.float32


def test_scale_and_order_of_the_observation_do_not_matter():
    task = hover()
    scaled = tuple(replace(item, scale=2.5) for item in reversed(task.observation[:-1]))
    quiet = [
        replace(task, observation=tuple(replace(item, noise=0.0) for item in view))
        for view in (task.observation, (*scaled, task.observation[-1]))
    ]
    actions = []
    for task in quiet:
        world = MultirotorWorld(task, 4, 0)
        actions.append(CascadedPid(task).act(world.observation, world.signals))
    np.testing.assert_allclose(*actions, atol=1e-5)


def test_reset_forgets_the_chosen_vehicles_only():
    task = hover()
    world, pid = MultirotorWorld(task, 4, 0), CascadedPid(task)
    fly_a_little(pid, world)
    fresh = CascadedPid(task).act(world.observation, world.signals)
    chosen = np.array([True, False, True, False])
    pid.reset(chosen)
    actions = pid.act(world.observation, world.signals)
    np.testing.assert_array_equal(actions[chosen], fresh[chosen])
    assert (actions[~chosen] != fresh[~chosen]).any()


def test_another_number_of_vehicles_needs_a_reset():
    task = hover()
    pid = CascadedPid(task)
    fly_a_little(pid, MultirotorWorld(task, 4, 0), 1)
    other = MultirotorWorld(task, 3, 0)
    with pytest.raises(ValueError, match="reset the controller"):
        pid.act(other.observation, other.signals)
    pid.reset()
    fly_a_little(pid, other, 1)


def test_numbers_that_are_not_finite_are_named():
    task = hover()
    world, pid = MultirotorWorld(task, 2, 0), CascadedPid(task)
    observation = world.observation.copy()
    observation[1, 13] = np.nan
    with pytest.raises(ValueError, match="number 13 of the observation of vehicle 1 is nan"):
        pid.act(observation, world.signals)


def test_a_task_that_hides_what_the_pid_needs_is_refused():
    task = replace(hover(), observation=(Observe("position_error"), Observe("attitude")))
    with pytest.raises(ValueError, match="needs velocity_error, angular_velocity in the observation"):
        CascadedPid(task)
