"""Actuator models: the torque in the engine is the one of the equation."""

import mujoco
import numpy as np
import pytest
from mujoco.batch import Batch

from telic.sim.errors import TaskError
from telic.sim.mujoco.actuators import (
    Actuator,
    AsInModel,
    DCMotor,
    Ideal,
    PositionServo,
    VelocityServo,
    commands,
    compiled_model,
    settled,
)


def torque(xml, model, command, position=0.0, velocity=0.0):
    compiled = compiled_model(xml, {}, [Actuator("axle", model=model)])
    data = mujoco.MjData(compiled)
    data.joint("axle").qpos[0], data.joint("axle").qvel[0] = position, velocity
    data.actuator("axle").ctrl[0] = command
    mujoco.mj_forward(compiled, data)
    return float(data.actuator("axle").force[0])


def test_an_ideal_actuator_gives_the_command_up_to_its_limit(xml):
    assert torque(xml, Ideal(), 3.0, velocity=5.0) == 3.0
    assert torque(xml, Ideal(2.0), -3.0) == -2.0


def test_a_position_servo_is_a_pd_controller(xml):
    servo = PositionServo(kp=20.0, kd=1.5, torque_limit=8.0)
    assert torque(xml, servo, 0.5, 0.2, 1.0) == pytest.approx(20.0 * 0.3 - 1.5)
    assert torque(xml, servo, 5.0) == 8.0


def test_a_velocity_servo(xml):
    assert torque(xml, VelocityServo(kd=2.0), 3.0, velocity=1.0) == pytest.approx(4.0)
    assert torque(xml, VelocityServo(kd=2.0, torque_limit=1.0), 3.0, velocity=1.0) == 1.0


@pytest.mark.parametrize("speed", [-12.0, -4.0, 0.0, 4.0, 9.0, 12.0])
def test_a_dc_motor_follows_the_torque_speed_line(xml, speed):
    motor = DCMotor(kp=1000.0, kd=0.0, stall_torque=5.0, no_load_speed=10.0)
    assert torque(xml, motor, 10.0, velocity=speed) == pytest.approx(5.0 * (1.0 - speed / 10.0))
    assert torque(xml, motor, -10.0, velocity=speed) == pytest.approx(-5.0 * (1.0 + speed / 10.0))


def test_a_dc_motor_within_its_limits_is_a_pd_controller(xml):
    motor = DCMotor(kp=20.0, kd=0.5, stall_torque=50.0, no_load_speed=30.0, torque_limit=4.0)
    assert torque(xml, motor, 0.1, velocity=1.0) == pytest.approx(20.0 * 0.1 - 0.5)
    assert torque(xml, motor, 1.0) == pytest.approx(4.0)


def test_a_lag_approaches_the_command_exponentially(xml):
    model = compiled_model(xml, {}, [Actuator("axle", model=Ideal(), lag_s=0.02)])
    batch = Batch(model, 1, 1)
    force = batch.actuator_force
    batch.ctrl[0, 1] = 1.0
    batch.step(nstep=11)  # The force of a step is that of the activation before it.
    assert force[0, 1] == pytest.approx(1.0 - np.exp(-10 * 0.002 / 0.02))


def test_a_delay_holds_the_command_back(xml):
    model = compiled_model(xml, {}, [Actuator("axle", model=Ideal(), delay_s=(0.01, 0.01))])
    batch = Batch(model, 1, 1)
    force = batch.actuator_force
    batch.ctrl[0, 1] = 1.0
    forces = []
    for _ in range(8):
        batch.step()
        forces.append(float(force[0, 1]))
    assert forces == [0.0] * 5 + [1.0] * 3


def test_settled_actuators_start_without_a_jerk(xml):
    actuators = [
        Actuator("hinge", model=PositionServo(10.0, 0.0), delay_s=(0.01, 0.01)),
        Actuator("axle", model=PositionServo(10.0, 0.0), lag_s=0.05),
    ]
    model = compiled_model(xml, {}, actuators)
    ctrl = np.array([0.3, -0.2])
    act, history = settled(model, ctrl)
    batch = Batch(model, 1, 1)
    force = batch.actuator_force
    batch.reset(stage=mujoco.mjtStage.mjSTAGE_NONE)
    batch.act[:], batch.history[:], batch.ctrl[:] = act, history, ctrl
    batch.step()
    np.testing.assert_allclose(force[0], [3.0, -2.0])


def test_actuators_are_added_to_joints_and_scaled(xml):
    bare = xml.split("<actuator>")[0] + "</mujoco>"
    actuators = [Actuator("knee", joint="hinge", model=PositionServo(30.0, 1.0), scale=0.5, offset=0.1)]
    model = compiled_model(bare, {}, actuators)
    assert model.nu == 1
    scale, offset = commands(actuators, model)
    assert (scale[0], offset[0]) == (0.5, 0.1)


@pytest.mark.parametrize(
    ("actuators", "told"),
    [
        (lambda: [Actuator("axel")], "no actuator 'axel'; did you mean 'axle'"),
        (lambda: [Actuator("knee", joint="hing", model=Ideal())], "did you mean 'hinge'"),
        (lambda: [Actuator("axle", joint="axle", model=Ideal())], "has an actuator 'axle' already"),
        (lambda: [Actuator("knee", joint="hinge", model=AsInModel())], "needs a model of its own"),
        (lambda: [Actuator("axle"), Actuator("axle")], "described twice"),
        (lambda: [Actuator("axle", scale=0.0)], "would do nothing"),
        (lambda: [Actuator("axle", delay_s=(0.02, 0.01))], "the smaller number comes first"),
        (lambda: [Actuator("axle", model=DCMotor(1.0, 1.0, 0.0, 10.0))], "stall_torque of a DC motor is 0.0"),
        (lambda: [Actuator("axle", lag_s=float("inf"))], "lag_s of actuator axle is inf"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(xml, actuators, told):
    with pytest.raises(TaskError) as error:
        compiled_model(xml, {}, actuators())
    assert told in str(error.value)
