"""A language model as critic of a reward program: it reads the program, and answers with doubts, held to a JSON schema.

The part is that of Auto MC-Reward's Reward Critic [1], which checks a program against its task before it is used. Here
it comes after the rules, is told what they found, and its answer is advice: nothing that it says is trusted or run.

[1] Li et al. 2024, Auto MC-Reward (arXiv 2312.09238).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from telic.rewards.critic.criticism import Criticism
from telic.rewards.llm.prompt import TaskDescription, describe_signals
from telic.rewards.llm.request import LanguageModel, Message, Request
from telic.rewards.llm.writer import WriterConfig
from telic.rewards.program import RewardProgram

_MOST = 12
_LONGEST = 1000
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "doubts": {
            "type": "array",
            "maxItems": _MOST,
            "items": {
                "type": "object",
                "properties": {
                    "rule": {"type": "string", "description": "the kind of mistake, in a few words"},
                    "line": {"type": ["integer", "null"], "description": "line of the program, or null for the whole"},
                    "reason": {"type": "string", "description": "what is wrong, with the term's name and numbers"},
                    "advice": {"type": "string", "description": "what to change"},
                },
                "required": ["rule", "line", "reason", "advice"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["doubts"],
    "additionalProperties": False,
}
_ROLE = """\
You review reward programs for robots before anything is trained with them. You look for ways to earn much without doing
what was asked, for terms that contradict the sentence or each other, for scales at which a term drowns or is not heard,
for conditions that are never met, and for ends of the episode that pay. You do not praise, and you do not repeat what
is known. Where nothing is wrong, you say so with an empty list."""
_ASK = """\
The task is {task.name!r}: {task.description}
{task.episode}

The signals:
```python
{signals}
```

What was asked for: {sentence}

The program, with line numbers:
```
{program}
```

What is known already:
{known}

Answer with one JSON object: {{"doubts": [{{"rule": ..., "line": ..., "reason": ..., "advice": ...}}]}},
at most {most} of them, the gravest first."""


class CriticError(ValueError):
    """No answer of the model was a list of doubts; the message says why of the last."""


def criticise_with(
    model: LanguageModel,
    config: WriterConfig,
    task: TaskDescription,
    program: RewardProgram,
    sentence: str = "",
    known: Sequence[Criticism] = (),
    summary: str = "",
) -> tuple[Criticism, ...]:
    """What a model doubts of a program.

    Args:
        model: Who reads it.
        config: How it is asked.
        task: What it is for.
        program: The program.
        sentence: What was asked for; the program's own docstring by default.
        known: What the rules found.
        summary: How episodes under an earlier reward failed, if that is known.

    Raises:
        CriticError: If no round gave an answer that could be read.
        ModelError: If the model gives no answer.
    """
    lines = program.source.splitlines()
    found = [f"- {each}" for each in known] + ([summary] if summary else [])
    ask = _ASK.format(
        task=task,
        signals=describe_signals(task.signals),
        sentence=sentence or program.sentence,
        program="\n".join(f"{number:3d}  {line}" for number, line in enumerate(lines, 1)),
        known="\n".join(found) or "- nothing",
        most=_MOST,
    )
    request = Request(
        config.model,
        (Message("system", _ROLE), Message("user", ask)),
        config.temperature,
        config.max_tokens,
        config.seed,
        SCHEMA,
    )
    problem = ""
    for _ in range(config.rounds):
        answer = model.complete(request).text
        try:
            return doubts_in(answer, len(lines))
        except CriticError as error:
            problem = str(error)
        again = (Message("assistant", answer), Message("user", f"That could not be read: {problem}\nAnswer again."))
        request = replace(request, messages=(*request.messages, *again))
    raise CriticError(f"in {config.rounds} rounds, no answer was a list of doubts; the last: {problem}")


def doubts_in(answer: str, lines: int) -> tuple[Criticism, ...]:
    """The doubts in an answer.

    Args:
        answer: What a model said.
        lines: How many lines the program has.

    Raises:
        CriticError: If it is not one JSON object as in `SCHEMA`; the message is written for the model.
    """
    start, end = answer.find("{"), answer.rfind("}")
    try:
        data = json.loads(answer[start : end + 1])
    except (ValueError, RecursionError) as error:
        raise CriticError(f"it is not one JSON object: {error}") from None
    if not isinstance(data, dict) or not isinstance(data.get("doubts"), list):
        raise CriticError('it is not an object with a list "doubts"')
    if len(data["doubts"]) > _MOST:
        raise CriticError(f"there are {len(data['doubts'])} doubts; at most {_MOST} are read")
    return tuple(_criticism(each, place, lines) for place, each in enumerate(data["doubts"]))


def _criticism(each: Any, place: int, lines: int) -> Criticism:
    if not isinstance(each, Mapping):
        raise CriticError(f"doubt {place} is not an object")
    line = each.get("line")
    if line is not None and (isinstance(line, bool) or not isinstance(line, int) or not 1 <= line <= lines):
        raise CriticError(f"doubt {place}: line is {line!r}; the program has lines 1 to {lines}, or null for the whole")
    texts = [each.get(name) for name in ("rule", "reason", "advice")]
    rule, reason, advice = (text if isinstance(text, str) and 0 < len(text) <= _LONGEST else None for text in texts)
    if rule is None or reason is None or advice is None:
        raise CriticError(f"doubt {place}: rule, reason and advice are texts of 1 to {_LONGEST} characters")
    # It is shown on terminals, one line each.
    return Criticism(_plain(rule), line, _plain(reason), _plain(advice))


def _plain(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
