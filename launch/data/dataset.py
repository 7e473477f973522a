"""A dataset that is open for looking: whatever its kind, a replay of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from telic.launch.data import kinds
from telic.launch.errors import UserError
from telic.replay.exchange.disk import recording_of_store
from telic.replay.exchange.hdf5_in import read_hdf5
from telic.replay.exchange.lerobot_in import read_lerobot
from telic.replay.exchange.memory import recording_of, replay_of
from telic.replay.exchange.minari_in import read_minari
from telic.replay.exchange.recording import Episode, Recording, Report
from telic.replay.exchange.sb3_in import refuse_pickle
from telic.replay.replay import Replay
from telic.replay.reward import Reward
from telic.replay.store.store import Store

News = Callable[[str], None]


@dataclass(frozen=True)
class Dataset:
    """A dataset.

    Attributes:
        path: Where it lies.
        kind: One of `kinds`.
        replay: All of it; mapped from the files if it is a store.
        about: What its maker said of it.
        store: The store, if it is one.
        report: What reading it left out, if it is another library's.
    """

    path: Path
    kind: str
    replay: Replay
    about: Mapping[str, Any] = field(default_factory=dict)
    store: Store | None = None
    report: Report | None = None

    def recording(self, reward: Reward | str | None) -> Recording:
        """Its episodes, with the rewards of a column or of a reward."""
        if self.store is not None:
            return recording_of_store(self.store, reward)
        recording = recording_of(self.replay, reward, str(self.path))
        return replace(recording, about=self.about)


def open_dataset(path: Path, news: News) -> Dataset:
    """Open a dataset of any kind.

    Args:
        path: Where it lies.
        news: Told how far reading has come.

    Raises:
        UserError: If there is none.
        ReplayError: If it cannot be read.
    """
    kind = kinds.kind_or_refuse(path)
    if kind == kinds.STORE:
        store = Store.open(path)
        return Dataset(path, kind, store.mapped(), store.about, store)
    if kind == kinds.REPLAY:
        news(f"loading {path}")
        return Dataset(path, kind, Replay.load(path))
    recording = watched(read_foreign(path, kind), news)
    return Dataset(path, kind, replay_of(recording), recording.about, report=recording.report)


def read_foreign(
    path: Path, kind: str, done_means: str | None = None, max_episode_steps: int | None = None
) -> Recording:
    """Open a dataset of another library.

    Args:
        path: Where it lies.
        kind: One of `kinds.FOREIGN`.
        done_means: For LeRobot only, see `read_lerobot`.
        max_episode_steps: For HDF5 only, see `read_hdf5`.

    Raises:
        UserError: If an argument is for another kind.
        ReplayError: If it cannot be read.
    """
    if done_means is not None and kind != kinds.LEROBOT:
        raise UserError(f"--done-means is for LeRobot's datasets; this one is of {kind}")
    if max_episode_steps is not None and kind != kinds.HDF5:
        raise UserError(f"--max-episode-steps is for HDF5 files; this dataset is of {kind}")
    if kind == kinds.MINARI:
        return read_minari(path)
    if kind == kinds.LEROBOT:
        return read_lerobot(path) if done_means is None else read_lerobot(path, done_means=done_means)
    if kind == kinds.HDF5:
        return read_hdf5(path, max_episode_steps=max_episode_steps)
    refuse_pickle(path)


def watched(recording: Recording, news: News) -> Recording:
    """The same recording, telling how far it was read."""

    def episodes() -> Iterator[Episode]:
        for count, episode in enumerate(recording.episodes, 1):
            yield episode
            news(f"{count:,} episodes, {recording.report.transitions:,} steps")

    return replace(recording, episodes=episodes())


def size_of(path: Path) -> int:
    """Bytes on disk."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
