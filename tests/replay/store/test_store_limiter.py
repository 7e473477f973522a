"""Writers and learners keep pace, in one process and in several."""

import os
import threading

import numpy as np
import pytest

from telic.replay.errors import ReplayError
from telic.replay.store.errors import RateLimitError, StoreFullError
from telic.replay.store.file_counts import FileCounts
from telic.replay.store.limiter import RateLimiter

from .conftest import Walk


def insert(limiter, steps):
    with limiter.inserting(steps):
        pass


def sample(limiter, steps):
    with limiter.sampling(steps):
        pass


def test_nobody_samples_before_enough_is_inserted():
    limiter = RateLimiter(2.0, min_size=10, tolerance=20, timeout_s=0)
    insert(limiter, 9)
    with pytest.raises(RateLimitError, match="9 were inserted and 0 sampled"):
        sample(limiter, 1)
    insert(limiter, 1)
    sample(limiter, 1)


def test_each_side_gets_no_further_ahead_than_the_tolerance():
    # ahead = 2 * (inserts - 10) - samples lies within 20 of zero.
    limiter = RateLimiter(2.0, min_size=10, tolerance=20, timeout_s=0)
    for _ in range(20):
        insert(limiter, 1)
    with pytest.raises(RateLimitError, match="to insert 1 steps"):
        insert(limiter, 1)
    for _ in range(8):
        sample(limiter, 5)
    with pytest.raises(RateLimitError, match="to sample 1 steps"):
        sample(limiter, 1)
    insert(limiter, 10)
    sample(limiter, 20)


def test_what_can_never_be_allowed_is_refused_at_once():
    limiter = RateLimiter(2.0, min_size=1, tolerance=20)
    with pytest.raises(RateLimitError, match="tolerance"):
        insert(limiter, 11)
    with pytest.raises(RateLimitError, match="tolerance"):
        sample(limiter, 21)
    with pytest.raises(ReplayError, match="positive"):
        RateLimiter(0.0, min_size=1, tolerance=1)


def test_what_failed_is_not_counted():
    limiter = RateLimiter(1.0, min_size=1, tolerance=5, timeout_s=0)
    for _ in range(9):
        with pytest.raises(StoreFullError), limiter.inserting(5):
            raise StoreFullError("full")
    insert(limiter, 5)


def test_threads_are_held_at_the_ratio():
    limiter = RateLimiter(4.0, min_size=8, tolerance=16, timeout_s=20.0)
    ahead = []

    def write():
        for _ in range(100):
            with limiter.inserting(2):
                pass

    def learn():
        for _ in range(96):
            with limiter.sampling(8):
                inserts, samples = limiter._counts.read()
                ahead.append(4.0 * (inserts - 8) - samples)

    threads = [threading.Thread(target=work) for work in (write, learn)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ahead) == 96
    assert min(ahead) >= -16
    assert max(ahead) <= 16


def test_counts_are_shared_by_processes_and_survive_them(tmp_path):
    learner = FileCounts(tmp_path, "learner")
    learner.add(0, 7)
    for _ in range(2):
        child = os.fork()
        if child == 0:
            FileCounts(tmp_path, "writer").add(5, 0)
            os._exit(0)
        os.waitpid(child, 0)
    assert learner.read() == (10, 7)
    assert FileCounts(tmp_path, "other").read() == (10, 7)
    learner.close()


def test_a_writer_waits_for_the_learner_and_loses_nothing(store, tmp_path):
    limiter = RateLimiter(1.0, 4, tolerance=8, timeout_s=0, counts=FileCounts(tmp_path / "counts", "writer"))
    walk = Walk()
    writer = store.writer("robot", commit_every=4, limiter=limiter)
    for _ in range(16):
        writer.add(*walk.step())
    assert (writer.committed, writer.pending) == (12, 4)
    step = walk.step()
    with pytest.raises(RateLimitError, match="is the other side still running"):
        writer.add(*step)
    learner = RateLimiter(1.0, 4, tolerance=8, timeout_s=0, counts=FileCounts(tmp_path / "counts", "learner"))
    sample(learner, 4)
    writer.add(*step)
    sample(learner, 1)
    writer.close()
    store.refresh()
    np.testing.assert_array_equal(store.read(np.arange(len(store))).action[:, 0], np.arange(17))
