"""A language model fills in the parameters of a documented reward: it chooses numbers and writes no code.

Two steps, as in Language to Rewards [1]: the model first describes the motion in plain words, along the list of what
can be set; then, held to a JSON schema, it turns its own description into numbers.

[1] Yu et al. 2023, Language to Rewards for Robotic Skill Synthesis (arXiv 2306.08647).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from telic.rewards.llm.request import LanguageModel, Message, Request
from telic.rewards.llm.structured import RefusedAnswerError, object_in, until_accepted
from telic.rewards.llm.writer import WriterConfig
from telic.rewards.parameters import Parameter, ParameterError, parameters_of, schema_of, with_parameters

_ROLE = "You turn what people want a robot to do into numbers that a documented reward understands."
_DESCRIBE = """\
The robot should: {sentence}

Describe the motion in plain words, one line for each of these, with a number and its unit, and say `as usual` where the
wish says nothing about it:
{parameters}"""
_CHOOSE = """\
Now give the numbers as one JSON object with these keys, in the units named, within the ranges named; where your
description says `as usual`, give the usual value:
{parameters}
Answer with the JSON object only."""


@dataclass(frozen=True)
class Filled:
    """What a model made of a wish.

    Attributes:
        source: The reward program with the chosen numbers.
        values: The numbers by parameter.
        description: The motion in the model's words.
        problems: What was refused on the way, in order.
    """

    source: str
    values: dict[str, float]
    description: str
    problems: tuple[str, ...]


class FillError(ValueError):
    """No answer was a set of parameters that the reward allows."""


def fill(model: LanguageModel, config: WriterConfig, sentence: str, source: str, sample: int = 0) -> Filled:
    """Choose the parameters of a reward program for a wish.

    Args:
        model: Who chooses.
        config: How it is asked.
        sentence: What the robot should do.
        source: A program that declares parameters; see `telic.rewards.parameters`.
        sample: Which of several choices.

    Raises:
        FillError: If no round gave values that are allowed, with the last reason.
        ParameterError: If the program declares no parameters.
        ModelError: If the model gives no answer.
    """
    parameters = parameters_of(source)
    if not parameters:
        raise ParameterError("the program declares no parameters: NAME = value  # low to high [unit] meaning")
    ask = _DESCRIBE.format(sentence=sentence, parameters=_listed(parameters))
    request = Request(
        config.model,
        (Message("system", _ROLE), Message("user", ask)),
        config.temperature,
        config.max_tokens,
        config.seed,
        sample=sample,
    )
    description = model.complete(request).text.strip()
    choose = Message("user", _CHOOSE.format(parameters=_listed(parameters)))
    request = replace(
        request, messages=(*request.messages, Message("assistant", description), choose), schema=schema_of(parameters)
    )

    def read(answer: str) -> tuple[str, dict[str, float]]:
        values = _values(answer, parameters)
        return with_parameters(source, values), values

    try:
        accepted = until_accepted(model, request, read, config.rounds)
    except RefusedAnswerError as error:
        raise FillError(str(error)) from None
    filled, values = accepted.value
    return Filled(filled, values, description, accepted.problems)


def _values(answer: str, parameters: Sequence[Parameter]) -> dict[str, float]:
    """The values in an answer, every parameter once.

    Raises:
        ValueError: If the answer is not one JSON object with these keys.
    """
    data = object_in(answer)
    missing = [parameter.name for parameter in parameters if parameter.name not in data]
    if missing:
        raise ParameterError(f"the answer lacks {', '.join(missing)}")
    return data


def _listed(parameters: Sequence[Parameter]) -> str:
    return "\n".join(
        f"- {parameter.name}: {parameter.low:g} to {parameter.high:g} [{parameter.unit}], "
        f"usually {parameter.value:g}: {parameter.description}"
        for parameter in parameters
    )
