"""Minari datasets as recordings.

A Minari episode has T + 1 observations for T steps, so every final state is known.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from telic.replay.errors import DtypeError, FileFormatError, ReplayError, SchemaError, ShapeError
from telic.replay.exchange.checks import checked, flags, vector
from telic.replay.exchange.foreign import as_float32, foreign_actions, limits_of
from telic.replay.exchange.recording import Episode, Recording, Report
from telic.replay.exchange.schema_note import KEY, read_note, refuse_other_keys
from telic.replay.exchange.space import Place, from_leaf, key_of, signals_of, value_at
from telic.replay.exchange.steps import Steps, episodes_of
from telic.replay.schema import Schema
from telic.replay.signal import Signal

if TYPE_CHECKING:
    from minari import EpisodeData, MinariDataset

LIBRARY = "Minari datasets need the library: pip install 'telic[data]'"


def read_minari(source: str | Path) -> Recording:
    """Open a Minari dataset.

    Observations of a nested space become one signal for each leaf; observations without a name are the signal
    ``observation``. A dataset that `write_minari` wrote gets its own signals back. Nothing is downloaded, and no
    environment is made.

    Args:
        source: The dataset's folder, or its id in Minari's own folder (``MINARI_DATASETS_PATH``).

    Raises:
        FileNotFoundError: If there is no such dataset on this machine.
        ReplayError: If it cannot be read; also while the episodes are read.
        ImportError: If Minari is not installed.
    """
    folder = _folder(source)
    where = f"Minari dataset {folder.parent}"
    dataset = _open(folder, where)
    report = Report(where)
    observed = signals_of(dataset.observation_space, where)
    schema = read_note(_metadata(folder, where).get(KEY), where)
    if schema is None:
        schema = Schema(tuple(observed.values()), _actions(dataset, where, report))
    else:
        refuse_other_keys(schema, {signal.name for signal in observed.values()}, where)
        places = {signal.name: place for place, signal in observed.items()}
        observed = {places[signal.name]: signal for signal in schema.signals}
    reader = _Reader(dataset, observed, schema, where, report)
    return Recording(schema, reader.episodes(), report)


@dataclass(frozen=True)
class _Reader:
    """Reads the episodes of an open dataset.

    Attributes:
        dataset: The dataset.
        observed: Where each signal is in its observations.
        schema: Of the signals.
        where: The dataset, for messages.
        report: Told what happens.
    """

    dataset: "MinariDataset"
    observed: dict[Place, Signal]
    schema: Schema
    where: str
    report: Report

    def episodes(self) -> Iterator[Episode]:
        """The episodes, checked."""
        steps = 0
        for number, data in enumerate(_read(self.dataset, self.where)):
            for episode in self._episode(data, f"{self.where}, episode {number}"):
                steps += len(episode)
                yield episode
        if steps != self.dataset.total_steps:
            self.report.note(f"metadata.json speaks of {self.dataset.total_steps} steps, the episodes have {steps}")

    def _episode(self, data: "EpisodeData", where: str) -> Iterator[Episode]:
        steps = len(_guarded(lambda: data.rewards, where))
        if data.infos:
            self.report.note(f"infos are not read: {', '.join(sorted(data.infos))}")
        signals = {
            signal.name: self._signal(data, place, signal, steps, where) for place, signal in self.observed.items()
        }
        run = Steps(
            {name: values[:-1] for name, values in signals.items()},
            self._action(data, steps, where),
            flags(data.terminations, "terminations", where, steps),
            flags(data.truncations, "truncations", where, steps),
            as_float32(vector(data.rewards, "rewards", where, steps), "rewards", self.report),
        )
        yield from episodes_of(run, {name: values[-1] for name, values in signals.items()}, self.report)

    def _signal(self, data: "EpisodeData", place: Place, signal: Signal, steps: int, where: str) -> np.ndarray:
        """The states of an episode, (steps + 1, *shape)."""
        key = f"observations/{key_of(place)}"
        value = from_leaf(_guarded(lambda: value_at(data.observations, place), where), signal)
        array = checked(value, key, where, (steps + 1, *signal.shape))
        if array.dtype != signal.dtype:
            raise DtypeError(f"{where}: {key!r} is {array.dtype}, but its space says {signal.dtype}")
        return array

    def _action(self, data: "EpisodeData", steps: int, where: str) -> np.ndarray:
        actions = checked(data.actions, "actions", where, (steps, *(self.dataset.action_space.shape or ())))
        action = as_float32(actions.reshape(steps, -1), "actions", self.report)
        if action.shape[1] != self.schema.actions.size:
            raise ShapeError(f"{where}: 'actions' has {action.shape[1]} numbers, the schema {self.schema.actions.size}")
        return action


def _folder(source: str | Path) -> Path:
    """The folder that holds ``metadata.json``."""
    try:
        from minari.storage import get_dataset_path
    except ImportError as error:
        raise ImportError(LIBRARY, name=error.name) from error
    path = Path(source).expanduser()
    for candidate in (path, path / "data", get_dataset_path(str(source)) / "data"):
        if (candidate / "metadata.json").is_file():
            return candidate.resolve()
    raise FileNotFoundError(
        2, f"there is no Minari dataset here; one of Farama's is fetched with: minari download {source}", str(source)
    )


def _metadata(folder: Path, where: str) -> dict[str, Any]:
    try:
        metadata = json.loads((folder / "metadata.json").read_text())
    except ValueError as error:
        raise FileFormatError(f"{where}: metadata.json is not JSON: {error}") from error
    if not isinstance(metadata, dict):
        raise FileFormatError(f"{where}: metadata.json is not a JSON object")
    return metadata


def _open(folder: Path, where: str) -> "MinariDataset":
    from minari import MinariDataset

    metadata = _metadata(folder, where)
    # Without its spaces Minari would make the environment that the file names: code of unknown origin.
    for key in ("observation_space", "action_space", "data_format", "dataset_id", "minari_version"):
        if not isinstance(metadata.get(key), str):
            raise FileFormatError(f"{where}: metadata.json lacks the text {key!r}")
    return _guarded(lambda: MinariDataset(folder), where)


def _actions(dataset: "MinariDataset", where: str, report: Report) -> Any:
    space = dataset.action_space
    if not isinstance(space, spaces.Box):
        raise SchemaError(f"{where}: the action space is {space}; Telic's actions are vectors of numbers, as in a Box")
    size = int(np.prod(space.shape))
    low, high = space.low.reshape(-1), space.high.reshape(-1)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        low, high = _occurring(dataset, size, where, report)
    return foreign_actions(size, low, high)


def _occurring(dataset: "MinariDataset", size: int, where: str, report: Report) -> tuple[Any, Any]:
    smallest, largest = np.full(size, np.inf), np.full(size, -np.inf)
    for number, episode in enumerate(_read(dataset, where)):
        actions = checked(episode.actions, "actions", f"{where}, episode {number}", (None, *dataset.action_space.shape))
        actions = actions.reshape(len(actions), size)
        smallest = np.minimum(smallest, actions.min(axis=0, initial=np.inf))
        largest = np.maximum(largest, actions.max(axis=0, initial=-np.inf))
    return limits_of(smallest, largest, report) if np.isfinite(smallest).all() else (-1.0, 1.0)


def _read(dataset: "MinariDataset", where: str) -> Iterator["EpisodeData"]:
    """The episodes as Minari gives them; its errors name the file and the episode."""
    episodes = _guarded(dataset.iterate_episodes, where)
    for number in range(dataset.total_episodes):
        episode = _guarded(lambda: next(episodes, None), f"{where}, episode {number}")
        if episode is None:
            raise FileFormatError(f"{where} has {number} episodes, but its metadata.json says {dataset.total_episodes}")
        yield episode


def _guarded(read: Callable[[], Any], where: str) -> Any:
    try:
        return read()
    except ReplayError:
        raise
    # What Minari, h5py and pyarrow raise for a damaged file is many things; each is about the file.
    except (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        reason = error.args[0] if error.args else type(error).__name__
        raise FileFormatError(f"{where} cannot be read: {type(error).__name__}: {reason}") from error
