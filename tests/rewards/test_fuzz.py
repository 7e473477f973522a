"""Whatever the text is, a reward program is accepted or refused as a `RewardError`; nothing else ever happens."""

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telic.rewards.error import RewardError
from telic.rewards.program import parse_reward

SETTINGS = {"deadline": None}
WORDS = "position action terminated norm tolerance where and not if else lambda yield await True None __class__ import"
SYMBOLS = (
    "( ) [ ] { } : , ... + - * / ** < == := = @ % & ~ -> ; ! . ' \" # \\ \0 é b'' f'{x}' 1 2.5 1e400 1j 0x7f 1_000"
)
PIECES = (
    *("def reward(position, action):", "def success(position):", "return", '{"a": norm(position)}', '"""Text."""'),
    *("\n", "\n    ", "    ", "\t", '"""', "\u202e"),
    *WORDS.split(" "),
    *SYMBOLS.split(" "),
)


def accept_or_refuse(source: str, signals) -> None:
    try:
        program = parse_reward(source, signals)
    except RewardError as error:
        assert error.message
        assert str(error)
    else:
        assert program.fingerprint


@settings(max_examples=300, **SETTINGS)
@given(source=st.text(max_size=200))
def test_any_text(source, signals):
    accept_or_refuse(source, signals)


@settings(max_examples=300, **SETTINGS)
@given(source=st.text(alphabet=string.printable, max_size=200))
def test_any_printable_text_after_a_good_beginning(source, signals):
    accept_or_refuse('"""Text."""\ndef reward(position):\n    return {"a": ' + source, signals)


@settings(max_examples=300, **SETTINGS)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_order_of_the_languages_pieces(pieces, signals):
    accept_or_refuse('"""Text."""\n' + " ".join(pieces), signals)


@pytest.mark.parametrize("seed", range(4))
def test_mutations_of_a_good_program(seed, hover_source, signals):
    rng = random.Random(seed)
    for _ in range(300):
        source = hover_source
        for _ in range(rng.randint(1, 5)):
            start = rng.randrange(len(source) + 1)
            stop = min(len(source), start + rng.choice((0, 1, 3, 12)))
            donor = rng.randrange(len(hover_source))
            piece = rng.choice((rng.choice(PIECES), hover_source[donor : donor + rng.randint(1, 30)], ""))
            source = source[:start] + piece + source[stop:]
        accept_or_refuse(source, signals)


@settings(max_examples=200, **SETTINGS)
@given(
    wrappers=st.lists(st.sampled_from(["(%s)", "-%s", "not %s", "[%s]", "{%s}", "f(%s)", "%s[0]", "%s if 1 else 2"])),
    repeat=st.integers(1, 400),
)
def test_deep_nesting(wrappers, repeat, signals):
    expression = "norm(position)"
    for wrapper in wrappers * repeat:
        expression = wrapper % expression
        if len(expression) > 70_000:
            break
    accept_or_refuse('"""Text."""\ndef reward(position):\n    return {"a": ' + expression + "}\n", signals)
