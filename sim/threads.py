"""Work split over threads: compiled kernels that release the interpreter lock, on disjoint ranges."""

import os
from collections.abc import Callable
from itertools import pairwise
from queue import SimpleQueue
from threading import Thread

Work = Callable[[int, int], None]


def available_threads() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Crew:
    """A few threads that share a range of work. The calling thread does the first share itself.

    Attributes:
        threads: How many threads work, the caller included.
    """

    def __init__(self, count: int, threads: int) -> None:
        """Split ``count`` pieces of work over at most ``threads`` threads, as evenly as can be."""
        self.threads = max(1, min(threads, count))
        edges = [round(count * i / self.threads) for i in range(self.threads + 1)]
        self._mine, *self._others = pairwise(edges)
        self._workers: list[_Worker] = []
        self._owner = 0

    def run(self, work: Work) -> None:
        """Call ``work(first, last)`` for every range, and return when all are done.

        Raises:
            Exception: What ``work`` raised; of several, the one of the first range.
        """
        if not self._others:
            work(*self._mine)
            return
        # Threads do not survive a fork; a child process starts its own.
        if self._owner != os.getpid():
            self._workers, self._owner = [_Worker() for _ in self._others], os.getpid()
        for worker, piece in zip(self._workers, self._others, strict=True):
            worker.start(work, *piece)
        errors: list[BaseException | None] = []
        try:
            work(*self._mine)
        finally:
            errors = [worker.finish() for worker in self._workers]
        for error in errors:
            if error is not None:
                raise error

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
