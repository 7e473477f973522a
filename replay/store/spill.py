"""The spill: what a live replay in memory is given, also on disk."""

import logging

from telic.replay.replay import Replay
from telic.replay.store.appender import Appender

_log = logging.getLogger(__name__)


class Spill:
    """Appends the steps that a replay in memory is given to a store.

    Attributes:
        missed: Steps that the replay overwrote before they were written, because `update` was not called in time.
    """

    def __init__(self, appender: Appender, replay: Replay, commit_every: int) -> None:
        """Begin with all that the replay holds; `Store.spill` does this."""
        self.missed = 0
        self._appender = appender
        self._replay = replay
        self._written = replay.ring.written - replay.ring.count
        # Half of the replay is left for what comes until the next update.
        self._commit_rows = max(min(commit_every // replay.num_streams, replay.ring.rows // 2), 1)

    def episode(self, *, stream: int | None = None, **tags: str | float | bool) -> None:
        """Say what the steps from the next one on belong to, as `Writer.episode` does."""
        self._appender.tag(tags, self._replay.ring.written, stream)

    def update(self) -> int:
        """Commit if enough steps for a commit came since the last one; to be called often. Returns how many steps.

        Raises:
            StoreFullError: As in `commit`.
        """
        return self.commit() if self._replay.ring.written - self._written >= self._commit_rows else 0

    def commit(self) -> int:
        """Write what the replay was given since the last commit; it is safe when this returns. Returns how many steps.

        Raises:
            StoreFullError: If the disk has no room. The replay is as it was, and this may be called again.
        """
        ring = self._replay.ring
        oldest = ring.written - ring.count
        if oldest > self._written:
            missed = (oldest - self._written) * ring.streams
            self.missed += missed
            self._written = oldest
            self._appender.skip()
            _log.warning("%d steps were overwritten before they were written to disk: update more often", missed)
        before = self._appender.written
        for start, stop in self._appender.parts(ring, self._written, ring.written):
            self._appender.append(ring, start, stop)
            self._written = stop
        return self._appender.written - before

    def close(self) -> None:
        """Commit, and let others write under this name.

        Raises:
            StoreFullError: As in `commit`; nothing is closed then.
        """
        self.commit()
        self._appender.close()
