"""Named arrays with any leading batch shape: that they are there, and that their shapes fit."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from telic.replay.signal import Signal
from telic.rewards.signals import did_you_mean


def batched(
    signals: Sequence[Signal], inputs: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], tuple[int, ...]]:
    """The arrays of some signals as float32, and their batch shape.

    Raises:
        ValueError: If an array is missing or has the wrong shape.
    """
    _check_names(signals, inputs)
    arrays = {signal.name: np.asarray(inputs[signal.name], dtype=np.float32) for signal in signals}
    return arrays, check_batch(signals, arrays)


def check_batch(signals: Sequence[Signal], inputs: Mapping[str, Any]) -> tuple[int, ...]:
    """The batch shape of arrays or tensors.

    Raises:
        ValueError: If one is missing, or its shape is not the batch shape followed by its signal's shape.
    """
    _check_names(signals, inputs)
    batch: tuple[int, ...] | None = None
    for signal in signals:
        shape = tuple(inputs[signal.name].shape)
        split = len(shape) - len(signal.shape)
        if split < 0 or shape[split:] != signal.shape:
            raise ValueError(f"{signal.name!r} has shape {shape}; expected (batch..., {str(signal.shape)[1:]}")
        if batch is None:
            batch = shape[:split]
        if shape[:split] != batch:
            raise ValueError(f"{signal.name!r} has batch shape {shape[:split]}, but {signals[0].name!r} has {batch}")
    return batch or ()


def _check_names(signals: Sequence[Signal], inputs: Mapping[str, Any]) -> None:
    for signal in signals:
        if signal.name not in inputs:
            hint = did_you_mean(signal.name, list(inputs))
            raise ValueError(f"the reward reads {signal.name!r}, which is not among the inputs; {hint}")
