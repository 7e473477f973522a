"""Gated accumulation: a heuristic reward counts only while its gate holds, and is worth nothing elsewhere.

A heuristic is often right in one stage and wrong in the next: to come near is right until the object is held. A gate is
a reward program's `success`, a condition on the stored facts like any other, so that a gated reward is a reward.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from telic.replay.remembering import remembers
from telic.replay.reward import Reward
from telic.rewards.algebra import Weighable
from telic.rewards.ir import canonical
from telic.rewards.program import RewardProgram

if TYPE_CHECKING:
    import torch


class Gated(Weighable):
    """A reward while a gate holds: ``primary + Gated(heuristic, gate)``.

    Attributes:
        reward: What counts while the gate holds.
        gate: Its `success` says when.
        inverse: Count where the gate does not hold instead.
    """

    def __init__(self, reward: Reward, gate: RewardProgram, inverse: bool = False) -> None:
        """Put a reward behind a gate.

        Raises:
            ValueError: If the gate has no `success`, or one of both remembers within an episode.
        """
        if gate.success_term is None:
            raise ValueError(f"the gate {gate.path} has no function `success`, which would say when it holds")
        for part in (reward, gate):
            if remembers(part):
                raise ValueError(f"{part!r} remembers within an episode; a gate is evaluated step by step")
        self.reward, self.gate, self.inverse = reward, gate, inverse

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the arrays that reward and gate read."""
        return tuple(dict.fromkeys((*self.reward.inputs, *self.gate.success_inputs)))

    @property
    def fingerprint(self) -> str:
        """A hash of the reward, the gate and its sense."""
        condition = canonical([("success", self.gate.success_term.node)]) if self.gate.success_term else ""
        text = f"telic gated 1\n{self.reward.fingerprint}\n{condition}\n{self.inverse}"
        return hashlib.sha256(text.encode()).hexdigest()

    def terms(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The terms of the reward, zero where they do not count; float32 of the batch shape."""
        opened = self._opened(inputs)
        return {name: np.where(opened, values, np.float32(0.0)) for name, values in self.reward.terms(inputs).items()}

    def torch_terms(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The same with torch; differentiable by the reward's inputs, while the gate itself has no slope.

        Raises:
            TypeError: If the reward has no torch form.
        """
        import torch

        differentiable = getattr(self.reward, "torch_terms", None)
        if differentiable is None:
            raise TypeError(f"{self.reward!r} has no torch_terms: it cannot be differentiated behind a gate either")
        arrays = {name: inputs[name].detach().cpu().numpy() for name in self.gate.success_inputs}
        opened = torch.from_numpy(self._opened(arrays))
        return {
            name: torch.where(opened.to(values.device), values, torch.zeros_like(values))
            for name, values in differentiable(inputs).items()
        }

    def _opened(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        holds = self.gate.success({name: inputs[name] for name in self.gate.success_inputs})
        assert holds is not None
        return holds != self.inverse
