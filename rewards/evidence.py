"""Stored episodes as evidence about rewards: which of them succeeded, and what the others were."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from telic.replay.column import check_inputs
from telic.replay.errors import did_you_mean
from telic.replay.replay import Replay
from telic.replay.reward import Reward, total
from telic.replay.schema import Schema
from telic.rewards.memory import scan
from telic.rewards.program import RewardProgram

NOTHING, RANDOM = "nothing", "random"
# Success must hold over this share of the later half of an episode.
HELD = 0.5
# Steps that are scored at a time.
CHUNK = 65536


@dataclass(frozen=True)
class Stored:
    """Some episodes and who acted in them.

    Attributes:
        replay: The episodes.
        source: Who acted, ``nothing`` and ``random`` being baselines: in all episodes, or by an episode's first slot;
            where it is empty, the replay's own episode table says.
    """

    replay: Replay
    source: str | Mapping[int, str] = ""

    def source_of(self, slot: int) -> str:
        """Who acted in the episode whose first slot this is; empty if that is not known."""
        return self.source if isinstance(self.source, str) else self.source.get(slot, "")


@dataclass(frozen=True)
class Evidence:
    """The whole episodes of some replays, E of them: only these have a true return.

    Attributes:
        stored: Where they are.
        part: Which of `stored` each is in, (E,) int64.
        slots: The slots of each in the order of time.
        source: Who acted in each, (E,) str.
        terminated: Whether it ended for good, (E,) bool.
        success: Whether it succeeded: success held over half of its later half, and at its end if it terminated, (E,)
            bool.
    """

    stored: tuple[Stored, ...]
    part: np.ndarray
    slots: tuple[np.ndarray, ...]
    source: np.ndarray
    terminated: np.ndarray
    success: np.ndarray

    def __len__(self) -> int:
        return len(self.slots)

    @cached_property
    def length(self) -> np.ndarray:
        """Steps of each episode, (E,) int64."""
        return np.array([len(slots) for slots in self.slots], np.int64)

    @cached_property
    def kinds(self) -> dict[str, np.ndarray]:
        """What is not a success, (E,) bool each; an episode may be of several kinds."""
        nothing, random = self.source == NOTHING, self.source == RANDOM
        return {
            "early end": ~self.success & self.terminated,
            "failure": ~self.success & ~self.terminated & ~nothing & ~random,
            NOTHING: ~self.success & nothing,
            RANDOM: ~self.success & random,
        }

    def rewards(self, reward: Reward) -> tuple[np.ndarray, ...]:
        """The rewards of each episode's steps, float64 in the order of time. Nothing is compiled or kept.

        Raises:
            RewardError: If a program is not finite somewhere.
            ReplayError: If the reward reads what is not stored.
        """
        return tuple(scores["total"] for scores in self._scores(reward, lambda terms: {"total": total(terms)}))

    def terms(self, reward: Reward) -> tuple[dict[str, np.ndarray], ...]:
        """The terms of each episode's steps by name, float64 in the order of time; raises as `rewards` does."""
        return tuple(self._scores(reward, dict))

    def _scores(
        self, reward: Reward, of: Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
    ) -> list[dict[str, np.ndarray]]:
        """What is made of the terms of each episode."""
        scores: list[dict[str, np.ndarray]] = []
        for part, stored in enumerate(self.stored):
            check_inputs(reward, stored.replay.schema)
            slots = [self.slots[episode] for episode in np.flatnonzero(self.part == part)]
            scores += _scored(reward, stored.replay, slots, of) if slots else []
        return scores

    def steps(self, names: Sequence[str], most: int) -> dict[str, np.ndarray]:
        """What some signals were in steps of all episodes, evenly, (N, ...) each, N being about `most` at most."""
        every = -(-int(self.length.sum()) // most)
        found = []
        for part, stored in enumerate(self.stored):
            slots = [self.slots[episode] for episode in np.flatnonzero(self.part == part)]
            if slots:
                found.append(stored.replay.read(np.concatenate(slots)[::every]).inputs(set(names)))
        return {name: np.concatenate([inputs[name] for inputs in found]) for name in names}

    def returns(self, reward: Reward, gamma: float = 1.0) -> np.ndarray:
        """The return of each episode from its first step, (E,) float64."""
        return discounted(self.rewards(reward), gamma)


def _scored(
    reward: Reward,
    replay: Replay,
    episodes: Sequence[np.ndarray],
    of: Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]],
) -> list[dict[str, np.ndarray]]:
    """What is made of the terms of some episodes, each given by its slots in the order of time."""
    slots = np.concatenate(episodes)
    stops = np.cumsum([len(steps) for steps in episodes])
    first = np.isin(np.arange(len(slots)), np.append(0, stops[:-1]))
    chunks: list[Mapping[str, np.ndarray]] = []
    memory = None
    for at in range(0, len(slots), CHUNK):
        span = slice(at, at + CHUNK)
        inputs = replay.read(slots[span]).inputs(reward.inputs)
        if isinstance(reward, RewardProgram) and reward.memory:
            one_stream = {name: array[:, None] for name, array in inputs.items()}
            terms, memory = scan(reward, one_stream, first[span, None], memory)
            terms = {name: values[:, 0] for name, values in terms.items()}
        else:
            terms = reward.terms(inputs)
        chunks.append(of(terms))
    joined = {name: np.concatenate([chunk[name] for chunk in chunks], dtype=np.float64) for name in chunks[0]}
    parts = {name: np.split(values, stops[:-1]) for name, values in joined.items()}
    return [{name: values[episode] for name, values in parts.items()} for episode in range(len(episodes))]


def discounted(rewards: Sequence[np.ndarray], gamma: float) -> np.ndarray:
    """The return of each of some sequences of rewards, (E,) float64."""
    return np.array([float(steps @ gamma ** np.arange(len(steps))) for steps in rewards])


def evidence(stored: Sequence[Stored], success: RewardProgram) -> Evidence:
    """Gather the whole episodes of some replays.

    Args:
        stored: The replays.
        success: Says what success is: the task's own reward, and not the one in question.

    Raises:
        ValueError: If the program does not say what success is, there is no whole episode, or success reads what is
            not stored: the episodes are of another task.
    """
    if success.success_term is None:
        raise ValueError(f"the reward {success.path} does not say what success is: give it a function `success`")
    parts, slots, sources, terminated, succeeded = [], [], [], [], []
    for part, each in enumerate(stored):
        _refuse_other_task(success, each.replay.schema)
        episodes = each.replay.episodes()
        streams = each.replay.num_streams
        for row in np.flatnonzero(episodes.whole):
            steps = (episodes.first[row] + np.arange(episodes.length[row]) * streams) % each.replay.capacity
            parts.append(part)
            slots.append(steps)
            sources.append(each.source_of(int(steps[0])) or str(episodes.source[row]))
            terminated.append(bool(episodes.terminated[row]))
            succeeded.append(_succeeded(each.replay, steps, terminated[-1], success))
    if not slots:
        raise ValueError("there is no whole episode: each began before the data or goes on after it")
    return Evidence(
        tuple(stored), np.array(parts), tuple(slots), np.array(sources), np.array(terminated), np.array(succeeded)
    )


def _refuse_other_task(success: RewardProgram, schema: Schema) -> None:
    known = (*schema.names, *(f"next_{name}" for name in schema.names), "action", "terminated")
    missing = [name for name in success.success_inputs if name not in known]
    if missing:
        raise ValueError(
            f"success reads {missing[0]!r}, which the episodes do not have: they are of another task; "
            f"{did_you_mean(missing[0], known)}"
        )


def _succeeded(replay: Replay, slots: np.ndarray, terminated: bool, success: RewardProgram) -> bool:
    inputs: Mapping[str, np.ndarray] = replay.read(slots[len(slots) // 2 :]).inputs(success.success_inputs)
    held = success.success(inputs)
    assert held is not None
    return bool(held.mean() >= HELD) and (not terminated or bool(held[-1]))
