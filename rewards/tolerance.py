"""`tolerance`: 1 within bounds, falling smoothly to a chosen value one margin outside of them.

The idea and the family of curves are those of `dm_control.utils.rewards.tolerance` (Tassa et al., "DeepMind Control
Suite", 2018), written here as operations of the graph, so that every back end and every gradient follows.
With d the distance to the bounds over the margin and v the value at the margin, so that f(0) = 1 and f(1) = v:

    gaussian      exp(log(v) d^2)                     long_tail   1 / (1 + (1/v - 1) d^2)
    hyperbolic    1 / cosh(arccosh(1/v) d)            reciprocal  1 / (1 + (1/v - 1) d)
    tanh_squared  1 - tanh(artanh(sqrt(1 - v)) d)^2   linear      max(0, 1 - (1 - v) d)
    cosine        (1 + cos(arccos(2v - 1) d)) / 2     quadratic   max(0, 1 - (1 - v) d^2)
                  until it reaches 0, then 0
"""

from collections.abc import Callable
from math import acos, acosh, atanh, log, pi, sqrt

from telic.rewards import infer
from telic.rewards.build import Builder
from telic.rewards.error import RuleError
from telic.rewards.ir import Node
from telic.rewards.signals import did_you_mean
from telic.rewards.simplify import scalar_value

# Operations whose result is never negative: the distance to symmetric bounds then needs no second side.
_NEVER_NEGATIVE = ("norm", "abs", "sqrt", "square")


def tolerance(
    build: Builder,
    x: Node,
    bound: Node | None = None,
    margin: Node | None = None,
    *,
    lower: Node | None = None,
    upper: Node | None = None,
    value_at_margin: Node | None = None,
    sigmoid: str = "gaussian",
) -> Node:
    """1 where x is within bounds, less outside.

    Args:
        build: Where the nodes go.
        x: The quantity, of any shape and unit.
        bound: Half width of bounds around zero: from -bound to bound.
        margin: Distance outside of the bounds at which the value is `value_at_margin`; 0, the default, means a step.
        lower: Lower bound; without `upper`, everything above is within.
        upper: Upper bound; without `lower`, everything below is within.
        value_at_margin: In (0, 1); for linear, quadratic and cosine 0 is allowed too.
        sigmoid: The curve outside of the bounds, see the module docstring.

    Raises:
        RuleError: If an argument is not a constant, out of its range, or of another unit than x.
    """
    x = build.number(x)
    low, high = _bounds(build, x, bound, lower, upper)
    width = _constant(build, x, margin, "margin") if margin is not None else 0.0
    value = scalar_value(value_at_margin) if value_at_margin is not None else 0.1
    if sigmoid not in _CURVES:
        raise RuleError(f"there is no sigmoid {sigmoid!r}", did_you_mean(sigmoid, list(_CURVES)))
    lowest_allowed = 0.0 if sigmoid in ("linear", "quadratic", "cosine") else 1e-6
    if value is None or not lowest_allowed <= value < 1:
        raise RuleError(
            f"value_at_margin is {'not a constant' if value is None else f'{value:g}'}",
            f"for {sigmoid} it is a constant of at least {lowest_allowed:g} and below 1",
        )
    if width < 0:
        raise RuleError(f"margin is {width:g}", "a margin is a positive distance, or 0 for a step")
    if width == 0:
        return _step(build, x, low, high)
    distance = _distance(build, x, low, high)
    return _CURVES[sigmoid](build, build.divide(distance, build.literal(width, x.type.unit)), value)


def _bounds(
    build: Builder, x: Node, bound: Node | None, lower: Node | None, upper: Node | None
) -> tuple[float | None, float | None]:
    if bound is not None and (lower is not None or upper is not None):
        raise RuleError(
            "tolerance has both `bound` and `lower` or `upper`", "bound=b means lower=-b, upper=b: write one of them"
        )
    if bound is not None:
        half = _constant(build, x, bound, "bound")
        if half < 0:
            raise RuleError(f"bound is {half:g}", "the bounds are from -bound to bound: give a positive number")
        return -half, half
    if lower is None and upper is None:
        return 0.0, 0.0
    low = None if lower is None else _constant(build, x, lower, "lower")
    high = None if upper is None else _constant(build, x, upper, "upper")
    if low is not None and high is not None and low > high:
        raise RuleError(f"lower {low:g} is above upper {high:g}")
    return low, high


def _constant(build: Builder, x: Node, node: Node, name: str) -> float:
    value = scalar_value(node)
    if value is None:
        raise RuleError(f"{name} of tolerance is a constant number, not {node.type}", "name it at the top of the file")
    build.compare("<=", x, node)  # Refuses another unit, and degrees for radians.
    return value


def _step(build: Builder, x: Node, low: float | None, high: float | None) -> Node:
    inside = None
    for edge, comparison in ((low, ">="), (high, "<=")):
        if edge is not None:
            within = build.compare(comparison, x, build.literal(edge, x.type.unit))
            inside = within if inside is None else build.both(inside, within)
    if inside is None:
        raise RuleError("tolerance has no bounds")
    return build.number(inside)


def _distance(build: Builder, x: Node, low: float | None, high: float | None) -> Node:
    """How far x is outside of the bounds, at least zero."""
    never_negative = x.op in _NEVER_NEGATIVE or (x.op == "dot" and x.args[0] is x.args[1])
    if low is not None and high is not None and low == -high:
        x, low = (x if never_negative else build.absolute(x)), None
        if high == 0:
            return x
    above = None if high is None else build.subtract(x, build.literal(high, x.type.unit))
    below = None if low is None else build.subtract(build.literal(low, x.type.unit), x)
    outside = above if below is None else below if above is None else build.maximum(above, below)
    if outside is None:
        raise RuleError("tolerance has no bounds")
    return build.maximum(outside, build.literal(0.0, x.type.unit))


def _scaled(build: Builder, factor: float, x: Node) -> Node:
    return build.multiply(build.literal(factor), x)


def _one_minus(build: Builder, x: Node) -> Node:
    return build.subtract(build.literal(1.0), x)


def _one_over_one_plus(build: Builder, x: Node) -> Node:
    return build.divide(build.literal(1.0), build.add(build.literal(1.0), x))


def _gaussian(build: Builder, d: Node, value: float) -> Node:
    return build.function("exp", _scaled(build, log(value), build.square(d)))


def _hyperbolic(build: Builder, d: Node, value: float) -> Node:
    # 1 / cosh(z) = 2 / (exp(z) + exp(-z)), with exp(-z) only, which cannot overflow.
    fall = build.function("exp", _scaled(build, -acosh(1 / value), d))
    return build.divide(_scaled(build, 2.0, fall), build.add(build.literal(1.0), build.square(fall)))


def _long_tail(build: Builder, d: Node, value: float) -> Node:
    return _one_over_one_plus(build, _scaled(build, 1 / value - 1, build.square(d)))


def _reciprocal(build: Builder, d: Node, value: float) -> Node:
    return _one_over_one_plus(build, _scaled(build, 1 / value - 1, d))


def _tanh_squared(build: Builder, d: Node, value: float) -> Node:
    return _one_minus(build, build.square(build.function("tanh", _scaled(build, atanh(sqrt(1 - value)), d))))


def _linear(build: Builder, d: Node, value: float) -> Node:
    return build.maximum(_one_minus(build, _scaled(build, 1 - value, d)), build.literal(0.0))


def _quadratic(build: Builder, d: Node, value: float) -> Node:
    return build.maximum(_one_minus(build, _scaled(build, 1 - value, build.square(d))), build.literal(0.0))


def _cosine(build: Builder, d: Node, value: float) -> Node:
    phase = build.minimum(_scaled(build, acos(2 * value - 1), d), build.literal(pi, infer.NUMBER))
    return _scaled(build, 0.5, build.add(build.literal(1.0), build.function("cos", phase)))


_CURVES: dict[str, Callable[[Builder, Node, float], Node]] = {
    "gaussian": _gaussian,
    "hyperbolic": _hyperbolic,
    "long_tail": _long_tail,
    "reciprocal": _reciprocal,
    "tanh_squared": _tanh_squared,
    "linear": _linear,
    "quadratic": _quadratic,
    "cosine": _cosine,
}
