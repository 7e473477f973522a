import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from telic.deploy.crazyflie.check import copy_firmware_headers
from telic.deploy.crazyflie.frames import Estimate, Setpoint, forces, heading_of_degrees, observe, rotation_matrix
from telic.deploy.crazyflie.wiring import Wiring
from telic.deploy.emulate import M4F, build_firmware_with, run_firmware
from telic.deploy.toolchain import EXACT_FLOATS
from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.reference import Lissajous
from telic.sim.task import size_of
from telic.sim.tasks.track import track

FULL_FORCE = 0.1125  # Of the stand-in for the firmware's platform [N].


@pytest.fixture
def still():
    zero = np.zeros(3)
    return SimpleNamespace(
        estimate=Estimate(zero, zero, np.array([0, 0, 0, 1.0]), zero), setpoint=Setpoint(zero, zero, zero)
    )


def seen(exported, estimate, setpoint):
    values = observe(exported.contract, estimate, setpoint)
    starts = np.cumsum([0] + [term.size for term in exported.contract.inputs])
    return {term.signal: values[a:b] for term, a, b in zip(exported.contract.inputs, starts, starts[1:], strict=False)}


def test_nose_down_leans_the_thrust_forward(exported, still):
    # 30 degrees about body y, left: the nose goes down, and body z points forward. The firmware's pitch would be -30.
    down = replace(still.estimate, quaternion_xyzw=[0, np.sin(np.radians(15)), 0, np.cos(np.radians(15))])
    attitude = seen(exported, down, still.setpoint)["attitude"].reshape(3, 3)
    half, root = 0.5, np.sqrt(3) / 2
    assert attitude == pytest.approx(np.array([[root, 0, half], [0, 1, 0], [-half, 0, root]]), abs=1e-6)


def test_right_side_down_is_positive_roll(exported, still):
    down = replace(still.estimate, quaternion_xyzw=[np.sin(np.radians(15)), 0, 0, np.cos(np.radians(15))])
    attitude = seen(exported, down, still.setpoint)["attitude"].reshape(3, 3)
    assert attitude[:, 2] == pytest.approx([0, -0.5, np.sqrt(3) / 2], abs=1e-6)  # Thrust to the right, -y.


def test_gyro_is_degrees_and_keeps_its_signs(exported, still):
    turning = replace(still.estimate, gyro_deg=np.array([180.0, -90.0, 360.0]))
    expected = [np.pi, -np.pi / 2, 2 * np.pi]
    assert seen(exported, turning, still.setpoint)["angular_velocity"] == pytest.approx(expected, rel=1e-6)


def test_heading_of_the_setpoint_turns_errors_and_attitude(exported, still):
    # The setpoint looks left, along world y. The vehicle looks the same way, 1 m ahead and 2 m to the right of it.
    left = [0, 0, np.sin(np.radians(45)), np.cos(np.radians(45))]
    estimate = Estimate(np.array([2.0, 1.0, 0.5]), np.array([0.0, 3.0, 0.0]), left, np.zeros(3))
    setpoint = replace(still.setpoint, yaw_deg=90.0, acceleration=np.array([-4.0, 0.0, 1.0]))
    signals = seen(exported, estimate, setpoint)
    assert signals["position_error"] == pytest.approx([1.0, -2.0, 0.5], abs=1e-6)
    assert signals["velocity_error"] == pytest.approx([3.0, 0.0, 0.0], abs=1e-6)
    assert signals["attitude"] == pytest.approx(np.eye(3).ravel(), abs=1e-6)
    assert signals["acceleration_ahead"] == pytest.approx([0.0, 4.0, 1.0], abs=1e-6)


def test_heading_from_the_quaternion_is_the_yaw_of_it(exported, still):
    # Turned by -140 degrees, then nose down by 40: the heading does not see the second.
    turn, pitch = np.radians(-140) / 2, np.radians(40) / 2
    c, s, cp, sp = np.cos(turn), np.sin(turn), np.cos(pitch), np.sin(pitch)
    away = replace(still.estimate, position=np.array([1.0, 0.0, 0.0]))
    setpoint = replace(still.setpoint, yaw_deg=None, quaternion_xyzw=np.array([-s * sp, c * sp, s * cp, c * cp]))
    expected = [np.cos(2 * turn), -np.sin(2 * turn), 0]
    assert seen(exported, away, setpoint)["position_error"] == pytest.approx(expected, abs=1e-6)
    setpoint = replace(still.setpoint, yaw_deg=-140.0)
    assert seen(exported, away, setpoint)["position_error"] == pytest.approx(expected, abs=1e-6)


def test_heading_is_exact_at_quarter_turns_and_close_everywhere():
    assert heading_of_degrees(0.0) == (1, 0)
    assert heading_of_degrees(-90.0) == (0, -1)
    assert heading_of_degrees(540.0) == (-1, 0)
    degrees = np.linspace(-3600, 3600, 7919).astype(np.float32)
    found = np.array([heading_of_degrees(value) for value in degrees])
    angles = np.radians(degrees.astype(float))
    assert np.abs(found - np.stack([np.cos(angles), np.sin(angles)], 1)).max() < 2e-7


def test_rotation_matrix_agrees_with_rotating_by_the_quaternion():
    x, y, z, w = q = np.array([0.1, -0.5, 0.3, np.sqrt(1 - 0.35)])
    vector = np.array([0.3, -0.7, 2.0])
    turned = vector + 2 * np.cross([x, y, z], np.cross([x, y, z], vector) + w * vector)
    assert rotation_matrix(q) @ vector == pytest.approx(turned, abs=1e-6)


def test_firmware_and_simulator_mean_the_same_by_every_signal(exported):
    task = track(reference=Lissajous(yaw=2.1))
    world = MultirotorWorld(task, num_envs=16, seed=3)
    world.reset()
    for _ in range(30):
        world.step(np.full((16, 4), 0.3, np.float32))
    ends = np.cumsum([size_of(item) for item in task.privileged])
    items = zip(task.privileged, ends, strict=True)
    shown = {item.signal: world.privileged[:, end - size_of(item) : end] for item, end in items}
    for i in range(16):
        signals = {name: values[i] for name, values in world.signals.items()}
        estimate = Estimate(
            position=signals["position"],
            velocity=signals["velocity"],
            quaternion_xyzw=quaternion_xyzw(signals["rotation"]),
            gyro_deg=np.degrees(signals["angular_velocity"]),
        )
        setpoint = Setpoint(
            position=signals["reference_position"],
            velocity=signals["reference_velocity"],
            acceleration=signals["reference_acceleration"],
            yaw_deg=float(np.degrees(signals["reference_yaw"])),
        )
        for name, values in seen(exported, estimate, setpoint).items():
            assert values == pytest.approx(shown[name][i], abs=1e-5), name


def quaternion_xyzw(r):
    """The quaternion nearest to a rotation matrix: Bar-Itzhack, J. Guidance 23(6), 2000, equation 10."""
    x, y, z = np.diag(r)
    a, b, c = r[0, 1] + r[1, 0], r[0, 2] + r[2, 0], r[1, 2] + r[2, 1]
    u, v, w = r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]
    k = [[x - y - z, a, b, u], [a, y - x - z, c, v], [b, c, z - x - y, w], [u, v, w, x + y + z]]
    return np.linalg.eigh(np.array(k, float))[1][:, -1]


def test_rotor_speed_becomes_force_or_duty_cycle(exported):
    wiring = Wiring.of(exported.contract)
    # Hover of 27 g: 14475.8 rpm, action 0.33406, 0.0662 N per rotor.
    hover = np.full(4, 14475.8 / 10851 - 1)
    assert forces(wiring, hover, FULL_FORCE) == pytest.approx([0.027 * 9.81 / 4 / FULL_FORCE] * 4, rel=1e-4)
    assert forces(wiring, hover, None) == pytest.approx([14475.8 / 21702] * 4, rel=1e-6)
    assert forces(wiring, [-1, 1, 0, np.nan], FULL_FORCE) == pytest.approx([0, 1, 3.16e-10 * 10851**2 / 0.1125, 0])


def test_rotors_are_found_by_where_they_sit(exported):
    airframe = exported.contract.airframe
    order = (3, 0, 1, 2)  # A vehicle file that begins with the front left rotor.
    turned = replace(
        airframe,
        rotor_positions=tuple(airframe.rotor_positions[i] for i in order),
        rotor_directions=tuple(airframe.rotor_directions[i] for i in order),
    )
    wiring = Wiring.of(replace(exported.contract, airframe=turned))
    assert wiring.rotors == (1, 2, 3, 0)
    assert forces(wiring, [0.1, 0.2, 0.3, 0.4], None) == pytest.approx((1 + np.array([0.2, 0.3, 0.4, 0.1])) / 2)


@pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None or shutil.which("qemu-system-arm") is None,
    reason="needs gcc-arm-none-eabi and qemu-system-arm",
)
def test_conversions_give_the_same_bits_on_a_microcontroller(exported, folder, random_flight, tmp_path):
    rng = np.random.default_rng(3)
    wiring = Wiring.of(exported.contract)
    records, expected = b"", []
    for i in range(200):
        estimate, setpoint = random_flight(rng)
        quaternion = random_flight(rng)[0].quaternion_xyzw
        if i % 2:
            setpoint = replace(setpoint, yaw_deg=None, quaternion_xyzw=quaternion)
        action = rng.uniform(-1.2, 1.2, 4)
        parts = [estimate.position, estimate.velocity, estimate.quaternion_xyzw, estimate.gyro_deg]
        parts += [setpoint.position, setpoint.velocity, setpoint.acceleration, [setpoint.yaw_deg or 0.0], quaternion]
        records += np.concatenate(parts).astype(np.float32).tobytes() + np.uint32(i % 2 == 0).tobytes()
        records += action.astype(np.float32).tobytes()
        expected.append(
            np.concatenate([observe(exported.contract, estimate, setpoint), forces(wiring, action, FULL_FORCE)])
        )

    build = tmp_path / "build"
    shutil.copytree(folder / "src", build)
    copy_firmware_headers(build)
    shutil.copy(Path(__file__).with_name("convert_harness.c"), build)
    # The square root is one instruction, as in the firmware.
    flags = ("-std=gnu11", *EXACT_FLOATS, "-O3", "-ffreestanding", "-fbuiltin", "-fno-math-errno")
    program = build_firmware_with(M4F, build, ("telic_convert.c", "convert_harness.c"), flags)
    answers = np.frombuffer(run_firmware(M4F, program, records), np.uint32)
    assert np.array_equal(answers, np.concatenate(expected).view(np.uint32))
