"""How a LeRobotDataset v3.0 lies in its folder, and what of Telic lies beside it.

    meta/info.json                               features, frames per second, totals
    meta/stats.json                              statistics of each feature
    meta/tasks.parquet                           the sentences of the tasks
    meta/episodes/chunk-000/file-000.parquet     one row per episode: length, place in the data, statistics
    data/chunk-000/file-000.parquet              one row per step, many episodes to a file

The format has one row per step and none for the state after the last one, and one mark ``next.done`` for every kind of
end. So Telic adds two columns, ``next.terminated`` and ``next.truncated``, which any reader shows or ignores, and two
files of its own: ``meta/telic.json`` (the schema) and ``meta/final_observations.parquet`` (one row per ended or open
episode: the observation after its last step).

Source: lerobot 0.4.4, ``lerobot.datasets.utils`` and ``lerobot.datasets.lerobot_dataset``.
"""

from collections.abc import Mapping
from typing import Any

from telic.replay.exchange.foreign import OBSERVATION
from telic.replay.schema import Schema
from telic.replay.signal import Signal

LIBRARY = "LeRobot datasets need the library: pip install 'telic[data]'"
VERSION = "v3.0"

INFO = "meta/info.json"
STATS = "meta/stats.json"
TASKS = "meta/tasks.parquet"
EPISODES = "meta/episodes/chunk-000/file-000.parquet"
DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
NOTE = "meta/telic.json"
FINALS = "meta/final_observations.parquet"

CHUNK_FILES = 1000
FILE_MB = 100

PREFIX = "observation."
ACTION = "action"
REWARD = "next.reward"
DONE = "next.done"
TERMINATED = "next.terminated"
TRUNCATED = "next.truncated"
SUCCESS = "next.success"

# What every dataset has, whatever it is of.
BOOKKEEPING = {
    "timestamp": "float32",
    "frame_index": "int64",
    "episode_index": "int64",
    "index": "int64",
    "task_index": "int64",
}


def key_of(name: str) -> str:
    """The feature that holds a signal; LeRobot's policies look for ``observation.state`` first."""
    return f"{PREFIX}{'state' if name == OBSERVATION else name}"


def features_of(schema: Schema, with_reward: bool) -> dict[str, dict[str, Any]]:
    """The features of a recording, as ``info.json`` lists them."""
    observed = {key_of(signal.name): _feature(signal.dtype, signal.shape) for signal in schema.signals}
    flags = dict.fromkeys((DONE, TERMINATED, TRUNCATED), "bool")
    return {
        **observed,
        ACTION: _feature("float32", (schema.actions.size,), schema.actions.names),
        **{key: _feature(dtype) for key, dtype in ({REWARD: "float32"} if with_reward else {}).items()},
        **{key: _feature(dtype) for key, dtype in {**flags, **BOOKKEEPING}.items()},
    }


def _feature(dtype: str, shape: tuple[int, ...] = (), names: tuple[str, ...] | None = None) -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape or (1,)), "names": list(names) if names else None}


def stored_shape(signal: Signal) -> tuple[int, ...]:
    """The shape of a signal in this format, which has no scalars."""
    return signal.shape or (1,)


def shape_in(features: Mapping[str, Any], key: str) -> tuple[int, ...]:
    """The shape of a feature."""
    return tuple(features[key]["shape"])
