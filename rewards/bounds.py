"""What a reward can be at least and at most, whatever happens: interval arithmetic on its graph.

The bounds hold always, but need not be tight: an operand that occurs twice is taken for two.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from telic.replay.signal import Signal
from telic.rewards.ir import Node, schedule
from telic.rewards.scalar import Step, scalar_steps
from telic.rewards.signals import TERMINATED


@dataclass(frozen=True)
class Bounds:
    """A range of numbers; a truth is 0 or 1.

    Attributes:
        low: Smallest.
        high: Largest.
    """

    low: float = -math.inf
    high: float = math.inf

    @property
    def width(self) -> float:
        """How far apart the ends are."""
        return self.high - self.low

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


ANYTHING, TRUTH = Bounds(), Bounds(0.0, 1.0)


def signal_bounds(signal: Signal) -> Bounds:
    """What is known of every number of a signal without looking at data."""
    if signal.name == TERMINATED.name:
        return TRUTH
    # The elements of a rotation matrix are cosines.
    return Bounds(-1.0, 1.0) if signal.shape == (3, 3) and signal.unit == "1" else ANYTHING


def bounds_of(node: Node, inputs: Mapping[str, Bounds]) -> Bounds:
    """The bounds of a scalar result.

    Args:
        node: The result.
        inputs: Bounds of every number of an input, by name; anything where it is not named.
    """
    steps, (place,) = scalar_steps((node,))
    found: list[Bounds] = []
    for step in steps:
        found.append(_step(step, [found[arg] for arg in step.args], inputs))
    return found[place]


def inputs_of(node: Node) -> tuple[str, ...]:
    """Names of the inputs that a result depends on."""
    return tuple(each.data[0] for each in schedule([node]) if each.op == "input")


def _step(step: Step, args: list[Bounds], inputs: Mapping[str, Bounds]) -> Bounds:
    match step.op:
        case "input":
            return TRUTH if step.truth and step.data[0] not in inputs else inputs.get(step.data[0], ANYTHING)
        case "const":
            return Bounds(float(step.data[0]), float(step.data[0]))
        case "where":
            return args[1] if args[0].low == 1.0 else args[2] if args[0].high == 0.0 else _hull(args[1], args[2])
        case "mul" if step.args[0] == step.args[1]:
            return _square(args[0])
    operation = _OPERATIONS.get(step.op)
    if operation is None:
        return TRUTH if step.truth else ANYTHING
    return _without_nan(operation(*args))


def _without_nan(bounds: Bounds) -> Bounds:
    """Nothing is known where infinities met."""
    return Bounds(
        -math.inf if math.isnan(bounds.low) else bounds.low, math.inf if math.isnan(bounds.high) else bounds.high
    )


def _hull(a: Bounds, b: Bounds) -> Bounds:
    return Bounds(min(a.low, b.low), max(a.high, b.high))


def _times(a: float, b: float) -> float:
    # The ends are limits: nothing times something that grows is nothing.
    return 0.0 if a == 0.0 or b == 0.0 else a * b


def _multiply(a: Bounds, b: Bounds) -> Bounds:
    corners = [_times(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return Bounds(min(corners), max(corners))


def _divide(a: Bounds, b: Bounds) -> Bounds:
    if 0.0 in b:
        return ANYTHING if a.low < 0.0 or b.low < 0.0 else Bounds(_over(a.low, b.high), math.inf)
    return _multiply(a, Bounds(1.0 / b.high, 1.0 / b.low))


def _over(a: float, b: float) -> float:
    return 0.0 if a == 0.0 or math.isinf(b) else a / b if b else math.inf


def _absolute(a: Bounds) -> Bounds:
    ends = abs(a.low), abs(a.high)
    return Bounds(0.0 if 0.0 in a else min(ends), max(ends))


def _square(a: Bounds) -> Bounds:
    size = _absolute(a)
    return Bounds(size.low * size.low, size.high * size.high)


def _rising(function: Callable[[float], float], low: float = -math.inf) -> Callable[[Bounds], Bounds]:
    """The bounds of a function that rises, from its smallest argument on."""

    def of(a: Bounds) -> Bounds:
        return Bounds(function(max(a.low, low)), function(max(a.high, low)))

    return of


def _exp(x: float) -> float:
    return math.exp(x) if x < 700.0 else math.inf


def _log(x: float) -> float:
    return math.log(x) if x > 0.0 else -math.inf


def _floor(x: float) -> float:
    return math.floor(x) if math.isfinite(x) else x


def _not(a: Bounds) -> Bounds:
    return Bounds(1.0 - a.high, 1.0 - a.low)


_OPERATIONS: dict[str, Callable[..., Bounds]] = {
    "add": lambda a, b: Bounds(a.low + b.low, a.high + b.high),
    "sub": lambda a, b: Bounds(a.low - b.high, a.high - b.low),
    "neg": lambda a: Bounds(-a.high, -a.low),
    "mul": _multiply,
    "div": _divide,
    "minimum": lambda a, b: Bounds(min(a.low, b.low), min(a.high, b.high)),
    "maximum": lambda a, b: Bounds(max(a.low, b.low), max(a.high, b.high)),
    "abs": _absolute,
    "square": _square,
    "sqrt": _rising(math.sqrt, 0.0),
    "norm": _rising(math.sqrt, 0.0),
    "exp": _rising(_exp),
    "log": _rising(_log, 0.0),
    "tanh": _rising(math.tanh),
    "floor": _rising(_floor),
    "sin": lambda a: Bounds(-1.0, 1.0),
    "cos": lambda a: Bounds(-1.0, 1.0),
    "arctan2": lambda y, x: Bounds(-math.pi, math.pi),
    "number": lambda a: a,
    "not": _not,
    "and": lambda a, b: Bounds(min(a.low, b.low), min(a.high, b.high)),
    "or": lambda a, b: Bounds(max(a.low, b.low), max(a.high, b.high)),
}
