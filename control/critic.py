"""The critic: what the future is worth, as seen by one who knows the disturbances."""

import copy

import torch
from torch import nn

HIDDEN = 64


class Critic(nn.Module):
    """A value function V(s) with a slowly following copy for bootstrap targets.

    The network's own output is V times ``1 - gamma``, the mean reward to come, so that its size does not depend on the
    discount.

    Args:
        num_inputs: Length of the privileged observation.
        gamma: Discount per step.
        generator: Source of the initial weights.
    """

    def __init__(self, num_inputs: int, gamma: float, generator: torch.Generator) -> None:
        super().__init__()
        self.horizon = 1.0 / (1.0 - gamma)
        self.online = nn.Sequential(
            nn.Linear(num_inputs, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, 1)
        )
        with torch.no_grad():
            for layer in self.online:
                if isinstance(layer, nn.Linear):
                    bound = layer.in_features**-0.5
                    layer.weight.uniform_(-bound, bound, generator=generator)
                    layer.bias.zero_()
        self.target = copy.deepcopy(self.online).requires_grad_(False)

    def value(self, view: torch.Tensor) -> torch.Tensor:
        """V (B,) by the target network; differentiable with respect to the view (B, K)."""
        return self.target(view)[:, 0] * self.horizon

    def loss(self, view: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Mean squared error of the online network, in units of the mean reward."""
        return (self.online(view)[:, 0] - target / self.horizon).square().mean()

    @torch.no_grad()
    def follow(self, rate: float) -> None:
        """Move the target network towards the online one by `rate`."""
        for slow, fast in zip(self.target.parameters(), self.online.parameters(), strict=True):
            slow.lerp_(fast, rate)
