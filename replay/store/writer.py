"""A writer: one process, or one robot, that appends to a store."""

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any

import numpy as np

from telic.replay.errors import ShapeError
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.replay.store.appender import Appender
from telic.replay.store.errors import RateLimitError, StoreFullError
from telic.replay.store.limiter import RateLimiter

_log = logging.getLogger(__name__)


def default_commit(streams: int) -> int:
    """Steps between two commits: few enough to lose, and enough of each stream that a chunk is not made of ends."""
    return max(1024, 128 * streams)


class Writer:
    """Appends the steps of some parallel streams to a store.

    Steps are gathered in memory. A commit puts them on disk as one chunk: what `commit` has returned for survives
    the death of the process and of the machine. Commits also happen by themselves after so many steps, and at the
    close. If the disk is full the steps stay in memory as long as they fit, then `add` refuses new ones; it goes on
    when there is room again.
    """

    def __init__(
        self,
        appender: Appender,
        schema: Schema,
        streams: int,
        commit_every: int,
        limiter: RateLimiter | None = None,
    ) -> None:
        """Begin to write; `Store.writer` does this."""
        self._appender = appender
        self._schema = schema
        self._limiter = limiter
        self._buffer = Replay(schema, max(commit_every, streams), streams)
        self._committed = 0
        self._commit_rows = self._buffer.ring.rows

    @property
    def committed(self) -> int:
        """How many steps of this writer's name are safe on disk, those of earlier processes included."""
        return self._appender.written

    @property
    def pending(self) -> int:
        """How many steps wait for the next commit."""
        return self._waiting * self._buffer.num_streams

    def episode(self, *, stream: int | None = None, **tags: str | float | bool) -> None:
        """Say what the steps from the next one on belong to, until it is said otherwise.

        Args:
            stream: The stream that is meant; all of them by default.
            tags: Any. The ones that others know: ``source`` (who acted), ``task``, ``seed``, ``policy_version``,
                ``intervention`` (whether a person took over).

        Raises:
            ReplayError: If a value is not a string, a number or a truth value.
        """
        self._appender.tag(tags, self._buffer.ring.written, stream)

    def add(
        self,
        signals: Mapping[str, Any],
        action: Any,
        next_signals: Mapping[str, Any],
        terminated: Any,
        truncated: Any,
        *,
        skip: Any = None,
    ) -> None:
        """Take one step of all streams, as `Replay.add` does; a writer of one stream may leave out the stream axis.

        Raises:
            ReplayError: As in `Replay.add`, or because the disk is full and so is the memory. The step is not taken
                then, and may be added again.
        """
        if self._buffer.num_streams == 1 and np.ndim(action) == 1:
            signals, next_signals = _with_axis(signals), _with_axis(next_signals)
            action, terminated, truncated = (np.asarray(value)[None] for value in (action, terminated, truncated))
        self._make_room(1)
        self._buffer.add(signals, action, next_signals, terminated, truncated, skip=skip)
        self._commit_if_due()

    def add_window(
        self,
        signals: Mapping[str, Any],
        action: Any,
        final_signals: Mapping[str, Any],
        terminated: Any,
        truncated: Any,
    ) -> None:
        """Take T steps of all streams, as `Replay.add_window` does.

        Raises:
            ReplayError: As in `add`.
        """
        self._make_room(len(terminated))
        self._buffer.add_window(signals, action, final_signals, terminated, truncated)
        self._commit_if_due()

    def add_episode(self, signals: Mapping[str, Any], action: Any, *, terminated: bool) -> None:
        """Take one whole episode; for a writer of one stream.

        Args:
            signals: States, (T + 1, *shape) per signal; the last is the final one.
            action: (T, actuators) float32.
            terminated: Whether it ended for good. If not, it was truncated.

        Raises:
            ReplayError: As in `add`.
        """
        if self._buffer.num_streams != 1 or len(action) == 0:
            raise ShapeError(
                f"add_episode takes at least one step of the one stream of a writer, got {len(action)} steps for "
                f"{self._buffer.num_streams} streams"
            )
        end = np.zeros((len(action), 1), np.bool_)
        end[-1] = True
        states = {name: np.asarray(value)[:, None] for name, value in signals.items()}
        final = {name: value[-1] for name, value in states.items()}
        action = np.asarray(action)[:, None]
        self.add_window(states, action, final, end & terminated, end & (not terminated))

    def truncate_open(self) -> None:
        """End every open episode where it stands, as `Replay.truncate_open` does."""
        self._buffer.truncate_open()

    def commit(self) -> None:
        """Put all steps that wait on disk; they are safe when this returns.

        Raises:
            StoreFullError: If the disk has no room. What waits still waits.
            RateLimitError: If the readers did not catch up within the limiter's time.
        """
        ring = self._buffer.ring
        for start, stop in self._appender.parts(ring, self._committed, ring.written):
            with self._limited((stop - start) * ring.streams):
                self._appender.append(ring, start, stop)
            self._committed = stop

    def close(self) -> None:
        """Commit, and let others write under this name.

        Raises:
            ReplayError: As in `commit`; the writer stays open then.
        """
        self.commit()
        self._appender.close()

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _limited(self, steps: int) -> AbstractContextManager[None]:
        return nullcontext() if self._limiter is None else self._limiter.inserting(steps)

    @property
    def _waiting(self) -> int:
        """Rows that wait for the next commit."""
        return self._buffer.ring.written - self._committed

    def _make_room(self, rows: int) -> None:
        """Make sure that so many rows fit without overwriting any that wait."""
        if self._waiting + rows > self._buffer.ring.rows and self._waiting:
            self.commit()
        if rows > self._buffer.ring.rows:
            self._buffer = _larger(self._buffer, rows)

    def _commit_if_due(self) -> None:
        if self._waiting < self._commit_rows:
            return
        try:
            self.commit()
        except (StoreFullError, RateLimitError) as error:
            # The step itself was taken. The next one is refused unless the commit that it needs succeeds.
            _log.warning("%d steps wait in memory: %s", self.pending, error)


def _with_axis(signals: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.asarray(value)[None] for name, value in signals.items()}


def _larger(buffer: Replay, rows: int) -> Replay:
    """An empty buffer of more rows whose streams go on where those of another one stand."""
    larger = Replay(buffer.schema, rows * buffer.num_streams, buffer.num_streams)
    larger.ring.continue_from(buffer.ring)
    return larger
