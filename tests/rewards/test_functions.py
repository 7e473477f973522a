"""Programs of several functions: helpers, branches, costs, stages, and memory within an episode."""

import numpy as np
import pytest

from telic.rewards.check import check_reward
from telic.rewards.error import RewardError
from telic.rewards.memory import initial_memory, scan
from telic.rewards.program import parse_reward

START = '"""A program."""\n\n'


def rows(rng, count, *names, signals):
    shapes = {signal.name: signal.shape for signal in signals}
    return {name: rng.normal(size=(count, *shapes[name.removeprefix("next_")])).astype(np.float32) for name in names}


def test_a_helper_is_the_expression_that_it_stands_for(signals):
    with_helper = parse_reward(
        START
        + "def away(a, b, scale=2.0):\n    error = norm(a - b)\n    return scale * error\n\n"
        + 'def reward(position, reference_position):\n    return {"a": away(position, b=reference_position)}\n',
        signals,
    )
    without = parse_reward(
        START
        + 'def reward(position, reference_position):\n    return {"a": 2.0 * norm(position - reference_position)}\n',
        signals,
    )
    assert with_helper.fingerprint == without.fingerprint


def test_a_helper_is_checked_with_the_units_it_is_given(signals):
    source = (
        START
        + "def both(a, b):\n    return norm(a) + norm(b)\n\n"
        + 'def reward(position, velocity):\n    return {"a": both(position, velocity)}\n'
    )
    with pytest.raises(RewardError) as caught:
        parse_reward(source, signals)
    assert "cannot add" in caught.value.message
    assert caught.value.line == 4
    assert "both was called in line 7" in caught.value.hint


BRANCHES = (
    START
    + "def reward(position, velocity):\n"
    + "    height = position[2]\n"
    + "    bonus = 0.0\n"
    + "    if height > 1.0:\n"
    + "        bonus = 1.0\n"
    + "        bonus += 0.5\n"
    + "    elif height > 0.0:\n"
    + "        bonus = 0.25\n"
    + '    return {"bonus": bonus, "slow": -norm(velocity)}\n'
)


def test_branches_choose_sample_by_sample(signals):
    position = np.array([[0, 0, 2], [0, 0, 0.5], [0, 0, -1]], np.float32)
    terms = parse_reward(BRANCHES, signals).terms({"position": position, "velocity": np.zeros((3, 3), np.float32)})
    np.testing.assert_array_equal(terms["bonus"], [1.5, 0.25, 0.0])


def test_branches_agree_on_every_back_end(signals):
    torch = pytest.importorskip("torch")
    program = parse_reward(BRANCHES, signals)
    inputs = rows(np.random.default_rng(0), 100, "position", "velocity", signals=signals)
    expected = program.terms(inputs)
    out = np.empty((100, 2), np.float32)
    program.kernel(program.pack(inputs), out)
    found = program.torch_terms({name: torch.from_numpy(array) for name, array in inputs.items()})
    for column, (name, values) in enumerate(expected.items()):
        np.testing.assert_allclose(out[:, column], values, atol=1e-5)
        np.testing.assert_allclose(found[name].numpy(), values, atol=1e-5)


def test_costs_are_kept_apart_from_the_reward(signals):
    reward = 'def reward(position):\n    return {"near": -norm(position)}\n\n'
    cost = 'def cost(velocity):\n    return {"speed": maximum(norm(velocity) - 1.0, 0.0)}\n'
    program = parse_reward(START + reward + cost, signals)
    assert program.term_names == ("near",)
    assert program.inputs == ("position",)
    assert program.cost.term_names == ("speed",)
    assert program.cost.inputs == ("velocity",)
    np.testing.assert_allclose(program.cost.total({"velocity": np.array([[3, 0, 0], [0.5, 0, 0]], np.float32)}), [2, 0])
    assert program.fingerprint == parse_reward(START + reward, signals).fingerprint
    assert program.cost.fingerprint != program.fingerprint
    assert parse_reward(START + reward, signals).cost is None


def test_stages_count_what_is_done_and_add_the_progress_of_the_next(signals):
    program = parse_reward(
        START
        + "def reward(position):\n"
        + "    x, = position\n".replace("x, = position", "x = position[0] / (1.0 * metre)")
        + "    y = position[1] / (1.0 * metre)\n"
        + "    z = position[2] / (1.0 * metre)\n"
        + '    return {"way": staged(x, x > 0.9, y, y > 0.9, z)}\n',
        signals,
    )
    position = np.array([[0.5, 1, 1], [1, 0.25, 1], [1, 1, 0.75], [1, 1, 7], [-3, 0, 0]], np.float32)
    np.testing.assert_allclose(program.terms({"position": position})["way"], [0.5, 1.25, 2.75, 3.0, 0.0])


NEAREST = (
    START
    + "def memory(next_position, nearest=10.0 * metre, count=0.0):\n"
    + '    """The nearest approach so far, and how often it was beaten."""\n'
    + "    distance = norm(next_position)\n"
    + '    return {"nearest": minimum(nearest, distance), "count": count + (distance < nearest)}\n\n'
    + "def reward(nearest, next_nearest, next_count):\n"
    + '    return {"progress": nearest - next_nearest, "beaten": next_count}\n'
)


def by_hand(position, first):
    """The terms of NEAREST, the obvious way."""
    steps, streams = first.shape
    progress, beaten = np.zeros((2, steps, streams))
    for stream in range(streams):
        for step in range(steps):
            if first[step, stream]:
                nearest, count = 10.0, 0
            distance = float(np.linalg.norm(position[step, stream]))
            progress[step, stream] = nearest - min(nearest, distance)
            count += distance < nearest
            nearest = min(nearest, distance)
            beaten[step, stream] = count
    return progress, beaten


def test_memory_is_carried_from_step_to_step_and_begins_anew_with_each_episode(signals):
    program = parse_reward(NEAREST, signals)
    rng = np.random.default_rng(3)
    position = rng.normal(size=(50, 4, 3)).astype(np.float32) * 5
    first = rng.random((50, 4)) < 0.1
    first[0] = True
    terms, _ = scan(program, {"next_position": position}, first)
    progress, beaten = by_hand(position, first)
    np.testing.assert_allclose(terms["progress"], progress, atol=1e-5)
    np.testing.assert_array_equal(terms["beaten"], beaten)


def test_memory_goes_on_where_it_was_left(signals):
    program = parse_reward(NEAREST, signals)
    position = np.random.default_rng(4).normal(size=(20, 2, 3)).astype(np.float32)
    first = np.zeros((20, 2), bool)
    first[0] = True
    whole, _ = scan(program, {"next_position": position}, first)
    head, memory = scan(program, {"next_position": position[:7]}, first[:7])
    tail, _ = scan(program, {"next_position": position[7:]}, first[7:], memory)
    for name, values in whole.items():
        np.testing.assert_array_equal(np.concatenate([head[name], tail[name]]), values)


def test_what_is_remembered_is_an_input_like_any_other_where_it_is_given(signals):
    program = parse_reward(NEAREST, signals)
    assert program.inputs == ("next_position",)
    assert [signal.unit for signal in program.remembered] == ["m", "1"]
    np.testing.assert_array_equal(initial_memory(program, 2), [[10, 0], [10, 0]])
    given = {"next_position": np.array([[3, 0, 0]], np.float32), "nearest": np.float32([5]), "count": np.float32([2])}
    terms = program.terms(given)
    assert terms["progress"] == pytest.approx(2)
    assert terms["beaten"] == pytest.approx(3)


def test_memory_that_nothing_reads_is_left_out(signals):
    program = parse_reward(
        NEAREST.split("def reward")[0] + 'def reward(position):\n    return {"a": norm(position)}\n', signals
    )
    assert program.memory == ()


def test_the_cosine_of_a_right_angle_is_zero(signals):
    program = parse_reward(
        START + 'def reward(position):\n    return {"a": norm(position) + cos(90 * degree) * norm(position)}\n', signals
    )
    plain = parse_reward(START + 'def reward(position):\n    return {"a": norm(position)}\n', signals)
    position = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(program.total({"position": position}), plain.total({"position": position}))


def test_a_program_that_remembers_is_checked_like_any_other(signals):
    program = parse_reward(NEAREST, signals)
    batch = {"next_position": np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)}
    report = check_reward(program, batch)
    assert report.passed, report.findings
    assert [term.name for term in report.terms] == ["progress", "beaten"]
