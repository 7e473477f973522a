"""Rewards that remember within an episode: a stretch of steps is scored in the order of time, not row by row."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeGuard

import numpy as np

from telic.replay.reward import Reward


class Remembered(Protocol):
    """One value that is remembered."""

    @property
    def initial(self) -> Sequence[float]:
        """Its elements at the start of an episode."""
        ...


class RememberingReward(Reward, Protocol):
    """A reward whose value depends on the steps before, within an episode."""

    @property
    def memory(self) -> Sequence[Remembered]:
        """What it remembers."""
        ...

    @property
    def term_names(self) -> tuple[str, ...]:
        """Names of its terms."""
        ...

    @property
    def scan_kernel(self) -> Callable[..., None]:
        """A function `scan_kernel(inputs, stream, first, memory, out)` of rows (N) in the order of time.

        `inputs` are float32 arrays (N, size) in the order of the reward's `inputs`; `stream` (N,) int64 says which row
        of `memory`, float32 (streams, elements), belongs to each; where `first` (N,) bool, an episode begins. `memory`
        is changed in place; `out` is float32 (N, terms).
        """
        ...


def remembers(reward: Reward) -> TypeGuard[RememberingReward]:
    """Whether a reward remembers anything."""
    return bool(getattr(reward, "memory", ()))


def initial_memory(reward: RememberingReward, streams: int) -> np.ndarray:
    """What a reward remembers at the start of an episode, (streams, elements) float32."""
    elements = [value for kept in reward.memory for value in kept.initial]
    return np.tile(np.array(elements, np.float32), (streams, 1))


def scan(
    reward: RememberingReward,
    inputs: Sequence[np.ndarray],
    stream: np.ndarray,
    first: np.ndarray,
    memory: np.ndarray,
) -> np.ndarray:
    """The terms of rows in the order of time, (N, terms) float32; what is remembered is carried on in `memory`.

    Args:
        reward: The reward.
        inputs: What it reads, in the order of its `inputs`, (N, ...) each.
        stream: Which row of the memory belongs to each, (N,) int64.
        first: Where an episode begins, (N,) bool.
        memory: (streams, elements) float32.
    """
    out = np.empty((len(stream), len(reward.term_names)), np.float32)
    rows = tuple(np.ascontiguousarray(array, np.float32).reshape(len(stream), -1) for array in inputs)
    reward.scan_kernel(rows, stream, first, memory, out)
    return out
