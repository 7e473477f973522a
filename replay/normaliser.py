"""Normalised observations, when they are read: the store keeps the raw ones.

Statistics move while a learner explores. Were they baked into stored data, old and new transitions would speak of
different units; applied at sample time they are the same for all of a batch, and they are exported with the policy.
"""

from collections.abc import Mapping

import numpy as np

from telic.replay.errors import FileFormatError, NonFiniteError, ReplayError, ShapeError
from telic.replay.moments import Moments
from telic.replay.replay import Replay

# Transitions read at a time from a store.
CHUNK = 16384


class ObservationNormaliser:
    """Shifts and scales each element of an observation to mean 0 and standard deviation 1.

    ``clip((observation - mean) / std, -clip, clip)``, in float32 with `mean` and `std` as the policy stores them
    (`observation_mean`, `observation_std`, `observation_clip`): a learner sees to the bit what a robot computes.

    Attributes:
        size: Length of an observation.
        clip: Symmetric limit after normalisation, or None.
        epsilon: Added to the variance, in squared units: keeps an element that never moves from being blown up.
        frozen: Whether the statistics stay as they are; `update` does nothing then.
    """

    def __init__(self, size: int, clip: float | None = None, epsilon: float = 1e-8) -> None:
        """Begin with mean 0 and standard deviation 1.

        Raises:
            ReplayError: If an argument is not positive.
        """
        for name, value in (("size", size), ("epsilon", epsilon), ("clip", 1.0 if clip is None else clip)):
            if not value > 0:
                raise ReplayError(f"{name} of an observation normaliser is {value}; needed: more than 0")
        self.size = size
        self.clip = clip
        self.epsilon = epsilon
        self.frozen = False
        self._moments = Moments((size,))
        self._measure()

    @classmethod
    def of(
        cls, replay: Replay, name: str = "observation", clip: float | None = None, epsilon: float = 1e-8
    ) -> "ObservationNormaliser":
        """A frozen normaliser with the statistics of one signal of a dataset, as offline learners use it.

        Args:
            replay: The dataset; the states in which its actions were chosen count.
            name: The signal; its elements are taken in their order in memory.
            clip: See the attribute.
            epsilon: See the attribute.

        Raises:
            UnknownNameError: If there is no such signal.
        """
        normaliser = cls(replay.schema[name].size, clip, epsilon)
        filled = replay.ring.filled_slots()
        for start in range(0, len(filled), CHUNK):
            slots = filled[start : start + CHUNK]
            normaliser.update(replay.read(slots).signals[name].reshape(len(slots), -1))
        normaliser.freeze()
        return normaliser

    @property
    def mean(self) -> np.ndarray:
        """Mean of the observations, (size,) float32."""
        return self._mean

    @property
    def std(self) -> np.ndarray:
        """Standard deviation of the observations, (size,) float32, positive."""
        return self._std

    def update(self, observation: np.ndarray) -> None:
        """Take new observations into the statistics, (B, size) or (size,).

        Raises:
            ShapeError: If the last axis has another length.
            NonFiniteError: If a number is not finite; the statistics stay as they were then.
        """
        observation = np.atleast_2d(observation)
        self._check(observation)
        bad = np.argwhere(~np.isfinite(observation))
        if len(bad):
            value = observation[tuple(bad[0])]
            raise NonFiniteError(f"element {bad[0][-1]} of an observation is {value}; the statistics were not changed")
        if not self.frozen:
            self._moments.add(observation.reshape(-1, self.size))
            self._measure()

    def freeze(self) -> None:
        """Keep the statistics as they are from now on."""
        self.frozen = True

    def __call__(self, observation: np.ndarray) -> np.ndarray:
        """Normalised observations, (*batch, size) float32.

        Raises:
            ShapeError: If the last axis has another length.
        """
        self._check(observation)
        normalised = (observation.astype(np.float32, copy=False) - self._mean) / self._std
        return normalised if self.clip is None else np.clip(normalised, -self.clip, self.clip)

    def state_dict(self) -> dict[str, np.ndarray]:
        """The statistics as plain arrays."""
        return {**self._moments.state_dict(), "frozen": np.array(self.frozen)}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Become the normaliser that `state_dict` was called on.

        Raises:
            FileFormatError: If an array is missing or of another size. Nothing is changed then.
        """
        if "frozen" not in state:
            raise FileFormatError("the state of an observation normaliser needs 'frozen'")
        self._moments.load_state_dict(state)
        self.frozen = bool(state["frozen"])
        self._measure()

    def _measure(self) -> None:
        self._mean = self._moments.mean.astype(np.float32)
        variance = self._moments.variance if self._moments.count else np.ones(self.size)
        self._std = np.sqrt(variance + self.epsilon).astype(np.float32)

    def _check(self, observation: np.ndarray) -> None:
        if observation.shape[-1:] != (self.size,):
            raise ShapeError(f"observations of shape {observation.shape}; the last axis must have length {self.size}")
