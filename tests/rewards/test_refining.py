"""The next version of a reward from a person's words, without a model."""

from importlib.resources import files

import numpy as np
import pytest

from telic.rewards.program import parse_reward
from telic.rewards.refining.complaint import NotUnderstoodError, heard
from telic.rewards.refining.refine import refine
from telic.rewards.refining.weight import reweighed
from telic.sim.tasks.registry import make_task

FLIGHT = (files("telic.rewards") / "library" / "parametric" / "flight.py.txt").read_text()
OLD = '''"""Stay."""

GAIN = 4.0


def reward(position, velocity, action, previous_action, terminated):
    return {
        "alive": 0.0 if terminated else 1.0,
        "near": -GAIN * norm(position),
        "still": -0.05 * square(norm(velocity)),
        "Größe": 0.0,
        "smooth": -square(norm(action - previous_action)),
        "bonus": 1 * (norm(position) < 0.1),
    }
'''.replace('        "Größe": 0.0,\n', "")


@pytest.fixture(scope="module")
def old(signals):
    return parse_reward(OLD, signals)


def test_weights_change_where_they_stand_and_nothing_else_does(signals, flight_data, old):
    data = flight_data(20)
    for term, before, after in (
        ("still", "-0.05 * square", "-0.1 * square"),
        ("near", "GAIN = 4.0", "GAIN = 8.0"),
        ("alive", "0.0 if terminated else 1.0", "2.0 * (0.0 if terminated else 1.0)"),
        ("smooth", "-square(norm(action - previous_action))", "2.0 * (-square(norm(action - previous_action)))"),
        ("bonus", "1 * (norm", "2.0 * (norm"),
    ):
        source, change = reweighed(OLD, term, 2.0)
        assert source == OLD.replace(before, after)
        assert OLD.split("\n")[change.line - 1] != source.split("\n")[change.line - 1]
        new = parse_reward(source, signals).terms(data)
        for name, values in old.terms(data).items():
            np.testing.assert_allclose(new[name], (2.0 if name == term else 1.0) * values, rtol=1e-6)


def test_constant_that_is_used_twice_is_left_alone():
    source = OLD.replace("-0.05 * square", "-GAIN * square")
    changed, _ = reweighed(source, "still", 2.0)
    assert "GAIN = 4.0" in changed and "2.0 * (-GAIN * square(norm(velocity)))" in changed


def test_text_before_a_weight_may_be_of_any_letters():
    source = OLD.replace('"near": -GAIN', '"near": -0.5')
    commented = source.replace(
        '"near": -0.5 * norm(position)', '"near": (  # näher\n            -0.5 * norm(position))'
    )
    changed, _ = reweighed(commented, "near", 2.0)
    assert "-1.0 * norm(position)" in changed and "# näher" in changed


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("it drifts to the left", {"near": 1.5}),
        ("It is jerky.", {"smooth": 3.0}),
        ("it wobbles", {"still": 2.0}),
        ("it shakes and then it falls", {"smooth": 3.0, "alive": 2.0}),
        ("too high, and it does not hold its place", {"near": 2.25}),
    ],
)
def test_words_change_the_terms_that_they_are_about(words, changed, signals, old, flight_data):
    data = flight_data(20)
    new = parse_reward(refine(old, words).source, signals).terms(data)
    for name, values in old.terms(data).items():
        np.testing.assert_allclose(new[name], changed.get(name, 1.0) * values, rtol=1e-6)


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("it is 20 cm too high", "HEIGHT", "0.8"),
        ("too low", "HEIGHT", "1.1"),
        ("0.3 m too low", "HEIGHT", "1.3"),
        ("it is too low by 9 metres", "HEIGHT", "5.0"),
        ("drifts", "PLACE_WEIGHT", "1.5"),
        ("jerky", "SMOOTH_WEIGHT", "0.06"),
    ],
)
def test_declared_numbers_move_within_their_range(words, name, value, signals):
    found = refine(parse_reward(FLIGHT, signals), words)
    assert f"\n{name} = {value}  #" in found.source
    (change,) = found.changes
    assert found.source.split("\n")[change.line - 1].startswith(f"{name} = ")
    parse_reward(found.source, signals)


def test_number_at_the_end_of_its_range_is_said(signals):
    program = parse_reward(FLIGHT.replace("HEIGHT = 1.0", "HEIGHT = 5.0"), signals)
    with pytest.raises(NotUnderstoodError, match=r"HEIGHT is 5 m already, at the end of its range 0.1 to 5"):
        refine(program, "too low")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("it looks sad", "'it looks sad' is not understood without a language model; understood are: too high"),
        ("it drifts and sings", "'sings' is not understood"),
        ("it does not drift", "says what the robot does not do"),
        ("it never falls", "says what the robot does not do"),
        ("", "empty"),
        ("it uses too much power", "has no term for effort; its terms are alive, near"),
        ("it leans", "no term for posture"),
    ],
)
def test_what_nothing_can_be_made_of_is_refused(words, reason, old):
    with pytest.raises(NotUnderstoodError, match=reason):
        refine(old, words)


def test_negations_that_are_complaints_are_understood():
    assert [each.complaint.name for each in heard("not smooth; not level, and does not stay")] == [
        "jerky",
        "crooked",
        "drifts",
    ]


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("hover", "it drifts to the left, it is jerky and it wobbles"),
        ("quadruped", "too slow and it falls"),
        ("cartpole", "it drifts and falls"),
        ("hopper", "it is too slow"),
        ("arm_push", "it is jerky and misses"),
    ],
)
def test_rewards_of_the_tasks_can_be_refined(task, words):
    schema = make_task(task).schema
    source = (files("telic.rewards") / "library" / f"{task}.py.txt").read_text()
    found = refine(parse_reward(source, schema), words)
    assert found.changes and found.source != source
    assert parse_reward(found.source, schema).term_names == parse_reward(source, schema).term_names
