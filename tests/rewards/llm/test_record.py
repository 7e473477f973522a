"""Recorded answers and budgets."""

import json
import threading

import pytest

from telic.rewards.llm.budget import Budget, BudgetExceededError, Metered, Price
from telic.rewards.llm.record import NotRecordedError, Record, RecordError
from telic.rewards.llm.request import Message, Reply, Request
from telic.rewards.llm.together import complete_all


class Counting:
    """A model whose answers tell how often it was asked."""

    def __init__(self):
        self.asked = 0
        self.lock = threading.Lock()

    def complete(self, request):
        with self.lock:
            self.asked += 1
            return Reply(f"answer {request.messages[-1].content} {request.sample}", 100, 10, "stop", "counting")


def question(text="What?", **options):
    return Request("counting", (Message("user", text),), **options)


def test_an_answer_is_asked_for_once(tmp_path):
    model = Counting()
    record = Record(tmp_path, model)
    first = record.complete(question())
    assert record.complete(question()) == first
    assert (model.asked, record.asked, record.replayed) == (1, 1, 1)


def test_a_run_replays_without_the_model(tmp_path):
    record = Record(tmp_path, Counting())
    questions = [question(sample=i) for i in range(5)]
    recorded = complete_all(record, questions)
    assert complete_all(Record(tmp_path, mode="replay"), questions) == recorded
    assert len({reply.text for reply in recorded}) == 5


def test_two_recordings_of_one_run_are_equal_to_the_bit(tmp_path):
    for name in ("one", "two"):
        complete_all(Record(tmp_path / name, Counting()), [question(sample=i) for i in range(5)])
    assert (
        Record(tmp_path / "one", mode="replay").fingerprint() == Record(tmp_path / "two", mode="replay").fingerprint()
    )


@pytest.mark.parametrize(
    "other",
    [
        question("Who?"),
        question(temperature=0.5),
        question(max_tokens=7),
        question(seed=1),
        question(sample=1),
        question(schema={"type": "object"}),
        Request("another", (Message("user", "What?"),)),
        Request("counting", (Message("system", "What?"),)),
    ],
)
def test_another_question_is_not_answered_from_the_record(tmp_path, other):
    Record(tmp_path, Counting()).complete(question())
    with pytest.raises(NotRecordedError):
        Record(tmp_path, mode="replay").complete(other)


def test_record_mode_asks_anew(tmp_path):
    model = Counting()
    Record(tmp_path, model).complete(question())
    Record(tmp_path, model, "record").complete(question())
    assert model.asked == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: text.replace('"version": 1', '"version": 2'),
        lambda text: text.replace("What?", "Who?"),
        lambda text: text.replace('"text"', '"words"'),
    ],
    ids=["torn", "list", "newer", "another question", "without text"],
)
def test_a_damaged_record_is_named(tmp_path, damage):
    record = Record(tmp_path, Counting())
    record.complete(question())
    (path,) = tmp_path.glob("??/*.json")
    path.write_text(damage(path.read_text()))
    with pytest.raises(RecordError, match=path.name):
        record.complete(question())


def test_no_key_is_in_a_record(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key-1234")
    Record(tmp_path, Counting()).complete(question())
    (path,) = tmp_path.glob("??/*.json")
    assert "secret" not in path.read_text()
    assert set(json.loads(path.read_text())) == {"version", "request", "reply"}


def test_a_budget_of_calls_is_kept_by_threads(tmp_path):
    model = Counting()
    metered = Metered(model, Budget(calls=5))
    answers = complete_all(metered, [question(sample=i) for i in range(12)], workers=4)
    assert sum(isinstance(answer, BudgetExceededError) for answer in answers) == 7
    assert model.asked == metered.usage.calls == 5


def test_a_call_that_could_go_beyond_the_budget_is_not_made():
    model = Counting()
    metered = Metered(model, Budget(tokens=1000))
    with pytest.raises(BudgetExceededError, match="tokens"):
        metered.complete(question(max_tokens=1000))
    metered.complete(question(max_tokens=500))
    assert model.asked == 1
    assert metered.usage.tokens == 110


def test_money_is_counted_by_the_price():
    metered = Metered(Counting(), Budget(money=1.0, price=Price(1000.0, 2000.0)))
    metered.complete(question(max_tokens=100))
    assert metered.usage.money == pytest.approx(0.12)


def test_recorded_answers_cost_nothing(tmp_path):
    Record(tmp_path, Counting()).complete(question())
    metered = Metered(Record(tmp_path, mode="replay"), Budget(tokens=0, calls=0, money=0.0))
    metered.complete(question())
    assert (metered.usage.replayed, metered.usage.calls) == (1, 0)


def test_an_estimate_asks_nothing(tmp_path):
    model = Counting()
    record = Record(tmp_path, model)
    record.complete(question())
    metered = Metered(record, Budget(price=Price(0.0, 1e6)))
    usage = metered.estimate([question(), question(sample=1, max_tokens=50)])
    assert model.asked == 1
    assert (usage.replayed, usage.calls, usage.completion_tokens, usage.money) == (1, 1, 50, 50.0)
