"""The equations of motion, against hand computation, conservation laws, a NumPy version and MuJoCo."""

import mujoco
import numpy as np
import pytest

from telic.sim.multirotor import dynamics
from telic.sim.multirotor.dynamics import Airframe, Load, State
from telic.sim.multirotor.model import vehicle_spec
from telic.sim.multirotor.parameters import SCALABLE, airframe, airframes, lag_shares, normalised_thrust
from telic.sim.vehicle import GRAVITY, load_vehicle, vehicle_names


def double_airframe(vehicle, dt, thrust=True):
    """The airframe in float64, so that the same functions run in double precision."""
    body = Airframe(*(float(number) for number in airframe(vehicle, dt)))
    shares = [*lag_shares(dt / vehicle.rise_time_s), *lag_shares(dt / vehicle.fall_time_s)]
    coefficients = normalised_thrust(vehicle) if thrust else (0.0, 0.0, 0.0)
    return Airframe(body[0], *coefficients, *body[4:22], *shares)


def fly(state, action, load, body, dt, steps):
    for _ in range(steps):
        state = dynamics.step(state, *action, load, body, dt)
    return np.array(state)


def numpy_step(vehicle, state, action, force, torque, dt):
    """The model of the module docstring, written again with matrices, in float64."""
    low, high = vehicle.rotor_speed_range
    inertia = np.diag(vehicle.inertia)

    def rotation(q):
        w, x, y, z = q
        return np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
            ]
        )

    def rate(s):
        q, v, w, n = s[3:7], s[7:10], s[10:13], s[13:17]
        thrust = np.array([vehicle.thrust((speed + 1) / 2 * (high - low) + low) for speed in n])
        lever = np.array([np.cross(r, [0, 0, t]) for r, t in zip(vehicle.rotor_positions, thrust, strict=True)])
        yaw = vehicle.torque_constant * np.dot(vehicle.rotor_directions, thrust)
        moment = lever.sum(axis=0) + np.array([0, 0, yaw]) + torque
        quaternion_rate = 0.5 * np.array(
            [
                -q[1] * w[0] - q[2] * w[1] - q[3] * w[2],
                q[0] * w[0] + q[2] * w[2] - q[3] * w[1],
                q[0] * w[1] + q[3] * w[0] - q[1] * w[2],
                q[0] * w[2] + q[1] * w[1] - q[2] * w[0],
            ]
        )
        acceleration = [0, 0, -GRAVITY] + (rotation(q) @ [0, 0, thrust.sum()] + force) / vehicle.mass
        spin_up = np.linalg.solve(inertia, moment - np.cross(w, inertia @ w))
        lag = np.where(action >= n, vehicle.rise_time_s, vehicle.fall_time_s)
        return np.concatenate([v, quaternion_rate, acceleration, spin_up, (action - n) / lag])

    k1 = rate(state)
    k2 = rate(state + dt / 2 * k1)
    k3 = rate(state + dt / 2 * k2)
    k4 = rate(state + dt * k3)
    after = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    after[3:7] /= np.linalg.norm(after[3:7])
    return after


def tumbling(rng):
    quaternion = rng.normal(size=4)
    return np.concatenate(
        [
            rng.normal(size=3),
            quaternion / np.linalg.norm(quaternion),
            rng.normal(size=3),
            rng.normal(size=3) * 5.0,
            rng.uniform(-1, 1, 4),
        ]
    )


@pytest.mark.parametrize("name", vehicle_names())
def test_rotors_at_the_hover_action_carry_the_weight(name):
    vehicle = load_vehicle(name)
    low, high = vehicle.rotor_speed_range
    speed = (vehicle.hover_action + 1) / 2 * (high - low) + low
    assert 4 * vehicle.thrust(speed) == pytest.approx(vehicle.mass * 9.81, rel=1e-12)


def test_crazyflie_hovers_at_the_published_speed():
    # sqrt(0.027 * 9.81 / 4 / 3.16e-10) = 14475.8 rpm, which is 0.334 of the way from -1 to 1.
    vehicle = load_vehicle("crazyflie")
    assert (vehicle.hover_action + 1) / 2 * 21702 == pytest.approx(14475.8, abs=0.1)
    assert vehicle.hover_action == pytest.approx(0.334, abs=1e-3)
    assert vehicle.thrust_to_weight == pytest.approx(2.248, abs=1e-3)


@pytest.mark.parametrize("name", vehicle_names())
def test_hovering_vehicle_stays_where_it_is(name):
    vehicle = load_vehicle(name)
    body, trim = double_airframe(vehicle, 0.01), vehicle.hover_action
    hover = State(*([0.0, 0.0, 1.0, 1.0] + [0.0] * 9 + [trim] * 4))
    after = fly(hover, [trim] * 4, Load(0.0, 0.0, -9.81, 0.0, 0.0, 0.0), body, 0.01, 100)
    # Gravity is a float32 constant, so a second of flight may drift by its rounding.
    np.testing.assert_allclose(after, hover, atol=1e-5)


def test_more_speed_on_the_left_rolls_right():
    # m3 and m4 sit at +y; more thrust there lifts the left side, a positive turn about x.
    vehicle = load_vehicle("crazyflie")
    body, trim = double_airframe(vehicle, 0.01), vehicle.hover_action
    hover = State(*([0.0] * 3 + [1.0] + [0.0] * 9 + [trim] * 4))
    gravity = Load(0.0, 0.0, -9.81, 0.0, 0.0, 0.0)
    roll = fly(hover, [trim - 0.1, trim - 0.1, trim + 0.1, trim + 0.1], gravity, body, 0.01, 10)
    assert roll[10] > 0.1 and abs(roll[11]) < 1e-9
    pitch = fly(hover, [trim - 0.1, trim + 0.1, trim + 0.1, trim - 0.1], gravity, body, 0.01, 10)
    assert pitch[11] > 0.1 and abs(pitch[10]) < 1e-9
    yaw = fly(hover, [trim - 0.1, trim + 0.1, trim - 0.1, trim + 0.1], gravity, body, 0.01, 10)
    assert yaw[12] > 0.1 and abs(yaw[10]) < 1e-9


def test_a_body_without_thrust_keeps_energy_and_angular_momentum():
    vehicle = load_vehicle("crazyflie")
    body = double_airframe(vehicle, 0.001, thrust=False)
    rng = np.random.default_rng(1)
    start = tumbling(rng)
    after = fly(State(*start), [0.0] * 4, Load(0.0, 0.0, -9.81, 0.0, 0.0, 0.0), body, 0.001, 1000)

    def energy(s):
        return 0.5 * vehicle.mass * s[7:10] @ s[7:10] + vehicle.mass * 9.81 * s[2], 0.5 * np.dot(
            vehicle.inertia, s[10:13] ** 2
        )

    def momentum(s):
        rotation = np.array(dynamics.rotation_matrix(*s[3:7])).reshape(3, 3)
        return rotation @ (vehicle.inertia * s[10:13])

    np.testing.assert_allclose(energy(after), energy(start), rtol=1e-6)
    np.testing.assert_allclose(momentum(after), momentum(start), rtol=1e-6, atol=1e-9 * np.linalg.norm(momentum(start)))
    np.testing.assert_allclose(after[7:9], start[7:9], rtol=1e-12)


def test_the_integrator_is_of_fourth_order():
    vehicle = load_vehicle("crazyflie_2024")
    start = State(*tumbling(np.random.default_rng(2)))
    action = [0.9, -0.5, 0.4, 0.7]
    load = Load(0.3, -0.2, -9.81, 4.0, -3.0, 1.0)

    def after(dt):
        return fly(start, action, load, double_airframe(vehicle, dt), dt, round(0.16 / dt))

    exact = after(0.0005)
    errors = [np.abs(after(dt) - exact).max() for dt in (0.04, 0.02, 0.01)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert (np.abs(orders - 4.0) < 0.5).all(), orders


@pytest.mark.parametrize("name", vehicle_names())
def test_agrees_with_numpy_in_double_precision(name):
    vehicle, dt = load_vehicle(name), 0.01
    rng = np.random.default_rng(3)
    body = double_airframe(vehicle, dt)
    for _ in range(20):
        start, action = tumbling(rng), rng.uniform(-1, 1, 4)
        force = rng.normal(size=3) * vehicle.mass
        torque = rng.normal(size=3) * np.array(vehicle.inertia)
        load = dynamics.load_from_wrench(*force, *torque, body)
        ours = np.array(dynamics.step(State(*start), *action, load, body, dt))
        np.testing.assert_allclose(ours, numpy_step(vehicle, start, action, force, torque, dt), rtol=2e-6, atol=2e-6)


def test_single_precision_stays_near_double_precision_for_a_second():
    vehicle, dt = load_vehicle("crazyflie"), 0.01
    start, action = tumbling(np.random.default_rng(4)), [0.3, 0.35, 0.33, 0.36]
    single = State._make(start)
    body = Airframe(*airframe(vehicle, dt))
    load = Load(*(np.float32(x) for x in (0.0, 0.0, -9.81, 0.0, 0.0, 0.0)))
    for _ in range(100):
        single = State(*(np.float32(x) for x in single))
        single = dynamics.step(single, *(np.float32(a) for a in action), load, body, np.float32(dt))
    double = fly(State(*start), action, Load(0.0, 0.0, -9.81, 0.0, 0.0, 0.0), double_airframe(vehicle, dt), dt, 100)
    np.testing.assert_allclose(np.array(single), double, rtol=2e-3, atol=2e-3)


def test_everything_is_computed_in_single_precision():
    numbers = [np.float32(0.5)] * 17
    after = dynamics.step(
        State(*numbers), *numbers[:4], Load(*numbers[:6]), Airframe(*[np.float32(0.1)] * 30), np.float32(0.01)
    )
    single = [s for s in dynamics.step.nopython_signatures if "float64" not in str(s.args)]
    assert len(single) == 1 and {str(number) for number in single[0].return_type} == {"float32"}
    assert np.isfinite(after).all()


@pytest.mark.parametrize("name", vehicle_names())
def test_free_flight_agrees_with_mujoco(name):
    """Rotors at constant speed, a constant force, and MuJoCo's own rigid-body integration."""
    vehicle, dt, steps = load_vehicle(name), 0.002, 250
    model = vehicle_spec(vehicle, dt).compile()
    data = mujoco.MjData(model)
    low, high = vehicle.rotor_speed_range
    trim = vehicle.hover_action
    # A small imbalance, so that it turns about all axes by a few radians.
    arm = vehicle.arm_length
    push = 2.0 * vehicle.inertia[0] / (arm * 4 * vehicle.thrust(high))
    speeds = trim + push * np.array([1.0, -2.0, 3.0, -1.5])
    data.ctrl[:] = [vehicle.thrust((n + 1) / 2 * (high - low) + low) for n in speeds]
    force = np.array([0.3, -0.2, 0.1]) * vehicle.mass
    data.xfrc_applied[model.body("vehicle").id, :3] = force
    start = tumbling(np.random.default_rng(5))
    start[13:] = speeds
    data.qpos[:], data.qvel[:3], data.qvel[3:] = start[:7], start[7:10], start[10:13]
    body = double_airframe(vehicle, dt)
    load = dynamics.load_from_wrench(*force, 0.0, 0.0, 0.0, body)
    ours = fly(State(*start), speeds, load, body, dt, steps)
    mujoco.mj_step(model, data, nstep=steps)
    sign = np.sign(ours[3:7] @ data.qpos[3:7])
    assert np.abs(ours[10:13] - start[10:13]).max() > 0.1
    np.testing.assert_allclose(ours[:3], data.qpos[:3], atol=1e-5)
    np.testing.assert_allclose(ours[3:7] * sign, data.qpos[3:7], atol=1e-5)
    np.testing.assert_allclose(ours[7:10], data.qvel[:3], atol=1e-4)
    np.testing.assert_allclose(ours[10:13], data.qvel[3:], atol=1e-4)


def test_randomised_airframes_scale_what_they_say():
    vehicle, dt = load_vehicle("crazyflie_2024"), 0.01
    scale = {name: np.array([1.0, 1.0]) for name in SCALABLE} | {"mass": np.array([1.0, 2.0])}
    numbers = airframes(vehicle, dt, scale)
    np.testing.assert_array_equal(numbers[:, 0], airframe(vehicle, dt))
    heavy, normal = Airframe(*numbers[:, 1]), Airframe(*numbers[:, 0])
    assert heavy.inverse_mass == pytest.approx(0.5 * normal.inverse_mass)
    assert heavy[1:] == normal[1:]


def test_lag_shares_are_the_runge_kutta_stages_of_the_rotor():
    h = 0.3
    value, shares = 0.0, lag_shares(np.array(h))
    k1 = 1.0 - value
    k2 = 1.0 - h / 2 * k1
    k3 = 1.0 - h / 2 * k2
    k4 = 1.0 - h * k3
    expected = [h / 2 * k1, h / 2 * k2, h * k3, h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)]
    np.testing.assert_allclose(shares, expected, rtol=1e-12)
    assert shares[-1] == pytest.approx(1 - np.exp(-h), rel=1e-3)
