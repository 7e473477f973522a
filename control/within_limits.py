"""A controller in -1..1 on actuators with other limits: how the policies of Stable-Baselines3 are carried."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from telic.control.controller import Controller, Floats, Mask
from telic.control.policy import Dense, PolicyWeights
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


def in_units_of(weights: PolicyWeights, actions: ActionSpec) -> PolicyWeights:
    """A policy in -1..1 as one whose outputs are the commands themselves, which is what a contract and a robot read.

    The affine map to the limits goes into the last layer, or after it where an activation stands in between. What is
    clipped to -1..1 here is clipped to the limits there.

    Args:
        weights: A policy with outputs in -1..1.
        actions: Of the task.
    """
    low, high = actions.bounds
    if (low == -1.0).all() and (high == 1.0).all():
        return weights
    scale, offset = 0.5 * (high - low), 0.5 * (low + high)
    *layers, last = weights.layers
    if last.activation == "identity":
        layers.append(Dense(scale[:, None] * last.weight, scale * last.bias + offset, "identity"))
    else:
        layers += [last, Dense(np.diag(scale), offset, "identity")]
    return replace(weights, layers=tuple(layers))
