"""What the writer hands on: a brief, or the reason why there is none."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Brief:
    """A sentence turned into a task, its reference and a reward program, as plain data.

    Attributes:
        sentence: As it was said.
        intent: What was understood, such as ``hover``, ``climb`` or ``figure_eight``.
        task: Name of the task to train: ``hover`` or ``track``.
        reference: Where to be when; plain data for `telic.sim.reference.make_reference`.
        reward_source: The reward program, a file for people to read and edit.
        duration_s: How long a flight should be watched [s].
        slug: A short name for folders.
        understood: What was understood; what the sentence leaves open is marked as assumed.
        ignored: Words that were not used.
    """

    sentence: str
    intent: str
    task: str
    reference: dict[str, Any]
    reward_source: str
    duration_s: float
    slug: str
    understood: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            **asdict(self),
            "understood": list(self.understood),
            "ignored": list(self.ignored),
        }


class NotUnderstood(ValueError):  # noqa: N818 - it is an answer as much as an error.
    """A sentence that the writer cannot turn into a flight, or into whatever else its task is.

    Attributes:
        sentence: As it was said.
        reason: What was wrong, with the word or the value and what is allowed.
        understood: What was understood of it.
        nearest: Supported sentences with their similarity, the nearest first.
        hint: How to do better; may be empty.
        wanted: What the sentence should have been turned into.
    """

    def __init__(
        self,
        sentence: str,
        reason: str,
        *,
        understood: tuple[str, ...] = (),
        nearest: tuple[tuple[str, float], ...] = (),
        hint: str = "",
        wanted: str = "a flight",
    ) -> None:
        super().__init__(reason)
        self.sentence = sentence
        self.reason = reason
        self.understood = understood
        self.nearest = nearest
        self.hint = hint
        self.wanted = wanted

    def __str__(self) -> str:
        lines = [f"cannot turn {self.sentence!r} into {self.wanted}: {self.reason}"]
        if self.understood:
            lines.append(f"understood: {'; '.join(self.understood)}")
        if self.nearest:
            lines.append("the nearest sentences that work:")
            lines += [f'  "{sentence}" (similarity {similarity:.2f})' for sentence, similarity in self.nearest]
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "sentence": self.sentence,
            "reason": self.reason,
            "understood": list(self.understood),
            "nearest": [{"sentence": sentence, "similarity": similarity} for sentence, similarity in self.nearest],
            "hint": self.hint,
        }


class Refusal(Exception):  # noqa: N818 - internal: becomes a `NotUnderstood`.
    """A reason to refuse, found by code that does not hold the whole sentence."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
