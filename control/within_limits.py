"""A controller in -1..1 on actuators with other limits: how the policies of Stable-Baselines3 are carried."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from telic.control.controller import Controller, Floats, Mask
from telic.replay.action import ActionSpec


@dataclass(frozen=True)
class WithinLimits:
    """A controller whose actions lie in -1..1, on actuators with other limits.

    Attributes:
        controller: Who acts.
        actions: Of the task: -1 becomes the lowest command, 1 the highest.
    """

    controller: Controller
    actions: ActionSpec

    def reset(self, ids: Mask | None = None) -> None:
        """Let the controller forget."""
        self.controller.reset(ids)

    def act(self, observation: NDArray[Any], signals: Mapping[str, NDArray[Any]]) -> Floats:
        """Return actions (N, actuators)."""
        low, high = self.actions.bounds
        return low + 0.5 * (self.controller.act(observation, signals) + 1.0) * (high - low)
