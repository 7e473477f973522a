"""torch back end: walks the graph over tensors with any leading batch shape, differentiable everywhere.

Where an exact gradient does not exist or is infinite (norm, sqrt and arctan2 at zero) it is zero, so that a policy
gradient through a perfect state stays finite.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch

from telic.rewards.ir import Node

_ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "where": torch.where,
    "neg": torch.neg,
    "abs": torch.abs,
    "square": torch.square,
    "exp": torch.exp,
    "log": torch.log,
    "sin": torch.sin,
    "cos": torch.cos,
    "tanh": torch.tanh,
    "floor": torch.floor,
    "and": torch.logical_and,
    "or": torch.logical_or,
    "not": torch.logical_not,
}


def evaluate(
    nodes: tuple[Node, ...], results: tuple[Node, ...], inputs: Mapping[str, torch.Tensor], batch: tuple[int, ...]
) -> list[torch.Tensor]:
    """Compute results for a batch.

    Args:
        nodes: The schedule of the results.
        results: Nodes to compute.
        inputs: Tensors by signal name, each of shape (batch..., signal...).
        batch: The batch shape.

    Returns:
        One tensor of the batch shape for each result.
    """
    like = next(iter(inputs.values()))
    values: dict[int, Any] = {}
    for node in nodes:
        if node.op == "input":
            values[node.number] = inputs[node.data[0]] != 0 if node.type.truth else inputs[node.data[0]]
        elif node.op == "const":
            values[node.number] = _constant(node, like)
        else:
            values[node.number] = _apply(node, [values[arg.number] for arg in node.args])
    return [_spread(values[node.number], batch, like) for node in results]


def _spread(value: torch.Tensor | float, batch: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
    """A result as a tensor of the batch shape; a constant is repeated."""
    return value.expand(batch) if isinstance(value, torch.Tensor) else torch.full(batch, value, device=like.device)


def _constant(node: Node, like: torch.Tensor) -> torch.Tensor | float:
    """Scalars stay Python numbers: an operation with one costs nothing more."""
    if node.type.truth:
        return torch.tensor(node.data, dtype=torch.bool, device=like.device).reshape(node.type.shape)
    if not node.type.shape:
        return node.data[0]
    return torch.tensor(node.data, dtype=torch.float32, device=like.device).reshape(node.type.shape)


def _apply(node: Node, values: list[Any]) -> torch.Tensor:
    if node.op in _ELEMENTWISE:
        return _ELEMENTWISE[node.op](*values)
    return _SPECIAL[node.op](node, *values)


def _axes(node: Node) -> tuple[int, ...]:
    """The axes of one sample of a node's operand."""
    return tuple(range(-len(node.args[0].type.shape), 0))


def _tensors(*values: torch.Tensor | float) -> list[torch.Tensor]:
    """All values as tensors; at least one is a tensor already."""
    like = next(value for value in values if isinstance(value, torch.Tensor))
    return [value if isinstance(value, torch.Tensor) else torch.full_like(like, value) for value in values]


def _minimum(node: Node, a: Any, b: Any) -> torch.Tensor:
    if isinstance(b, float):
        return torch.clamp(a, max=b)
    return torch.clamp(b, max=a) if isinstance(a, float) else torch.minimum(a, b)


def _maximum(node: Node, a: Any, b: Any) -> torch.Tensor:
    if isinstance(b, float):
        return torch.clamp(a, min=b)
    return torch.clamp(b, min=a) if isinstance(a, float) else torch.maximum(a, b)


def _arctan2(node: Node, y: Any, x: Any) -> torch.Tensor:
    y, x = _tensors(y, x)
    origin = (x == 0) & (y == 0)
    # The angle of the origin is 0 with gradient 0: the second choice keeps the 0 / 0 of the gradient out.
    return torch.where(origin, 0.0 * x, torch.atan2(y, torch.where(origin, 1.0, x)))


def _sqrt(node: Node, x: torch.Tensor) -> torch.Tensor:
    zero = x == 0
    return torch.where(zero, 0.0 * x, torch.sqrt(torch.where(zero, 1.0, x)))


def _norm(node: Node, x: torch.Tensor) -> torch.Tensor:
    # Its gradient at zero is zero.
    return torch.linalg.vector_norm(x, dim=_axes(node))


def _dot(node: Node, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a * b).sum(_axes(node))


def _sum(node: Node, x: torch.Tensor) -> torch.Tensor:
    return x.sum(_axes(node))


def _all(node: Node, x: torch.Tensor) -> torch.Tensor:
    return x.flatten(-len(node.args[0].type.shape)).all(-1)


def _any(node: Node, x: torch.Tensor) -> torch.Tensor:
    return x.flatten(-len(node.args[0].type.shape)).any(-1)


def _number(node: Node, x: torch.Tensor) -> torch.Tensor:
    return x.to(torch.float32)


def _expand(node: Node, x: torch.Tensor) -> torch.Tensor:
    return x[(..., *[None] * len(node.data))]


def _index(node: Node, x: torch.Tensor) -> torch.Tensor:
    return x[(..., *(slice(*part) if isinstance(part, tuple) else part for part in node.data))]


def _stack(node: Node, *parts: Any) -> torch.Tensor:
    return torch.stack(torch.broadcast_tensors(*_tensors(*parts)), dim=-1)


def _matvec(node: Node, matrix: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
    return (matrix * vector[..., None, :]).sum(-1)


def _vecmat(node: Node, matrix: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
    return (matrix * vector[..., :, None]).sum(-2)


_SPECIAL: dict[str, Callable[..., torch.Tensor]] = {
    "minimum": _minimum,
    "maximum": _maximum,
    "arctan2": _arctan2,
    "sqrt": _sqrt,
    "norm": _norm,
    "dot": _dot,
    "sum": _sum,
    "all": _all,
    "any": _any,
    "number": _number,
    "expand": _expand,
    "index": _index,
    "stack": _stack,
    "matvec": _matvec,
    "vecmat": _vecmat,
}
