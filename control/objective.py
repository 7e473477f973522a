"""The direct gradient of a reward with respect to everything that happened in a window."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch

from telic.control.fleet import IN_STATE
from telic.control.window.data import Floats, Gradient, Window
from telic.control.window.rotation import rotation_rows_vjp
from telic.replay.reward import Reward

NEXT = "next_"


class DifferentiableReward(Reward, Protocol):
    """A reward that torch can differentiate: a reward program, a penalty, or a sum of such."""

    def torch_terms(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The terms of `Reward.terms`, differentiable by the inputs."""
        ...


class RewardObjective:
    """A reward as part of a differentiable objective.

    Args:
        reward: The reward.

    Raises:
        ValueError: If the reward remembers within an episode: its gradient would have to go through that memory.
    """

    def __init__(self, reward: DifferentiableReward) -> None:
        if getattr(reward, "memory", ()):
            raise ValueError(
                "this learner cannot train with a reward that remembers within an episode; write it without `memory`, "
                "or train with another learner"
            )
        self.reward = reward

    @property
    def looks_ahead(self) -> bool:
        """Whether the reward reads the states that steps led to."""
        return any(name.startswith(NEXT) for name in self.reward.inputs)

    def gradient(
        self, window: Window, signals: dict[str, Floats], after: dict[str, Floats], weight: Floats, gradient: Gradient
    ) -> dict[str, float]:
        """Set the direct parts of `gradient` to those of ``sum(weight * reward)``.

        Args:
            window: What was flown.
            signals: Stored signals of the window, (T + 1, N, *shape).
            after: Stored signals after each step, (T * N, *shape); read only if the reward looks ahead.
            weight: (T, C, n).
            gradient: Its ``state``, ``after``, ``action`` and ``previous_action`` are overwritten.

        Returns:
            Mean of each reward term per step.
        """
        leaves = self._leaves(window, signals, after)
        terms = self.reward.torch_terms(leaves)
        total = torch.stack(tuple(terms.values())).sum(0)
        for part in (gradient.state, gradient.after, gradient.action, gradient.previous_action):
            part[:] = 0.0
        asked = {name: leaf for name, leaf in leaves.items() if leaf.requires_grad}
        if asked and total.requires_grad:
            found = torch.autograd.grad(
                total, tuple(asked.values()), torch.from_numpy(weight).reshape(total.shape), materialize_grads=True
            )
            for name, g in zip(asked, found, strict=True):
                self._store(name, g.numpy(), window, gradient)
        return {name: float(values.detach().mean()) for name, values in terms.items()}

    def _leaves(self, window: Window, signals: dict[str, Floats], after: dict[str, Floats]) -> dict[str, torch.Tensor]:
        """The reward's inputs, (T, N, *shape); those that the policy can change require gradients."""
        steps, envs = len(window.state), window.instant[0].size
        leaves = {}
        for name in self.reward.inputs:
            if name == "action":
                values = window.action.reshape(steps, envs, -1)
            elif name in ("terminated", "truncated"):
                values = getattr(window, name).reshape(steps, envs).astype(np.float32)
            elif name.startswith(NEXT):
                values = after[name.removeprefix(NEXT)].reshape(
                    steps, envs, *signals[name.removeprefix(NEXT)].shape[2:]
                )
            else:
                values = signals[name][:-1]
            leaf = torch.from_numpy(np.ascontiguousarray(values))
            leaves[name] = leaf.requires_grad_(_moves(name.removeprefix(NEXT)))
        return leaves

    def _store(self, name: str, g: np.ndarray, window: Window, gradient: Gradient) -> None:
        """Add the gradient by one input to the part of `gradient` that it belongs to."""
        base = name.removeprefix(NEXT)
        later = name.startswith(NEXT)
        into, state = (gradient.after, window.after) if later else (gradient.state, window.state)
        if name == "action" or (later and base == "previous_action"):
            gradient.action[:] += g.reshape(gradient.action.shape)
        elif name == "previous_action":
            gradient.previous_action[:] += g.reshape(gradient.previous_action.shape)
        elif base == "rotation":
            rotation_rows_vjp(state.reshape(-1, state.shape[-1]), g.reshape(-1, 9), into.reshape(-1, into.shape[-1]))
        else:
            into[..., IN_STATE[base]] += g.reshape(*into.shape[:-1], -1)


def _moves(name: str) -> bool:
    return name in IN_STATE or name in ("rotation", "action", "previous_action")
