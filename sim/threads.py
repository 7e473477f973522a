"""Work split over threads: compiled kernels that release the interpreter lock, on disjoint ranges."""

import os
from collections.abc import Callable
from itertools import pairwise
from queue import SimpleQueue
from threading import Thread
from time import perf_counter

Work = Callable[[int, int], None]


def available_threads() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Crew:
    """A few threads that share a range of work. The calling thread does the first share itself.

    A sleeping thread needs tens of microseconds to wake up, on virtual machines above all. The calling thread therefore
    takes a larger share, so much that it does not have to wait: found by watching how long it waited the last times.

    Attributes:
        threads: How many threads work, the caller included.
    """

    def __init__(self, count: int, threads: int) -> None:
        """Split ``count`` pieces of work over at most ``threads`` threads."""
        self.threads = max(1, min(threads, count))
        self._count = count
        self._extra = 0.0
        self._workers: list[_Worker] = []
        self._owner = 0

    def run(self, work: Work) -> None:
        """Call ``work(first, last)`` for ranges that make up 0...count, and return when all are done.

        Raises:
            Exception: What ``work`` raised; of several, the one of the first range.
        """
        if self.threads == 1:
            work(0, self._count)
            return
        # Threads do not survive a fork; a child process starts its own.
        if self._owner != os.getpid():
            self._workers, self._owner = [_Worker() for _ in range(self.threads - 1)], os.getpid()
        mine, *others = self._ranges()
        start = perf_counter()
        for worker, piece in zip(self._workers, others, strict=True):
            worker.start(work, *piece)
        errors: list[BaseException | None] = []
        try:
            work(*mine)
        finally:
            done = perf_counter()
            errors = [worker.finish() for worker in self._workers]
        for error in errors:
            if error is not None:
                raise error
        self._balance((perf_counter() - done) / (done - start))

    def _ranges(self) -> list[tuple[int, int]]:
        """Split the work, with an extra share for the first."""
        even = self._count / self.threads
        edge = min(round(even * (1.0 + self._extra)), self._count)
        rest = (self._count - edge) / (self.threads - 1)
        edges = [0, *(round(edge + rest * i) for i in range(self.threads))]
        return list(pairwise(edges))

    def _balance(self, waited: float) -> None:
        """Move the shares a little, towards a wait of 2 % of the caller's own work."""
        self._extra = min(max(self._extra + 0.1 * min(waited - 0.02, 0.2), 0.0), 0.5)

    def __del__(self) -> None:
        if self._owner == os.getpid():
            for worker in self._workers:
                worker.stop()


class _Worker:
    """A thread that waits for work; cheaper to wake than a pool, which matters many thousand times per second."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[tuple[Work, int, int] | None] = SimpleQueue()
        self._results: SimpleQueue[BaseException | None] = SimpleQueue()
        Thread(target=_serve, args=(self._tasks, self._results), daemon=True).start()

    def start(self, work: Work, first: int, last: int) -> None:
        self._tasks.put((work, first, last))

    def finish(self) -> BaseException | None:
        """Wait for the work, and return what it raised."""
        return self._results.get()

    def stop(self) -> None:
        self._tasks.put(None)


def _serve(tasks: "SimpleQueue[tuple[Work, int, int] | None]", results: "SimpleQueue[BaseException | None]") -> None:
    while (task := tasks.get()) is not None:
        work, first, last = task
        try:
            work(first, last)
        except BaseException as error:  # It is raised again in the calling thread.
            results.put(error)
        else:
            results.put(None)
        # The closure holds the arrays of a world, which must not outlive it while this thread waits.
        del task, work
