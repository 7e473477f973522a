"""The ordering gate on stored cart-poles, hoppers and flights: honest rewards pass, gamed ones do not."""

from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest

from telic.rewards.evidence import Evidence, Stored, evidence
from telic.rewards.gate import GateConfig, check_order
from telic.rewards.program import parse_reward

TASKS = {"swing_up": "cartpole", "balance": "cartpole", "flights": "hover", "hops": "hopper"}

HONEST = {
    "swing_up": {
        "sparse": "(pole_direction, pole_velocity): 1.0 * (pole_direction[0] > 0.98 and abs(pole_velocity[0]) < 1.0)",
        "height": "(pole_direction): pole_direction[0]",
        "tolerance": "(pole_angle): tolerance(wrap_angle(pole_angle[0]), bound=0.1, margin=1.0)",
        "distance": "(pole_angle): -abs(wrap_angle(pole_angle[0]))",
    },
    "balance": {
        "alive and upright": "(pole_direction, terminated): 1.0 - terminated + pole_direction[0]",
        "fall costs": "(pole_velocity, terminated): -100.0 * terminated + tolerance(pole_velocity[0], margin=5.0)",
    },
    "flights": {
        "near": "(position, reference_position): tolerance(norm(position - reference_position), margin=0.3)",
        "alive and near": "(position, reference_position): 1.0 - norm(position - reference_position) / (0.4 * metre)",
    },
    "hops": {
        "forward": "(forward_velocity): forward_velocity[0]",
        "fast enough": "(forward_velocity): tolerance(forward_velocity[0], lower=1.2, margin=1.0, sigmoid='linear')",
    },
}

# Each with the finding that must come first, or be among the errors.
GAMED = {
    "swing_up": {
        "survival only": ("survival only", "(terminated, pole_angle): 1.0 - terminated + 0.0001 * cos(pole_angle[0])"),
        "constant": ("constant", "(pole_direction): 1.0 * (pole_direction[0] < 2.0)"),
        "inverted height": ("inverted sign", "(pole_direction): -pole_direction[0]"),
        "distance as a reward": ("inverted sign", "(pole_angle): abs(wrap_angle(pole_angle[0]))"),
        "effort only": ("nothing", "(action): -square(norm(action))"),
        "speed of the pole": ("random", "(cart_velocity): abs(cart_velocity[0])"),
        "hang still": ("nothing", "(pole_angle, pole_velocity): -abs(pole_velocity[0])"),
        "action is rewarded": ("random", "(action): norm(action)"),
    },
    "balance": {
        "early end pays": ("early end", "(pole_direction, terminated): 1000.0 * terminated + pole_direction[0]"),
        "every step costs": ("early end", "(pole_direction): pole_direction[0] - 2.0"),
        "inverted": ("inverted sign", "(pole_direction, terminated): 10.0 * terminated - pole_direction[0]"),
    },
    "flights": {
        "speed without direction": ("failure", "(velocity): square(norm(velocity))"),
        "survival only": ("survival only", "(position, terminated): 1.0 - terminated - 0.001 * norm(position) / metre"),
        "upright only": ("failure", "(rotation): 1.0 + rotation[..., 2, 2]"),
        "still wherever it is": ("failure", "(velocity): tolerance(norm(velocity), margin=1.0)"),
        "distance costs and nothing else": (
            "early end",
            "(position, reference_position): -1.0 - norm(position - reference_position) / metre",
        ),
        "inverted": (
            "inverted sign",
            "(position, reference_position, terminated): "
            "1000.0 * terminated + norm(position - reference_position) / metre",
        ),
    },
    "hops": {
        "survival only": ("failure", "(height): 1.0 * (height[0] > 0.0)"),
        "height only": ("failure", "(height): height[0]"),
        "backward": ("failure", "(forward_velocity): -forward_velocity[0]"),
        "effort only": ("nothing", "(action): -square(norm(action))"),
    },
}  # fmt: skip


def program(line: str, known: Evidence):
    parameters, _, expression = line.partition(": ")
    schema = known.stored[0].replay.schema
    return parse_reward(
        f'"""A test."""\ndef reward{parameters}:\n    return {{"term": {expression}}}\n',
        (*schema.signals, schema.action),
    )


def packaged(name: str, known: Evidence):
    source = (files("telic.rewards") / "library" / f"{name}.py.txt").read_text()
    schema = known.stored[0].replay.schema
    return parse_reward(source, (*schema.signals, schema.action))


def errors(report) -> list[str]:
    return [finding.check for finding in report.findings if finding.severity == "error"]


@pytest.mark.parametrize("name", TASKS)
def test_stored_episodes_are_what_they_were_made_to_be(name, request):
    known = request.getfixturevalue(name)
    succeeded = set(known.source[known.success])
    assert succeeded == {{"flights": "pid", "hops": "forward"}.get(name, "scripted")}
    assert known.success.sum() >= 4
    expected = {"swing_up": {"early end"}, "balance": {"failure"}}.get(name, set())
    assert {kind for kind, mask in known.kinds.items() if not mask.any()} == expected


@pytest.mark.parametrize("name", TASKS)
def test_reward_of_the_task_passes(name, request):
    known = request.getfixturevalue(name)
    report = check_order(packaged(TASKS[name], known), known)
    assert report.passed, report.findings
    assert all(comparison.wins.low > 0.9 and comparison.gap.low > 0.0 for comparison in report.comparisons)


@pytest.mark.parametrize(("name", "reward"), [(name, reward) for name in HONEST for reward in HONEST[name]])
def test_honest_reward_passes(name, reward, request):
    known = request.getfixturevalue(name)
    report = check_order(program(HONEST[name][reward], known), known)
    assert errors(report) == []


@pytest.mark.parametrize(("name", "reward"), [(name, reward) for name in GAMED for reward in GAMED[name]])
def test_gamed_reward_fails_for_its_reason(name, reward, request):
    known = request.getfixturevalue(name)
    reason, line = GAMED[name][reward]
    report = check_order(program(line, known), known)
    assert not report.passed
    assert reason in errors(report)


def test_memory_program_is_ordered_too(flights):
    source = '''"""Stay near, the longer in a row the better."""
def memory(next_position, next_reference_position, held=0.0):
    return {"held": where(norm(next_position - next_reference_position) < 0.2, held + 0.01, 0.0)}
def reward(next_held):
    return {"held": next_held}
'''
    schema = flights.stored[0].replay.schema
    reward = parse_reward(source, (*schema.signals, schema.action))
    assert check_order(reward, flights).passed


def test_dataset_without_success_says_what_is_missing(swing_up):
    left_alone = swing_up.stored[2]
    known = evidence([left_alone], packaged("cartpole", swing_up))
    report = check_order(packaged("cartpole", swing_up), known)
    assert errors(report) == ["data"]
    assert "0 of success" in report.findings[0].message and "5 of nothing" in report.findings[0].message


def test_source_may_differ_from_episode_to_episode(swing_up):
    first = swing_up.slots[0][0]
    mixed = Stored(swing_up.stored[0].replay, {int(first): "random"})
    assert mixed.source_of(int(first)) == "random"
    assert mixed.source_of(int(first) + 1) == ""


def test_small_gain_is_a_tie(swing_up):
    hardly = program("(pole_direction): 1.0 + 0.001 * pole_direction[0]", swing_up)
    assert "survival only" in errors(check_order(hardly, swing_up))
    assert check_order(hardly, swing_up, GateConfig(tie=0.0)).passed


def test_program_without_success_cannot_label(swing_up):
    with pytest.raises(ValueError, match="give it a function `success`"):
        evidence(swing_up.stored, program("(pole_direction): pole_direction[0]", swing_up))


def test_discount_that_reverses_the_order_is_found(balance):
    late = replace(balance, success=balance.success)
    # A fall is paid at once and lasting only later.
    reward = program("(pole_velocity, terminated, elapsed): 30.0 * terminated + 1.0 * (elapsed > 1.5)", late)
    report = check_order(reward, late, GateConfig(gamma=0.9))
    assert errors(report) == ["discounted early end", "discounted nothing", "discounted random"]


def test_intervals_are_repeatable(balance):
    reward = program("(pole_direction): pole_direction[0]", balance)
    assert check_order(reward, balance, seed=3) == check_order(reward, balance, seed=3)


def test_returns_are_those_of_the_episode_table(flights):
    reward = program("(position): norm(position)", flights)
    part = flights.stored[0].replay
    table = part.episodes(reward)
    assert flights.returns(reward)[flights.part == 0] == pytest.approx(table.returns[table.whole])
    steps = flights.rewards(reward)[0]
    assert flights.returns(reward, 0.5)[0] == pytest.approx(sum(value * 0.5**i for i, value in enumerate(steps)))
    assert np.isfinite(flights.returns(reward)).all()
