"""Doubts in the writer's loop, and a language model as critic: what reaches it, and what is taken from its answers."""

import json

import pytest

from telic.replay.signal import Signal
from telic.rewards.critic.criticism import Criticism
from telic.rewards.llm.critic import SCHEMA, CriticError, criticise_with, doubts_in
from telic.rewards.llm.prompt import TaskDescription
from telic.rewards.llm.request import ModelError, Reply
from telic.rewards.llm.writer import RewardWriter, WriterConfig
from telic.rewards.program import parse_reward

SIGNALS = (Signal("position", (3,), "m", "world", "where it is"), Signal("velocity", (3,), "m/s", "world"))
TASK = TaskDescription("hover", "Hold a point", SIGNALS, "An episode lasts 5 s.")
CONFIG = WriterConfig("scripted", examples=0, rounds=3)
NEAR = '"""Stay."""\n\n\ndef reward(position):\n    return {"near": -norm(position)}\n'
CALM = NEAR.replace('{"near"', '{"calm": 1.0, "near"')


class Scripted:
    """Answers with the items of a list, and keeps the questions."""

    def __init__(self, *answers):
        self.answers, self.requests = list(answers), []

    def complete(self, request):
        self.requests.append(request)
        return Reply(self.answers.pop(0), 10, 10)


def fenced(source):
    return f"```python\n{source}```\n"


def doubts(program):
    return ["no bonus: every step costs"] if "calm" not in program.term_names else []


def test_doubts_go_back_to_the_writer_until_there_are_none():
    model = Scripted(fenced(NEAR), fenced(CALM))
    written = RewardWriter(model, CONFIG, TASK, critic=doubts).write("stay")
    asked = model.requests[1].messages[-1].content
    assert "The program obeys the rules. A critic doubts it:\n- no bonus: every step costs" in asked
    assert written.program.source == CALM and written.problems == ()
    assert [attempt.doubts for attempt in written.attempts] == [("no bonus: every step costs",), ()]


def test_doubted_program_is_better_than_none():
    model = Scripted(fenced(NEAR), fenced(NEAR.replace("position)}", "place)}")), "no")
    written = RewardWriter(model, CONFIG, TASK, critic=doubts).write("stay")
    assert written.program.source == NEAR and written.problems == ()
    assert len(written.attempts) == 3


def test_least_doubted_program_wins():
    worse = NEAR.replace('"near"', '"b"')
    model = Scripted(fenced(worse), fenced(NEAR), fenced(worse))

    def critic(program):
        return ["a"] * (1 if program.term_names == ("near",) else 2)

    assert RewardWriter(model, CONFIG, TASK, critic=critic).write("stay").program.source == NEAR


def test_model_that_insists_is_not_asked_again():
    model = Scripted(fenced(NEAR), fenced("# I mean it.\n" + NEAR))
    written = RewardWriter(model, CONFIG, TASK, critic=doubts).write("stay")
    assert len(written.attempts) == 2 and written.program.source.startswith("# I mean it.")


def test_refused_program_is_not_doubted():
    seen = []

    def check(program):
        return [] if "calm" in program.term_names else ["no bonus"]

    def critic(program):
        seen.append(program.source)
        return []

    RewardWriter(Scripted(fenced(NEAR), fenced(CALM)), CONFIG, TASK, check, critic).write("stay")
    assert seen == [CALM]


def test_budget_that_ends_after_a_program_passed_does_not_lose_it():
    class Poor(Scripted):
        def complete(self, request):
            if not self.answers:
                raise ModelError("the budget ends")
            return super().complete(request)

    written = RewardWriter(Poor(fenced(NEAR)), CONFIG, TASK, critic=doubts).write("stay")
    assert written.program.source == NEAR
    with pytest.raises(ModelError):
        RewardWriter(Poor(), CONFIG, TASK, critic=doubts).write("stay")


def answer(*found):
    return json.dumps({"doubts": list(found)})


DOUBT = {"rule": "hover bonus", "line": 5, "reason": "'near' never pays", "advice": "add a bonus"}


def test_model_reads_the_program_with_what_is_known_and_answers_with_doubts():
    model = Scripted("Well: " + answer(DOUBT, DOUBT | {"line": None}))
    known = (Criticism("early end pays", None, "no step earns", "add a bonus"),)
    found = criticise_with(model, CONFIG, TASK, parse_reward(NEAR, SIGNALS), known=known, summary="3 of 9 fell")
    assert found == (
        Criticism("hover bonus", 5, "'near' never pays", "add a bonus"),
        Criticism("hover bonus", None, "'near' never pays", "add a bonus"),
    )
    (request,) = model.requests
    asked = request.messages[-1].content
    assert request.schema == SCHEMA
    assert '  5      return {"near": -norm(position)}' in asked
    assert "- early end pays: no step earns; add a bonus\n3 of 9 fell" in asked
    assert "position: Vector[3]  # [m], world frame: where it is" in asked
    assert "What was asked for: Stay." in asked


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I see nothing wrong.", "not one JSON object"),
        ('{"doubts": 3}', 'a list "doubts"'),
        (answer(DOUBT | {"line": 6}), "the program has lines 1 to 5"),
        (answer(DOUBT | {"line": True}), "line is True"),
        (answer({"rule": "a"}), "texts of 1 to"),
        (answer("fine"), "doubt 0 is not an object"),
        (answer(*[DOUBT] * 13), "at most 12"),
        ("[" * 100_000 + "{" * 100_000 + "}", "not one JSON object"),
    ],
)
def test_answer_that_is_no_list_of_doubts_goes_back(text, reason):
    with pytest.raises(CriticError, match=reason):
        doubts_in(text, 5)
    model = Scripted(text, answer())
    assert criticise_with(model, CONFIG, TASK, parse_reward(NEAR, SIGNALS)) == ()
    assert "That could not be read" in model.requests[1].messages[-1].content


def test_model_that_never_answers_properly_is_given_up():
    with pytest.raises(CriticError, match="in 3 rounds"):
        criticise_with(Scripted("no", "no", "no"), CONFIG, TASK, parse_reward(NEAR, SIGNALS))


def test_what_a_model_says_cannot_move_the_cursor():
    (found,) = doubts_in(answer(DOUBT | {"reason": "a\x1b[2Jb\nc"}), 5)
    assert found.reason == "a [2Jb c"
