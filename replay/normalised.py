"""A sampler whose batches are normalised on their way out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Unpack

import numpy as np

from telic.replay.batch import Batch
from telic.replay.errors import ReplayError
from telic.replay.normaliser import ObservationNormaliser
from telic.replay.reward_scaler import RewardScaler
from telic.replay.sampler import Reading, Sampler
from telic.replay.schema import Schema


class Normalised:
    """Draws from another sampler and normalises signals and rewards with the statistics of the moment.

    What is stored stays raw, so all transitions of a batch are in the same units, however old they are.

    Attributes:
        sampler: Where batches come from.
        signals: The normaliser of each signal that has one; it sees the elements in a row.
        reward: Scales n-step rewards, or None.
    """

    def __init__(
        self,
        sampler: Sampler,
        signals: Mapping[str, ObservationNormaliser] | None = None,
        reward: RewardScaler | None = None,
    ) -> None:
        """Stand behind a sampler.

        Raises:
            UnknownNameError: If a signal does not exist.
            ReplayError: If a normaliser is of another size than its signal.
        """
        self.sampler = sampler
        self.signals = dict(signals or {})
        self.reward = reward
        for name, normaliser in self.signals.items():
            if normaliser.size != sampler.schema[name].size:
                raise ReplayError(
                    f"signal {name!r} has {sampler.schema[name].size} elements, its normaliser {normaliser.size}"
                )

    @property
    def schema(self) -> Schema:
        """Signals and action as they are stored; normalised signals come as float32 and without unit."""
        return self.sampler.schema

    def sample(self, batch_size: int, *, rng: np.random.Generator, **reading: Unpack[Reading]) -> Batch:
        """Draw a batch; the arguments are those of `Replay.sample`."""
        batch = self.sampler.sample(batch_size, rng=rng, **reading)
        return replace(
            batch,
            signals=self._normalise(batch.signals),
            next_signals=self._normalise(batch.next_signals),
            reward=batch.reward if self.reward is None else self.reward(batch.reward),
        )

    def _normalise(self, signals: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The same signals, normalised where there is a normaliser."""
        normalised = {
            name: normaliser(signals[name].reshape(len(signals[name]), -1)).reshape(signals[name].shape)
            for name, normaliser in self.signals.items()
        }
        return {**signals, **normalised}
