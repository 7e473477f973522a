"""Recordings as HDF5 files in the style of D4RL."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from telic.replay.errors import ReplayError, StaleColumnError
from telic.replay.exchange.foreign import OBSERVATION
from telic.replay.exchange.hdf5_in import LIBRARY
from telic.replay.exchange.memory import closed
from telic.replay.exchange.recording import Episode, Recording, Report
from telic.replay.exchange.schema_note import KEY
from telic.replay.exchange.steps import last_marked
from telic.replay.exchange.unfinished import unfinished

if TYPE_CHECKING:
    import h5py

_CHUNK_STEPS = 4096
_BLOCK_STEPS = 65536


def write_hdf5(recording: Recording, path: str | Path) -> Report:
    """Write an HDF5 file.

    ``observations`` and ``next_observations`` are arrays where the only signal is ``observation``, else groups with one
    array for each signal. The format separates episodes by their end marks alone, so an episode that is still open is
    marked as a timeout, unless it is the last.

    Args:
        recording: Its episodes must have rewards.
        path: The file.

    Raises:
        ReplayError: If an episode has no rewards, there is none, or there is something at the path.
        ImportError: If h5py is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise ImportError(LIBRARY, name=error.name) from error
    report = recording.report
    with unfinished(Path(path).expanduser()) as beside, h5py.File(beside, "x") as file:
        file.attrs[KEY] = recording.schema.to_json()
        waiting: list[dict[str, np.ndarray]] = []
        written = 0
        for number, episode in enumerate(closed(recording, report)):
            waiting.append(_rows(episode, recording.schema.names, number))
            if report.transitions - written >= _BLOCK_STEPS:
                _append(file, waiting)
                waiting, written = [], report.transitions
        if waiting:
            _append(file, waiting)
        if not report.transitions:
            raise ReplayError("there is no episode to write")
    return report


def _rows(episode: Episode, names: tuple[str, ...], number: int) -> dict[str, np.ndarray]:
    """The datasets' new rows."""
    if episode.reward is None:
        raise StaleColumnError(f"episode {number} has no rewards, and D4RL's files need them: name a reward column")
    keys = {name: "" if names == (OBSERVATION,) else f"/{name}" for name in names}
    return {
        **{f"observations{key}": episode.signals[name][:-1] for name, key in keys.items()},
        **{f"next_observations{key}": episode.signals[name][1:] for name, key in keys.items()},
        "actions": episode.action,
        "rewards": episode.reward,
        "terminals": last_marked(len(episode), episode.terminated),
        "timeouts": last_marked(len(episode), episode.truncated),
    }


def _append(file: "h5py.File", parts: Sequence[Mapping[str, np.ndarray]]) -> None:
    """Write some episodes together: each call of the library costs as much as copying thousands of rows."""
    import h5py

    for key in parts[0]:
        values = np.concatenate([part[key] for part in parts])
        if key not in file:
            chunks = (_CHUNK_STEPS, *values.shape[1:])
            file.create_dataset(key, data=values, maxshape=(None, *values.shape[1:]), chunks=chunks)
            continue
        dataset = file[key]
        assert isinstance(dataset, h5py.Dataset)
        dataset.resize(len(dataset) + len(values), axis=0)
        dataset[-len(values) :] = values
