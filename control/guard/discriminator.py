"""How much more often one policy visits a place than another: a classifier between their visits.

Where a classifier that saw equally many visits of both puts the log odds d, the ratio of the two occupancies is e^d
(the density-ratio trick, as in Laidlaw et al. 2025 [1]).

[1] Laidlaw, Singhal and Dragan 2025, Correlated Proxies: A New Definition and Improved Mitigation for Reward Hacking
    (arXiv 2403.03185).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import nn

# Ratios beyond this are one visit in a thousand of the other: the classifier cannot tell them apart from never.
LARGEST_LOG_RATIO = 7.0


@dataclass(frozen=True)
class DiscriminatorConfig:
    """How a classifier learns.

    Attributes:
        hidden: Widths of its layers.
        learning_rate: Of Adam.
        batch: Visits of each policy per step.
        weight_decay: Keeps the log odds small where there is little to tell by.
    """

    hidden: tuple[int, ...] = (64, 64)
    learning_rate: float = 1e-3
    batch: int = 512
    weight_decay: float = 1e-3


class Discriminator:
    """Log of the ratio of two occupancies, as a function of some signals.

    Attributes:
        inputs: Names of the signals that it reads.
    """

    def __init__(
        self,
        reference: Mapping[str, np.ndarray],
        inputs: Sequence[str],
        config: DiscriminatorConfig | None = None,
        seed: int = 0,
    ) -> None:
        """Begin with a ratio of one everywhere.

        Args:
            reference: Visits of the reference policy: arrays (N, *shape) by name; they also set the inputs' scale.
            inputs: Which of them tell the policies apart; also `action`, if actions matter.
            config: How to learn.
            seed: Of the weights and the batches.

        Raises:
            ValueError: If an input is missing or there are no visits.
        """
        self.config = config or DiscriminatorConfig()
        self.inputs = tuple(inputs)
        self._reference = self._rows(reference)
        if len(self._reference) == 0:
            raise ValueError("the reference policy has no visits: record some episodes with it first")
        mean, std = self._reference.mean(0), self._reference.std(0)
        self._mean, self._scale = mean, 1.0 / std.clamp_min(1e-4)
        generator = torch.Generator().manual_seed(seed)
        self._rng = np.random.default_rng(seed)
        sizes = (self._reference.shape[1], *self.config.hidden, 1)
        layers: list[nn.Module] = []
        for width_in, width_out in pairwise(sizes):
            layer = nn.Linear(width_in, width_out)
            with torch.no_grad():
                layer.weight.normal_(0.0, width_in**-0.5, generator=generator)
                layer.bias.zero_()
            layers += [layer, nn.LeakyReLU(0.1)]
        self._network = nn.Sequential(*layers[:-1])
        with torch.no_grad():
            self._network[-1].weight.zero_()  # pyright: ignore[reportCallIssue]
        self._optimiser = torch.optim.AdamW(
            self._network.parameters(),
            lr=self.config.learning_rate,
            weight_decay=self.config.weight_decay,
            fused=True,
        )

    def log_ratio(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """log(policy / reference) of some visits, (N,) float32."""
        with torch.no_grad():
            return self.torch_log_ratio(self._tensors(values)).numpy()

    def torch_log_ratio(self, values: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The same, differentiable, for tensors (*batch, *shape) of one batch shape; limited to what can be told."""
        return self.torch_log_odds(values).clamp(-LARGEST_LOG_RATIO, LARGEST_LOG_RATIO)

    def torch_log_odds(self, values: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The same without a limit, and so with a slope everywhere."""
        shapes = self._shapes
        flat = [
            values[name].flatten(values[name].ndim - len(shapes[name])) if shapes[name] else values[name][..., None]
            for name in self.inputs
        ]
        rows = (torch.cat(flat, -1) - self._mean) * self._scale
        # A state far from all of the reference must not reach where the network only extrapolates.
        return self._network(rows.clamp(-20.0, 20.0))[..., 0]

    def learn(self, policy: Mapping[str, np.ndarray], steps: int) -> float:
        """Take some steps of logistic regression between new visits of the policy and the reference's.

        Returns:
            The last loss; log 2 where the two cannot be told apart.
        """
        visits = self._rows(policy)
        loss = torch.zeros(())
        for _ in range(steps):
            odds = self._network(torch.cat([self._draw(self._reference), self._draw(visits)]))[:, 0]
            theirs, ours = odds.chunk(2)
            loss = (nn.functional.softplus(theirs).mean() + nn.functional.softplus(-ours).mean()) / 2
            self._optimiser.zero_grad()
            loss.backward()
            self._optimiser.step()
        return float(loss.detach())

    def state(self) -> list[np.ndarray]:
        """The weights, in order: what decides the ratios."""
        return [self._mean.numpy(), self._scale.numpy(), *(p.detach().numpy() for p in self._network.parameters())]

    def _draw(self, rows: torch.Tensor) -> torch.Tensor:
        chosen = torch.from_numpy(self._rng.integers(len(rows), size=self.config.batch))
        return ((rows[chosen] - self._mean) * self._scale).clamp(-20.0, 20.0)

    def _rows(self, values: Mapping[str, np.ndarray]) -> torch.Tensor:
        missing = [name for name in self.inputs if name not in values]
        if missing:
            raise ValueError(f"the visits lack {', '.join(missing)}; they have {', '.join(values)}")
        self._shapes = {name: values[name].shape[1:] for name in self.inputs}
        flat = [np.asarray(values[name], np.float32).reshape(len(values[name]), -1) for name in self.inputs]
        rows = np.concatenate(flat, axis=1)
        if not np.isfinite(rows).all():
            raise ValueError("the visits hold a value that is not finite")
        return torch.from_numpy(rows)

    def _tensors(self, values: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
        return {name: torch.from_numpy(np.asarray(values[name], np.float32)) for name in self.inputs}
