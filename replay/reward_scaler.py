"""Rewards scaled when they are read, so that returns fit what a critic can represent."""

from collections.abc import Mapping

import numpy as np
from numba import njit

from telic.replay.errors import FileFormatError, NonFiniteError, ReplayError, ShapeError
from telic.replay.kernels import FIRST
from telic.replay.moments import Moments
from telic.replay.replay import Replay
from telic.replay.reward import Reward

EPSILON = 1e-8


class RewardScaler:
    """Divides rewards by a running measure of the discounted return.

    With G the discounted sum of the rewards of an episode so far, ``G <- gamma * G + r``, the measure is
    ``max(std(G), max |G| / max_return)``: returns vary by about 1, and never leave the support of a categorical critic.

    Source: Lee et al., "Hyperspherical Normalization for Scalable Deep Reinforcement Learning" (SimbaV2), 2025, section
    on reward bounding, also in FlashSAC; the running G is that of Engstrom et al., "Implementation Matters", 2020.

    Use it either on what a world gives, by `update`, or on a reward column of a store, by `follow`; not both.

    Attributes:
        gamma: Discount per step.
        max_return: Largest |return| after scaling; 5 for a critic whose support is [-5, 5].
    """

    def __init__(self, num_streams: int = 1, gamma: float = 0.99, max_return: float = 5.0) -> None:
        """Begin with scale 1.

        Args:
            num_streams: Parallel worlds that the rewards are from.
            gamma: See the attribute.
            max_return: See the attribute.

        Raises:
            ReplayError: If an argument is out of range.
        """
        if num_streams < 1 or not 0.0 <= gamma <= 1.0 or not max_return > 0.0:
            raise ReplayError(
                f"num_streams {num_streams}, gamma {gamma}, max_return {max_return}; "
                "allowed: at least 1, 0 to 1, more than 0"
            )
        self.gamma = gamma
        self.max_return = max_return
        self._moments = Moments()
        self._largest = 0.0
        self._running = np.zeros(num_streams)
        self._seen = 0

    @property
    def scale(self) -> float:
        """What rewards are divided by."""
        if self._moments.count == 0:
            return 1.0
        return max(float(np.sqrt(self._moments.variance + EPSILON)), self._largest / self.max_return)

    def __call__(self, reward: np.ndarray) -> np.ndarray:
        """Scaled rewards or n-step returns, of the same shape, float32."""
        return (np.asarray(reward, np.float32) / np.float32(self.scale)).astype(np.float32, copy=False)

    def update(self, reward: np.ndarray, ended: np.ndarray) -> None:
        """Take in the rewards of one step of all worlds.

        Args:
            reward: (num_streams,).
            ended: Where the episode terminated or was truncated with this step, (num_streams,) bool.

        Raises:
            ShapeError: If an array has another shape.
            NonFiniteError: If a reward is not finite; nothing is changed then.
        """
        reward, ended = np.asarray(reward, np.float64), np.asarray(ended, np.bool_)
        if reward.shape != self._running.shape or ended.shape != reward.shape:
            raise ShapeError(
                f"rewards of shape {reward.shape}, ends of shape {ended.shape}; needed: {self._running.shape} both"
            )
        if not np.isfinite(reward).all():
            stream = int(np.argmin(np.isfinite(reward)))
            raise NonFiniteError(f"the reward of stream {stream} is {reward[stream]}; nothing was changed")
        self._running = self.gamma * self._running + reward
        self._take_in(self._running)
        self._running[ended] = 0.0

    def follow(self, replay: Replay, reward: Reward) -> None:
        """Take in the rewards of all transitions that were stored since the last call, in the order of time.

        Raises:
            ShapeError: If the store has another number of streams.
        """
        ring = replay.ring
        if ring.streams != len(self._running):
            raise ShapeError(f"the store has {ring.streams} streams, the reward scaler {len(self._running)}")
        rewards = replay.relabel(reward).total
        fresh = min(ring.written - self._seen, ring.count)
        if fresh < ring.written - self._seen:
            # Rows in between were overwritten before they were seen: the sums cannot go on.
            self._running[:] = 0.0
        rows = (ring.head - fresh + np.arange(fresh)) % ring.rows
        slots = rows[:, None] * ring.streams + np.arange(ring.streams)
        self._take_in(_discounted_sums(rewards[slots], ring.flags[slots], self.gamma, self._running))
        self._seen = ring.written

    def state_dict(self) -> dict[str, np.ndarray]:
        """Everything that changes, as plain arrays."""
        return {
            **self._moments.state_dict(),
            "largest": np.array(self._largest),
            "running": self._running.copy(),
            "seen": np.array(self._seen),
        }

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Become the scaler that `state_dict` was called on.

        Raises:
            FileFormatError: If an array is missing or of another size. Nothing is changed then.
        """
        for name, shape in (("largest", ()), ("running", self._running.shape), ("seen", ())):
            if name not in state or state[name].shape != shape:
                raise FileFormatError(f"the state of a reward scaler needs {name!r} of shape {shape}")
        self._moments.load_state_dict(state)
        self._largest, self._seen = float(state["largest"]), int(state["seen"])
        self._running = state["running"].copy()

    def _take_in(self, sums: np.ndarray) -> None:
        self._moments.add(sums.ravel())
        self._largest = max(self._largest, float(np.abs(sums).max(initial=0.0)))


@njit(cache=True)
def _discounted_sums(rewards: np.ndarray, flags: np.ndarray, gamma: float, running: np.ndarray) -> np.ndarray:
    """G after each step of all streams, (T, streams); `running` holds G before them, and then after them."""
    sums = np.empty(rewards.shape)
    for t in range(rewards.shape[0]):
        for stream in range(rewards.shape[1]):
            before = 0.0 if flags[t, stream] & FIRST else running[stream]
            running[stream] = gamma * before + rewards[t, stream]
            sums[t, stream] = running[stream]
    return sums
