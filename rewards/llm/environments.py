"""A language model proposes environments of a task family: configurations, never code.

As in EnvGen [1]: the model configures environments that teach what the agent is weak at, the agent trains in a mixture
of them and the original one, and how it did in each goes back to the model. What an environment may say is a JSON
schema that the caller passes in with the function that reads it (`telic.sim.environments` has both): what is refused
goes back with every mistake, until it passes.

[1] Zala, Cho, Lin, Yoon and Bansal 2024, EnvGen: Generating and Adapting Environments via LLMs for Training Embodied
    Agents (arXiv 2403.12014).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from telic.rewards.llm.request import LanguageModel, Message, Request
from telic.rewards.llm.structured import object_text, until_accepted
from telic.rewards.llm.writer import WriterConfig

Environments = TypeVar("Environments")

_ROLE = "You design training environments for robots that learn by reinforcement learning."
_ASK = """\
The task is {name!r}: {description}
The robot should: {sentence}

Write {number} environments that together teach this: some of them easy, each for one difficulty, none of them the whole
range of everything. An environment fixes some numbers of the task, or narrows their ranges; what it does not name is
drawn from its whole range. This JSON schema says what can be set:
{schema}

Answer with one JSON object that obeys it; say in `purpose` what each environment teaches."""
_REPORT = """\

So far the robot trained in these environments, with this share of successful episodes:
{rows}
Write new environments for what it cannot do yet, and keep what still teaches it something."""


@dataclass(frozen=True)
class Proposed(Generic[Environments]):
    """What a model proposes.

    Attributes:
        environments: What the caller's function read.
        text: The JSON text of it, to be kept.
        problems: What was refused on the way, in order.
    """

    environments: Environments
    text: str
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Family:
    """What a model is told of a task family.

    Attributes:
        name: The task.
        description: What it is.
        schema: JSON schema of a file of environments.
    """

    name: str
    description: str
    schema: Mapping[str, Any]


def first_request(
    config: WriterConfig,
    sentence: str,
    family: Family,
    report: Sequence[Mapping[str, Any]] = (),
    number: int = 4,
    sample: int = 0,
) -> Request:
    """The question, for an estimate of what it costs."""
    schema = json.dumps(family.schema, indent=1, sort_keys=True)
    ask = _ASK.format(name=family.name, description=family.description, sentence=sentence, number=number, schema=schema)
    if report:
        ask += _REPORT.format(rows="\n".join(map(_row, report)))
    messages = (Message("system", _ROLE), Message("user", ask))
    return Request(config.model, messages, config.temperature, config.max_tokens, config.seed, family.schema, sample)


def propose(
    model: LanguageModel,
    config: WriterConfig,
    sentence: str,
    family: Family,
    read: Callable[[str], Environments],
    report: Sequence[Mapping[str, Any]] = (),
    number: int = 4,
    sample: int = 0,
) -> Proposed[Environments]:
    """Ask for environments.

    Args:
        model: Who proposes.
        config: How it is asked.
        sentence: What the robot should learn.
        family: What environments may say.
        read: Reads JSON text, or raises a ValueError with everything that is wrong in it.
        report: How the robot did in the environments before: name, purpose, episodes and success_rate of each.
        number: How many environments to ask for.
        sample: Which of several proposals.

    Raises:
        RefusedAnswerError: If no round gave environments that are allowed, with the last reason.
        ModelError: If the model gives no answer, or the budget ends.
    """
    request = first_request(config, sentence, family, report, number, sample)
    accepted = until_accepted(model, request, lambda text: read(object_text(text)), config.rounds)
    return Proposed(accepted.value, object_text(accepted.text), accepted.problems)


def _row(item: Mapping[str, Any]) -> str:
    rate = item.get("success_rate")
    done = "not tried" if rate is None else f"{rate:.0%} of {item.get('episodes', 0)} episodes"
    purpose = f" ({item['purpose']})" if item.get("purpose") else ""
    return f"- {item['name']}{purpose}: {done}"
