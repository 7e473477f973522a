"""A recording as a replay in memory, and a replay as a recording."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from telic.replay.column import Column
from telic.replay.errors import EmptyReplayError
from telic.replay.exchange.recording import Episode, Recording, Report, Tag
from telic.replay.replay import Replay
from telic.replay.reward import Reward
from telic.replay.transition import Transitions

# The column of rewards that came with a dataset.
RECORDED = "recorded"

# Steps that are packed into a replay at a time.
_BLOCK = 65536


def replay_of(recording: Recording) -> Replay:
    """Read a recording to its end, into a replay of one stream that is exactly full.

    Rewards that came with it are the column `RECORDED`, which has no reward behind it: `Replay.relabel` asks a new one.

    Raises:
        EmptyReplayError: If there is no step in it.
        ReplayError: If an episode is not what its schema says; `recording.report` tells how far it went.
    """
    episodes = [episode for episode in recording if len(episode)]
    if not episodes:
        raise EmptyReplayError(f"{recording.report.source} holds no step that can be used{recording.report.because}")
    replay = Replay(recording.schema, sum(map(len, episodes)))
    for block in _blocks(closed(episodes, recording.report)):
        _add(replay, block)
    rewards = [episode.reward for episode in episodes if episode.reward is not None]
    if len(rewards) == len(episodes):
        replay.add_column(RECORDED, np.concatenate(rewards))
    elif rewards:
        recording.report.note("episode without rewards: there is no reward column", len(episodes) - len(rewards))
    return replay


def recording_of(replay: Replay, reward: Reward | Column | str | None = None, source: str = "replay") -> Recording:
    """The episodes of a replay, ordered by stream, then time.

    Args:
        replay: It must not be written to until the recording is read.
        reward: Whose column to take along as the episodes' rewards.
        source: What to call it in the report.

    Raises:
        ReplayError: If the column cannot be brought up to date.
    """
    report = Report(source)
    table = replay.episodes(reward)
    headless = int(np.count_nonzero((table.terminated | table.truncated) & ~table.whole))
    if headless:
        report.note("episode of which the beginning was overwritten", headless)
    rewards = None if reward is None else replay.columns[_name(reward)].total

    def episodes() -> Iterator[Episode]:
        for first, length, terminated, truncated in zip(
            table.first, table.length, table.terminated, table.truncated, strict=True
        ):
            slots = (first + np.arange(length) * replay.num_streams) % replay.capacity
            yield episode_of(
                replay.read(slots), bool(terminated), bool(truncated), None if rewards is None else rewards[slots]
            )

    return Recording(replay.schema, episodes(), report)


def episode_of(
    steps: Transitions,
    terminated: bool,
    truncated: bool,
    reward: np.ndarray | None,
    tags: Mapping[str, Tag] | None = None,
) -> Episode:
    """Neighbouring steps that were stored, as an episode."""
    states = {name: np.concatenate([now, steps.next_signals[name][-1:]]) for name, now in steps.signals.items()}
    return Episode(states, np.array(steps.action), terminated, truncated, reward, tags or {})


def closed(episodes: Iterable[Episode], report: Report) -> Iterator[Episode]:
    """The same episodes, the open ones truncated, but for the last: in one stream, what goes on must be the newest."""
    held: Episode | None = None
    for episode in episodes:
        if held is not None:
            if not held.ended:
                report.note("episode without an end mark: truncated, as what is cut off is")
            yield held if held.ended else replace(held, truncated=True)
        held = episode
    if held is not None:
        yield held


def _name(reward: Reward | Column | str) -> str:
    return reward if isinstance(reward, str) else reward.name if isinstance(reward, Column) else reward.fingerprint


def _blocks(episodes: Iterator[Episode]) -> Iterator[list[Episode]]:
    """Neighbouring episodes together, about `_BLOCK` steps at a time."""
    block: list[Episode] = []
    steps = 0
    for episode in episodes:
        block.append(episode)
        steps += len(episode)
        if steps >= _BLOCK:
            yield block
            block, steps = [], 0
    if block:
        yield block


def _add(replay: Replay, block: Sequence[Episode]) -> None:
    """Store some episodes one after the other; only the last may still be open."""
    steps = sum(map(len, block))
    terminated, truncated = np.zeros((2, steps, 1), np.bool_)
    last = np.cumsum([len(episode) for episode in block]) - 1
    terminated[last, 0] = [episode.terminated for episode in block]
    truncated[last, 0] = [episode.truncated for episode in block]
    over = [episode for episode in block if episode.ended]
    states, finals = {}, {}
    for signal in replay.schema.signals:
        parts = [episode.signals[signal.name] for episode in block]
        states[signal.name] = np.concatenate([*(part[:-1] for part in parts), parts[-1][-1:]])[:, None]
        ends = [episode.signals[signal.name][-1] for episode in over]
        finals[signal.name] = np.array(ends, signal.dtype).reshape(len(over), *signal.shape)
    replay.add_window(
        states, np.concatenate([episode.action for episode in block])[:, None], finals, terminated, truncated
    )
