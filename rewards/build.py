"""Typed construction of the graph: every operation of the language checks its operands here and nowhere else."""

from math import pi

from telic.replay.signal import Signal
from telic.replay.unit import Unit
from telic.rewards import infer
from telic.rewards.error import RuleError
from telic.rewards.ir import Graph, Node, Type
from telic.rewards.language import MAX_EXPONENT, MAX_VECTOR
from telic.rewards.signals import TERMINATED
from telic.rewards.simplify import constant, scalar_value, simplified

# What an index holds for each axis of a sample: an element's position, or the start and stop of a part.
Key = tuple[int | tuple[int, int], ...]


class Builder:
    """Makes the nodes of one program. Every method raises `RuleError` when its operands do not fit."""

    def __init__(self) -> None:
        self._graph = Graph()

    def literal(self, value: float, unit: Unit | None = None) -> Node:
        """A constant scalar; a bare number unless a unit is given."""
        return constant(self._graph, (float(value),), Type(unit=unit))

    def read(self, signal: Signal) -> Node:
        """The value of a signal."""
        truth = signal.name == TERMINATED.name
        type_ = Type(signal.shape, Unit.parse(signal.unit), signal.frame, truth)
        return self._graph.node("input", (), (signal.name,), type_)

    def add(self, a: Node, b: Node) -> Node:
        """`a + b`."""
        return self._alike("add", a, b, "add")

    def subtract(self, a: Node, b: Node) -> Node:
        """`a - b`."""
        return self._alike("sub", a, b, "subtract")

    def minimum(self, a: Node, b: Node) -> Node:
        """The smaller, elementwise."""
        return self._alike("minimum", a, b, "take the minimum of")

    def maximum(self, a: Node, b: Node) -> Node:
        """The larger, elementwise."""
        return self._alike("maximum", a, b, "take the maximum of")

    def multiply(self, a: Node, b: Node) -> Node:
        """`a * b`, elementwise."""
        a, b = self.number(a), self.number(b)
        return self._elementwise("mul", (a, b), infer.product(a.type, b.type))

    def divide(self, a: Node, b: Node) -> Node:
        """`a / b`, elementwise."""
        a, b = self.number(a), self.number(b)
        return self._elementwise("div", (a, b), infer.quotient(a.type, b.type))

    def negate(self, a: Node) -> Node:
        """`-a`."""
        a = self.number(a)
        return self._elementwise("neg", (a,), a.type)

    def absolute(self, a: Node) -> Node:
        """The absolute value, elementwise."""
        a = self.number(a)
        return self._elementwise("abs", (a,), a.type)

    def square(self, a: Node) -> Node:
        """`a * a`."""
        return self.multiply(a, a)

    def root(self, a: Node) -> Node:
        """The square root, elementwise."""
        a = self.number(a)
        return self._elementwise("sqrt", (a,), infer.root(a.type))

    def power(self, base: Node, exponent: Node) -> Node:
        """`base ** exponent` for a small constant exponent that is a multiple of one half."""
        value = scalar_value(exponent)
        if value is None or exponent.type.unit is not None:
            raise RuleError("an exponent is a constant number", "for a growing power, use exp(x * log(base))")
        if abs(value) > MAX_EXPONENT or value * 2 != int(value * 2):
            raise RuleError(
                f"exponent {value:g} is not allowed",
                f"use a multiple of 0.5 from -{MAX_EXPONENT} to {MAX_EXPONENT}, or exp(x * log(base))",
            )
        base = self.number(base)
        result = self._whole_power(base, int(abs(value)))
        if value % 1:
            half = self.root(base)
            result = half if result is None else self.multiply(result, half)
        if result is None:
            return self.literal(1.0)
        return self.divide(self.literal(1.0), result) if value < 0 else result

    def _whole_power(self, base: Node, exponent: int) -> Node | None:
        """Repeated squaring; None for the exponent 0."""
        result = None
        while exponent:
            if exponent % 2:
                result = base if result is None else self.multiply(result, base)
            exponent //= 2
            base = self.square(base) if exponent else base
        return result

    def function(self, op: str, a: Node, *, radians: bool = False) -> Node:
        """One of exp, log, tanh, sin and cos, elementwise."""
        a = self.number(a)
        type_ = infer.pure(a.type, op, radians=radians)
        if radians:
            self._refuse_degrees(a, Type(unit=infer.RADIAN))
        return self._elementwise(op, (a,), type_)

    def arctan2(self, y: Node, x: Node) -> Node:
        """The angle of the point (x, y) in radians, elementwise."""
        y, x = self.number(y), self.number(x)
        type_ = infer.alike(y.type, x.type, "take arctan2 of")
        return self._elementwise("arctan2", (y, x), Type(type_.shape, infer.RADIAN))

    def floor(self, a: Node) -> Node:
        """The next lower whole number, elementwise."""
        return self._elementwise("floor", (a,), a.type)

    def compare(self, op: str, a: Node, b: Node) -> Node:
        """A truth value from one of `<`, `<=`, `>`, `>=`, `==` and `!=`, elementwise."""
        if op in (">", ">="):
            return self.compare({">": "<", ">=": "<="}[op], b, a)
        if op == "!=":
            return self.negation(self.compare("==", a, b))
        a, b = self.number(a), self.number(b)
        self._refuse_degrees(a, b.type)
        self._refuse_degrees(b, a.type)
        type_ = infer.alike(a.type, b.type, "compare")
        return self._elementwise(
            {"<": "lt", "<=": "le", "==": "eq"}[op], (a, b), Type(type_.shape, infer.NUMBER, truth=True)
        )

    def both(self, a: Node, b: Node) -> Node:
        """`a and b`, elementwise."""
        return self._logic("and", a, b)

    def either(self, a: Node, b: Node) -> Node:
        """`a or b`, elementwise."""
        return self._logic("or", a, b)

    def negation(self, a: Node) -> Node:
        """`not a`, elementwise."""
        a = self.truth(a)
        return self._elementwise("not", (a,), a.type)

    def choose(self, condition: Node, a: Node, b: Node) -> Node:
        """`a if condition else b`, elementwise."""
        condition = self.truth(condition)
        if a.type.truth and b.type.truth:
            return self.either(self.both(condition, a), self.both(self.negation(condition), b))
        a, b = self.number(a), self.number(b)
        type_ = infer.alike(a.type, b.type, "choose between")
        shape = infer.common_shape(condition.type, type_, "choose by a condition between")
        return self._elementwise("where", (condition, a, b), Type(shape, type_.unit, type_.frame))

    def truth(self, a: Node) -> Node:
        """A truth value, unchanged."""
        if not a.type.truth:
            raise RuleError(f"a condition is needed here, not {a.type}", "compare it with something, as in x > 0.5")
        return a

    def number(self, a: Node) -> Node:
        """A number, unchanged, or a truth value as 1.0 or 0.0."""
        if not a.type.truth:
            return a
        return self._elementwise("number", (a,), Type(a.type.shape, infer.NUMBER))

    def index(self, a: Node, key: Key) -> Node:
        """A part of a sample.

        Args:
            a: The array.
            key: For each axis, a position or the start and stop of a range, already within the shape.
        """
        shape = tuple(part[1] - part[0] for part in key if isinstance(part, tuple))
        # A matrix's frame is that of its columns: what runs along a row is measured in no frame, or another.
        frame = "" if len(key) > 1 and isinstance(key[0], int) else a.type.frame
        return simplified(self._graph, "index", (a,), key, Type(shape, a.type.unit, frame, a.type.truth))

    def stack(self, parts: list[Node], frame: str = "") -> Node:
        """A vector of scalars of one unit, in the frame of the scalars or, if they have none, in the given one."""
        if not parts:
            raise RuleError("an empty tuple has no value")
        if len(parts) > MAX_VECTOR:
            raise RuleError(f"a vector of {len(parts)} numbers; at most {MAX_VECTOR} are allowed")
        parts = [self.number(part) for part in parts]
        type_ = parts[0].type
        for part in parts:
            if part.type.shape:
                raise RuleError("vectors hold numbers, not other vectors", "write a flat tuple, as in (0.0, 0.0, 1.0)")
            type_ = infer.alike(type_, part.type, "put in one vector")
        return simplified(self._graph, "stack", tuple(parts), (), Type((len(parts),), type_.unit, type_.frame or frame))

    def sum(self, a: Node) -> Node:
        """The sum of all elements of a sample."""
        a = self.number(a)
        return simplified(self._graph, "sum", (a,), (), Type((), a.type.unit)) if a.type.shape else a

    def norm(self, a: Node) -> Node:
        """The Euclidean length of a vector, or the Frobenius norm of a matrix."""
        a = self.number(a)
        if not a.type.shape:
            raise RuleError("norm takes a vector, not a scalar", "use abs(x)")
        return simplified(self._graph, "norm", (a,), (), Type((), a.type.unit))

    def dot(self, a: Node, b: Node) -> Node:
        """The sum of the products of two vectors' elements."""
        a, b = self.number(a), self.number(b)
        if not a.type.shape or a.type.shape != b.type.shape:
            raise RuleError(
                f"dot takes two vectors of one shape, not {a.type.shape} and {b.type.shape}", "for scalars, write a * b"
            )
        infer.common_frame(a.type, b.type, "take the dot product of")
        return simplified(self._graph, "dot", (a, b), (), Type((), infer.product(a.type, b.type).unit))

    def reduce_truth(self, op: str, a: Node) -> Node:
        """Whether `all` or `any` elements of a sample are true."""
        a = self.truth(a)
        return simplified(self._graph, op, (a,), (), Type((), infer.NUMBER, truth=True)) if a.type.shape else a

    def turn(self, op: str, rotation: Node, vector: Node, frame: str) -> Node:
        """The product of a rotation matrix and a vector.

        Args:
            op: ``matvec`` for rotation times vector, ``vecmat`` for the transposed rotation times vector.
            rotation: The matrix, (3, 3), without unit.
            vector: The vector, (3,).
            frame: Frame of the result.
        """
        if rotation.type.shape != (3, 3) or vector.type.shape != (3,):
            raise RuleError(
                f"a rotation (3, 3) and a vector (3,) are needed, not {rotation.type.shape} and {vector.type.shape}",
                "the rotation comes first, as in to_world(rotation, v)",
            )
        if rotation.type.frame not in ("", "world"):
            raise RuleError(f"a rotation from body to world is needed, not one to the {rotation.type.frame} frame")
        unit = infer.product(rotation.type, Type((3, 3), vector.type.unit)).unit
        return simplified(self._graph, op, (rotation, vector), (), Type((3,), unit, frame))

    def _alike(self, op: str, a: Node, b: Node, verb: str) -> Node:
        a, b = self.number(a), self.number(b)
        self._refuse_degrees(a, b.type)
        self._refuse_degrees(b, a.type)
        return self._elementwise(op, (a, b), infer.alike(a.type, b.type, verb))

    def _logic(self, op: str, a: Node, b: Node) -> Node:
        a, b = self.truth(a), self.truth(b)
        shape = infer.common_shape(a.type, b.type, f"combine with `{op}`")
        return self._elementwise(op, (a, b), Type(shape, infer.NUMBER, truth=True))

    def _elementwise(self, op: str, args: tuple[Node, ...], type_: Type) -> Node:
        return simplified(self._graph, op, tuple(self._expanded(arg, type_.shape) for arg in args), (), type_)

    def _expanded(self, a: Node, shape: tuple[int, ...]) -> Node:
        """A scalar repeated to a shape; constants need no copy, since they fit every shape."""
        if a.type.shape == shape or a.op == "const":
            return a
        return self._graph.node("expand", (a,), shape, Type(shape, a.type.unit, a.type.frame, a.type.truth))

    def _refuse_degrees(self, a: Node, other: Type) -> None:
        """A bare number beyond a full turn, next to an angle, is degrees."""
        if a.op != "const" or a.type.unit is not None or other.unit != infer.RADIAN:
            return
        largest = max(a.data, key=abs)
        if abs(largest) > 2 * pi:
            raise RuleError(
                f"{largest:g} is more than a full turn: angles are in radians, and this looks like degrees",
                f"write {largest:g} * degree",
            )
