"""What can be wrong with data on its way into the replay or with a question asked of it, each with its own name."""

from collections.abc import Iterable
from difflib import get_close_matches


class ReplayError(ValueError):
    """Any refusal of the replay; nothing was changed when it is raised."""


class SchemaError(ReplayError):
    """A schema that contradicts itself, or two schemas that differ."""


class UnknownNameError(ReplayError):
    """A signal, reward input or reward column of a name that does not exist."""


class MissingSignalError(ReplayError):
    """A signal of the schema that was not given."""


class ShapeError(ReplayError):
    """An array of another shape than the schema and the number of streams ask for."""


class DtypeError(ReplayError):
    """An array of another type than the schema names; the replay never casts silently."""


class NonFiniteError(ReplayError):
    """A NaN or an infinity."""


class DiscontinuityError(ReplayError):
    """A step that does not begin where the step before it in the same stream ended."""


class EmptyReplayError(ReplayError):
    """A question that needs at least one stored transition."""


class StaleColumnError(ReplayError):
    """A reward column that does not cover every row, of a reward that is not at hand to score the rest."""


class FileFormatError(ReplayError):
    """A file or state that is not a replay, is damaged, or belongs to another version."""


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """The end of an error message about an unknown name: the nearest known one, if any is near, and all of them."""
    names = list(allowed)
    near = get_close_matches(name, names, n=1)
    suggestion = f"did you mean {near[0]!r}? " if near else ""
    return f"{suggestion}Known: {', '.join(names) or 'none'}"
