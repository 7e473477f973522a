"""Transitions: the facts of control steps, and never a reward."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Transitions:
    """A batch of control steps.

    Attributes:
        signals: The state in which each action was chosen, (*batch, *shape) per signal.
        action: The actions, (*batch, actuators) float32.
        next_signals: The state that each action led to; at the end of an episode the true final one, before any reset.
        terminated: Where that state ended the episode for good, (*batch,) bool.
        truncated: Where the episode was cut there although it could have gone on, (*batch,) bool.
    """

    signals: Mapping[str, np.ndarray]
    action: np.ndarray
    next_signals: Mapping[str, np.ndarray]
    terminated: np.ndarray
    truncated: np.ndarray

    def inputs(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """The arrays that a reward reads, by the names that it uses; copies, so that it cannot change the facts."""
        return {name: self._input(name) for name in names}

    def _input(self, name: str) -> np.ndarray:
        if name in self.signals:
            return self.signals[name].copy()
        if name == "action":
            return self.action.copy()
        if name == "terminated":
            return self.terminated.astype(np.float32)
        return self.next_signals[name.removeprefix("next_")].copy()
