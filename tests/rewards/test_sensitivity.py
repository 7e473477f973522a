"""What moves a reward on stored data, and what does not."""

import numpy as np
import pytest

from telic.replay.signal import Signal
from telic.rewards.check import check_reward
from telic.rewards.invariance import ROUNDING, invariances
from telic.rewards.program import parse_reward
from telic.rewards.sensitivity import sensitivity


def inputs(program, data):
    return {name: data[name] for name in program.inputs}


def test_term_moves_with_what_it_reads_and_with_nothing_else(hover, flight_data):
    moves = sensitivity(hover, inputs(hover, flight_data(500)), np.random.default_rng(0))
    assert {name for name, change in moves["upright"].items() if change > 0.0} == {"rotation"}
    assert {name for name, change in moves["effort"].items() if change > 0.0} == {"action"}


def test_signal_that_moves_nothing_on_stored_data_is_reported(reward_of, flight_data):
    data = flight_data(200)
    data["position"] = np.abs(data["position"])
    # The branch is never taken where the data are.
    report = check_reward(reward_of("norm(position) + where(position[0] < 0.0, norm(next_position), 0.0)"), data)
    assert [finding.check for finding in report.findings] == ["no effect"]
    assert "'next_position'" in report.findings[0].message


def test_signal_that_never_changes_is_not_blamed(hover, reward_of, flight_data):
    data = flight_data(200)
    data["reference_position"][:] = 1.0
    assert check_reward(reward_of("norm(position - reference_position)"), data).findings == ()


def test_not_finite_mixture_is_unknown(reward_of, flight_data):
    data = flight_data(200)
    data["next_position"] = data["position"].copy()
    program = reward_of("sqrt(square(position[0]) - square(next_position[0]) + 0.0 * position[1] * position[1])")
    moves = sensitivity(program, inputs(program, data), np.random.default_rng(0))
    assert np.isnan(moves["term"]["position"])


@pytest.mark.parametrize(
    ("expression", "invariant"),
    [
        ("norm(position - reference_position)", True),
        ("dot(velocity, reference_velocity)", True),
        ("rotation[..., 2, 2]", True),
        ("cos(reference_yaw) * rotation[0, 0] + sin(reference_yaw) * rotation[1, 0]", True),
        ("to_body(rotation, velocity)[0]", True),
        ("velocity[0]", False),
        ("norm(position - (1.0, 0.0, 1.0))", False),
        ("rotation[0, 0]", False),
        ("norm(cross(position, reference_position)[:2])", True),
    ],
)
def test_turned_world(reward_of, flight_data, expression, invariant):
    program = reward_of(expression)
    assert (invariances(program, inputs(program, flight_data(100)))["yaw"] < ROUNDING) == invariant


def test_body_frame_has_no_compass(reward_of, flight_data):
    program = reward_of("norm(angular_velocity)")
    assert "yaw" not in invariances(program, inputs(program, flight_data(50)))


def test_clock_is_found_out():
    signals = (Signal("elapsed", (), "s"), Signal("place", (1,), "m"))
    rng = np.random.default_rng(0)
    data = {"elapsed": rng.uniform(0, 5, 50).astype(np.float32), "place": rng.normal(size=(50, 1)).astype(np.float32)}

    def change(expression):
        source = f'"""A test."""\ndef reward(elapsed, place):\n    return {{"a": {expression}}}\n'
        return invariances(parse_reward(source, signals), data)["time"]

    assert change("place[0] * (elapsed > 1.0)") > 0.1
    assert change("place[0] + 0.0 * elapsed * (metre / second)") < ROUNDING
