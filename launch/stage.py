"""One part of a run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from telic.launch.folder import RunFolder

News = Callable[[str], None]
Found = dict[str, Any]


class InFolder(Protocol):
    """A run, whatever of: everything that its stages hand on lies in its folder."""

    @property
    def folder(self) -> RunFolder:
        """Where everything lies."""
        ...


AnyRun = TypeVar("AnyRun", bound=InFolder)


@dataclass(frozen=True)
class Stage(Generic[AnyRun]):
    """One part of a run.

    Attributes:
        name: Its key in ``state.json``, and what people see.
        work: Does it, and returns what it found.
    """

    name: str
    work: Callable[[AnyRun, News], Found]
