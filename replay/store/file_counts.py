"""Counts of several processes, in files: for a rate limiter between writers and learners of one store."""

import os
import struct
from pathlib import Path

_COUNTS = struct.Struct("<qq")


class FileCounts:
    """Inserted and sampled steps of several processes.

    Every process has a small file that only it writes, and reads those of all. A process that starts again under the
    same name goes on counting.
    """

    def __init__(self, folder: str | Path, name: str) -> None:
        """Join in.

        Args:
            folder: The same for all processes; made if it is not there.
            name: Of this process, its own.
        """
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._folder / f"{name}.count", os.O_RDWR | os.O_CREAT, 0o644)
        content = os.pread(self._file, _COUNTS.size, 0)
        self._own = _COUNTS.unpack(content) if len(content) == _COUNTS.size else (0, 0)

    def read(self) -> tuple[int, int]:
        """Steps inserted, steps sampled, by all."""
        inserts = samples = 0
        for path in self._folder.glob("*.count"):
            content = path.read_bytes()
            if len(content) == _COUNTS.size:
                inserted, sampled = _COUNTS.unpack(content)
                inserts, samples = inserts + inserted, samples + sampled
        return inserts, samples

    def add(self, inserts: int, samples: int) -> None:
        """Count what this process did."""
        self._own = self._own[0] + inserts, self._own[1] + samples
        # Sixteen bytes within one page are written at once.
        os.pwrite(self._file, _COUNTS.pack(*self._own), 0)

    def close(self) -> None:
        """Leave; what was counted stays."""
        os.close(self._file)
