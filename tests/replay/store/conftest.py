"""Stores of steps that can all be told apart, and a list of what was written to compare them with."""

import os
from dataclasses import dataclass, field

import numpy as np
import pytest

from telic.replay.store.store import Store

FINAL = 0.125


def states_of(numbers):
    """The state with each number, in the schema of `tests/replay/conftest.py`."""
    numbers = np.asarray(numbers, np.float64)
    return {
        "position": (numbers[..., None] + np.array([0.0, 0.25, 0.5])).astype(np.float32),
        "clock": numbers * 1e-3,
        "contact": numbers % 2 == 0,
        "ticks": (numbers * 8).astype(np.int16),
    }


@dataclass
class Walk:
    """A world of one stream whose n-th step leads from state n to state n + 1, or to n + 0.125 at an episode's end."""

    steps: list[dict] = field(default_factory=list)
    episode: int = 0
    number: int = 0

    def step(self, end=""):
        """The arguments of `Writer.add` for one more step, which is put on the list."""
        step = {"number": self.number, "end": end, "episode": self.episode}
        self.steps.append(step)
        self.number += 1
        self.episode += bool(end)
        following = step["number"] + (FINAL if end else 1)
        action = np.full(2, step["number"], np.float32)
        ends = (np.bool_(end == "terminated"), np.bool_(end == "truncated"))
        return (states_of(step["number"]), action, states_of(following), *ends)

    def cut(self, kept):
        """Forget all but the first steps, as a crash does; what comes next belongs to a new episode."""
        del self.steps[kept:]
        self.number = self.steps[-1]["number"] + 1 if self.steps else 0
        self.episode = self.steps[-1]["episode"] + 1 if self.steps else 0


def assert_same(store, steps, started_over=()):
    """A store of one stream holds these steps, each with its next state and its end.

    `started_over` are the numbers of steps after which, if any came, the writer began anew in the middle of an episode.
    """
    assert len(store) == len(steps)
    found = store.read(np.arange(len(store)))
    numbers = np.array([step["number"] for step in steps])
    ends = np.array([step["end"] for step in steps])
    left = np.isin(numbers, list(started_over)) & (numbers != numbers[-1:].max(initial=-1))
    following = numbers + np.where(ends == "", 1.0, FINAL)
    for name, value in states_of(numbers).items():
        np.testing.assert_array_equal(found.signals[name], value, err_msg=name)
    for name, value in states_of(following).items():
        np.testing.assert_array_equal(found.next_signals[name], value, err_msg=f"next {name}")
    np.testing.assert_array_equal(found.action, np.repeat(numbers[:, None], 2, axis=1))
    np.testing.assert_array_equal(found.terminated, ends == "terminated")
    np.testing.assert_array_equal(found.truncated, (ends == "truncated") | left)


def tree(folder):
    """Every file of a folder with its content and its time, and every folder with its time."""
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in [folder, *folder.rglob("*")]
    }


@pytest.fixture
def walk_on():
    return Walk()


@pytest.fixture
def store(tmp_path, schema):
    return Store.create(tmp_path / "store", schema)


@pytest.fixture
def fast_disk(monkeypatch):
    """No waiting for the disk: for tests that commit often and never lose power."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
