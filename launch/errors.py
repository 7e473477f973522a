"""A mistake that the person at the keyboard can put right: told in one line, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """Something asked for that cannot be done; the command ends with exit code 2.

    Attributes:
        message: What was wrong, the value, and what is allowed.
        details: More for a machine to read, printed as fields with ``--json``.
    """

    def __init__(self, message: str, details: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or {}


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn the refusals of a loader into a `UserError` that names what was being read.

    Only put loaders of what a person wrote inside: a ``ValueError`` from anywhere else is a bug.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise UserError(f"{what}: there is no file {error.filename}") from error
    except (ValueError, LookupError, OSError) as error:
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        raise UserError(f"{what}: {message}") from error
