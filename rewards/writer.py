"""The built-in writer: from a sentence to a task, a reference and a reward program, offline.

`write` is for flights, where the sentence decides on task and reference; `write_for` is for a task on a MuJoCo model.
Words, numbers and units are read first, by the rules in `telic.rewards.writing`. Only what they do not know goes to
the packaged sentence model, which compares it with example phrases. What neither understands is refused, with the
reason and the nearest sentences that work.
"""

import re
import unicodedata

from telic.rewards.writing.brief import Brief, NotUnderstood, Refusal
from telic.rewards.writing.draft import Flight
from telic.rewards.writing.flight import plan
from telic.rewards.writing.gather import gather
from telic.rewards.writing.nearest import nearest_sentences
from telic.rewards.writing.robots.repertoire import known_tasks
from telic.rewards.writing.robots.write import TaskBrief, write_for
from telic.rewards.writing.template import render
from telic.rewards.writing.understand import Reading, begin, understand
from telic.rewards.writing.wish import Wish

__all__ = ["HOVER_ACTION", "Brief", "NotUnderstood", "TaskBrief", "known_tasks", "write", "write_for"]

# The action of each rotor at which the default Crazyflie hovers.
HOVER_ACTION = 0.334

_SLUG_LENGTH = 48


def write(sentence: str, *, hover_action: float = HOVER_ACTION, use_model: bool = True) -> Brief:
    """Turn a sentence into a task, its reference and a reward program.

    Args:
        sentence: What the drone should do, in English: "hover one metre above the ground and hold still".
        hover_action: The action in [-1, 1] that carries the vehicle's weight, for the reward's effort term.
        use_model: Whether phrases that the rules do not know may go to the packaged sentence model.

    Returns:
        What was understood, as plain data; the same sentence always gives the same brief.

    Raises:
        NotUnderstood: If the sentence does not ask for a flight that Telic can do.
        TypeError: If the sentence is not text.
        ValueError: If `hover_action` is not in [-1, 1].
    """
    if not isinstance(sentence, str):
        raise TypeError(f"the sentence is {sentence!r}; allowed: text")
    if not -1.0 <= hover_action <= 1.0:
        raise ValueError(f"hover_action is {hover_action!r}; allowed: -1 to 1")
    reading: Reading | None = None
    try:
        reading = begin(sentence)
        understand(reading, use_model=use_model)
        wish = gather(reading.clauses, reading.text)
        flight = plan(wish)
    except Refusal as refusal:
        raise _not_understood(sentence, refusal, reading, use_model=use_model) from None
    return _brief(sentence, reading, wish, flight, hover_action)


def _brief(sentence: str, reading: Reading, wish: Wish, flight: Flight, hover_action: float) -> Brief:
    reference = flight.reference
    holds = reference["kind"] == "hold"
    task = "hover" if holds else "track"
    source = render(
        sentence,
        task,
        hover_action=hover_action,
        position=reference["position"] if holds else None,
        yaw=reference["yaw"],
        yaw_rate=reference["yaw_rate"] if holds else 0.0,
        manners=wish.manners,
    )
    manners = [f"{manner}: changes the reward's weights" for manner in sorted(wish.manners)]
    return Brief(
        sentence=sentence,
        intent=flight.intent,
        task=task,
        reference=reference,
        reward_source=source,
        duration_s=flight.duration_s,
        slug=_slug(sentence),
        understood=(*reading.remarks, *flight.understood, *manners),
        ignored=tuple(reading.ignored),
    )


def _not_understood(sentence: str, refusal: Refusal, reading: Reading | None, *, use_model: bool) -> NotUnderstood:
    nearest, model_hint = nearest_sentences(sentence, use_model=use_model)
    hints = dict.fromkeys(hint for hint in (refusal.hint, model_hint) if hint)
    understood = tuple(reading.remarks) if reading else ()
    return NotUnderstood(sentence, refusal.reason, understood=understood, nearest=nearest, hint="; ".join(hints))


def _slug(sentence: str) -> str:
    """``Hover at 1.5 m!`` as ``hover-at-1-5-m``, cut at a word."""
    ascii_text = unicodedata.normalize("NFKD", sentence).encode("ascii", "ignore").decode()
    slug = "-".join(re.findall(r"[a-z0-9]+", ascii_text.lower())) or "flight"
    if len(slug) <= _SLUG_LENGTH:
        return slug
    head = slug[: _SLUG_LENGTH + 1]
    return head.rpartition("-")[0] or head[:_SLUG_LENGTH]
