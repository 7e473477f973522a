"""Several processes write while another reads: every step arrives once, and as it was written."""

import os
import signal
import time

import numpy as np
import pytest

from telic.replay.replay import Replay
from telic.replay.store.store import Store

from .conftest import states_of

WRITERS = 4
# Steps of one episode, and of one call.
LENGTH, WINDOW = 20, 30


def write(store, which, steps, commit_every):
    """Step n of writer w is number 8 n + w, so that every step tells where it belongs."""
    with store.writer(f"writer-{which}", commit_every=commit_every) as writer:
        for first in range(0, steps, WINDOW):
            numbers = np.arange(first, min(first + WINDOW, steps) + 1)[:, None]
            ends = numbers[:-1] % LENGTH == LENGTH - 1
            values = 8 * numbers + which
            action = np.repeat(values[:-1, :, None], 2, axis=2).astype(np.float32)
            writer.add_window(small(values), action, small(values[:-1][ends] + 4), ends, np.zeros_like(ends))


def small(values):
    """States that hold the numbers exactly, in all types of the schema."""
    return states_of(values) | {"ticks": (values % 30011).astype(np.int16)}


def check(store, steps, commit_every):
    children = []
    for which in range(WRITERS):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                write(store, which, steps, commit_every)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    replay = Replay(store.schema, WRITERS * steps)
    follower = store.follow(replay)
    seen = np.zeros(8 * steps + 8, np.int64)
    alive = set(children)
    while alive:
        # Once more after the last one has ended.
        alive = {child for child in alive if not ended(child)}
        time.sleep(0.005)
        before = len(store)
        follower.update()
        seen += count(store.read(np.arange(before, len(store))), len(seen))
    expected = np.zeros(len(seen), np.int64)
    for which in range(WRITERS):
        expected[8 * np.arange(steps) + which] = 1
    np.testing.assert_array_equal(seen, expected)
    np.testing.assert_array_equal(count(replay.read(np.arange(len(replay))), len(seen)), expected)
    again = Store.open(store.path)
    np.testing.assert_array_equal(count(again.read(np.arange(len(again))), len(seen)), expected)
    assert again.episodes.length.max() == LENGTH
    assert again.problems == ()


def ended(child):
    done, status = os.waitpid(child, os.WNOHANG)
    assert status == 0
    return done == child


def count(found, size):
    """How often each number is there, after comparing every part of its transition with the number."""
    numbers = np.rint(found.signals["clock"] * 1e3).astype(np.int64)
    following = np.where(found.terminated, numbers + 4, numbers + 8)
    assert (found.terminated == (numbers // 8 % LENGTH == LENGTH - 1)).all()
    for expected, states in ((numbers, found.signals), (following, found.next_signals)):
        for name, value in small(expected).items():
            np.testing.assert_array_equal(states[name], value)
    np.testing.assert_array_equal(found.action, np.repeat(numbers[:, None], 2, axis=1))
    return np.bincount(numbers, minlength=size)


def test_four_writers_and_a_reader(store):
    check(store, 1_000, 150)


@pytest.mark.slow
def test_four_writers_and_a_reader_of_a_million_transitions(store):
    check(store, 250_000, 4096)


def test_what_a_killed_writer_had_committed_is_all_there(store):
    told, report = os.pipe()
    child = os.fork()
    if child == 0:
        with store.writer("writer-0", commit_every=50) as writer:
            values = 8 * np.arange(31)[:, None]
            ends = np.zeros((30, 1), bool)
            while True:
                action = np.repeat(values[:-1, :, None], 2, axis=2).astype(np.float32)
                writer.add_window(small(values), action, small(values[:0, 0]), ends, ends)
                values += 8 * 30
                os.write(report, writer.committed.to_bytes(8, "little"))
    os.close(report)
    committed = b""
    while len(committed) < 80:
        committed += os.read(told, 8)
    time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    committed += os.read(told, 1 << 16)
    committed = int.from_bytes(committed[len(committed) // 8 * 8 - 8 :][:8], "little")
    store.refresh()
    assert len(store) >= committed > 0
    np.testing.assert_array_equal(store.read(np.arange(len(store))).signals["clock"], 8e-3 * np.arange(len(store)))
