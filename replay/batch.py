"""What a learner reads: sampled transitions with the n-step return of one reward."""

from dataclasses import dataclass

import numpy as np


@dataclass(slots=True)
class Batch:
    """Transitions drawn from a replay, B of them, with the sum of their next rewards.

    A bootstrapped target is ``reward + discount * value(next_signals)``.

    Attributes:
        signals: State at the first step, (B, *shape) per signal.
        action: Action of the first step, (B, actuators) float32.
        reward: Discounted sum of the rewards of `steps` steps, (B,) float32.
        next_signals: State after the last of these steps; at the end of an episode the true final one.
        discount: gamma^steps, and 0 where that state terminated the episode, (B,) float32. A truncated episode could
            have gone on, so it keeps its discount.
        steps: How many rewards were summed, (B,) int64: n, or fewer where the episode or the store ended before.
        index: Slot of the first step in the store, (B,) int64.
        generation: Age of the store at the draw: whatever was written to a slot later is younger (`Replay.is_current`).
            One number, or (B,) int64 in a batch from several stores.
        weight: Importance of each transition in a loss, (B,) float32; None from a sampler that draws uniformly.
        next_action: Action of the step after the last of these steps, (B, actuators) float32, as SARSA-like learners
            need it; 0 where there is none. None unless it was asked for.
        has_next_action: Where there is one, (B,) bool: the episode went on, and that step is stored.
        source: Which store of a mixture each transition is from, (B,) int64; None from a single store.
        relabelled: Whose goal was replaced by one that was achieved, (B,) bool; None without goals.
    """

    signals: dict[str, np.ndarray]
    action: np.ndarray
    reward: np.ndarray
    next_signals: dict[str, np.ndarray]
    discount: np.ndarray
    steps: np.ndarray
    index: np.ndarray
    generation: int | np.ndarray
    weight: np.ndarray | None = None
    next_action: np.ndarray | None = None
    has_next_action: np.ndarray | None = None
    source: np.ndarray | None = None
    relabelled: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.index)
