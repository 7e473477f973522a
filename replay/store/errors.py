"""What can be wrong with a store on disk, each with its own name."""

from telic.replay.errors import FileFormatError, ReplayError


class NotAStoreError(FileFormatError):
    """A path that holds no store."""


class NewerFormatError(FileFormatError):
    """A file of a later version of the format than this Telic reads."""


class CorruptChunkError(FileFormatError):
    """A chunk file that is torn, damaged, missing, or of another store; the message names the file."""


class StoreExistsError(ReplayError):
    """A store that was to be created where something is already."""


class StoreFullError(ReplayError):
    """No room on the disk. What was not written is still in memory: make room and commit again."""


class ReadOnlyError(ReplayError):
    """A change that was asked of a store opened for reading."""


class WriterBusyError(ReplayError):
    """A second writer of a name that a running process writes to."""


class RateLimitError(ReplayError):
    """The other side of a rate limiter did not catch up in time."""
