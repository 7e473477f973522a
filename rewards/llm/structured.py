"""Answers that are JSON: asked for with a schema, read by a function that may refuse them, mended until they pass."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from telic.rewards.llm.answer import without_thought
from telic.rewards.llm.request import LanguageModel, Message, Request

Value = TypeVar("Value")


class RefusedAnswerError(ValueError):
    """No answer in all rounds was what was asked for."""


@dataclass(frozen=True)
class Accepted(Generic[Value]):
    """An answer that was read.

    Attributes:
        value: What it holds.
        text: The answer as it was given.
        problems: Why the answers before it were refused, in order.
    """

    value: Value
    text: str
    problems: tuple[str, ...]


def until_accepted(
    model: LanguageModel, request: Request, read: Callable[[str], Value], rounds: int
) -> Accepted[Value]:
    """Ask until an answer can be read: the reason why one could not goes back to the model.

    Args:
        model: Who answers.
        request: The question, with the schema of its answer.
        read: Turns an answer's text into what it holds, or raises a ValueError whose message the model can use.
        rounds: How often to ask.

    Raises:
        RefusedAnswerError: If no round gave an answer that can be read, with the last reason.
        ModelError: If the model gives no answer, or the budget ends.
    """
    problems: list[str] = []
    for _ in range(rounds):
        text = model.complete(request).text
        try:
            return Accepted(read(text), text, tuple(problems))
        except ValueError as error:
            problems.append(str(error))
        again = (Message("assistant", text), Message("user", f"That was refused: {problems[-1]}\nMend it."))
        request = replace(request, messages=(*request.messages, *again))
    raise RefusedAnswerError(f"in {rounds} rounds, no answer was as asked for; the last: {problems[-1]}")


def object_text(text: str) -> str:
    """The text of the one JSON object in an answer, without what stands around it."""
    text = without_thought(text)
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if start >= 0 else text


def object_in(text: str) -> dict[str, Any]:
    """The one JSON object in an answer.

    Raises:
        ValueError: If there is none.
    """
    try:
        data = json.loads(object_text(text), parse_constant=lambda word: word)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the answer is not one JSON object: {error}") from None
    if not isinstance(data, dict):
        raise ValueError("the answer is not one JSON object")
    return data
