"""From a sentence about a robot to a reward program of its task, offline."""

from dataclasses import dataclass
from string import Template
from typing import Any

from telic.rewards.writing.brief import NotUnderstood, Refusal
from telic.rewards.writing.nearest import nearest_sentences
from telic.rewards.writing.robots.amounts import numbers_of
from telic.rewards.writing.robots.compose import Part, compose
from telic.rewards.writing.robots.reading import Reading, understand
from telic.rewards.writing.robots.repertoire import Repertoire, known_tasks, repertoire
from telic.rewards.writing.understand import begin
from telic.rewards.writing.values import Values


@dataclass(frozen=True)
class TaskBrief:
    """A sentence turned into a reward program of a task.

    Attributes:
        sentence: As it was said.
        task: Name of the task.
        intents: What was understood, such as ``pace``.
        reward_source: The reward program, a file for people to read and edit.
        understood: What was understood; what the sentence leaves open is marked as assumed.
        ignored: Words that were not used.
    """

    sentence: str
    task: str
    intents: tuple[str, ...]
    reward_source: str
    understood: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "sentence": self.sentence,
            "task": self.task,
            "intents": list(self.intents),
            "reward_source": self.reward_source,
            "understood": list(self.understood),
            "ignored": list(self.ignored),
        }


def write_for(task: str, sentence: str, *, use_model: bool = True) -> TaskBrief:
    """Turn a sentence into a reward program of a task.

    Args:
        task: Name of a task on a MuJoCo model, see `known_tasks`.
        sentence: What the robot should do, in English: "run backwards at 1 m/s".
        use_model: Whether phrases that the rules do not know may go to the packaged sentence model.

    Returns:
        The program, and what was understood; the same sentence always gives the same program.

    Raises:
        NotUnderstood: If the sentence does not ask for something that the task can do.
        ValueError: If the writer does not know the task.
        TypeError: If the sentence is not text.
    """
    if not isinstance(sentence, str):
        raise TypeError(f"the sentence is {sentence!r}; allowed: text")
    if task not in known_tasks():
        raise ValueError(f"the built-in writer does not know the task {task!r}; known: {', '.join(known_tasks())}")
    known = repertoire(task)
    reading: Reading | None = None
    try:
        reading = Reading(begin(sentence).text)
        understand(reading, known, use_model=use_model)
        return _brief(sentence, reading, known)
    except Refusal as refusal:
        raise _not_understood(sentence, refusal, reading, known, use_model=use_model) from None


def _brief(sentence: str, reading: Reading, known: Repertoire) -> TaskBrief:
    values = Values(reading.text)
    parts = [Part(ask, numbers_of(ask, known, values)) for ask in reading.asks]
    values.check_all_used(reading.text.text)
    assumed = [
        f"{Template(part.ask.ability.assumes).substitute({**known.values, **part.text})} (assumed)"
        for part in parts
        if part.ask.ability.assumes
    ]
    used = {*known.manners, *(slot for ask in reading.asks for slot in ask.slots)}
    manners = [f"{manner}: changes the reward's weights" for manner in sorted(reading.manners & set(known.manners))]
    return TaskBrief(
        sentence=sentence,
        task=known.task,
        intents=tuple(ask.ability.name for ask in reading.asks),
        reward_source=compose(sentence, parts, reading.manners, known),
        understood=(*reading.remarks, *values.remarks, *assumed, *manners),
        ignored=(*reading.ignored, *sorted(reading.manners - used)),
    )


def _not_understood(
    sentence: str, refusal: Refusal, reading: Reading | None, known: Repertoire, *, use_model: bool
) -> NotUnderstood:
    nearest, model_hint = nearest_sentences(sentence, known.sentences, use_model=use_model)
    hints = dict.fromkeys(hint for hint in (refusal.hint, model_hint) if hint)
    return NotUnderstood(
        sentence,
        refusal.reason,
        understood=tuple(reading.remarks) if reading else (),
        nearest=nearest,
        hint="; ".join(hints),
        wanted=f"a reward for {known.task}",
    )
