"""The rate limiter: learners and writers keep pace with each other."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from telic.replay.errors import ReplayError
from telic.replay.store.errors import RateLimitError

_FIRST_NAP_S = 0.001
_LONGEST_NAP_S = 0.02


class Counts(Protocol):
    """How much was inserted and sampled so far, by everybody."""

    def read(self) -> tuple[int, int]:
        """Steps inserted, steps sampled."""
        ...

    def add(self, inserts: int, samples: int) -> None:
        """Count what the caller did."""
        ...


class MemoryCounts:
    """Counts of one process."""

    def __init__(self) -> None:
        """Nothing so far."""
        self._inserts = self._samples = 0

    def read(self) -> tuple[int, int]:
        """Steps inserted, steps sampled."""
        return self._inserts, self._samples

    def add(self, inserts: int, samples: int) -> None:
        """Count what the caller did."""
        self._inserts += inserts
        self._samples += samples


class RateLimiter:
    """Holds the number of sampled steps near a multiple of the number of inserted ones.

    Of two sides that run at their own pace the faster one waits. With ``ahead = samples_per_insert * (inserts -
    min_size) - samples``, an insert may bring `ahead` up to `tolerance`, a sample may bring it down to `-tolerance`,
    and nobody samples before `min_size` steps are there. Threads of one process are counted exactly; writers in
    different processes that look at the same moment may together exceed the tolerance by one commit each.

    Source: Cassirer et al., Reverb: A Framework for Experience Replay (2021), section 3.3, SampleToInsertRatio.
    """

    def __init__(
        self,
        samples_per_insert: float,
        min_size: int,
        tolerance: float,
        *,
        timeout_s: float | None = None,
        counts: Counts | None = None,
    ) -> None:
        """Say how the sides are to keep pace.

        Args:
            samples_per_insert: How often each step is sampled on average.
            min_size: Steps to insert before anything is sampled.
            tolerance: How many sampled steps one side may be ahead of the other; at least as many as one commit or one
                batch is worth.
            timeout_s: How long to wait for the other side; without an end by default.
            counts: Where the counts are; in this process by default, and in files with `FileCounts`.

        Raises:
            ReplayError: If a number is out of range.
        """
        if not samples_per_insert > 0 or min_size < 1 or not tolerance > 0:
            raise ReplayError(
                f"samples_per_insert {samples_per_insert}, min_size {min_size}, tolerance {tolerance}; all must be "
                "positive"
            )
        self.samples_per_insert = samples_per_insert
        self.min_size = min_size
        self.tolerance = tolerance
        self.timeout_s = timeout_s
        self._counts = MemoryCounts() if counts is None else counts
        self._lock = threading.Lock()

    @contextmanager
    def inserting(self, steps: int) -> Iterator[None]:
        """Wait until so many steps may be inserted, and count them; they are not counted if the block raises.

        Raises:
            RateLimitError: If the time is over, or so many steps can never be inserted at once.
        """
        with self._counted(steps, 0):
            yield

    @contextmanager
    def sampling(self, steps: int) -> Iterator[None]:
        """Wait until so many steps may be sampled, and count them; they are not counted if the block raises.

        Raises:
            RateLimitError: If the time is over, or so many steps can never be sampled at once.
        """
        with self._counted(0, steps):
            yield

    @contextmanager
    def _counted(self, inserts: int, samples: int) -> Iterator[None]:
        self._wait(inserts, samples)
        try:
            yield
        except BaseException:
            self._counts.add(-inserts, -samples)
            raise

    def _wait(self, inserts: int, samples: int) -> None:
        if max(inserts * self.samples_per_insert, samples) > self.tolerance:
            raise RateLimitError(
                f"{inserts or samples} steps at once exceed the tolerance of {self.tolerance} sampled steps at "
                f"{self.samples_per_insert} samples per insert: raise it, or commit and sample fewer at a time"
            )
        start = time.monotonic()
        nap = _FIRST_NAP_S
        while not self._count_if_allowed(inserts, samples):
            if self.timeout_s is not None and time.monotonic() - start >= self.timeout_s:
                inserted, sampled = self._counts.read()
                raise RateLimitError(
                    f"waited {self.timeout_s} s to {'insert' if inserts else 'sample'} {inserts or samples} steps: "
                    f"{inserted} were inserted and {sampled} sampled, at {self.samples_per_insert} samples per insert "
                    f"from {self.min_size} steps on; is the other side still running?"
                )
            time.sleep(nap)
            nap = min(2 * nap, _LONGEST_NAP_S)

    def _count_if_allowed(self, inserts: int, samples: int) -> bool:
        with self._lock:
            allowed = self._allowed(inserts, samples)
            if allowed:
                self._counts.add(inserts, samples)
            return allowed

    def _allowed(self, inserts: int, samples: int) -> bool:
        inserted, sampled = self._counts.read()
        ahead = self.samples_per_insert * (inserted + inserts - self.min_size) - sampled - samples
        if inserts:
            return inserted + inserts <= self.min_size or ahead <= self.tolerance
        return inserted >= self.min_size and ahead >= -self.tolerance
