"""What each part of the language computes, against NumPy written out by hand."""

import numpy as np
import pytest

from telic.rewards.program import parse_reward

ROWS = 50


def value(program, data) -> np.ndarray:
    return program.terms(data)["term"]


# Expression of the language, and the same in NumPy with the batch axis in front.
EXPRESSIONS = {
    "norm(position)": lambda d: np.linalg.norm(d["position"], axis=-1),
    "norm(position - (0.0, 0.0, 1.0))": lambda d: np.linalg.norm(d["position"] - np.array([0, 0, 1]), axis=-1),
    "norm(position - reference_position)": lambda d: np.linalg.norm(d["position"] - d["reference_position"], axis=-1),
    "norm(rotation)": lambda d: np.sqrt((d["rotation"] ** 2).sum((-1, -2))),
    "position[2]": lambda d: d["position"][:, 2],
    "position[..., -1]": lambda d: d["position"][:, -1],
    "rotation[..., 2, 0]": lambda d: d["rotation"][:, 2, 0],
    "norm(rotation[..., 1])": lambda d: np.linalg.norm(d["rotation"][:, :, 1], axis=-1),
    "norm(rotation[1])": lambda d: np.linalg.norm(d["rotation"][:, 1, :], axis=-1),
    "norm(rotation[:2, 1:])": lambda d: np.sqrt((d["rotation"][:, :2, 1:] ** 2).sum((-1, -2))),
    "norm(position[:2])": lambda d: np.linalg.norm(d["position"][:, :2], axis=-1),
    "sum(action)": lambda d: d["action"].sum(-1),
    "sum(rotation)": lambda d: d["rotation"].sum((-1, -2)),
    "mean(square(action))": lambda d: (d["action"] ** 2).mean(-1),
    "mean(rotation)": lambda d: d["rotation"].mean((-1, -2)),
    "dot(position, velocity)": lambda d: (d["position"] * d["velocity"]).sum(-1),
    "dot(rotation, rotation)": lambda d: (d["rotation"] ** 2).sum((-1, -2)),
    "norm(cross(position, velocity))": lambda d: np.linalg.norm(np.cross(d["position"], d["velocity"]), axis=-1),
    "trace(rotation)": lambda d: np.trace(d["rotation"], axis1=-2, axis2=-1),
    "to_world(rotation, angular_velocity)[1]": lambda d: (d["rotation"] @ d["angular_velocity"][..., None])[..., 1, 0],
    "to_body(rotation, velocity)[1]": lambda d: (np.swapaxes(d["rotation"], 1, 2) @ d["velocity"][..., None])[
        ..., 1, 0
    ],
    "norm(velocity) * position[0] - 0.5 * position[1] * norm(velocity)": lambda d: (
        np.linalg.norm(d["velocity"], axis=-1) * (d["position"][:, 0] - 0.5 * d["position"][:, 1])
    ),
    "norm(norm(velocity) * position)": lambda d: np.linalg.norm(
        np.linalg.norm(d["velocity"], axis=-1)[:, None] * d["position"], axis=-1
    ),
    "norm(rotation * norm(velocity))": lambda d: (
        np.linalg.norm(d["velocity"], axis=-1) * np.sqrt((d["rotation"] ** 2).sum((-1, -2)))
    ),
    "norm(position) ** 3": lambda d: np.linalg.norm(d["position"], axis=-1) ** 3,
    "(norm(action) + 1.0) ** -2": lambda d: (np.linalg.norm(d["action"], axis=-1) + 1) ** -2.0,
    "(norm(action) + 1.0) ** 1.5": lambda d: (np.linalg.norm(d["action"], axis=-1) + 1) ** 1.5,
    "norm(action) ** 0 * norm(position)": lambda d: np.linalg.norm(d["position"], axis=-1),
    "-norm(action) ** 2": lambda d: -((d["action"] ** 2).sum(-1)),
    "2.0 * (3.0 * norm(position)) / 4.0": lambda d: 1.5 * np.linalg.norm(d["position"], axis=-1),
    "+norm(position) - -norm(position)": lambda d: 2 * np.linalg.norm(d["position"], axis=-1),
    "exp(-square(norm(action)))": lambda d: np.exp(-(d["action"] ** 2).sum(-1)),
    "log(1.0 + norm(action))": lambda d: np.log(1 + np.linalg.norm(d["action"], axis=-1)),
    "sqrt(norm(action))": lambda d: np.sqrt(np.linalg.norm(d["action"], axis=-1)),
    "sqrt(sum(square(position)))": lambda d: np.linalg.norm(d["position"], axis=-1),
    "sin(reference_yaw) + cos(reference_yaw)": lambda d: np.sin(d["reference_yaw"]) + np.cos(d["reference_yaw"]),
    "tanh(sum(action))": lambda d: np.tanh(d["action"].sum(-1)),
    "arctan2(velocity[1], velocity[0])": lambda d: np.arctan2(d["velocity"][:, 1], d["velocity"][:, 0]),
    "minimum(action[0], action[1])": lambda d: np.minimum(d["action"][:, 0], d["action"][:, 1]),
    "maximum(action[0], 0.25)": lambda d: np.maximum(d["action"][:, 0], 0.25),
    "minimum(0.25, action[0])": lambda d: np.minimum(0.25, d["action"][:, 0]),
    "clip(action[0], -0.5, 0.25)": lambda d: np.clip(d["action"][:, 0], -0.5, 0.25),
    "sum(abs(position - velocity * second))": lambda d: np.abs(d["position"] - d["velocity"]).sum(-1),
    "1.0 if position[2] < 0.5 else 2.0": lambda d: np.where(d["position"][:, 2] < 0.5, 1.0, 2.0),
    "where(position[2] >= 0.5, position[2], velocity[2] * second)": lambda d: np.where(
        d["position"][:, 2] >= 0.5, d["position"][:, 2], d["velocity"][:, 2]
    ),
    "norm(where(position > 0.0, position, 0.0))": lambda d: np.linalg.norm(np.maximum(d["position"], 0), axis=-1),
    "norm(position if norm(position) > 1.0 else reference_position)": lambda d: np.where(
        np.linalg.norm(d["position"], axis=-1) > 1,
        np.linalg.norm(d["position"], axis=-1),
        np.linalg.norm(d["reference_position"], axis=-1),
    ),
    "0.0 < action[0] < 0.5": lambda d: ((d["action"][:, 0] > 0) & (d["action"][:, 0] < 0.5)).astype(float),
    "action[0] > 0 and action[1] > 0 or not terminated": lambda d: (
        ((d["action"][:, 0] > 0) & (d["action"][:, 1] > 0)) | (d["terminated"] == 0)
    ).astype(float),
    "all(abs(position) < 0.6)": lambda d: (np.abs(d["position"]) < 0.6).all(-1).astype(float),
    "any(rotation > 1.0)": lambda d: (d["rotation"] > 1).any((-1, -2)).astype(float),
    "sum(action > 0)": lambda d: (d["action"] > 0).sum(-1).astype(float),
    "terminated": lambda d: d["terminated"],
    "terminated != 1": lambda d: 1 - d["terminated"],
    "wrap_angle(3.0 * reference_yaw)": lambda d: np.angle(np.exp(3j * d["reference_yaw"])),
    "abs(reference_yaw) > 30 * degree": lambda d: (np.abs(d["reference_yaw"]) > np.pi / 6).astype(float),
    "norm((position[0], velocity[0] * second, 2.0))": lambda d: np.sqrt(
        d["position"][:, 0] ** 2 + d["velocity"][:, 0] ** 2 + 4
    ),
    "norm(next_position) - norm(position)": lambda d: (
        np.linalg.norm(d["next_position"], axis=-1) - np.linalg.norm(d["position"], axis=-1)
    ),
    "norm(action - previous_action)": lambda d: np.linalg.norm(d["action"] - d["previous_action"], axis=-1),
}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_value_of_an_expression(expression, reward_of, flight_data):
    data = flight_data(ROWS)
    exact = {name: array.astype(np.float64) for name, array in data.items()}
    np.testing.assert_allclose(value(reward_of(expression), data), EXPRESSIONS[expression](exact), rtol=2e-5, atol=2e-6)


def test_assignments_are_read_in_order(reward_of, flight_data):
    data = flight_data(ROWS)
    program = reward_of("x", before="x = norm(position)\nx = x + 1.0\ny = x\nx = 2.0 * y")
    np.testing.assert_allclose(value(program, data), 2 * (np.linalg.norm(data["position"], axis=-1) + 1), rtol=1e-6)


def test_constants_are_computed_before_any_data(signals, flight_data):
    source = '''"""A test."""
HEIGHT = 2 * 0.5
TARGET = (0.0, -HEIGHT, HEIGHT * sqrt(4.0))
LIMIT = 90 * degree / 2

def reward(position, reference_yaw):
    """What it is good for."""
    return {"place": norm(position - TARGET), "yaw": abs(reference_yaw) < LIMIT, "turn": LIMIT}
'''
    data = flight_data(ROWS)
    terms = parse_reward(source, signals).terms(data)
    np.testing.assert_allclose(terms["place"], np.linalg.norm(data["position"] - [0, -1, 2], axis=-1), rtol=1e-6)
    np.testing.assert_array_equal(terms["yaw"], (np.abs(data["reference_yaw"]) < np.pi / 4).astype(np.float32))
    np.testing.assert_allclose(terms["turn"], np.full(ROWS, np.pi / 4), rtol=1e-6)


def test_square_of_a_norm_takes_no_root(reward_of):
    ops = [reward_of(text).term_list[0].node.op for text in ("square(norm(position))", "norm(position) ** 2")]
    assert ops == ["dot", "dot"]


def test_equal_expressions_are_one_node(reward_of):
    program = reward_of("norm(position) * x", before="x = norm(position)")
    assert program.term_list[0].node.op == "dot"


def test_action_takes_the_shape_of_the_previous_action(reward_of):
    assert reward_of("norm(action)").inputs == ("action",)


def test_integers_are_floats(reward_of, flight_data):
    assert value(reward_of("1 / 2 * norm(action)"), flight_data(3)).dtype == np.float32
