"""What is asked of a language model and what it answers, as plain data."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

FORMAT = 1


class ModelError(Exception):
    """A language model that did not answer as it was asked to."""


class ModelUnavailableError(ModelError):
    """An endpoint that could not be reached, or kept failing, after all attempts."""


class RefusedRequestError(ModelError):
    """A request that the endpoint refuses for good: a wrong key, an unknown model, a prompt that is too long."""


class BadAnswerError(ModelError):
    """An answer that does not follow the protocol, is cut short, or is too long."""


@dataclass(frozen=True)
class Message:
    """One turn of a conversation.

    Attributes:
        role: Who speaks.
        content: What is said.
    """

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Request:
    """One question to a language model.

    Attributes:
        model: Name of the model, as its endpoint knows it.
        messages: The conversation so far.
        temperature: 0 for the likeliest answer.
        max_tokens: Most tokens of the answer.
        seed: Of the answer, for endpoints that honour one.
        schema: JSON schema that the answer must obey, for endpoints that can hold the model to it.
        sample: Which of several answers to the same question this asks for: two samples are two questions.
    """

    model: str
    messages: tuple[Message, ...]
    temperature: float = 1.0
    max_tokens: int = 4096
    seed: int | None = None
    schema: Mapping[str, Any] | None = None
    sample: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "messages", tuple(self.messages))
        if not self.messages:
            raise ValueError("a request needs at least one message")
        if not 0.0 <= self.temperature <= 2.0:
            raise ValueError(f"temperature is {self.temperature!r}; allowed: 0 to 2")
        if self.max_tokens < 1 or self.sample < 0:
            raise ValueError(f"max_tokens is {self.max_tokens}, sample {self.sample}; allowed: at least 1, at least 0")

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides the answer."""
        text = json.dumps({"format": FORMAT, **self.to_dict()}, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @property
    def characters(self) -> int:
        """Length of all messages."""
        return sum(len(message.content) for message in self.messages)


@dataclass(frozen=True)
class Reply:
    """What a language model answered.

    Attributes:
        text: The answer.
        prompt_tokens: Tokens of the question.
        completion_tokens: Tokens of the answer.
        finish: Why it stopped: ``stop`` at its end, ``length`` at `Request.max_tokens`, or the endpoint's own word.
        model: The model that answered, as it calls itself.
        estimated: Whether the tokens were estimated from the number of characters, because the endpoint did not say.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    finish: str = "stop"
    model: str = ""
    estimated: bool = False


class LanguageModel(Protocol):
    """Anything that answers requests."""

    def complete(self, request: Request) -> Reply:
        """Answer one request.

        Raises:
            ModelError: If there is no answer.
        """
        ...


# English text and code have about four characters in a token: near enough for a budget.
CHARACTERS_PER_TOKEN = 4


def estimated_tokens(characters: int) -> int:
    """How many tokens a text of this length has, about."""
    return -(-characters // CHARACTERS_PER_TOKEN)
