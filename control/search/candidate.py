"""A candidate: a program that a writer wrote, and from which one."""

from dataclasses import asdict, dataclass
from typing import Any

from telic.rewards.llm.writer import Attempt


@dataclass(frozen=True)
class Candidate:
    """One member of the family.

    Attributes:
        round: When it was written.
        island: Where.
        number: Which of the island's candidates of the round.
        parent: Name of the candidate that it was to improve; None for one from scratch.
        attempts: Every answer on the way to it.
        source: Its program; None if none passed.
        refused: Why it is not trained; empty if it is.
    """

    round: int
    island: int
    number: int
    parent: str | None
    attempts: tuple[Attempt, ...]
    source: str | None
    refused: tuple[str, ...]

    @property
    def name(self) -> str:
        """Round, island and number, counted from 1."""
        return f"{self.round + 1}.{self.island + 1}.{self.number + 1}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Candidate":
        """A candidate from plain data.

        Raises:
            TypeError: If something is missing.
        """
        attempts = tuple(Attempt(**{**each, "problems": tuple(each["problems"])}) for each in data["attempts"])
        return cls(**{**data, "attempts": attempts, "refused": tuple(data["refused"])})
