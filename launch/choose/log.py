"""Every choice that was made, in the order of time: lines are added and never changed."""

import json
import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FORMAT = 1


@dataclass(frozen=True)
class Choice:
    """What a person said of some candidates.

    Attributes:
        best: Number of the best one, in the order in which they are listed; None if the person passed.
        worst: Number of the worst one; None if the person passed.
        note: What the person added in words; may be empty.
    """

    best: int | None
    worst: int | None
    note: str = ""

    @property
    def is_pass(self) -> bool:
        """Whether the person could not tell."""
        return self.best is None


class ChoiceLog:
    """A file of choices, one JSON object a line. What was chosen and taken back stays in it: nothing is lost."""

    def __init__(self, path: Path, candidates: Sequence[dict[str, str]], shown: Sequence[int]) -> None:
        """Prepare to write.

        Args:
            path: The file; it is made with the first choice.
            candidates: What there was to choose among, as plain data.
            shown: In which order they were shown, from left to right.
        """
        self._path, self._candidates, self._shown = path, list(candidates), list(shown)

    def choose(self, choice: Choice) -> str:
        """Write a choice, and return its name."""
        name = uuid.uuid4().hex
        self._append(
            {"event": "choice", "id": name, **asdict(choice), "candidates": self._candidates, "shown": self._shown}
        )
        return name

    def take_back(self, name: str) -> None:
        """Write that a choice is taken back."""
        self._append({"event": "undo", "of": name})

    def _append(self, record: dict[str, Any]) -> None:
        stamp = {"format": FORMAT, "time": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
        line = json.dumps({**stamp, **record}, ensure_ascii=False) + "\n"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # One write of a file that is open for appending: lines of two pages do not mix.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
