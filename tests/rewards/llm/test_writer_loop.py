"""A language model as writer: what reaches it, what is taken from its answers, and what goes back."""

import json
from importlib.resources import files

import numpy as np
import pytest

from telic.replay.signal import Signal
from telic.rewards.llm.answer import AnswerError, program_in
from telic.rewards.llm.examples import library, nearest
from telic.rewards.llm.fill import FillError, fill
from telic.rewards.llm.prompt import TaskDescription, first_messages
from telic.rewards.llm.record import Record
from telic.rewards.llm.request import Reply
from telic.rewards.llm.writer import RewardWriter, WriterConfig
from telic.rewards.parameters import ParameterError, parameters_of, schema_of, with_parameters
from telic.rewards.program import parse_reward

SIGNALS = (
    Signal("position", (3,), "m", "world", "position of the centre of mass"),
    Signal("velocity", (3,), "m/s", "world"),
    Signal("rotation", (3, 3), "1", "world"),
    Signal("angular_velocity", (3,), "rad/s", "body"),
    Signal("previous_action", (4,)),
)
TASK = TaskDescription("hover", "Hold a point", SIGNALS, "An episode lasts 5 s.")
CONFIG = WriterConfig("scripted", examples=1)

GOOD = '"""Stay."""\n\n\ndef reward(position):\n    return {"near": -norm(position)}\n'
WRONG_UNITS = GOOD.replace("reward(position)", "reward(position, velocity)").replace(
    "-norm(position)", "-norm(position) - norm(velocity)"
)


class Scripted:
    """Answers with the items of a list, and keeps the questions."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def complete(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0)
        return answer if isinstance(answer, Reply) else Reply(answer, 10, 10)


def fenced(source):
    return f"I would stay near the origin.\n\n```python\n{source}```\n\nThat is all."


def test_the_prompt_says_what_the_signals_are():
    system, user = first_messages("stay", TASK, nearest("stay", library(), 1))
    assert system.role == "system"
    assert "position: Vector[3]  # [m], world frame: position of the centre of mass" in user.content
    assert "action: Vector[4]" in user.content
    assert "An episode lasts 5 s." in user.content
    assert user.content.endswith("Write the reward program for: stay")
    assert "An example, for another task:" in user.content


def test_the_nearest_example_is_shown():
    (found,) = nearest("keep the pole upright", library(), 1)
    assert found.name.startswith("cartpole")


def test_a_good_program_is_taken_from_among_prose():
    model = Scripted(fenced(GOOD))
    written = RewardWriter(model, CONFIG, TASK).write("stay")
    assert written.program.source == GOOD
    assert written.problems == ()
    assert len(written.attempts) == 1


def test_what_is_wrong_goes_back_with_its_line_until_it_is_right():
    model = Scripted(fenced(WRONG_UNITS), "Sorry, I cannot.", fenced(GOOD))
    written = RewardWriter(model, CONFIG, TASK).write("stay")
    assert written.program is not None
    assert [attempt.problems == () for attempt in written.attempts] == [False, False, True]
    told = model.requests[1].messages[-1].content
    assert "reward.py:5" in told
    assert "cannot subtract" in told
    assert "no program" in model.requests[2].messages[-1].content
    assert [message.role for message in written.messages[-3:]] == ["assistant", "user", "assistant"]


def test_what_the_caller_finds_goes_back_too():
    model = Scripted(fenced(GOOD), fenced(GOOD.replace("-norm", "-2.0 * norm")))
    seen = []

    def check(program):
        seen.append(program)
        return ["episodes that fall outrank those that fly"] if len(seen) == 1 else []

    written = RewardWriter(model, CONFIG, TASK, check).write("stay")
    assert written.program is seen[1]
    assert "outrank" in model.requests[1].messages[-1].content


def test_after_the_last_round_the_reason_is_kept():
    model = Scripted(*[fenced(WRONG_UNITS)] * 4)
    written = RewardWriter(model, CONFIG, TASK).write("stay")
    assert written.program is None
    assert "cannot subtract" in written.problems[0]
    assert len(written.attempts) == CONFIG.rounds


def test_a_writing_session_replays_offline_to_the_same_program(tmp_path):
    def session(model):
        return RewardWriter(model, CONFIG, TASK).write("stay", sample=3)

    recorded = session(Record(tmp_path, Scripted(fenced(WRONG_UNITS), fenced(GOOD))))
    replayed = session(Record(tmp_path, mode="replay"))
    assert replayed.program.fingerprint == recorded.program.fingerprint
    assert replayed.attempts == recorded.attempts


def test_feedback_is_given_with_the_program_that_it_is_about():
    model = Scripted(fenced(GOOD))
    RewardWriter(model, CONFIG, TASK).refine("stay", GOOD, "it drifts to the left")
    asked = model.requests[0].messages[-1].content
    assert "it drifts to the left" in asked
    assert GOOD.strip() in asked


HELPER = GOOD.replace("def reward", "def far(x):\n    return norm(x)\n\n\ndef reward").replace(
    "norm(position)", "far(position)"
)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (fenced(GOOD), GOOD),
        (GOOD, GOOD),
        (f"```\n{GOOD}```", GOOD),
        (fenced(GOOD).replace("\n", "\r\n"), GOOD),
        (f"<think>```python\n{WRONG_UNITS}```</think>{fenced(GOOD)}", GOOD),
        (fenced(GOOD) + fenced(GOOD), GOOD),
        (fenced("x = 1\n") + fenced(GOOD), GOOD),
        (fenced(HELPER), HELPER),
        (fenced(GOOD).replace("```python", "```py title=reward.py"), GOOD),
    ],
    ids=["prose", "bare", "no word", "windows", "thought", "twice", "another block", "helper kept", "words after"],
)
def test_the_program_is_found(text, source):
    assert program_in(Reply(text, 1, 1)) == source


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply("", 1, 1), "no program"),
        (Reply("I cannot do that.", 1, 1), "no program"),
        (Reply(fenced("x = 1\n"), 1, 1), "no program"),
        (Reply(fenced(GOOD) + fenced(WRONG_UNITS), 1, 1), "2 different programs"),
        (Reply(f"```python\n{GOOD}", 1, 1), "not closed"),
        (Reply(fenced(GOOD), 1, 1, finish="length"), "cut off"),
        (Reply("```python\n" * 100_000, 1, 1), "characters"),
        (Reply("Well.\n" + GOOD, 1, 1), "no program"),
    ],
    ids=["empty", "prose", "no reward", "two", "open", "cut", "huge", "prose without fence"],
)
def test_an_answer_without_one_program_is_refused(reply, reason):
    with pytest.raises(AnswerError, match=reason):
        program_in(reply)


FLIGHT = (files("telic.rewards") / "library" / "parametric" / "flight.py.txt").read_text()


def test_parameters_are_the_constants_that_declare_a_range():
    found = {parameter.name: parameter for parameter in parameters_of(FLIGHT)}
    assert (found["HEIGHT"].value, found["HEIGHT"].low, found["HEIGHT"].high, found["HEIGHT"].unit) == (
        1.0,
        0.1,
        5.0,
        "m",
    )
    assert schema_of(tuple(found.values()))["properties"]["HEADING"]["maximum"] == 180.0
    assert parameters_of(GOOD) == ()


def test_a_program_with_other_parameters_is_a_program():
    program = parse_reward(with_parameters(FLIGHT, {"HEIGHT": 2.0, "X": -0.5, "HEADING": 90}), SIGNALS)
    inputs = {signal.name: np.zeros((1, *signal.shape), np.float32) for signal in (*SIGNALS, Signal("action", (4,)))}
    inputs["position"][:] = (-0.5, 0, 2)
    inputs["rotation"][:] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    terms = program.terms(inputs)
    assert terms["place"] == pytest.approx(1.0)
    assert terms["heading"] == pytest.approx(0.2)
    assert program.success(inputs)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"HIGHT": 1.0}, "did you mean HEIGHT"),
        ({"HEIGHT": 50.0}, "0.1 to 5"),
        ({"HEIGHT": float("nan")}, "0.1 to 5"),
        ({"HEIGHT": "1.0"}, "0.1 to 5"),
        ({"HEIGHT": True}, "0.1 to 5"),
    ],
)
def test_a_parameter_that_is_not_allowed_is_refused(values, reason):
    with pytest.raises(ParameterError, match=reason):
        with_parameters(FLIGHT, values)


def numbers(**changed):
    return json.dumps({parameter.name: parameter.value for parameter in parameters_of(FLIGHT)} | changed)


def test_a_model_describes_the_motion_and_then_chooses_numbers():
    model = Scripted("Two metres high, looking left.", numbers(HEIGHT=2.0, HEADING=90))
    filled = fill(model, CONFIG, "hover two metres high and look left", FLIGHT)
    assert (filled.values["HEIGHT"], filled.values["HEADING"]) == (2.0, 90)
    assert "HEIGHT = 2.0  # 0.1 to 5.0 [m]" in filled.source
    assert model.requests[0].schema is None
    assert model.requests[1].schema["additionalProperties"] is False
    assert model.requests[1].messages[-2].content == "Two metres high, looking left."


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("No.", "not one JSON object"),
        (numbers(HEIGHT=99), "HEIGHT is 99"),
        (numbers(COLOUR=1), "COLOUR"),
        ("{}", "lacks X"),
        (numbers().replace("1.0", "NaN", 1), "NaN"),
    ],
)
def test_numbers_that_are_not_allowed_go_back(bad, reason):
    model = Scripted("As usual.", bad, numbers())
    filled = fill(model, CONFIG, "hover", FLIGHT)
    assert reason in filled.problems[0]
    assert reason in model.requests[2].messages[-1].content
    with pytest.raises(FillError, match=reason):
        fill(Scripted("As usual.", *[bad] * CONFIG.rounds), CONFIG, "hover", FLIGHT)
