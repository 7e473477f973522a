"""Whether a term that reads values before and after the step is the difference of one quantity."""

import re
from collections import defaultdict

from telic.rewards.ir import Node, canonical
from telic.rewards.signals import NEXT
from telic.rewards.simplify import scalar_value

# A discount lies between: gamma * f(next) - f(now).
_LEAST_DISCOUNT = 0.9
_INPUT = re.compile(rf"\[{NEXT}(\w+)\]")


def unbalanced(node: Node) -> tuple[float, float] | None:
    """The weights of a quantity after and before the step, where they do not make a difference; None if all do.

    Quantities that the term counts only after the step, or only before it, are no differences and not looked at.
    """
    weights: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for factor, part in summands(node):
        quantity, is_after = _quantity(part)
        weights[quantity][0 if is_after else 1] += factor
    for after, before in weights.values():
        if after and before and not _LEAST_DISCOUNT <= -after / before <= 1.0 / _LEAST_DISCOUNT:
            return after, before
    return None


def _quantity(part: Node) -> tuple[str, bool]:
    """A part as a text that is the same before and after the step, and whether it is the one after."""
    text = canonical([("value", part)])
    after = _INPUT.findall(text)
    # What reads a signal at both times, such as the length of a step, is a quantity of its own.
    if not after or any(f"[{name}]" in text for name in after):
        return text, False
    return _INPUT.sub(r"[\1]", text), True


def summands(node: Node, factor: float = 1.0) -> list[tuple[float, Node]]:
    """A result as a weighted sum: weights and what they weigh."""
    match node.op:
        case "add":
            return [*summands(node.args[0], factor), *summands(node.args[1], factor)]
        case "sub":
            return [*summands(node.args[0], factor), *summands(node.args[1], -factor)]
        case "neg":
            return summands(node.args[0], -factor)
        case "mul" | "div":
            first, second = (scalar_value(arg) for arg in node.args)
            if second:
                return summands(node.args[0], factor * second if node.op == "mul" else factor / second)
            if first and node.op == "mul":
                return summands(node.args[1], factor * first)
    return [(factor, node)]
