"""A store against a list: whatever happens in whatever order, what is read is the steps whose commits survived."""

import os
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telic.replay.store.store import Store

from .conftest import Walk, assert_same

STEP = st.sampled_from([("add", ""), ("add", ""), ("add", ""), ("add", "terminated"), ("add", "truncated")])
EVENT = st.one_of(
    STEP,
    STEP,
    st.sampled_from([("commit",), ("close",), ("crash",), ("reopen",)]),
    st.tuples(st.just("truncate"), st.integers(0, 4000)),
    st.tuples(st.just("flip"), st.integers(0, 4000)),
)


class Run:
    """A store with one writer, and beside it the list of steps by chunk."""

    def __init__(self, path, schema):
        self.path = path
        self.walk = Walk()
        self.commits = [0]
        self.restarts = set()
        self.store = Store.create(path, schema)
        self.reader = Store.open(path)
        self.writer = None

    def add(self, end):
        if self.writer is None:
            self.walk.cut(self.commits[-1])
            self.restarts.add(self.walk.number - 1)
            self.writer = self.store.writer("robot", commit_every=5)
        self.writer.add(*self.walk.step(end))
        self._note()

    def commit(self):
        if self.writer is not None:
            self.writer.commit()
            self._note()

    def close(self):
        if self.writer is not None:
            self.writer.close()
            self._note()
            self.writer = None

    def crash(self):
        """What the death of a process leaves: the lock is free, and nothing was committed or tidied up."""
        if self.writer is not None:
            self.writer._appender._lock.release()
            self.writer = None
            self.walk.cut(self.commits[-1])

    def truncate(self, at):
        self._damage(lambda content: content[: at % len(content)])

    def flip(self, at):
        self._damage(
            lambda content: (
                content[: at % len(content)]
                + bytes([content[at % len(content)] ^ 4])
                + content[at % len(content) + 1 :]
            )
        )

    def reopen(self):
        self.reader = Store.open(self.path)

    def check(self):
        expected = self.walk.steps[: self.commits[-1]]
        self.reader.refresh()
        assert_same(self.reader, expected, self.restarts)
        assert_same(Store.open(self.path), expected, self.restarts)
        memory = self.reader.replay()
        if expected:
            found = memory.read(np.arange(len(expected)))
            np.testing.assert_array_equal(found.action[:, 0], [step["number"] for step in expected])
            np.testing.assert_array_equal(found.terminated, [step["end"] == "terminated" for step in expected])

    def _note(self):
        if self.writer.committed > self.commits[-1]:
            self.commits.append(self.writer.committed)

    def _damage(self, change):
        self.crash()
        chunks = sorted((self.path / "writers/robot").glob("0*.safetensors")) if len(self.commits) > 1 else []
        if chunks:
            chunks[-1].write_bytes(change(chunks[-1].read_bytes()))
            self.commits.pop()
            self.walk.cut(self.commits[-1])
            # What a reader has mapped it has; only who opens the store sees the damage.
            self.reopen()


@pytest.mark.usefixtures("fast_disk")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENT, max_size=40))
def test_any_order_of_writing_crashing_and_damage(events, schema, tmp_path):
    shutil.rmtree(tmp_path / "store", ignore_errors=True)
    run = Run(tmp_path / "store", schema)
    for name, *arguments in events:
        getattr(run, name)(*arguments)
    run.crash()
    run.check()


STREAMS = 3


@pytest.mark.usefixtures("fast_disk")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.lists(st.sampled_from(["", "", "terminated", "truncated"]), min_size=STREAMS, max_size=STREAMS),
        min_size=1,
        max_size=30,
    ),
    commit_every=st.integers(1, 40),
    refresh_every=st.integers(1, 30),
)
def test_streams_side_by_side_are_each_what_was_written_to_them(rows, commit_every, refresh_every, schema, tmp_path):
    shutil.rmtree(tmp_path / "store", ignore_errors=True)
    store = Store.create(tmp_path / "store", schema)
    walks = [Walk() for _ in range(STREAMS)]
    with store.writer("fleet", streams=STREAMS, commit_every=commit_every) as writer:
        for row, ends in enumerate(rows):
            steps = [walk.step(end) for walk, end in zip(walks, ends, strict=True)]
            signals, action, following, terminated, truncated = zip(*steps, strict=True)
            writer.add(
                _stacked(signals), np.stack(action), _stacked(following), np.stack(terminated), np.stack(truncated)
            )
            if row % refresh_every == 0:
                store.refresh()
    store.refresh()
    for reader in (store, Store.open(store.path)):
        for stream, walk in enumerate(walks):
            slots = _slots_of(reader, stream)
            found = reader.read(slots)
            np.testing.assert_array_equal(found.action[:, 0], np.arange(len(rows)))
            np.testing.assert_array_equal(found.terminated, [step["end"] == "terminated" for step in walk.steps])
            np.testing.assert_array_equal(found.truncated, [step["end"] == "truncated" for step in walk.steps])


def _stacked(states):
    return {name: np.stack([state[name] for state in states]) for name in states[0]}


def _slots_of(store, stream):
    episodes = store.episodes
    mine = np.flatnonzero(episodes.stream == stream)
    return np.concatenate([np.arange(episodes.first[i], episodes.first[i] + episodes.length[i]) for i in mine])


def test_the_reference_crashes_as_a_process_does(schema, tmp_path):
    """`Run.crash` leaves the same files as a process that is gone."""
    stores = []
    for name in ("crashed", "killed"):
        run = Run(tmp_path / name, schema)
        child = os.fork() if name == "killed" else 0
        if child == 0:
            for end in ("", "", "terminated", "", "", "", ""):
                run.add(end)
        if name == "killed" and child == 0:
            os._exit(9)
        if child:
            os.waitpid(child, 0)
        else:
            run.crash()
        stores.append(Store.open(tmp_path / name))
        assert not (tmp_path / name / "writers/robot/index.safetensors").exists()
    assert len(stores[0]) == len(stores[1]) == 5
