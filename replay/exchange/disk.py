"""A recording as a store on disk, and a store as a recording."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from telic.replay.errors import EmptyReplayError, UnknownNameError, did_you_mean
from telic.replay.exchange.memory import RECORDED, closed, episode_of
from telic.replay.exchange.recording import Episode, Recording, Report
from telic.replay.exchange.steps import last_marked
from telic.replay.exchange.unfinished import unfinished
from telic.replay.reward import Reward
from telic.replay.store.store import Store

# Name of the writer of what is imported, and how many of its steps make a chunk.
WRITER = "import"
_COMMIT_STEPS = 65536


def store_of(recording: Recording, path: str | Path) -> Store:
    """Read a recording to its end, into a new store.

    Rewards that came with it are the column `RECORDED`, which has no reward behind it.

    Args:
        recording: Its `about` and its episodes' tags go along.
        path: A folder that is not there yet. It appears when all is written.

    Returns:
        The store, open to append.

    Raises:
        EmptyReplayError: If there is no step in it.
        ReplayError: If an episode is not what its schema says, or there is something at the path.
    """
    path = Path(path).expanduser()
    report = recording.report
    with unfinished(path) as folder:
        store = Store.create(folder, recording.schema, recording.about)
        rewards = []
        with store.writer(WRITER, commit_every=_COMMIT_STEPS) as writer:
            for episode in closed((episode for episode in recording if len(episode)), report):
                tags: dict[str, Any] = dict(episode.tags)
                writer.episode(**tags)
                writer.add_window(*_window(episode))
                rewards.append(episode.reward)
        store.refresh()
        if not len(store):
            raise EmptyReplayError(f"{report.source} holds no step that can be used{report.because}")
        known = [reward for reward in rewards if reward is not None]
        if len(known) == len(rewards):
            store.add_column(RECORDED, np.concatenate(known))
        elif known:
            report.note("episode without rewards: there is no reward column", len(rewards) - len(known))
    return Store.open(path, "append")


def recording_of_store(store: Store, reward: Reward | str | None = None) -> Recording:
    """The episodes of a store, with their tags.

    Args:
        store: The store.
        reward: Whose column to take along as the episodes' rewards: the name of one on disk, or a reward, which is
            asked now.

    Raises:
        UnknownNameError: If there is no such column.
        StaleColumnError: If it does not cover every step.
    """
    report = Report(f"store {store.path}")
    table = store.episodes
    rewards = None
    if isinstance(reward, str):
        if reward not in store.columns:
            raise UnknownNameError(
                f"no reward column {reward!r} in {store.path}; {did_you_mean(reward, store.columns)}"
            )
        rewards = store.columns[reward].total
    elif reward is not None:
        rewards = store.mapped().relabel(reward).total

    def episodes() -> Iterator[Episode]:
        for number in range(len(table)):
            slots = table.first[number] + np.arange(table.length[number])
            yield episode_of(
                store.read(slots),
                bool(table.terminated[number]),
                bool(table.truncated[number]),
                None if rewards is None else rewards[slots],
                table.tags(number),
            )

    return Recording(store.schema, episodes(), report, store.about)


def _window(episode: Episode) -> tuple:
    """The arguments of `Writer.add_window` for an episode."""
    steps = len(episode)
    return (
        {name: values[:, None] for name, values in episode.signals.items()},
        episode.action[:, None],
        {name: values[-1:][: int(episode.ended)] for name, values in episode.signals.items()},
        last_marked(steps, episode.terminated)[:, None],
        last_marked(steps, episode.truncated)[:, None],
    )
