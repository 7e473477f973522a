"""What is wrong with a file that a person wrote: where it stands, what it is, and what to do."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from telic.sim.errors import TaskError


@dataclass(frozen=True)
class Problem:
    """One mistake.

    Attributes:
        file: The file, as the person named it.
        line: Its line, from 1; None where no line is to blame.
        where: Path of the field, such as ``observation[2].noise``, or the element of the MJCF.
        message: What is wrong, and the value.
        remedy: What to do.
        severity: An ``error`` is refused; a ``warning`` is only told.
    """

    file: str
    line: int | None
    where: str
    message: str
    remedy: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        kind = "" if self.severity == "error" else "warning: "
        remedy = f"\n    {self.remedy}" if self.remedy else ""
        return f"{place}: {kind}{f'{self.where}: ' if self.where else ''}{self.message}{remedy}"

    def plain(self) -> dict[str, Any]:
        """Return what JSON holds."""
        return asdict(self)


class TaskFileError(TaskError):
    """A task file, or the model that it names, that cannot be used.

    Attributes:
        problems: All that was found.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
