"""Constant folding and the few rewritings that make rewards cheaper and their gradients finite.

`square(norm(x))`, `norm(x) ** 2` and `sum(square(x))` all become `dot(x, x)`: no root, so no gradient of a root at
zero; `sqrt(sum(square(x)))` becomes `norm(x)`, whose gradient at zero every back end defines as zero.
"""

from math import isfinite

import numpy as np

from telic.rewards.backends.numpy import apply
from telic.rewards.error import RuleError
from telic.rewards.infer import product
from telic.rewards.ir import Graph, Node, Type
from telic.rewards.language import LARGEST_CONSTANT, SMALLEST_CONSTANT

_CANCELLING = frozenset({"add", "sub", "sin", "cos", "sum", "dot"})


def constant(graph: Graph, values: tuple[float, ...], type_: Type) -> Node:
    """A constant's node.

    Raises:
        RuleError: If a value is not finite, or out of the range where float32 arithmetic means something.
    """
    for value in values:
        if not isfinite(value):
            raise RuleError(f"this constant is {value}", "a constant is a finite number")
        if abs(value) > LARGEST_CONSTANT:
            raise RuleError(f"this constant is {value:.3g}: too large", f"at most {LARGEST_CONSTANT:.0e} is allowed")
        if 0 < abs(value) < SMALLEST_CONSTANT:
            raise RuleError(
                f"this constant is {value:.3g}: too small", f"at least {SMALLEST_CONSTANT:.0e}, or 0, is allowed"
            )
    return graph.node("const", (), values, type_)


def simplified(graph: Graph, op: str, args: tuple[Node, ...], data: tuple, type_: Type) -> Node:
    """The node of an operation, or a simpler one of the same value and type."""
    if args and all(arg.op == "const" for arg in args):
        return _folded(graph, op, args, data, type_)
    rule = _RULES.get(op)
    simpler = rule(graph, args, type_) if rule else None
    return simpler if simpler is not None and simpler.type == type_ else graph.node(op, args, data, type_)


def scalar_value(node: Node) -> float | None:
    """The value of a scalar constant; None for anything else."""
    return node.data[0] if node.op == "const" and not node.type.shape else None


def _folded(graph: Graph, op: str, args: tuple[Node, ...], data: tuple, type_: Type) -> Node:
    values = [np.array(arg.data, dtype=np.float64).reshape(arg.type.shape) for arg in args]
    truths = [value != 0 if arg.type.truth else value for value, arg in zip(values, args, strict=True)]
    node = Node(op, args, data, type_, -1)
    with np.errstate(all="ignore"):
        result = np.broadcast_to(apply(node, truths), type_.shape)
    if op in _CANCELLING:
        # What is left of a cancellation is a rounding error: cos(90 * degree) is 0.
        result = np.where(np.abs(result) < SMALLEST_CONSTANT, 0.0, result)
    return constant(graph, tuple(float(value) for value in result.ravel()), type_)


def _sum(graph: Graph, args: tuple[Node, ...], type_: Type) -> Node | None:
    first, second = args
    if scalar_value(second) == 0:
        return first
    return second if scalar_value(first) == 0 else None


def _difference(graph: Graph, args: tuple[Node, ...], type_: Type) -> Node | None:
    return args[0] if args[1].op == "const" and not any(args[1].data) else None


def _product(graph: Graph, args: tuple[Node, ...], type_: Type) -> Node | None:
    first, second = args
    if first is second:
        return simplified(graph, "square", (first,), (), type_)
    if scalar_value(second) is not None:
        return simplified(graph, "mul", (second, first), (), type_)
    weight = scalar_value(first)
    if weight is None:
        return None
    if weight == 1:
        return second
    inner = scalar_value(second.args[0]) if second.op == "mul" else None
    return None if inner is None else _weighted(graph, weight * inner, second.args[1], type_)


def _quotient(graph: Graph, args: tuple[Node, ...], type_: Type) -> Node | None:
    divisor = scalar_value(args[1])
    if divisor is None:
        return None
    if divisor == 0:
        raise RuleError("division by zero")
    return simplified(graph, "mul", (constant(graph, (1 / divisor,), Type()), args[0]), (), type_)


def _negation(graph: Graph, args: tuple[Node, ...], type_: Type) -> Node | None:
    return simplified(graph, "mul", (constant(graph, (-1.0,), Type()), args[0]), (), type_)


def _square(graph: Graph, args: tuple[Node, ...], type_: Type) -> Node | None:
    (x,) = args
    if x.op == "norm":
        return graph.node("dot", (x.args[0], x.args[0]), (), type_)
    if x.op == "abs":
        return graph.node("square", x.args, (), type_)
    weight = scalar_value(x.args[0]) if x.op == "mul" else None
    if weight is None:
        return None
    inner = x.args[1]
    return _weighted(
        graph, weight * weight, simplified(graph, "square", (inner,), (), product(inner.type, inner.type)), type_
    )


def _weighted(graph: Graph, weight: float, x: Node, type_: Type) -> Node | None:
    """`weight * x`, if the weight is a constant that float32 can hold."""
    if not SMALLEST_CONSTANT <= abs(weight) <= LARGEST_CONSTANT:
        return None
    return graph.node("mul", (constant(graph, (weight,), Type()), x), (), type_)


def _total(graph: Graph, args: tuple[Node, ...], type_: Type) -> Node | None:
    (x,) = args
    return graph.node("dot", (x.args[0], x.args[0]), (), type_) if x.op == "square" else None


def _root(graph: Graph, args: tuple[Node, ...], type_: Type) -> Node | None:
    (x,) = args
    if x.op == "dot" and x.args[0] is x.args[1]:
        return graph.node("norm", (x.args[0],), (), type_)
    return None


_RULES = {
    "add": _sum,
    "sub": _difference,
    "mul": _product,
    "div": _quotient,
    "neg": _negation,
    "square": _square,
    "sum": _total,
    "sqrt": _root,
}
