"""The trained policy as a controller: the same numbers as the torch module it came from."""

import numpy as np
import pytest
import torch

from telic.control.controller import PolicyController
from telic.control.policy import Dense, Policy, PolicyWeights


@pytest.fixture
def observations():
    return np.random.default_rng(0).normal(size=(200, 146)).astype(np.float32)


def test_policy_controller_equals_the_torch_policy(observations):
    policy = Policy(146, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        policy.layers[-1].weight.mul_(300.0)
        expected = policy(torch.from_numpy(observations)).numpy()
    actions = PolicyController(policy.weights()).act(observations)
    assert actions.dtype == np.float32
    assert np.abs(expected).max() == 1.0
    np.testing.assert_allclose(actions, expected, atol=2e-5)


def test_observation_is_normalised_and_clipped_before_the_first_layer():
    layer = Dense(np.eye(2, dtype=np.float32), np.array([0.0, 0.25], np.float32), "identity")
    weights = PolicyWeights((layer,), np.array([1, 0], np.float32), np.array([2, 4], np.float32), observation_clip=0.5)
    actions = PolicyController(weights).act(np.array([[1.5, -1.0], [9.0, -9.0]], np.float32))
    np.testing.assert_allclose(actions, [[0.25, 0.0], [0.5, -0.25]])


def test_actions_of_an_unbounded_network_are_limited():
    layer = Dense(np.full((1, 1), 9.0, np.float32), np.zeros(1, np.float32), "relu")
    controller = PolicyController(PolicyWeights((layer,), np.zeros(1, np.float32), np.ones(1, np.float32)))
    actions = controller.act(np.array([[-1.0], [0.1], [5.0]], np.float32))
    np.testing.assert_allclose(actions, [[0.0], [0.9], [1.0]], rtol=1e-6)


def test_observations_that_do_not_fit_are_refused(observations):
    controller = PolicyController(Policy(146, 4).weights())
    with pytest.raises(ValueError, match=r"shape \(200, 145\); this policy reads \(N, 146\)"):
        controller.act(observations[:, 1:])
    observations[3, 7] = np.inf
    with pytest.raises(ValueError, match="number 7 of the observation of vehicle 3 is inf"):
        controller.act(observations)
