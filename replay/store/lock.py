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
        self._process = os.getpid()
        self._file: int | None = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._file, 0)
            os.write(self._file, b"%d\n" % self._process)
        except BlockingIOError as error:
            holder = os.read(self._file, 32).decode().strip() or "unknown"
            self.release()
            raise WriterBusyError(
                f"process {holder} already writes to {folder}; give each writer a name of its own, or close that one"
            ) from error

    @property
    def held(self) -> bool:
        """Whether this process has the lock; a fork of it has not."""
        return self._file is not None and self._process == os.getpid()

    def release(self) -> None:
        """Let others write."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
