"""Small recordings with every kind of end, and every format to send them through."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from telic.replay.action import ActionSpec
from telic.replay.exchange.hdf5_in import read_hdf5
from telic.replay.exchange.hdf5_out import write_hdf5
from telic.replay.exchange.lerobot_in import read_lerobot
from telic.replay.exchange.lerobot_out import write_lerobot
from telic.replay.exchange.minari_in import read_minari
from telic.replay.exchange.minari_out import write_minari
from telic.replay.exchange.recording import Episode, Recording, Report
from telic.replay.schema import Schema
from telic.replay.signal import Signal

SCHEMA = Schema(
    (
        Signal("position", (3,), "m", "world", "where it is"),
        Signal("clock", (), "s", dtype="float64"),
        Signal("contact", dtype="bool"),
        Signal("feet", (2,), dtype="bool"),
        Signal("ticks", dtype="int16"),
        Signal("rotation", (3, 3), dtype="float16"),
        Signal("lone", (1,), dtype="uint8"),
    ),
    ActionSpec(("left", "right"), "N", low=-2.0, high=(1.0, 3.0), initial=0.5),
)
PLAIN = Schema((Signal("observation", (4,), dtype="float64"),), ActionSpec(("a0",)))

# Length, terminated, truncated: a true end, a time limit, both in one step, and one that is still open.
ENDS = ((5, True, False), (3, False, True), (1, True, True), (2, False, True), (4, False, False))


@dataclass(frozen=True)
class Format:
    """A way out of Telic and back."""

    name: str
    write: Any
    read: Any
    path: str


FORMATS = (
    Format("minari-hdf5", write_minari, read_minari, "set-v0"),
    Format("minari-arrow", lambda *args: write_minari(*args, data_format="arrow"), read_minari, "set-v0"),
    Format("lerobot", lambda *args: write_lerobot(*args, fps=50), read_lerobot, "set"),
    Format("hdf5", write_hdf5, read_hdf5, "set.hdf5"),
)


def random_states(schema, count, rng):
    """States of any values that their types have."""
    found = {}
    for signal in schema.signals:
        shape, dtype = (count, *signal.shape), np.dtype(signal.dtype)
        if dtype.kind == "f":
            found[signal.name] = rng.normal(0.0, 100.0, shape).astype(dtype)
        else:
            limits = np.iinfo(dtype) if dtype.kind in "iu" else None
            low, high = (limits.min, limits.max) if limits else (0, 1)
            found[signal.name] = rng.integers(low, high, shape, endpoint=True).astype(dtype)
    return found


def random_recording(schema=SCHEMA, ends=ENDS, seed=0, rewards=True):
    rng = np.random.default_rng(seed)
    episodes = [
        Episode(
            random_states(schema, steps + 1, rng),
            rng.normal(size=(steps, schema.actions.size)).astype(np.float32),
            terminated,
            truncated,
            rng.normal(size=steps).astype(np.float32) if rewards else None,
        )
        for steps, terminated, truncated in ends
    ]
    return Recording(schema, episodes, Report("random numbers"))


def same_episode(one, other):
    """Whether two episodes are equal to the bit, types included."""
    arrays = [(one.action, other.action), (one.reward, other.reward)]
    arrays += [(one.signals[name], other.signals[name]) for name in one.signals]
    return (
        (one.terminated, one.truncated) == (other.terminated, other.truncated)
        and list(one.signals) == list(other.signals)
        and all(a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in arrays)
    )


@pytest.fixture(autouse=True)
def quiet_minari():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


@pytest.fixture(scope="session")
def recorded():
    """`random_recording`, for test files: a conftest cannot be imported."""
    return random_recording


@pytest.fixture(scope="session")
def schemas():
    return {"mixed": SCHEMA, "plain": PLAIN}


@pytest.fixture(scope="session")
def same():
    return same_episode


@pytest.fixture(scope="session", params=FORMATS, ids=lambda each: each.name)
def form(request):
    return request.param
