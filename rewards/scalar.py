"""The graph taken apart into operations on single numbers: what a fused row function computes, without arrays."""

from dataclasses import dataclass
from itertools import product

from telic.rewards.error import RuleError
from telic.rewards.ir import Node, schedule
from telic.rewards.language import MAX_SCALARS


@dataclass(frozen=True)
class Step:
    """One operation on numbers.

    Attributes:
        op: ``input`` (data: name and flat element), ``const`` (data: value), or an elementwise operation of the graph.
        args: Positions of the operands in the list of steps.
        data: Static parts.
        truth: Whether the result is a truth value.
    """

    op: str
    args: tuple[int, ...] = ()
    data: tuple = ()
    truth: bool = False


class Steps:
    """A growing list of distinct steps."""

    def __init__(self, steps: tuple[Step, ...] = ()) -> None:
        self.steps = list(steps)
        self._places = {step: place for place, step in enumerate(steps)}

    def add(self, op: str, args: tuple[int, ...] = (), data: tuple = (), *, truth: bool = False) -> int:
        """The position of an operation's result."""
        step = Step(op, args, data, truth)
        if step not in self._places:
            if len(self.steps) >= MAX_SCALARS:
                raise RuleError(
                    f"the reward needs more than {MAX_SCALARS} operations on numbers", "split it into several rewards"
                )
            self._places[step] = len(self.steps)
            self.steps.append(step)
        return self._places[step]

    def total(self, op: str, parts: list[int], *, truth: bool = False) -> int:
        """Parts combined from left to right."""
        result = parts[0]
        for part in parts[1:]:
            result = self.add(op, (result, part), truth=truth)
        return result

    def dot(self, a: list[int], b: list[int]) -> int:
        """The sum of the products of two lists, from left to right."""
        return self.total("add", [self.add("mul", pair) for pair in zip(a, b, strict=True)])


def scalar_steps(results: tuple[Node, ...]) -> tuple[tuple[Step, ...], tuple[int, ...]]:
    """Take scalar results apart.

    Returns:
        The needed steps, operands first, and the position of each result among them.

    Raises:
        RuleError: If the program is too large.
    """
    steps = Steps()
    elements: dict[int, list[int]] = {}
    for node in schedule(results):
        elements[node.number] = _elements(steps, node, [elements[arg.number] for arg in node.args])
    return _needed(steps.steps, tuple(elements[node.number][0] for node in results))


def _elements(steps: Steps, node: Node, args: list[list[int]]) -> list[int]:
    """The elements of a node's value, in row-major order."""
    size, truth = node.type.size, node.type.truth
    match node.op:
        case "input":
            return [steps.add("input", (), (node.data[0], i), truth=truth) for i in range(size)]
        case "const":
            return [steps.add("const", (), (value,), truth=truth) for value in node.data]
        case "expand":
            return args[0] * size
        case "index":
            return _part(args[0], node.args[0].type.shape, node.data)
        case "stack":
            return [part[0] for part in args]
        case "sum":
            return [steps.total("add", args[0])]
        case "all":
            return [steps.total("and", args[0], truth=True)]
        case "any":
            return [steps.total("or", args[0], truth=True)]
        case "dot":
            return [steps.dot(*args)]
        case "norm":
            return [steps.add("norm", (steps.dot(args[0], args[0]),))]
        case "matvec":
            return [steps.dot(args[0][row : row + 3], args[1]) for row in (0, 3, 6)]
        case "vecmat":
            return [steps.dot(args[0][column::3], args[1]) for column in (0, 1, 2)]
    operands = [arg * size if len(arg) == 1 else arg for arg in args]
    return [steps.add(node.op, parts, truth=truth) for parts in zip(*operands, strict=True)]


def _part(elements: list[int], shape: tuple[int, ...], key: tuple) -> list[int]:
    """The elements that an index picks out of a row-major array."""
    axes = [range(*part) if isinstance(part, tuple) else (part,) for part in key]
    picked = []
    for position in product(*axes):
        flat = 0
        for coordinate, length in zip(position, shape, strict=True):
            flat = flat * length + coordinate
        picked.append(elements[flat])
    return picked


def _needed(steps: list[Step], results: tuple[int, ...]) -> tuple[tuple[Step, ...], tuple[int, ...]]:
    """Drop the steps that no result needs, and number the others anew."""
    needed = set(results)
    for place in range(len(steps) - 1, -1, -1):
        if place in needed:
            needed.update(steps[place].args)
    places = {old: new for new, old in enumerate(sorted(needed))}
    kept = [steps[old] for old in sorted(needed)]
    renumbered = (Step(s.op, tuple(places[arg] for arg in s.args), s.data, s.truth) for s in kept)
    return tuple(renumbered), tuple(places[result] for result in results)
