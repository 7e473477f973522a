"""Work split over threads: compiled kernels that release the interpreter lock, on disjoint ranges."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise


def available_threads() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Crew:
    """A few threads that share a range of work. The calling thread does the last share itself.

    Attributes:
        threads: How many threads work, the caller included.
    """

    def __init__(self, count: int, threads: int) -> None:
        """Split ``count`` pieces of work over at most ``threads`` threads, as evenly as can be."""
        self.threads = max(1, min(threads, count))
        edges = [round(count * i / self.threads) for i in range(self.threads + 1)]
        self._ranges = list(pairwise(edges))
        self._pool: ThreadPoolExecutor | None = None
        self._owner = 0

    def run(self, work: Callable[[int, int], None]) -> None:
        """Call ``work(first, last)`` for every range, and return when all are done."""
        *others, mine = self._ranges
        if not others:
            work(*mine)
            return
        # Threads do not survive a fork; a child process starts its own.
        if self._pool is None or self._owner != os.getpid():
            self._pool, self._owner = ThreadPoolExecutor(len(others)), os.getpid()
        futures = [self._pool.submit(work, *piece) for piece in others]
        work(*mine)
        for future in futures:
            future.result()
