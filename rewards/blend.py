"""A heuristic reward blended with a primary one by weights that depend on where one is, and that can be learned.

    r = phi1(x) + phi2(x) r_primary + phi3(x) r_auxiliary

The form of Gupta et al. 2023 (arXiv 2310.19007); `control.guard.barfi` learns the weights. phi2 and phi3 lie between 0
and 1, so that a heuristic may be ignored and is never turned round, and the primary reward never becomes its opposite.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from telic.replay.remembering import remembers
from telic.replay.reward import Reward
from telic.replay.signal import Signal
from telic.rewards.algebra import Weighable

if TYPE_CHECKING:
    import torch

LEARNED, PRIMARY, AUXILIARY = "learned", "primary", "auxiliary"
# A weight of 0.9 for both rewards at the start: as if they were added, and yet with a slope.
_FIRST_LOGIT = 2.2


class Blend(Weighable):
    """Both rewards and the network that weighs them; itself a reward.

    Attributes:
        network: From the numbers of the seen signals to three: phi1, phi2 and phi3 before they are limited.
    """

    def __init__(
        self,
        primary: Reward,
        auxiliary: Reward,
        seen: Sequence[Signal] = (),
        *,
        bonus: float = 0.0,
        hidden: Sequence[int] = (),
        seed: int = 0,
    ) -> None:
        """Begin with the sum of both rewards.

        Args:
            primary: What is meant, however sparse.
            auxiliary: The heuristic.
            seen: The signals that the weights depend on; none for constant weights.
            bonus: phi1 lies between minus this and this; 0 for none.
            hidden: Widths of hidden layers; none for weights that are a sigmoid of a linear function.
            seed: Of the hidden layers.

        Raises:
            ValueError: If a reward remembers within an episode, or the bonus is negative or not finite.
        """
        import torch
        from torch import nn

        for reward in (primary, auxiliary):
            if remembers(reward):
                raise ValueError(f"{reward!r} remembers within an episode; a blend is evaluated step by step")
        if not 0.0 <= bonus < float("inf"):
            raise ValueError(f"bonus is {bonus}; allowed: a finite number, at least 0")
        self.primary, self.auxiliary, self._seen, self._bonus = primary, auxiliary, tuple(seen), bonus
        generator = torch.Generator().manual_seed(seed)
        widths = [max(1, sum(signal.size for signal in self._seen)), *hidden, 3]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layer = nn.Linear(inputs, outputs)
            with torch.no_grad():
                layer.weight.normal_(0.0, inputs**-0.5, generator=generator)
                layer.bias.zero_()
            layers += [layer, nn.Tanh()]
        self.network = nn.Sequential(*layers[:-1])
        last = self.network[-1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            last.weight.zero_()
            last.bias.copy_(torch.tensor([0.0, _FIRST_LOGIT, _FIRST_LOGIT]))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the arrays that the rewards and the weights read."""
        return tuple(dict.fromkeys((*self.primary.inputs, *self.auxiliary.inputs, *self._names)))

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(signal.name for signal in self._seen)

    @property
    def fingerprint(self) -> str:
        """A hash of both rewards and the present weights."""
        parts = (self.primary.fingerprint, self.auxiliary.fingerprint, *self._names, repr(self._bonus))
        digest = hashlib.sha256("\n".join(("telic blend 1", *parts)).encode())
        for parameter in self.network.parameters():
            digest.update(np.ascontiguousarray(parameter.detach().numpy()).tobytes())
        return digest.hexdigest()

    def terms(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The three terms of the blend, float32 of the batch shape."""
        import torch

        with torch.no_grad():
            phi1, phi2, phi3 = self.weights(
                {name: torch.from_numpy(np.asarray(inputs[name], np.float32)) for name in self._names}
            )
        both = [sum(reward.terms(inputs).values()) for reward in (self.primary, self.auxiliary)]
        values = (phi1.numpy(), phi2.numpy() * both[0], phi3.numpy() * both[1])
        batch = np.shape(both[0])
        return {
            name: np.array(np.broadcast_to(value, batch), np.float32)
            for name, value in zip((LEARNED, PRIMARY, AUXILIARY), values, strict=True)
        }

    def torch_terms(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The same with torch, differentiable by the inputs and by the parameters of `network`.

        Raises:
            TypeError: If a reward has no torch form.
        """
        phi1, phi2, phi3 = self.weights(inputs)
        primary, auxiliary = (_torch_total(reward, inputs) for reward in (self.primary, self.auxiliary))
        return {LEARNED: phi1.expand_as(primary), PRIMARY: phi2 * primary, AUXILIARY: phi3 * auxiliary}

    def weights(self, inputs: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """phi1, phi2 and phi3, each of the batch shape; scalars where they depend on nothing."""
        import torch

        first = next(self.network.parameters())
        if self._seen:
            rows = torch.cat([_row(inputs[signal.name], signal) for signal in self._seen], dim=-1).to(first.dtype)
        else:
            rows = torch.zeros(1, dtype=first.dtype)
        found = self.network(rows)
        return self._bonus * torch.tanh(found[..., 0]), torch.sigmoid(found[..., 1]), torch.sigmoid(found[..., 2])


def _row(values: torch.Tensor, signal: Signal) -> torch.Tensor:
    """A signal (*batch, *shape) as one row of numbers, (*batch, size)."""
    return values.flatten(values.ndim - len(signal.shape)) if signal.shape else values[..., None]


def _torch_total(reward: Reward, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
    import torch

    differentiable = getattr(reward, "torch_terms", None)
    if differentiable is None:
        raise TypeError(f"{reward!r} has no torch_terms: this blend cannot be differentiated")
    return torch.stack(tuple(differentiable(inputs).values())).sum(0)
