"""Limits of what a run may ask of a language model, checked before each call."""

import threading
from dataclasses import dataclass

from telic.rewards.llm.record import Record
from telic.rewards.llm.request import LanguageModel, ModelError, Reply, Request, estimated_tokens


class BudgetExceededError(ModelError):
    """A call that could go beyond the budget; it was not made."""


@dataclass(frozen=True)
class Price:
    """What a model charges, in any one currency.

    Attributes:
        per_million_prompt: For a million tokens of questions.
        per_million_completion: For a million tokens of answers.
    """

    per_million_prompt: float = 0.0
    per_million_completion: float = 0.0

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The price of some tokens."""
        return (self.per_million_prompt * prompt_tokens + self.per_million_completion * completion_tokens) / 1e6


@dataclass(frozen=True)
class Budget:
    """What a run may use; None is no limit.

    Attributes:
        calls: Calls of the model.
        tokens: Tokens of questions and answers.
        money: In the currency of `price`.
        price: What the model charges.
    """

    calls: int | None = None
    tokens: int | None = None
    money: float | None = None
    price: Price = Price()

    def __post_init__(self) -> None:
        for name in ("calls", "tokens", "money"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"the budget's {name} is {value}; allowed: at least 0, or None for no limit")


@dataclass(frozen=True)
class Usage:
    """What was used.

    Attributes:
        calls: Calls of the model.
        replayed: Answers from the record: they cost nothing.
        prompt_tokens: Tokens of questions.
        completion_tokens: Tokens of answers.
        money: Their price.
    """

    calls: int = 0
    replayed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0

    @property
    def tokens(self) -> int:
        """Tokens of questions and answers."""
        return self.prompt_tokens + self.completion_tokens


class Metered:
    """A language model that stops before it goes beyond a budget. Several threads may ask it.

    The most that a call can cost is set aside before it is made: the estimated question and the longest answer allowed.
    """

    def __init__(self, model: LanguageModel, budget: Budget) -> None:
        """Count from zero."""
        self._model = model
        self.budget = budget
        self._used = Usage()
        self._reserved = Usage()
        self._lock = threading.Lock()

    @property
    def usage(self) -> Usage:
        """What was used so far."""
        return self._used

    def complete(self, request: Request) -> Reply:
        """Answer one request.

        Raises:
            BudgetExceededError: If the answer could go beyond the budget; nothing was asked then.
            ModelError: If there is no answer.
        """
        if isinstance(self._model, Record) and self._model.has(request):
            reply = self._model.complete(request)
            with self._lock:
                self._used = _plus(self._used, Usage(replayed=1))
            return reply
        most = self._most(request)
        with self._lock:
            self._check(_plus(_plus(self._used, self._reserved), most), request)
            self._reserved = _plus(self._reserved, most)
        spent = Usage(calls=1)
        try:
            reply = self._model.complete(request)
            money = self.budget.price.of(reply.prompt_tokens, reply.completion_tokens)
            spent = Usage(1, 0, reply.prompt_tokens, reply.completion_tokens, money)
            return reply
        finally:
            with self._lock:
                self._reserved = _plus(self._reserved, most, -1)
                self._used = _plus(self._used, spent)

    def estimate(self, requests: list[Request]) -> Usage:
        """The most that some requests can use, without asking anything; recorded ones cost nothing."""
        total = Usage()
        for request in requests:
            recorded = isinstance(self._model, Record) and self._model.has(request)
            total = _plus(total, Usage(replayed=1) if recorded else self._most(request))
        return total

    def _most(self, request: Request) -> Usage:
        prompt = estimated_tokens(request.characters)
        return Usage(1, 0, prompt, request.max_tokens, self.budget.price.of(prompt, request.max_tokens))

    def _check(self, after: Usage, request: Request) -> None:
        for name, used, limit in (
            ("calls", after.calls, self.budget.calls),
            ("tokens", after.tokens, self.budget.tokens),
            ("money", after.money, self.budget.money),
        ):
            if limit is not None and used > limit:
                raise BudgetExceededError(
                    f"the next call of {request.model} could bring the {name} used to {used:g}, and the budget is "
                    f"{limit:g}; {getattr(self._used, name):g} are used. Raise the budget, or lower max_tokens"
                )


def _plus(a: Usage, b: Usage, sign: int = 1) -> Usage:
    return Usage(
        a.calls + sign * b.calls,
        a.replayed + sign * b.replayed,
        a.prompt_tokens + sign * b.prompt_tokens,
        a.completion_tokens + sign * b.completion_tokens,
        a.money + sign * b.money,
    )
