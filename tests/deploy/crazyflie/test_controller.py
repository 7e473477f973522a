import shutil
from dataclasses import replace

import numpy as np
import pytest

from telic.deploy.crazyflie.frames import forces, observe
from telic.deploy.crazyflie.wiring import Wiring
from telic.deploy.reference import ReferenceExecutor, ReferencePolicy, Status
from telic.deploy.safety import SafetyFilter, SafetyStatus

FULL_FORCE = 0.1125  # Of the stand-in for the firmware's platform [N].
LEGACY, FORCE = 0, 2  # Control modes of the firmware.
MODE_VELOCITY = 2
STOCK, POLICY, FAULT, REFUSED = range(4)


def bits(values):
    return np.ascontiguousarray(values, np.float32).view(np.uint32).tolist()


@pytest.mark.parametrize("compensated", [True, False], ids=["force", "duty cycle"])
@pytest.mark.parametrize("by_quaternion", [False, True], ids=["yaw", "quaternion"])
def test_motors_get_the_reference_chain_to_the_bit(
    exported, folder, build, boot, random_flight, compensated, by_quaternion
):
    contract = exported.contract
    firmware = boot(build(folder, *([] if compensated else ["-DSTANDIN_NO_COMPENSATION"])))
    firmware.enable()
    executor = ReferenceExecutor(ReferencePolicy(exported.weights, contract))
    safety, wiring = SafetyFilter(contract), Wiring.of(contract)
    rng = np.random.default_rng(2)
    statuses = 0
    for _ in range(300):
        estimate, setpoint = random_flight(rng)
        if by_quaternion:
            setpoint = replace(setpoint, yaw_deg=None, quaternion_xyzw=random_flight(rng)[0].quaternion_xyzw)
        firmware.show(estimate, setpoint)
        firmware.state.attitude.pitch = rng.normal()  # Must not matter.
        mode = firmware.run()
        if firmware.step % 2 == 0:  # 500 Hz; the motors keep their commands in between.
            inputs = observe(contract, estimate, setpoint)[None]
            action, status = executor.step(firmware.now_us, firmware.now_us - 300, inputs)
            sent, filtered = safety.step(action, inputs, 300)
            assert (firmware.log("policy"), firmware.log("safety")) == (status[0], filtered[0])
            expected = forces(wiring, sent[0], FULL_FORCE if compensated else None)
            statuses |= filtered[0]
        if firmware.step >= 2:
            assert mode == FORCE
            assert bits(firmware.forces) == bits(expected)
    assert statuses == SafetyStatus.RATE_LIMITED
    assert np.ptp(expected) > 0.05


def test_stock_controller_flies_until_enabled(firmware):
    assert firmware.library.controllerOutOfTreeTest()
    assert firmware.run(10) == LEGACY
    assert firmware.stock("calls") == 10
    firmware.enable()
    assert firmware.run(10) == FORCE
    assert firmware.log("mode") == POLICY
    firmware.enable(0)
    assert firmware.run() == LEGACY
    assert firmware.log("mode") == STOCK


def test_stock_controller_forgets_and_answers_at_once_when_it_takes_over(firmware):
    firmware.enable()
    firmware.run(11)
    assert firmware.stock("resets") == 0
    firmware.enable(0)
    firmware.run()
    assert firmware.stock("resets") == 1
    assert firmware.stock("step") == 0  # All of its loops run in this step.
    firmware.run(3)
    assert firmware.stock("resets") == 1
    assert firmware.stock("step") == firmware.step


def test_dead_man_silence_hands_over_and_a_new_setpoint_hands_back(firmware):
    firmware.enable()
    firmware.run(10)
    assert firmware.run(199, command=False) == FORCE
    assert firmware.run(1, command=False) == LEGACY
    assert firmware.log("mode") == STOCK
    assert firmware.run(2) == FORCE


def test_policy_starts_afresh_every_time_it_takes_over(firmware):
    def first_forces():
        firmware.enable()
        firmware.step = 1
        firmware.run()
        return bits(firmware.forces)

    first = first_forces()
    firmware.run(60)
    assert bits(firmware.forces) != first
    firmware.enable(0)
    firmware.run(5)
    assert first_forces() == first


@pytest.mark.parametrize(
    ("target", "name", "value"),
    [
        ("position", "x", 0.51),
        ("position", "y", np.nan),
        ("velocity", "z", -3.1),
        ("velocity", "x", np.inf),
        ("attitudeQuaternion", "w", np.nan),
        ("attitudeQuaternion", "w", 0.5),  # Not of length one.
    ],
)
def test_fault_stays_with_the_stock_controller_until_disabled(firmware, target, name, value):
    firmware.enable()
    firmware.run(10)
    good = getattr(getattr(firmware.state, target), name)
    setattr(getattr(firmware.state, target), name, value)
    assert firmware.run(2) == LEGACY
    assert firmware.log("mode") == FAULT
    setattr(getattr(firmware.state, target), name, good)
    assert firmware.run(500) == LEGACY
    firmware.enable(0)
    firmware.run(2)
    firmware.enable()
    assert firmware.run(2) == FORCE


def test_tilt_beyond_the_limit_is_a_fault(firmware):
    firmware.enable()
    firmware.run(10)
    attitude = firmware.state.attitudeQuaternion
    attitude.x, attitude.w = np.sin(np.radians(43)), np.cos(np.radians(43))  # 86 degrees.
    assert firmware.run(2) == LEGACY
    assert firmware.log("policy") & Status.TILT_LIMIT
    assert firmware.log("safety") & SafetyStatus.TILT_LIMIT


def test_frozen_sensors_are_a_fault(firmware):
    firmware.enable()
    firmware.run(10)
    firmware.run(120, sense=False)
    assert firmware.log("mode") == FAULT
    assert firmware.log("policy") & Status.INPUT_STALE
    assert firmware.log("safety") & SafetyStatus.INPUT_STALE


@pytest.mark.parametrize(
    "change",
    [
        ("mode", "x", MODE_VELOCITY),
        ("mode", "z", 0),
        ("mode", "yaw", MODE_VELOCITY),
        ("mode", "yaw", 0),
        ("", "velocity_body", True),
        ("attitude", "yaw", np.nan),
        ("attitude", "yaw", 1e9),
    ],
    ids=str,
)
def test_setpoints_that_the_policy_cannot_follow_go_to_the_stock_controller(firmware, change):
    target, name, value = change
    setattr(getattr(firmware.setpoint, target) if target else firmware.setpoint, name, value)
    firmware.enable()
    assert firmware.run(10) == LEGACY
    assert firmware.log("mode") == STOCK


def test_forces_are_always_between_0_and_1(firmware, random_flight):
    rng = np.random.default_rng(4)
    for _ in range(500):
        firmware.enable(int(rng.random() < 0.9))
        estimate, setpoint = random_flight(rng)
        wild = rng.integers(0, 2**32, 9, np.uint32).view(np.float32)
        estimate = replace(estimate, position=wild[:3], velocity=wild[3:6], gyro_deg=wild[6:])
        firmware.show(estimate, replace(setpoint, position=wild[:3]))
        if firmware.run() == FORCE:
            assert all(0 <= force <= 1 for force in firmware.forces)


def test_damaged_weights_never_fly(folder, build, boot, tmp_path):
    damaged = shutil.copytree(folder, tmp_path / "damaged")
    source = damaged / "src" / "policy.c"
    start = source.read_text().index("policy_layer1")
    text = source.read_text()
    first = text.index("0x", start)
    source.write_text(f"{text[:first]}0x1.5p-3f{text[text.index(',', first) :]}")
    firmware = boot(build(damaged))
    assert not firmware.library.controllerOutOfTreeTest()
    firmware.enable()
    assert firmware.run(10) == LEGACY
    assert firmware.log("mode") == REFUSED
    assert firmware.log("selfTest") == 1
