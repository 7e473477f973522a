"""The Numba kernels as one torch operation: on a CPU, one pass forward and one backward instead of dozens of each."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.autograd.function import once_differentiable

from telic.replay.signal import Signal


def applies(tensors: Sequence[torch.Tensor]) -> bool:
    """Whether tensors can go through the kernels: float32 in CPU memory, and nothing is tracing them."""
    plain = all(tensor.dtype == torch.float32 and tensor.device.type == "cpu" for tensor in tensors)
    return plain and not torch.compiler.is_compiling()


def evaluate(
    kernel: Callable[..., None],
    gradient_kernel: Callable[[], Callable[..., None]],
    tensors: Sequence[torch.Tensor],
    batch: tuple[int, ...],
    signals: Sequence[Signal],
    terms: int,
) -> list[torch.Tensor]:
    """Compute terms, differentiably.

    Args:
        kernel: ``kernel(inputs, out)``.
        gradient_kernel: Returns ``kernel(inputs, cotangents, gradients)``; asked only when a gradient is needed.
        tensors: Inputs, each of shape (batch..., signal...), in the kernels' order.
        batch: The batch shape.
        signals: The inputs' signals.
        terms: Number of terms.

    Returns:
        One tensor of the batch shape for each term.
    """
    rows = [tensor.reshape(-1, signal.size) for tensor, signal in zip(tensors, signals, strict=True)]
    values: tuple[torch.Tensor, ...] = _Fused.apply(kernel, gradient_kernel, terms, *rows)  # type: ignore[assignment]
    return [value.reshape(batch) for value in values]


class _Fused(torch.autograd.Function):
    """Rows (N, size) of each input to one vector (N,) for each term."""

    @staticmethod
    def forward(
        ctx: Any,
        kernel: Callable[..., None],
        gradient_kernel: Callable[[], Callable[..., None]],
        terms: int,
        *rows: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        ctx.save_for_backward(*rows)
        ctx.gradient_kernel = gradient_kernel
        out = np.empty((rows[0].shape[0], terms), dtype=np.float32)
        kernel(_arrays(rows), out)
        # Each term contiguous, for what follows.
        return tuple(torch.from_numpy(term) for term in np.ascontiguousarray(out.T))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *cotangents: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs = _arrays(ctx.saved_tensors)
        gradients = tuple(np.empty_like(array) for array in inputs)
        ctx.gradient_kernel()(inputs, np.stack(_arrays(cotangents), axis=-1), gradients)
        return (None, None, None, *(torch.from_numpy(gradient) for gradient in gradients))


def _arrays(tensors: Sequence[torch.Tensor]) -> tuple[np.ndarray, ...]:
    return tuple(tensor.detach().contiguous().numpy() for tensor in tensors)
