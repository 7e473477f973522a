"""The contract of a policy that was trained on a MuJoCo task carries its sensors, actuators and what varied."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from telic.control.policy import Dense, PolicyWeights
from telic.deploy.checked import ContractError
from telic.deploy.contract import Contract
from telic.deploy.contract_diff import diff
from telic.deploy.contract_parts import Actuator, TrainedRange
from telic.deploy.crazyflie.wiring import Wiring
from telic.deploy.generate_c import generate_c
from telic.sim.mujoco.actuators import DCMotor
from telic.sim.tasks.registry import make_task
from telic.sim.yaml.load import load_task

EXAMPLE = Path(__file__).parents[2] / "examples/my_robot/my_robot.yaml"


@pytest.fixture(scope="module")
def task():
    return load_task(EXAMPLE)


@pytest.fixture(scope="module")
def weights(task):
    rng = np.random.default_rng(0)
    size = task.observation_size
    layers = (
        Dense(rng.normal(0, 0.3, (8, size)).astype(np.float32), np.zeros(8, np.float32), "fast_tanh"),
        Dense(rng.normal(0, 0.3, (2, 8)).astype(np.float32), np.zeros(2, np.float32), "fast_tanh"),
    )
    return PolicyWeights(layers, np.zeros(size, np.float32), np.ones(size, np.float32), None)


def drawn_up(task, weights):
    observations = np.random.default_rng(1).normal(size=(16, task.observation_size)).astype(np.float32)
    return Contract.from_task(task, weights, observations, purpose="balance")


def test_sensors_and_their_faults_are_in_it(task, weights):
    contract = drawn_up(task, weights)
    assert contract.airframe is None and contract.robot == "balancer"
    speed = contract.observation[2]
    assert (speed.signal, speed.unit, speed.noise_std, speed.dropout) == ("wheel_speed", "rad/s", 0.2, 0.02)
    assert speed.delay_s == (0.0, 0.02)
    assert contract.observation[1].bias_std == 0.02
    assert contract.history == 1


def test_actuators_and_their_delays_are_in_it(task, weights):
    contract = drawn_up(task, weights)
    assert contract.actuators[0] == Actuator("left_wheel", "ideal", None, None, 0.3, None, None, (0.0, 0.01), 0.005)
    assert contract.action.command_scale == (0.3, 0.3)
    assert contract.action.command_unit == "N m"
    motor = DCMotor(20.0, 1.0, 5.0, 30.0)
    other = drawn_up(replace(task, actuators=(replace(task.actuators[0], model=motor), task.actuators[1])), weights)
    assert other.actuators[0].stall_torque == 5.0
    assert any("actuators[0].no_load_speed: null -> 30.0" in line for line in diff(contract, other))


def test_servos_of_the_model_are_in_it_with_their_gains():
    task = make_task("quadruped")
    contract = drawn_up(task, weights_of(task.observation_size, 12))
    model = task.model
    for i, actuator in enumerate(contract.actuators):
        assert actuator.name == task.actions.names[i]
        assert (actuator.model, actuator.kp) == ("position_servo", model.actuator_gainprm[i, 0])
        assert actuator.kd == -model.actuator_biasprm[i, 2]
        assert actuator.torque_limit == model.actuator_forcerange[i, 1]


def test_what_varied_is_in_it(task, weights):
    trained = {item.quantity: item for item in drawn_up(task, weights).trained}
    assert trained["mass:chassis (scale)"] == TrainedRange(
        "mass:chassis (scale)", "1", "uniform", 1.0, pytest.approx(0.2)
    )
    assert trained["center_of_mass:chassis (add)"].unit == "m"
    assert trained["command command"].spread == 0.5
    assert trained["linear push of chassis along x"] == TrainedRange(
        "linear push of chassis along x", "m/s", "uniform", 0.0, 0.3
    )


def test_it_is_written_and_read(task, weights, tmp_path):
    contract = drawn_up(task, weights)
    contract.save(tmp_path / "contract.json")
    assert Contract.load(tmp_path / "contract.json") == contract


def test_an_actuator_that_no_action_commands_is_refused(task, weights):
    data = json.loads(drawn_up(task, weights).dumps())
    data["actuators"][0]["name"] = "left_weel"
    with pytest.raises(ContractError, match="did you mean 'left_wheel'"):
        Contract.from_plain(data)


def test_a_robot_is_no_crazyflie(task, weights):
    contract = drawn_up(replace(task, observation=task.observation[:1]), weights_of(1 * 3))
    with pytest.raises(ContractError):
        Wiring.of(contract)


def weights_of(size, actions=2):
    layer = Dense(np.zeros((actions, size), np.float32), np.zeros(actions, np.float32), "fast_tanh")
    return PolicyWeights((layer,), np.zeros(size, np.float32), np.ones(size, np.float32), None)


def test_a_history_of_readings_is_the_robots_to_keep():
    task = make_task("agv")
    contract = drawn_up(task, weights_of(task.observation_size, 2))
    scan = contract.observation[-1]
    assert (scan.signal, scan.shape, scan.history, scan.reset_fill) == ("range", (19,), 2, "first_sample")
    assert contract.inputs_size == task.observation_size - 2 and contract.history == 1
    with pytest.raises(ContractError, match="needed with 2 samples of 'range': 'first_sample'"):
        replace(scan, reset_fill="none")
    header = generate_c(weights_of(task.observation_size, 2), contract).header
    assert "the last 2 samples at 10 Hz, newest first" in header
