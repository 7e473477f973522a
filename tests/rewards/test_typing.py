"""Shapes, units and frames: what fits together, and what is refused with the reason."""

import pytest

from telic.rewards.error import RewardError
from telic.rewards.program import parse_reward

UNITS = {
    "norm(position)": "m",
    "square(norm(velocity))": "m^2/s^2",
    "norm(velocity) ** 2": "m^2/s^2",
    "norm(position) ** -1": "1/m",
    "sqrt(dot(position, position))": "m",
    "norm(position) / norm(velocity)": "s",
    "2.0 * norm(position)": "m",
    "1.0 / norm(position)": "1/m",
    "norm(position - (0.0, 0.0, 1.0))": "m",
    "norm(position) / metre": "1",
    "norm(position) / (0.2 * metre) + norm(velocity) / (0.5 * metre / second)": "1",
    "tolerance(norm(velocity), bound=0.1, margin=0.5)": "1",
    "exp(-norm(position) / (0.2 * metre))": "1",
    "cos(reference_yaw)": "1",
    "sin(norm(action))": "1",
    "arctan2(velocity[1], velocity[0])": "rad",
    "wrap_angle(reference_yaw - 90 * degree)": "rad",
    "abs(reference_yaw) / degree": "1",
    "rotation[..., 2, 2]": "1",
    "dot(disturbance_force, velocity)": "m^2 kg/s^3",
    "1.0 if norm(position) < 0.1 else 0.0": "1",
    "norm(position) < 0.1": "1",
    "norm(position) * (norm(position) < 0.1)": "m",
    "maximum(norm(position), 0.1)": "m",
    "norm(next_position) - norm(position)": "m",
    "0.0 if terminated else norm(position)": "m",
    "-1.0 * terminated + 0.0 * norm(action)": "1",
    "norm(to_world(rotation, angular_velocity))": "rad/s",
    "dot(to_body(rotation, velocity), angular_velocity)": "m rad/s^2",
    "norm(cross(reference_position, velocity))": "m^2/s",
    "sum(abs(position) < 0.6)": "1",
    "mean(square(action))": "1",
    "trace(rotation)": "1",
    "norm((position[0], position[1]))": "m",
    "dot(rotation[..., 2], reference_acceleration)": "m/s^2",
    "0.3 * newton / norm(disturbance_force)": "1",
}


@pytest.mark.parametrize("expression", UNITS)
def test_unit_of_a_term(expression, reward_of):
    assert reward_of(expression).term_list[0].unit == UNITS[expression]


REFUSED = {
    # Units.
    "norm(position) + reference_yaw": "cannot add a quantity in m and one in rad",
    "norm(position) - norm(velocity)": "cannot subtract a quantity in m and one in m/s",
    "2.0 * square(norm(position)) + 0.1 * square(norm(velocity))": "cannot add a quantity in m^2 and one in m^2/s^2",
    "norm(position) < norm(velocity)": "cannot compare a quantity in m and one in m/s",
    "norm(position) < 2 * second": "cannot compare a quantity in m and one in s",
    "maximum(norm(position), norm(action))": "cannot take the maximum of a quantity in m and one in 1 (a pure number)",
    "norm(position) if terminated else norm(velocity)": "cannot choose between a quantity in m and one in m/s",
    "norm((position[0], velocity[0]))": "cannot put in one vector a quantity in m and one in m/s",
    "clip(norm(position), 0 * second, 1 * second)": "cannot take the maximum of a quantity in m and one in s",
    "(norm(position) < 1) + norm(position)": "cannot add a quantity in 1 (a pure number) and one in m",
    "exp(-norm(position))": "exp takes a pure number, not a quantity in m",
    "exp(-square(reference_yaw))": "exp takes a pure number, not a quantity in rad^2",
    "log(norm(velocity))": "log takes a pure number, not a quantity in m/s",
    "tanh(position[2])": "tanh takes a pure number",
    "sin(position[0])": "sin takes radians or a pure number, not a quantity in m",
    "sqrt(norm(position))": "square root of a quantity in m",
    "norm(position) ** 0.5": "square root of a quantity in m",
    "norm(position) ** (1 * metre)": "an exponent is a constant number",
    "arctan2(position[1], velocity[0])": "cannot take arctan2 of a quantity in m and one in m/s",
    "wrap_angle(position[0])": "wrap_angle takes radians",
    "tolerance(norm(position), bound=0.1 * second, margin=1.0)": "cannot compare a quantity in m and one in s",
    # Degrees for radians.
    "abs(reference_yaw) < 90": "90 is more than a full turn: angles are in radians",
    "reference_yaw - 45.0": "45 is more than a full turn",
    "tolerance(reference_yaw, bound=10, margin=1.0)": "10 is more than a full turn",
    "clip(reference_yaw, -180.0, 180.0)": "-180 is more than a full turn",
    "cos(90.0) * norm(position)": "90 is more than a full turn",
    # Frames.
    "norm(velocity + to_body(rotation, velocity))": "components in the world frame and the body frame",
    "norm(to_world(rotation, velocity))": "to_world takes a vector in the body frame",
    "norm(to_body(rotation, angular_velocity))": "to_body takes a vector in the world frame",
    "dot(velocity, angular_velocity)": "cannot take the dot product of components in the world frame",
    "norm(cross(angular_velocity, position))": "cannot take the cross product of components in the body frame",
    "norm(velocity * angular_velocity)": "cannot multiply components in the world frame and the body frame",
    "velocity[2] - to_body(rotation, velocity)[2]": "cannot subtract components in the world frame and the body frame",
    # Shapes.
    "norm(action - position)": "cannot subtract shapes (4,) and (3,)",
    "norm(position - (0.0, 1.0))": "cannot subtract shapes (3,) and (2,)",
    "position": "term 'term' is (3,) m world: a term is one number for each sample",
    "abs(position) < 0.1": "term 'term' is (3,) truth",
    "norm(rotation * position)": "cannot multiply shapes (3, 3) and (3,)",
    "norm(norm(position))": "norm takes a vector, not a scalar",
    "dot(position, action)": "dot takes two vectors of one shape",
    "position[3]": "index 3 is out of range for length 3",
    "position[-4]": "index -4 is out of range for length 3",
    "norm(position[1:5])": "range 1:5 is empty or out of range for length 3",
    "norm(position[2:1])": "range 2:1 is empty",
    "norm(position[::2])": "a range has no step",
    "position[0, 0]": "2 indices for a value with shape (3,)",
    "norm(position)[0]": "1 indices for a value with no axes",
    "rotation[..., 0, ...]": "more than one `...`",
    "position[0.5]": "an index is a constant whole number",
    "position[action[0]]": "an index is a constant whole number",
    "norm(((1.0, 2.0), (3.0, 4.0)))": "vectors hold numbers, not other vectors",
    "trace(position)": "trace takes a square matrix",
    "norm(())": "an empty tuple has no value",
    # Truths and numbers.
    "1.0 if norm(position) else 0.0": "a condition is needed here, not m",
    "1.0 if norm(position) and terminated else 0.0": "a condition is needed here, not m",
    "not norm(position)": "a condition is needed here, not m",
    "all(position)": "a condition is needed here, not (3,) m world",
    # Names and calls.
    "nrom(position)": "there is no function 'nrom'",
    "norm(position, axis=-1)": "norm has no argument 'axis'",
    "norm()": "norm: missing a required argument",
    "norm(position, position)": "norm: too many positional arguments",
    "tolerance(norm(position), bound=0.1, bounds=(0.0, 1.0))": "tolerance has no argument 'bounds'",
    "tolerance(norm(position), bound=0.1, margin=1.0, sigmoid='gausian')": "there is no sigmoid 'gausian'",
    "tolerance(norm(position), bound=0.1, margin=1.0, sigmoid=1.0)": "sigmoid is a word in quotes",
    "tolerance(norm(position), bound=0.1, margin=norm(velocity))": "margin of tolerance is a constant number",
    "tolerance(norm(position), bound=0.1, margin=-1.0)": "margin is -1",
    "tolerance(norm(position), bound=-0.1)": "bound is -0.1",
    "tolerance(norm(position), lower=2.0, upper=1.0)": "lower 2 is above upper 1",
    "tolerance(norm(position), 0.1, lower=0.2)": "tolerance has both `bound` and `lower`",
    "tolerance(norm(position), margin=1.0, value_at_margin=1.0)": "value_at_margin is 1",
    "norm(position) / 0.0": "division by zero",
    "log(-1.0) * norm(position)": "this constant is nan",
}


@pytest.mark.parametrize("expression", REFUSED)
def test_refused_with_the_reason(expression, reward_of):
    with pytest.raises(RewardError) as caught:
        reward_of(expression)
    assert REFUSED[expression] in caught.value.message
    assert caught.value.line == 3
    assert caught.value.column > 0


def test_degrees_message_says_what_to_write(reward_of):
    with pytest.raises(RewardError) as caught:
        reward_of("abs(reference_yaw) < 90")
    assert caught.value.hint == "write 90 * degree"


def test_unknown_parameter_names_the_nearest_signals(signals):
    with pytest.raises(RewardError) as caught:
        parse_reward('"""A test."""\ndef reward(positions):\n    return {"a": norm(positions)}\n', signals)
    assert caught.value.message == "there is no signal 'positions'"
    assert "did you mean position" in caught.value.hint


def test_signal_that_is_not_a_parameter_is_refused_with_the_remedy(signals):
    with pytest.raises(RewardError) as caught:
        parse_reward('"""A test."""\ndef reward(position):\n    return {"a": norm(velocity)}\n', signals)
    assert caught.value.message == "signal 'velocity' is not a parameter here"
    assert "def reward(velocity, ...)" in caught.value.hint


def test_component_of_a_world_vector_times_a_body_component_has_no_frame(reward_of):
    assert reward_of("velocity[0] * angular_velocity[0]").term_list[0].unit == "m rad/s^2"


def test_constant_reward_is_refused(signals):
    with pytest.raises(RewardError, match="reads none of its signals"):
        parse_reward('"""A test."""\ndef reward(position):\n    return {"alive": 1.0}\n', signals)


@pytest.mark.parametrize(
    ("success", "reason"),
    [
        ("norm(position)", "one truth value for each sample, not m"),
        ("abs(position) < 0.1", "one truth value for each sample, not (3,) truth"),
        ("1.0 < 2.0", "success reads none of its signals"),
    ],
)
def test_success_that_is_no_condition_is_refused(success, reason, reward_of):
    with pytest.raises(RewardError) as caught:
        reward_of("norm(position)", success=success)
    assert reason in caught.value.message
