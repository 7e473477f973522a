"""A language model cuts a wish into subgoals, in order, each of which the task's signals can tell to be reached.

As in Words as Beacons [1], the model is asked before training and never again. Where that lets it name grid cells and
objects, here it fills in typed data: a signal is at a point, near another signal, or beyond a number. That is checked
against the task's signals, and a program of the reward language is made of it; the model writes no code.

[1] Words as Beacons: Guiding RL Agents with High-Level Language Prompts, 2024 (arXiv 2410.08632).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telic.rewards.llm.prompt import TaskDescription, describe_signals
from telic.rewards.llm.request import LanguageModel, Message, Request
from telic.rewards.llm.structured import object_in, until_accepted
from telic.rewards.llm.writer import Check, WriterConfig
from telic.rewards.program import RewardProgram, parse_reward
from telic.rewards.staging import MOST_SUBGOALS, Subgoal, staged_program

_ROLE = "You cut what people want a robot to do into subgoals that sensors can tell to be reached."
_ASK = """\
The task is {name!r}: {description}
{episode}

The signals:
```python
{signals}
```

The robot should: {sentence}

Name the subgoals in the order in which they must be reached, the last of them being the wish itself: as few as the
robot needs to find its way, at most {most}. Each is one of
- "at": a signal is at a point: give `target`, one number for each of its elements;
- "near": a signal is near another one of the same shape, unit and frame: give `other`, and `offset` if it should be
  beside it;
- "above" or "below": one element of a signal is beyond a number: give `element`, and `target` with that one number.
`within` is how near is near enough for "at" and "near". `scale` is how far away from it an episode typically begins, in
the same unit. `lasts` says whether it stays true while the later ones are reached; a place to pass through does not.
Answer with one JSON object: {{"subgoals": [...]}}."""


@dataclass(frozen=True)
class Decomposed:
    """What a model made of a wish.

    Attributes:
        subgoals: In the order in which they must be reached.
        program: The reward program that leads through them.
        problems: What was refused on the way, in order.
    """

    subgoals: tuple[Subgoal, ...]
    program: RewardProgram
    problems: tuple[str, ...]


def first_request(config: WriterConfig, sentence: str, task: TaskDescription, sample: int = 0) -> Request:
    """The question, for an estimate of what it costs."""
    ask = _ASK.format(
        name=task.name,
        description=task.description,
        episode=task.episode,
        signals=describe_signals(task.signals),
        sentence=sentence,
        most=MOST_SUBGOALS,
    )
    messages = (Message("system", _ROLE), Message("user", ask))
    schema = subgoal_schema([signal.name for signal in task.signals])
    return Request(config.model, messages, config.temperature, config.max_tokens, config.seed, schema, sample)


def decompose(
    model: LanguageModel,
    config: WriterConfig,
    sentence: str,
    task: TaskDescription,
    check: Check | None = None,
    sample: int = 0,
) -> Decomposed:
    """Cut a wish into subgoals, and make a program of them.

    Args:
        model: Who cuts.
        config: How it is asked.
        sentence: What the robot should do.
        task: Where.
        check: Checks the program on data; its problems go back to the model.
        sample: Which of several answers.

    Raises:
        RefusedAnswerError: If no round gave subgoals that are allowed, with the last reason.
        ModelError: If the model gives no answer.
    """
    accepted = until_accepted(
        model, first_request(config, sentence, task, sample), _reader(sentence, task, check), config.rounds
    )
    subgoals, program = accepted.value
    return Decomposed(subgoals, program, accepted.problems)


def subgoal_schema(signals: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of subgoals over some signals."""
    name, numbers = {"type": "string", "enum": list(signals)}, {"type": "array", "items": {"type": "number"}}
    subgoal = {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "kind", "signal", "scale", "lasts"],
        "properties": {
            "name": {"type": "string", "pattern": "^[a-z][a-z_]{0,30}$"},
            "kind": {"enum": ["at", "near", "above", "below"]},
            "signal": name,
            "other": name,
            "element": {"type": "integer", "minimum": 0},
            "target": numbers,
            "offset": numbers,
            "within": {"type": "number", "exclusiveMinimum": 0},
            "scale": {"type": "number", "exclusiveMinimum": 0},
            "lasts": {"type": "boolean"},
        },
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["subgoals"],
        "properties": {"subgoals": {"type": "array", "minItems": 1, "maxItems": MOST_SUBGOALS, "items": subgoal}},
    }


def _reader(
    sentence: str, task: TaskDescription, check: Check | None
) -> Callable[[str], tuple[tuple[Subgoal, ...], RewardProgram]]:
    def read(text: str) -> tuple[tuple[Subgoal, ...], RewardProgram]:
        subgoals = subgoals_in(object_in(text))
        program = parse_reward(staged_program(sentence, subgoals, task.signals), task.signals, "subgoals.py")
        problems = check(program) if check else ()
        if problems:
            raise ValueError("\n".join(problems))
        return subgoals, program

    return read


def subgoals_in(data: Mapping[str, Any]) -> tuple[Subgoal, ...]:
    """Read what `subgoal_schema` describes.

    Raises:
        ValueError: If it is something else.
    """
    items = data.get("subgoals")
    if not isinstance(items, list):
        raise ValueError('wanted: an object {"subgoals": [...]}')
    return tuple(_subgoal(item, f"subgoals[{index}]") for index, item in enumerate(items))


_TYPES: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "kind": str,
    "signal": str,
    "other": str,
    "element": int,
    "target": list,
    "offset": list,
    "within": (int, float),
    "scale": (int, float),
    "lasts": bool,
}


def _subgoal(item: Any, where: str) -> Subgoal:
    if not isinstance(item, dict):
        raise ValueError(f"{where} is {item!r}; wanted: an object")
    unknown = [key for key in item if key not in _TYPES]
    if unknown:
        raise ValueError(f"{where}.{unknown[0]}: unknown; known: {', '.join(_TYPES)}")
    missing = [key for key in ("name", "kind", "signal", "scale", "lasts") if key not in item]
    if missing:
        raise ValueError(f"{where} lacks {', '.join(missing)}")
    for key, value in item.items():
        truth = isinstance(value, bool)
        if not isinstance(value, _TYPES[key]) or truth != (_TYPES[key] is bool):
            raise ValueError(f"{where}.{key} is {value!r}, which is of the wrong type")
    lists = {key: tuple(value) for key, value in item.items() if isinstance(value, list)}
    return Subgoal(**{**item, **lists})
