"""Controllers that know nothing: what a task does by itself, and what it does when shaken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from telic.control.controller import Floats, Mask
from telic.replay.action import ActionSpec


@dataclass(frozen=True)
class Resting:
    """Always commands what counts as the action before an episode.

    Attributes:
        actions: Of the task.
    """

    actions: ActionSpec

    def reset(self, ids: Mask | None = None) -> None:
        """Do nothing: nothing is remembered."""

    def act(self, observation: NDArray[Any], signals: Mapping[str, NDArray[Any]]) -> Floats:
        """Return actions (N, actuators)."""
        return np.tile(self.actions.initial_action, (len(observation), 1))


@dataclass(frozen=True)
class Random:
    """Commands anything within the limits.

    Attributes:
        actions: Of the task.
        rng: Source of the commands.
    """

    actions: ActionSpec
    rng: np.random.Generator

    def reset(self, ids: Mask | None = None) -> None:
        """Do nothing: nothing is remembered."""

    def act(self, observation: NDArray[Any], signals: Mapping[str, NDArray[Any]]) -> Floats:
        """Return actions (N, actuators)."""
        low, high = self.actions.bounds
        return self.rng.uniform(low, high, (len(observation), self.actions.size)).astype(np.float32)
