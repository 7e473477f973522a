"""The adversarial corpus: reward files and answers of models, each accepted or refused as labelled, for its reason."""

import time
import tomllib
from pathlib import Path

import pytest

from telic.rewards.check import check_reward
from telic.rewards.error import RewardError
from telic.rewards.gate import check_order
from telic.rewards.llm.answer import AnswerError, program_in
from telic.rewards.llm.request import Reply
from telic.rewards.program import parse_reward

CASES = [
    pytest.param(file.stem, case, id=f"{file.stem}: {case['name']}")
    for file in sorted((Path(__file__).parent / "corpus").glob("*.toml"))
    for case in tomllib.loads(file.read_text(encoding="utf-8"))["case"]
]
# Processor time, so that a busy machine does not matter.
MAX_SECONDS = 5.0


@pytest.mark.parametrize(("kind", "case"), CASES)
def test_case_is_judged_as_labelled(kind, case, flights):
    start = time.process_time()
    where, reason = judged(kind, case["text"], flights)
    assert time.process_time() - start < MAX_SECONDS
    assert where == case["judged"]
    assert case["reason"] in reason


def test_corpus_is_large_and_its_names_differ():
    names = [(kind, case["name"]) for kind, case in (param.values for param in CASES)]
    assert len(names) == len(set(names)) >= 80


def judged(kind, text, flights):
    """Where a case was refused, or ``accepted``, and why."""
    schema = flights.stored[0].replay.schema
    try:
        source = program_in(Reply(text, 1, 1)) if kind == "answers" else text
        program = parse_reward(source, (*schema.signals, schema.action))
    except AnswerError as error:
        return "answer", str(error)
    except RewardError as error:
        return "language", f"{error.message}; {error.hint}"
    if kind not in ("values", "order"):
        return "accepted", ""
    replay = flights.stored[-1].replay
    names = {*program.inputs, *program.success_inputs}
    rows = replay.slots().ravel()[:200]
    report = check_reward(program, replay.read(rows).inputs(names)) if kind == "values" else None
    if report is not None and not report.passed:
        return "values", f"{report.findings[0].check}: {report.findings[0].message}"
    order = check_order(program, flights)
    if order.passed:
        return "accepted", ""
    return "order", ", ".join(finding.check for finding in order.findings if finding.severity == "error")
