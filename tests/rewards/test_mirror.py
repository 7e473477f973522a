"""Left and right exchanged: what every kind of signal becomes, and rewards that prefer a side."""

import numpy as np
import pytest

from telic.replay.signal import Signal
from telic.rewards.check import check_reward
from telic.rewards.invariance import ROUNDING, invariances
from telic.rewards.mirror import Mirror, named_elements
from telic.rewards.program import parse_reward

LEGS = Mirror(
    {
        "left_hip": ("right_hip", -1.0),
        "right_hip": ("left_hip", -1.0),
        "left_knee": ("right_knee", 1.0),
        "right_knee": ("left_knee", 1.0),
        "spine": ("spine", -1.0),
    }
)
JOINTS = Signal(
    "joint_position", (5,), "rad", "", "positions of joints left_hip, left_knee, right_hip, right_knee, spine"
)


@pytest.mark.parametrize(
    ("signal", "value", "expected"),
    [
        (Signal("position", (3,), "m", "world"), [1, 2, 3], [1, -2, 3]),
        (Signal("next_velocity", (3,), "m/s", "body"), [1, 2, 3], [1, -2, 3]),
        (Signal("angular_velocity", (3,), "rad/s", "body"), [1, 2, 3], [-1, 2, -3]),
        (Signal("torque", (3,), "N m", "world"), [1, 2, 3], [-1, 2, -3]),
        (Signal("command_velocity", (2,), "m/s", "body"), [1, 2], [1, -2]),
        (Signal("command_yaw_rate", (), "rad/s", "body"), 0.5, -0.5),
        (Signal("reference_yaw", (), "rad"), 0.5, -0.5),
        (Signal("height", (), "m"), 0.5, 0.5),
        (JOINTS, [1, 2, 3, 4, 5], [-3, 4, -1, 2, -5]),
        (
            Signal("knee", (2, 3), "m", "world", "place of left_knee, right_knee"),
            [[1, 2, 3], [4, 5, 6]],
            [[4, -5, 6], [1, -2, 3]],
        ),
    ],
)
def test_every_kind_of_signal_has_its_mirror_image(signal, value, expected):
    values = np.array([value], np.float32)
    reflected = LEGS.reflect(signal, values)
    assert reflected.tolist() == [expected]
    np.testing.assert_array_equal(LEGS.reflect(signal, reflected), values)


def test_turned_body_is_mirrored_as_its_axes_are():
    signal = Signal("rotation", (3, 3), "1", "world")
    c, s = np.cos(0.3), np.sin(0.3)
    left = np.array([[[c, -s, 0], [s, c, 0], [0, 0, 1]]], np.float32)
    np.testing.assert_allclose(LEGS.reflect(signal, left), left.transpose(0, 2, 1), atol=1e-7)
    roll = np.array([[[1, 0, 0], [0, c, -s], [0, s, c]]], np.float32)
    np.testing.assert_allclose(LEGS.reflect(signal, roll), roll.transpose(0, 2, 1), atol=1e-7)
    pitch = np.array([[[c, 0, s], [0, 1, 0], [-s, 0, c]]], np.float32)
    np.testing.assert_allclose(LEGS.reflect(signal, pitch), pitch, atol=1e-7)


@pytest.mark.parametrize(
    "signal",
    [
        Signal("configuration", (5,), "1", "", "positions of all joints"),
        Signal("joint_position", (2,), "rad", "", "positions of joints left_hip, tail"),
        Signal("joint_position", (1,), "rad", "", "position of joint left_hip"),
    ],
)
def test_unknown_mirror_image_is_not_guessed(signal):
    assert LEGS.reflect(signal, np.ones((1, *signal.shape), np.float32)) is None


def test_names_stand_at_the_end_of_a_description():
    assert named_elements(JOINTS) == ("left_hip", "left_knee", "right_hip", "right_knee", "spine")
    assert named_elements(Signal("a", (3,), "1", "", "cosine and sine")) == ()
    assert named_elements(Signal("a", (2,), "1", "", "action of the step before; 0, half speed")) == ()


@pytest.mark.parametrize(
    ("expression", "invariant"),
    [
        ("norm(position - reference_position)", True),
        ("norm(position - (0.0, 1.0, 1.0))", False),
        ("position[1]", False),
        ("position[0]", True),
        ("abs(position[1])", True),
        ("angular_velocity[1] - square(angular_velocity[2]) * second / radian", True),
        ("angular_velocity[2]", False),
        ("cos(reference_yaw) * rotation[0, 0] + sin(reference_yaw) * rotation[1, 0]", True),
        ("cross(position, velocity)[2]", False),
        ("norm(cross(position, velocity))", True),
        ("rotation[2, 1]", False),
    ],
)
def test_reward_that_prefers_left_is_told_from_one_that_does_not(reward_of, flight_data, expression, invariant):
    program = reward_of(expression)
    data = flight_data(100)
    found = invariances(program, {name: data[name] for name in program.inputs})["mirror"]
    assert (found < ROUNDING) == invariant


def test_reward_that_drags_one_leg_is_found_out():
    rng = np.random.default_rng(0)
    data = {"joint_position": rng.normal(size=(100, 5)).astype(np.float32)}

    def change(expression):
        source = f'"""A test."""\ndef reward(joint_position):\n    return {{"a": {expression}}}\n'
        return check_reward(parse_reward(source, (JOINTS,)), data, mirror=LEGS).invariance["mirror"]

    assert change("norm(joint_position)") < ROUNDING
    assert change("abs(joint_position[1]) + abs(joint_position[3])") < ROUNDING
    assert change("abs(joint_position[1]) + 2.0 * abs(joint_position[3])") > 0.1
    assert change("joint_position[0] + joint_position[2]") > 0.1
    assert change("joint_position[0] - joint_position[2]") < ROUNDING


def test_half_a_mirror_image_is_not_shown(reward_of, flight_data):
    program = reward_of("position[1] * square(norm(action))")
    data = flight_data(50)
    inputs = {name: data[name] for name in program.inputs}
    # Nobody says which rotors are on the left.
    assert "mirror" not in invariances(program, inputs)
    names = ("m1", "m2", "m3", "m4")
    rotors = Mirror(
        dict(zip(names, [("m4", 1.0), ("m3", 1.0), ("m2", 1.0), ("m1", 1.0)], strict=True)), {"action": names}
    )
    assert invariances(program, inputs, rotors)["mirror"] > 0.1
