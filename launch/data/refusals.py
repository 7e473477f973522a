"""What datasets refuse, as something that the person at the keyboard can put right."""

from collections.abc import Iterator
from contextlib import contextmanager

from telic.launch.errors import UserError
from telic.replay.errors import ReplayError

# The libraries of the extra `data`.
_LIBRARIES = ("minari", "h5py", "pyarrow")


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what a dataset refuses, and a missing optional library, into a `UserError`."""
    try:
        yield
    except ReplayError as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(f"{error.filename or 'disk'}: {error.strerror or error}") from error
    except ImportError as error:
        if (error.name or "").split(".")[0] not in _LIBRARIES:
            raise
        raise UserError(str(error)) from error
