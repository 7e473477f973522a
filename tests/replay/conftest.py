"""A small world of mixed types, and rewards of it, for the replay's tests."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from telic.replay.action import ActionSpec
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.replay.signal import Signal


@dataclass
class Place:
    """A reward that reads the state, the next state, the action and the end; it remembers how many rows it scored."""

    weight: float = 0.5
    scored: list[int] = field(default_factory=list)

    @property
    def fingerprint(self):
        return f"place-{self.weight}"

    @property
    def inputs(self):
        return ("position", "next_position", "action", "terminated")

    def terms(self, inputs):
        self.scored.append(len(inputs["terminated"]))
        return {
            "here": np.float32(self.weight) * inputs["position"][..., 0],
            "there": inputs["next_position"][..., 1],
            "effort": -np.square(inputs["action"]).sum(axis=-1),
            "end": np.float32(-3.0) * inputs["terminated"],
        }


class Line:
    """Signals of some streams for which every value can be told from every other, made by a counter."""

    def __init__(self, streams):
        self.streams = streams
        self.counter = 0

    def states(self, count=None):
        """New, distinct states."""
        numbers = np.arange(self.counter, self.counter + (count or self.streams))
        self.counter = int(numbers[-1]) + 1 if len(numbers) else self.counter
        return states_of(numbers)


def states_of(numbers):
    position = (numbers[:, None] + np.array([0.0, 0.25, 0.5])).astype(np.float32)
    return {
        "position": position,
        "clock": numbers * 1e-3,
        "contact": numbers % 2 == 0,
        "ticks": numbers.astype(np.int16),
    }


@pytest.fixture(scope="session")
def schema():
    return Schema(
        (
            Signal("position", (3,), "m", "world"),
            Signal("clock", (), "s", dtype="float64"),
            Signal("contact", dtype="bool"),
            Signal("ticks", dtype="int16"),
        ),
        ActionSpec(("left", "right")),
    )


@pytest.fixture
def place():
    return Place()


@pytest.fixture(scope="session")
def make_place():
    return Place


@pytest.fixture(scope="session")
def make_line():
    return Line


@pytest.fixture(scope="session")
def walk(schema):
    """A replay of `streams` walked for `steps` steps; streams end at the given (step, stream): kind."""

    def run(capacity, streams, steps, ends=None, replay=None):
        replay = Replay(schema, capacity, streams) if replay is None else replay
        line = Line(streams)
        state = line.states()
        for step in range(steps):
            following = line.states()
            terminated, truncated = np.zeros((2, streams), bool)
            for (at, stream), kind in (ends or {}).items():
                if at == step:
                    (terminated if kind == "terminated" else truncated)[stream] = True
            replay.add(state, np.full((streams, 2), step, np.float32), following, terminated, truncated)
            restart = line.states()
            done = terminated | truncated
            state = {name: np.where(_like(done, now), restart[name], now) for name, now in following.items()}
        return replay

    return run


def _like(mask, value):
    return mask.reshape(mask.shape + (1,) * (value.ndim - 1))
