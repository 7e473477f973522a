"""The folder of a search: everything that was found, in files that are whole or not there.

A search is a function of its configuration, of the writer's answers and of the trainings, and all of these are kept. So
an interrupted search is resumed by searching again: what is there is read in place of being done.

    search.json          what is searched for, and how
    session/             the writer's answers, unless another record was named
    reference.safetensors  a policy of the task's own reward, whose episodes candidates are checked on
    rounds/01.json       the candidates of a round
    trials/NAME.json     what a training came to, and NAME.safetensors, its policy
    costs.json           what it took: the only file that differs between two runs
    result.json          the outcome, and the winner as reward.py and policy.safetensors
    family.html          the page
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class SearchFolderError(ValueError):
    """A folder that is not the one of this search, or is damaged."""


class SearchFolder:
    """The files of one search, by name.

    Attributes:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        """Name a folder; nothing is made yet."""
        self.path = path

    @property
    def about(self) -> Path:
        """What is searched for, and how."""
        return self.path / "search.json"

    @property
    def session(self) -> Path:
        """The writer's answers."""
        return self.path / "session"

    @property
    def reference(self) -> Path:
        """A policy of the task's own reward."""
        return self.path / "reference.safetensors"

    @property
    def experience(self) -> Path:
        """What the training of that policy lived through."""
        return self.path / "experience.safetensors"

    @property
    def costs(self) -> Path:
        """What the search took so far."""
        return self.path / "costs.json"

    @property
    def result(self) -> Path:
        """The outcome."""
        return self.path / "result.json"

    @property
    def reward(self) -> Path:
        """The winner's program."""
        return self.path / "reward.py"

    @property
    def policy(self) -> Path:
        """The winner's best policy of the last comparison."""
        return self.path / "policy.safetensors"

    @property
    def page(self) -> Path:
        """The family tree, to look at."""
        return self.path / "family.html"

    def round(self, number: int) -> Path:
        """The candidates of a round."""
        return self.path / "rounds" / f"{number + 1:02d}.json"

    def trial(self, name: str) -> Path:
        """What a training came to."""
        return self.path / "trials" / f"{name}.json"

    def weights(self, name: str) -> Path:
        """The policy of a training."""
        return self.path / "trials" / f"{name}.safetensors"

    def begin(self, about: Mapping[str, Any]) -> bool:
        """Make the folder, or find that it is the folder of this very search.

        Returns:
            Whether there is something to resume.

        Raises:
            SearchFolderError: If it belongs to another search.
            OSError: If it cannot be written.
        """
        about = json.loads(json.dumps(about))
        if not self.about.is_file():
            if self.path.is_dir() and any(self.path.iterdir()):
                raise SearchFolderError(f"{self.path} is not empty and holds no search: name another folder")
            write_json(self.about, about)
            return False
        before = read_json(self.about)
        for name in dict.fromkeys((*about, *before)):
            if about.get(name) != before.get(name):
                raise SearchFolderError(
                    f"{self.path} holds a search with another {name}: {before.get(name)} instead of {about.get(name)}; "
                    "resume with the same, or name another folder"
                )
        return True


def write_json(path: Path, document: Any) -> None:
    """Write a JSON file so that a crash leaves the old one or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(document, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        SearchFolderError: If it is damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SearchFolderError(f"{path} is damaged: {error}; delete it, and resume the search") from error
