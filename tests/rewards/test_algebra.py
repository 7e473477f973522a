import numpy as np
import pytest
import torch

from telic.replay.reward import Reward
from telic.rewards.algebra import WeightedSum
from telic.rewards.program import parse_reward


@pytest.fixture
def near(reward_of):
    return reward_of("-norm(position)")


@pytest.fixture
def calm(reward_of):
    return reward_of("-norm(velocity)")


class Foreign:
    """A reward that is no program, such as a learned one."""

    fingerprint = "abc"
    inputs = ("position",)

    def terms(self, inputs):
        return {"learned": inputs["position"][..., 0]}


def test_weighted_sum_has_the_weighted_terms_of_its_parts(hover, near, flight_data):
    data = flight_data(5)
    both = 0.8 * hover + 0.2 * near
    terms = both.terms(data)
    assert list(terms) == ["place", "still", "upright", "effort", "term"]
    np.testing.assert_allclose(terms["place"], 0.8 * hover.terms(data)["place"], rtol=1e-6)
    np.testing.assert_allclose(both.total(data), 0.8 * hover.total(data) + 0.2 * near.total(data), rtol=1e-5)


def test_weighted_sum_is_a_reward(near, calm):
    both = near + calm
    assert isinstance(both, Reward)
    assert both.inputs == ("position", "velocity")


def test_terms_of_one_name_are_numbered_by_part(near, calm, flight_data):
    data = flight_data(5)
    terms = (near + 2 * calm).terms(data)
    assert list(terms) == ["1.term", "2.term"]
    np.testing.assert_allclose(terms["2.term"], 2 * calm.terms(data)["term"])


def test_sums_of_sums_are_flat(near, calm, hover):
    nested = 2.0 * (near + 0.5 * (calm - hover))
    assert [(weight, part) for weight, part in nested.parts] == [(2.0, near), (1.0, calm), (-1.0, hover)]


def test_negative_is_the_reward_times_minus_one(near, flight_data):
    data = flight_data(5)
    np.testing.assert_array_equal((-near).total(data), -near.total(data))


def test_fingerprint_tells_weights_and_parts_apart(near, calm):
    same = {(near + calm).fingerprint, (1.0 * near + calm * 1).fingerprint}
    others = {(near + 2 * calm).fingerprint, (calm + near).fingerprint, near.fingerprint, (1.0 * near).fingerprint}
    assert len(same) == 1
    assert len(same | others) == 5


def test_gradient_flows_through_a_sum(near, calm):
    position = torch.tensor([[3.0, 0.0, 4.0]], requires_grad=True)
    terms = (2.0 * near + calm).torch_terms({"position": position, "velocity": torch.ones(1, 3)})
    sum(value.sum() for value in terms.values()).backward()
    torch.testing.assert_close(position.grad, torch.tensor([[-1.2, 0.0, -1.6]]))


def test_any_reward_can_be_a_part(near, flight_data):
    data = flight_data(5)
    both = near + Foreign()
    np.testing.assert_allclose(both.terms(data)["learned"], data["position"][:, 0])
    with pytest.raises(TypeError, match="has no torch_terms"):
        both.torch_terms({})


def test_only_rewards_and_finite_numbers_are_allowed(near):
    with pytest.raises(TypeError, match="is not a reward"):
        near + 1.0
    with pytest.raises(TypeError, match="finite number"):
        float("nan") * near
    with pytest.raises(TypeError, match="finite number"):
        near * near
    with pytest.raises(ValueError, match="at least one"):
        WeightedSum(())


def test_reward_that_remembers_is_no_part_of_a_sum(hover, signals):
    nearest = parse_reward(
        '"""Nearest."""\ndef memory(next_position, nearest=9.0 * metre):\n'
        '    return {"nearest": minimum(nearest, norm(next_position))}\n'
        'def reward(next_nearest):\n    return {"near": -next_nearest}\n',
        signals,
    )
    with pytest.raises(TypeError, match="write the sum as one program"):
        hover + nearest
    with pytest.raises(TypeError, match="remembers within an episode"):
        0.5 * nearest
