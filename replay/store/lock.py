"""One writer per name: a lock that dies with the process that holds it."""

import fcntl
import os
from pathlib import Path

from telic.replay.store.errors import WriterBusyError

NAME = "lock"


class WriterLock:
    """An advisory lock on a writer's folder.

    The operating system gives it up when the process ends, in whatever way, so a killed writer never has to be cleaned
    up after. The file holds the holder's process id, for people and for messages.
    """

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            WriterBusyError: If another writer has it.
        """
        self._file = (folder / NAME).open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise WriterBusyError(
                f"process {holder} already writes to {folder}; give each writer a name of its own, or close that one"
            ) from error
        self._process = os.getpid()
        self._file.truncate(0)
        self._file.write(f"{self._process}\n")
        self._file.flush()

    @property
    def held(self) -> bool:
        """Whether this process has the lock; a fork of it has not."""
        return not self._file.closed and self._process == os.getpid()

    def release(self) -> None:
        """Let others write."""
        self._file.truncate(0)
        self._file.close()
