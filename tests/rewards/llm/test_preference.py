"""What a writer is told of the best and the worst of several policies."""

import pytest

from telic.replay.signal import Signal
from telic.rewards.llm.preference import differences, preference_text
from telic.rewards.program import parse_reward

SIGNALS = (Signal("position", (3,), "m", "world"), Signal("velocity", (3,), "m/s", "world"))


def program(*terms, before=""):
    lines = "".join(f"        {term},\n" for term in terms)
    return parse_reward(
        f'"""Stay."""\ndef reward(position, velocity):\n{before}    return {{\n{lines}    }}\n', SIGNALS
    )


GOOD = program('"near": -norm(position)', '"calm": -0.1 * norm(velocity)')
BAD = program('"near": -2.0 * norm(position)', '"fast": norm(velocity)')


def test_terms_that_differ_are_named_with_what_they_are():
    assert differences(GOOD, BAD) == [
        "only the good one has 'calm': -0.1 * norm(velocity)",
        "only the bad one has 'fast': norm(velocity)",
        "'near' is `-norm(position)` in the good one, and `-2.0 * norm(position)` in the bad one",
    ]


def test_terms_that_mean_the_same_do_not_differ():
    other = program('"near": -d', '"calm": -norm(velocity) * 0.1', before="    d = norm(position)\n")
    assert "'near'" not in "".join(differences(GOOD, other))
    assert differences(GOOD, GOOD) == [
        "their terms are the same: what differed is the luck of training, or what success means"
    ]


@pytest.mark.parametrize("note", ["", "it hardly moves"])
def test_text_has_the_bad_program_the_differences_and_the_traces(note):
    text = preference_text(GOOD, BAD, note, {"near": [-1.0] * 10}, {"near": [-3.0] * 10, "fast": [0.5] * 10})
    assert BAD.source.strip() in text
    assert "- only the bad one has 'fast'" in text
    assert ("They said" in text) == bool(note)
    assert "The terms of the good one, on average in each tenth" in text and "- near: -1, -1" in text
    assert "- fast: 0.5, 0.5" in text
    assert "on average" not in preference_text(GOOD, BAD)
