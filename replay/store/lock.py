"""One writer per name: a lock that dies with the process that holds it."""

import fcntl
import os
import weakref
from pathlib import Path

from telic.replay.store.errors import WriterBusyError

NAME = "lock"


class WriterLock:
    """An advisory lock on a writer's folder.

    The operating system gives it up when the process ends, in whatever way, so a killed writer never has to be cleaned
    up after; and it ends with this object. The file holds the holder's process id, for people and for messages.
    """

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            WriterBusyError: If another writer has it.
        """
        self._process = os.getpid()
        file = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o644)
        self.release = weakref.finalize(self, os.close, file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(file, 0)
            os.write(file, b"%d\n" % self._process)
        except BlockingIOError as error:
            holder = os.read(file, 32).decode().strip() or "unknown"
            raise WriterBusyError(
                f"process {holder} already writes to {folder}; give each writer a name of its own, or close that one"
            ) from error

    @property
    def held(self) -> bool:
        """Whether this process has the lock; a fork of it has not."""
        return self.release.alive and self._process == os.getpid()
