"""A language model behind an address, and everything that can go wrong on the way."""

import importlib.util
import sys
from pathlib import Path

import pytest

from telic.rewards.llm.endpoint import Endpoint, EndpointConfig
from telic.rewards.llm.request import Message, ModelUnavailableError, RefusedRequestError, Request
from telic.rewards.llm.together import complete_all

_spec = importlib.util.spec_from_file_location("faults", Path(__file__).with_name("faults.py"))
faults = importlib.util.module_from_spec(_spec)
sys.modules["faults"] = faults
_spec.loader.exec_module(faults)

QUESTION = Request("scripted", (Message("user", "What?"),))
ANSWER = "def reward(position):\n    return {'a': norm(position)}\n" * 3


def endpoint(server, waits=None, **options):
    config = EndpointConfig(server.base_url, **{"attempts": 3, "backoff_s": 1.0, "timeout_s": 1.0, **options})
    return Endpoint(config, sleep=(waits if waits is not None else []).append, seed=0)


def test_an_answer_is_put_together_from_its_pieces():
    with faults.serving(ANSWER) as server:
        reply = endpoint(server).complete(QUESTION)
    assert reply.text == ANSWER
    assert (reply.prompt_tokens, reply.completion_tokens, reply.finish, reply.estimated) == (11, 7, "stop", False)


def test_tokens_are_estimated_where_the_endpoint_does_not_count():
    with faults.serving(faults.stream("x" * 400, usage=False)) as server:
        reply = endpoint(server).complete(QUESTION)
    assert (reply.completion_tokens, reply.estimated) == (100, True)


def test_the_request_says_what_was_asked():
    asked = Request("scripted", (Message("user", "What?"),), 0.5, 99, seed=7, sample=2, schema={"type": "object"})
    with faults.serving("{}") as server:
        endpoint(server).complete(asked)
        _, body = server.requests[0]
    assert (body["temperature"], body["max_tokens"], body["seed"]) == (0.5, 99, 9)
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(429),
        faults.status(500),
        faults.status(503),
        faults.broken_json,
        faults.page,
        faults.cut_off,
        faults.hang_up,
        faults.hang_up_in_the_middle,
        faults.silent(1.5),
        faults.endless,
    ],
    ids=["429", "500", "503", "broken json", "page", "cut off", "hang up", "hang up later", "silent", "endless"],
)
def test_what_fails_for_a_moment_is_tried_again(fault):
    waits = []
    with faults.serving(fault, ANSWER) as server:
        assert endpoint(server, waits).complete(QUESTION).text == ANSWER
    assert len(waits) == 1


def test_waits_grow_and_the_endpoint_may_ask_for_more():
    waits = []
    with faults.serving(faults.status(500), faults.status(429, Retry_After="7"), ANSWER) as server:
        endpoint(server, waits).complete(QUESTION)
    assert 1.0 <= waits[0] <= 1.5
    assert waits[1] == 7.0


def test_a_wait_is_never_longer_than_allowed():
    waits = []
    with faults.serving(faults.status(429, Retry_After="100000"), ANSWER) as server:
        endpoint(server, waits, longest_wait_s=20.0).complete(QUESTION)
    assert waits == [20.0]


def test_after_the_last_attempt_the_reason_is_said():
    with faults.serving(faults.status(503)) as server, pytest.raises(ModelUnavailableError, match=r"3 attempts.*503"):
        endpoint(server).complete(QUESTION)


def test_nobody_there_is_said():
    config = EndpointConfig("http://127.0.0.1:9/v1", attempts=2)
    with pytest.raises(ModelUnavailableError, match="2 attempts"):
        Endpoint(config, sleep=lambda _: None).complete(QUESTION)


def test_a_refusal_is_not_tried_again():
    with faults.serving(faults.status(404)) as server:
        with pytest.raises(RefusedRequestError, match="404"):
            endpoint(server).complete(QUESTION)
        assert len(server.requests) == 1


def test_the_key_comes_from_the_environment_and_is_in_no_message(monkeypatch):
    monkeypatch.setenv("MY_KEY", "secret-key-1234")
    with faults.serving(faults.echo_key) as server:
        with pytest.raises(RefusedRequestError) as caught:
            endpoint(server, key_variable="MY_KEY").complete(QUESTION)
        headers, _ = server.requests[0]
    assert headers["authorization"] == "Bearer secret-key-1234"
    assert "secret-key" not in str(caught.value)
    assert "$MY_KEY" in str(caught.value)
    assert caught.value.__suppress_context__


def test_several_questions_are_answered_in_their_order():
    questions = [Request("scripted", (Message("user", "What?"),), sample=i) for i in range(8)]

    class Slow:
        def complete(self, request):
            if request.sample == 5:
                raise ModelUnavailableError("no answer")
            return request.sample

    answers = complete_all(Slow(), questions, workers=3)
    assert [a for a in answers if not isinstance(a, Exception)] == [0, 1, 2, 3, 4, 6, 7]
    assert isinstance(answers[5], ModelUnavailableError)


def test_an_address_without_a_scheme_is_refused():
    with pytest.raises(ValueError, match="base_url"):
        EndpointConfig("localhost:8080")
