"""Occupancy-regularised training: the further a policy goes from the reference, the more it must gain.

The penalty is a reward term like any other, computed by a classifier that follows the policy. With d the log of how
much more often the policy is somewhere than the reference:

    chi2    - c (e^d - 1) / sqrt(chi2)     its mean over the policy's visits is -c sqrt(chi2)   (ORPO [1], equation 6)
    kl      - c d                          its mean is -c KL(policy, reference)

The first is what the certificate asks for, and fits learners that only compare returns. Its slope vanishes where the
classifier is sure, so that a learner which follows gradients of the reward cannot find its way back; the second has a
slope everywhere.

[1] Laidlaw, Singhal and Dragan 2025, Correlated Proxies (arXiv 2403.03185).
"""

import hashlib
from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch

from telic.control.guard.certificate import chi_squared_from_ratios
from telic.control.guard.discriminator import Discriminator

TERM = "near_reference"
# Below this distance, the policies cannot be told apart and the penalty vanishes.
SMALLEST_CHI2 = 1e-3


class OccupancyPenalty:
    """The penalty as a reward; add it to the proxy.

    Attributes:
        discriminator: Tells the policy from the reference.
        weight: c, in units of reward; see `certificate.penalty_weight`.
        kind: Which of the two distances; see the module's docstring.
        chi2: Distance of the policy from the reference, at the last update.
    """

    def __init__(self, discriminator: Discriminator, weight: float, kind: Literal["chi2", "kl"] = "chi2") -> None:
        """Begin without a penalty: nothing is known of the policy yet.

        Raises:
            ValueError: If the kind is unknown, or the weight is negative or not finite.
        """
        if kind not in ("chi2", "kl"):
            raise ValueError(f"the penalty's kind is {kind!r}; allowed: chi2, kl")
        if not 0.0 <= weight < float("inf"):
            raise ValueError(f"the weight of the penalty is {weight}; allowed: a finite number, at least 0")
        self.discriminator = discriminator
        self.weight, self.kind = weight, kind
        self.chi2 = 0.0

    def follow(self, visits: Mapping[str, np.ndarray], steps: int) -> None:
        """Learn where the policy is now, from its newest visits, arrays (N, *shape) by name."""
        self.discriminator.learn(visits, steps)
        self.chi2 = chi_squared_from_ratios(self.discriminator.log_ratio(visits))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the arrays that it reads."""
        return self.discriminator.inputs

    @property
    def fingerprint(self) -> str:
        """A hash of what decides the values: it changes whenever the classifier learns."""
        digest = hashlib.sha256(f"occupancy penalty {self.kind} {self.weight!r} {self.chi2!r} {self.inputs}".encode())
        for array in self.discriminator.state():
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def terms(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The penalty of each visit, of the batch shape."""
        tensors = {name: torch.from_numpy(np.asarray(inputs[name], np.float32)) for name in self.inputs}
        with torch.no_grad():
            return {name: values.numpy() for name, values in self.torch_terms(tensors).items()}

    def torch_terms(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The same with torch, differentiable by the inputs."""
        if self.kind == "kl":
            return {TERM: -self.weight * self.discriminator.torch_log_odds(inputs)}
        scale = self.weight / max(self.chi2, SMALLEST_CHI2) ** 0.5
        return {TERM: -scale * torch.expm1(self.discriminator.torch_log_ratio(inputs))}
