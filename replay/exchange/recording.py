"""What travels between Telic and other formats: whole episodes of one schema, and a report of what became of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from telic.replay.schema import Schema

Tag = str | int | float | bool


@dataclass(frozen=True)
class Episode:
    """One episode of T steps, or a stretch of one.

    Attributes:
        signals: States, (T + 1, *shape) per signal: step t leads from row t to row t + 1, the last is the final state.
        action: (T, actuators) float32.
        terminated: Whether the last step ended it for good.
        truncated: Whether it was cut there although it could have gone on. An episode with neither is still open.
        reward: The rewards that came with it, (T,) float32; None if none did.
        tags: What else is known of it, such as its seed or its task.
    """

    signals: Mapping[str, np.ndarray]
    action: np.ndarray
    terminated: bool
    truncated: bool
    reward: np.ndarray | None = None
    tags: Mapping[str, Tag] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.action)

    @property
    def ended(self) -> bool:
        """Whether it is over, of either kind."""
        return self.terminated or self.truncated


@dataclass
class Report:
    """What an import or an export did, filled while episodes pass.

    Attributes:
        source: Where the episodes come from, for people.
        episodes: How many passed.
        transitions: How many steps they had.
        dropped: Steps that were left out, by reason.
        notes: What a reader of the data should know, with the number of times that it happened.
    """

    source: str
    episodes: int = 0
    transitions: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)

    def drop(self, reason: str, steps: int = 1) -> None:
        """Count steps that are left out."""
        self.dropped[reason] = self.dropped.get(reason, 0) + steps

    def note(self, what: str, times: int = 1) -> None:
        """Count something worth knowing."""
        self.notes[what] = self.notes.get(what, 0) + times

    @property
    def because(self) -> str:
        """What was left out, as the end of an error message."""
        reasons = "; ".join(f"{reason} ({count})" for reason, count in self.dropped.items())
        return f": {reasons}" if reasons else ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "source": self.source,
            "episodes": self.episodes,
            "transitions": self.transitions,
            "dropped": dict(self.dropped),
            "notes": dict(self.notes),
        }


@dataclass(frozen=True)
class Recording:
    """Episodes of one schema, read one after the other; iterating counts them in the report.

    Attributes:
        schema: Of all episodes.
        episodes: They may be read from disk as they are asked for, and only once.
        report: What became of them; complete after the last one.
        about: What else is known of all of them, such as ``fps``.
    """

    schema: Schema
    episodes: Iterable[Episode]
    report: Report
    about: Mapping[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Episode]:
        for episode in self.episodes:
            self.report.episodes += 1
            self.report.transitions += len(episode)
            yield episode
