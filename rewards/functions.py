"""The functions that a reward may call. Each is a Python function from nodes to a node; its docstring is the manual."""

from collections.abc import Callable
from math import pi

from telic.rewards import infer
from telic.rewards.build import Builder
from telic.rewards.error import RuleError
from telic.rewards.ir import Node
from telic.rewards.tolerance import tolerance


def norm(build: Builder, x: Node) -> Node:
    """Length of a vector, in its unit; its gradient at zero is zero."""
    return build.norm(x)


def dot(build: Builder, a: Node, b: Node) -> Node:
    """Sum of the products of the elements of two vectors of one shape and frame."""
    return build.dot(a, b)


def cross(build: Builder, a: Node, b: Node) -> Node:
    """Cross product of two vectors (3,) of one frame."""
    if a.type.shape != (3,) or b.type.shape != (3,):
        raise RuleError(f"cross takes two vectors (3,), not {a.type.shape} and {b.type.shape}")
    frame = infer.common_frame(a.type, b.type, "take the cross product of")
    products = []
    for i, j in ((1, 2), (2, 0), (0, 1)):
        first = build.multiply(build.index(a, (i,)), build.index(b, (j,)))
        products.append(build.subtract(first, build.multiply(build.index(a, (j,)), build.index(b, (i,)))))
    return build.stack(products, frame)


def total(build: Builder, x: Node) -> Node:
    """Sum of all elements of a sample; of truth values, how many are true."""
    return build.sum(x)


def mean(build: Builder, x: Node) -> Node:
    """Mean of all elements of a sample."""
    return build.divide(build.sum(x), build.literal(max(1, x.type.size)))


def absolute(build: Builder, x: Node) -> Node:
    """Absolute value, elementwise."""
    return build.absolute(x)


def sqrt(build: Builder, x: Node) -> Node:
    """Square root, elementwise; its gradient at zero is zero."""
    return build.root(x)


def square(build: Builder, x: Node) -> Node:
    """Square: x * x, elementwise."""
    return build.square(x)


def exp(build: Builder, x: Node) -> Node:
    """Exponential of a pure number, elementwise."""
    return build.function("exp", x)


def log(build: Builder, x: Node) -> Node:
    """Natural logarithm of a pure number, elementwise."""
    return build.function("log", x)


def tanh(build: Builder, x: Node) -> Node:
    """Hyperbolic tangent of a pure number, elementwise."""
    return build.function("tanh", x)


def sin(build: Builder, x: Node) -> Node:
    """Sine of radians or of a pure number, elementwise."""
    return build.function("sin", x, radians=True)


def cos(build: Builder, x: Node) -> Node:
    """Cosine of radians or of a pure number, elementwise."""
    return build.function("cos", x, radians=True)


def arctan2(build: Builder, y: Node, x: Node) -> Node:
    """Angle in radians of the point (x, y), elementwise; its gradient at the origin is zero."""
    return build.arctan2(y, x)


def minimum(build: Builder, a: Node, b: Node) -> Node:
    """The smaller of two, elementwise."""
    return build.minimum(a, b)


def maximum(build: Builder, a: Node, b: Node) -> Node:
    """The larger of two, elementwise."""
    return build.maximum(a, b)


def clip(build: Builder, x: Node, lower: Node, upper: Node) -> Node:
    """Limit: x, but at least `lower` and at most `upper`, elementwise."""
    return build.minimum(build.maximum(x, lower), upper)


def where(build: Builder, condition: Node, a: Node, b: Node) -> Node:
    """Choice: a where the condition holds, otherwise b, elementwise; the same as `a if condition else b`."""
    return build.choose(condition, a, b)


def every(build: Builder, x: Node) -> Node:
    """Whether all truth values of a sample are true."""
    return build.reduce_truth("all", x)


def some(build: Builder, x: Node) -> Node:
    """Whether any truth value of a sample is true."""
    return build.reduce_truth("any", x)


def wrap_angle(build: Builder, x: Node) -> Node:
    """The same angle from -pi to pi, elementwise."""
    if x.type.unit not in (None, infer.RADIAN):
        raise RuleError(f"wrap_angle takes radians, not {x.type}")
    turn = build.literal(2 * pi, x.type.unit)
    turns = build.floor(build.add(build.divide(x, turn), build.literal(0.5)))
    return build.subtract(x, build.multiply(turn, turns))


def trace(build: Builder, matrix: Node) -> Node:
    """Sum of the diagonal of a square matrix; of a rotation by an angle a, it is 1 + 2 cos(a)."""
    shape = matrix.type.shape
    if len(shape) != 2 or shape[0] != shape[1]:
        raise RuleError(f"trace takes a square matrix, not {shape or 'a scalar'}")
    return build.sum(build.stack([build.index(matrix, (i, i)) for i in range(shape[0])]))


def to_world(build: Builder, rotation: Node, vector: Node) -> Node:
    """A body-frame vector in the world frame: rotation (body to world) times vector."""
    if vector.type.frame not in ("", "body"):
        raise RuleError(f"to_world takes a vector in the body frame, not in the {vector.type.frame} frame")
    return build.turn("matvec", rotation, vector, "world")


def to_body(build: Builder, rotation: Node, vector: Node) -> Node:
    """A world-frame vector in the body frame: transposed rotation (body to world) times vector."""
    if vector.type.frame not in ("", "world"):
        raise RuleError(f"to_body takes a vector in the world frame, not in the {vector.type.frame} frame")
    return build.turn("vecmat", rotation, vector, "body")


def staged(build: Builder, *stages: Node) -> Node:
    """How far a task of several stages has come.

    In order: progress and done of the first stage, of the second, ..., and the progress of the last. Each progress is
    a pure number, limited to 0 to 1, each done a truth value. The result counts the stages done in a
    row from the first on, and adds the progress of the one that is on: it only grows by going on.
    """
    if len(stages) < 3 or len(stages) % 2 == 0:
        raise RuleError(
            f"staged takes progress, done, progress, done, ..., progress: an odd number of values, not {len(stages)}",
            "as in staged(near, grasped, lifted)",
        )
    result = _progress(build, stages[-1])
    for progress, done in zip(reversed(stages[:-1:2]), reversed(stages[1::2]), strict=True):
        result = build.choose(done, build.add(build.literal(1.0), result), _progress(build, progress))
    return result


def _progress(build: Builder, progress: Node) -> Node:
    if progress.type.unit not in (None, infer.NUMBER) or progress.type.shape:
        raise RuleError(
            f"a progress is a pure number for each sample, not {progress.type}", "as in tolerance(error, ...)"
        )
    return clip(build, progress, build.literal(0.0), build.literal(1.0))


FUNCTIONS: dict[str, Callable[..., Node]] = {
    "norm": norm,
    "dot": dot,
    "cross": cross,
    "sum": total,
    "mean": mean,
    "abs": absolute,
    "sqrt": sqrt,
    "square": square,
    "exp": exp,
    "log": log,
    "tanh": tanh,
    "sin": sin,
    "cos": cos,
    "arctan2": arctan2,
    "minimum": minimum,
    "maximum": maximum,
    "clip": clip,
    "where": where,
    "all": every,
    "any": some,
    "wrap_angle": wrap_angle,
    "trace": trace,
    "to_world": to_world,
    "to_body": to_body,
    "tolerance": tolerance,
    "staged": staged,
}
