"""One doubt about a reward."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Criticism:
    """Something doubtful about a reward. Unlike a check's error it is advice: an honest reward may have its reasons.

    Attributes:
        rule: Name of the rule that it breaks.
        line: Line in the program, from 1; None where it is about the whole.
        reason: What is doubtful, with values.
        advice: What to do.
    """

    rule: str
    line: int | None
    reason: str
    advice: str

    def __str__(self) -> str:
        where = "" if self.line is None else f"line {self.line}: "
        return f"{self.rule}: {where}{self.reason}; {self.advice}"
