"""Batches as torch tensors: without a copy on the CPU, through pinned memory on the way to a GPU."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from telic.replay.batch import Batch


@dataclass(frozen=True, slots=True)
class TorchBatch:
    """A `Batch` for a learner in torch. What a loss needs is on the device; the bookkeeping stays in NumPy.

    Attributes:
        signals: See `Batch`, as for the other fields; a tensor each.
        action: (B, actuators) float32.
        reward: (B,) float32.
        next_signals: A tensor each.
        discount: (B,) float32.
        weight: (B,) float32, or None.
        next_action: (B, actuators) float32, or None.
        has_next_action: (B,) bool, or None.
        relabelled: (B,) bool, or None.
        steps: (B,) int64, NumPy.
        index: (B,) int64, NumPy, as `Prioritised.update` takes it.
        generation: One number, or (B,) int64, NumPy.
        source: (B,) int64, NumPy, or None.
    """

    signals: dict[str, torch.Tensor]
    action: torch.Tensor
    reward: torch.Tensor
    next_signals: dict[str, torch.Tensor]
    discount: torch.Tensor
    weight: torch.Tensor | None
    next_action: torch.Tensor | None
    has_next_action: torch.Tensor | None
    steps: np.ndarray
    index: np.ndarray
    generation: int | np.ndarray
    source: np.ndarray | None = None
    relabelled: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.index)


BOOKKEEPING = ("steps", "index", "generation", "source")


def to_torch(batch: Batch, device: torch.device | str = "cpu") -> TorchBatch:
    """A batch as tensors.

    On the CPU the tensors share the memory of the batch. For a GPU they are copied to pinned memory, from where they
    travel while the caller goes on; torch's own streams keep the order right.
    """

    def convert(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: tensor_on(device, array) for name, array in value.items()}
        return None if value is None else tensor_on(device, value)

    values = {field.name: getattr(batch, field.name) for field in fields(Batch)}
    return TorchBatch(**{name: value if name in BOOKKEEPING else convert(value) for name, value in values.items()})


def tensor_on(device: torch.device | str, array: np.ndarray) -> torch.Tensor:
    """An array as a tensor on a device; on the CPU without a copy."""
    tensor = torch.from_numpy(array)
    if torch.device(device).type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
