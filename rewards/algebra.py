"""A sum of rewards is a reward: `0.8 * place + 0.2 * style`."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from telic.replay.remembering import remembers
from telic.replay.reward import Reward, total

if TYPE_CHECKING:
    import torch


class Weighable:
    """The operators of rewards: a number times a reward, and a reward plus a reward."""

    def __mul__(self, weight: float) -> WeightedSum:
        return WeightedSum(((_weight(weight), _reward(self)),))

    __rmul__ = __mul__

    def __neg__(self) -> WeightedSum:
        return self * -1.0

    def __add__(self, other: Reward) -> WeightedSum:
        return WeightedSum((*_parts(self), *_parts(other)))

    def __sub__(self, other: Reward) -> WeightedSum:
        return WeightedSum((*_parts(self), *((-weight, part) for weight, part in _parts(other))))


class WeightedSum(Weighable):
    """Rewards with weights. Its terms are the weighted terms of its parts.

    Where two parts have a term of the same name, the names are numbered by part: ``1.place``, ``2.place``.

    Attributes:
        parts: Weight and reward of each part; sums within sums are taken apart.
    """

    def __init__(self, parts: tuple[tuple[float, Reward], ...]) -> None:
        flat: list[tuple[float, Reward]] = []
        for weight, part in parts:
            flat += [(_weight(weight) * inner, reward) for inner, reward in _parts(part)]
        if not flat:
            raise ValueError("a weighted sum needs at least one reward")
        self.parts = tuple(flat)

    def __repr__(self) -> str:
        return " + ".join(f"{weight:g} * {part!r}" for weight, part in self.parts)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the weights and of the parts' fingerprints, in order."""
        text = "\n".join(f"{float(weight).hex()} {part.fingerprint}" for weight, part in self.parts)
        return hashlib.sha256(f"telic weighted sum 1\n{text}".encode()).hexdigest()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the arrays that any part reads."""
        return tuple(dict.fromkeys(name for _, part in self.parts for name in part.inputs))

    def terms(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The weighted terms of all parts, each of the batch shape."""
        return self._named([(weight, part.terms(inputs)) for weight, part in self.parts])

    def total(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """The reward of a batch: the sum of its terms."""
        return total(self.terms(inputs))

    def torch_terms(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The weighted terms of all parts, differentiable.

        Raises:
            TypeError: If a part has no torch form.
        """
        for _, part in self.parts:
            if not hasattr(part, "torch_terms"):
                raise TypeError(f"{part!r} has no torch_terms: this sum cannot be differentiated")
        return self._named([(weight, part.torch_terms(inputs)) for weight, part in self.parts])  # type: ignore[attr-defined]

    @staticmethod
    def _named(parts: list[tuple[float, dict]]) -> dict:
        count = Counter(name for _, terms in parts for name in terms)
        return {
            (name if count[name] == 1 else f"{number}.{name}"): weight * values
            for number, (weight, terms) in enumerate(parts, start=1)
            for name, values in terms.items()
        }


def _parts(reward: object) -> tuple[tuple[float, Reward], ...]:
    return reward.parts if isinstance(reward, WeightedSum) else ((1.0, _reward(reward)),)


def _reward(thing: object) -> Reward:
    if not isinstance(thing, Reward):
        raise TypeError(f"{thing!r} is not a reward: only rewards can be added")
    if remembers(thing):
        raise TypeError(
            f"{thing!r} remembers within an episode, and a sum is evaluated step by step: write the sum as one program"
        )
    return thing


def _weight(weight: object) -> float:
    if isinstance(weight, bool) or not isinstance(weight, int | float | np.floating) or not isfinite(weight):
        raise TypeError(f"a reward is multiplied by a finite number, not by {weight!r}")
    return float(weight)
