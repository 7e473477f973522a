"""A recording as a replay in memory, and a replay as a recording."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from telic.replay.column import Column
from telic.replay.errors import EmptyReplayError
from telic.replay.exchange.recording import Episode, Recording, Report
from telic.replay.replay import Replay
from telic.replay.reward import Reward

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
        raise EmptyReplayError(f"{recording.report.source} holds no step that can be used{_because(recording.report)}")
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
            steps = replay.read(slots)
            yield Episode(
                {name: np.concatenate([now, steps.next_signals[name][-1:]]) for name, now in steps.signals.items()},
                steps.action.copy(),
                bool(terminated),
                bool(truncated),
                None if rewards is None else rewards[slots],
            )

    return Recording(replay.schema, episodes(), report)


def closed(episodes: Sequence[Episode], report: Report) -> Iterator[Episode]:
    """The same episodes, the open ones truncated, but for the last: in one stream, what goes on must be the newest."""
    for episode in episodes[:-1]:
        if not episode.ended:
            report.note("episode without an end mark: truncated, as what is cut off is")
        yield episode if episode.ended else replace(episode, truncated=True)
    yield episodes[-1]


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


def _because(report: Report) -> str:
    reasons = "; ".join(f"{reason} ({count})" for reason, count in report.dropped.items())
    return f": {reasons}" if reasons else ""
