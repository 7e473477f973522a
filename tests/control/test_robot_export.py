"""The policies of robots on their way to other machines: commands in the robot's units, and the same actions there."""

import numpy as np
import pytest

from telic.control.controller import PolicyController
from telic.control.policy import Dense, PolicyWeights
from telic.control.robot_recording import record_robot_observations
from telic.control.within_limits import WithinLimits, in_units_of
from telic.deploy.checked import ContractError
from telic.deploy.reference import ReferencePolicy
from telic.deploy.task_contract import contract_from_task
from telic.sim.mujoco.task import MujocoTask
from telic.sim.tasks.registry import TASKS, make_task

# What a contract cannot carry, and what it says then.
REFUSED = {"humanoid": "policy_hz", "humanoid_standup": "policy_hz"}
ROBOTS = [name for name in TASKS if isinstance(make_task(name), MujocoTask)]


def policy(inputs, outputs, last="identity", seed=0):
    rng = np.random.default_rng(seed)
    hidden = Dense(rng.normal(0, 0.2, (16, inputs)).astype(np.float32), np.zeros(16, np.float32), "fast_tanh")
    action = Dense(rng.normal(0, 0.6, (outputs, 16)).astype(np.float32), np.zeros(outputs, np.float32), last)
    return PolicyWeights((hidden, action), np.zeros(inputs, np.float32), np.ones(inputs, np.float32), 10.0)


@pytest.mark.parametrize("name", ROBOTS)
def test_a_contract_gives_the_actions_that_the_controller_gives_in_simulation(name):
    task = make_task(name)
    weights = policy(task.observation_size, task.actions.size)
    simulated = WithinLimits(PolicyController(weights), task.actions)
    observations = record_robot_observations(task, simulated, 50)
    assert observations.shape == (50, task.observation_size) and np.isfinite(observations).all()
    carried = in_units_of(weights, task.actions)
    if name in REFUSED:
        with pytest.raises(ContractError, match=REFUSED[name]):
            contract_from_task(task, carried, observations)
        return
    actions, _ = ReferencePolicy(carried, contract_from_task(task, carried, observations)).evaluate(observations)
    np.testing.assert_allclose(actions, simulated.act(observations, {}), atol=3e-6)


@pytest.mark.parametrize("last", ["identity", "fast_tanh"])
def test_commands_reach_the_limits_of_the_robot_whatever_the_last_layer_is(last):
    task = make_task("pusher")
    low, high = task.actions.bounds
    assert (low == -2.0).all() and (high == 2.0).all()
    weights = policy(task.observation_size, task.actions.size, last)
    observations = 20.0 * np.random.default_rng(1).normal(size=(200, task.observation_size)).astype(np.float32)
    carried = PolicyController(in_units_of(weights, task.actions)).outputs(observations)
    simulated = WithinLimits(PolicyController(weights), task.actions).act(observations, {})
    np.testing.assert_allclose(np.clip(carried, low, high), simulated, atol=3e-6)
    assert np.abs(simulated).max() > 1.5


def test_recorded_observations_are_the_same_for_a_seed_and_of_many_kinds():
    task = make_task("cartpole")
    controller = WithinLimits(PolicyController(policy(task.observation_size, 1)), task.actions)
    first, again, other = (record_robot_observations(task, controller, 40, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert len(np.unique(first, axis=0)) > 30
    with pytest.raises(ValueError, match="count is 1"):
        record_robot_observations(task, controller, 1)
