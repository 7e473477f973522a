"""NumPy back end: walks the graph over arrays with any leading batch shape. No code is generated."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from telic.rewards.ir import Node, schedule

_ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "arctan2": np.arctan2,
    "neg": np.negative,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "square": np.square,
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "floor": np.floor,
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "where": np.where,
}


def evaluate(results: tuple[Node, ...], inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Compute results for a batch.

    Args:
        results: Nodes to compute.
        inputs: Arrays by signal name, each of shape (batch..., signal...).

    Returns:
        One array for each result; its batch axes are missing where it does not depend on the inputs.
    """
    values: dict[int, np.ndarray] = {}
    with np.errstate(all="ignore"):
        for node in schedule(results):
            if node.op == "input":
                values[node.number] = inputs[node.data[0]] != 0 if node.type.truth else inputs[node.data[0]]
            elif node.op == "const":
                kind = np.bool_ if node.type.truth else np.float32
                values[node.number] = np.array(node.data, dtype=kind).reshape(node.type.shape)
            else:
                values[node.number] = apply(node, [values[arg.number] for arg in node.args])
    return [values[node.number] for node in results]


def apply(node: Node, values: list[np.ndarray]) -> np.ndarray:
    """Compute one node from its operands' values, in their precision."""
    if node.op in _ELEMENTWISE:
        return _ELEMENTWISE[node.op](*values)
    return _STRUCTURAL[node.op](node, *values)


def _axes(node: Node) -> tuple[int, ...]:
    """The axes of one sample of a node's operand."""
    return tuple(range(-len(node.args[0].type.shape), 0))


def _number(node: Node, x: np.ndarray) -> np.ndarray:
    return np.asarray(x).astype(np.float32)


def _expand(node: Node, x: np.ndarray) -> np.ndarray:
    return np.asarray(x)[(..., *[None] * len(node.data))]


def _index(node: Node, x: np.ndarray) -> np.ndarray:
    return x[(..., *(slice(*part) if isinstance(part, tuple) else part for part in node.data))]


def _stack(node: Node, *parts: np.ndarray) -> np.ndarray:
    return np.stack(np.broadcast_arrays(*parts), axis=-1)


def _sum(node: Node, x: np.ndarray) -> np.ndarray:
    return np.sum(x, axis=_axes(node))


def _all(node: Node, x: np.ndarray) -> np.ndarray:
    return np.all(x, axis=_axes(node))


def _any(node: Node, x: np.ndarray) -> np.ndarray:
    return np.any(x, axis=_axes(node))


def _dot(node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    letters = "ij"[: len(node.args[0].type.shape)]
    return np.einsum(f"...{letters},...{letters}->...", a, b)


def _norm(node: Node, x: np.ndarray) -> np.ndarray:
    return np.sqrt(_dot(node, x, x))


def _matvec(node: Node, matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    return np.einsum("...ij,...j->...i", matrix, vector)


def _vecmat(node: Node, matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    return np.einsum("...ij,...i->...j", matrix, vector)


_STRUCTURAL: dict[str, Callable[..., np.ndarray]] = {
    "number": _number,
    "expand": _expand,
    "index": _index,
    "stack": _stack,
    "sum": _sum,
    "all": _all,
    "any": _any,
    "dot": _dot,
    "norm": _norm,
    "matvec": _matvec,
    "vecmat": _vecmat,
}
