"""Reverse-mode differentiation of the operations on numbers: the chain rule written as more of the same operations.

Where a derivative does not exist or is infinite, a finite one is taken: zero for a root, a norm, an absolute value and
arctan2 at zero; of two equal numbers, minimum and maximum pass the gradient to the first.
"""

from telic.rewards.scalar import Step, Steps

# Constant almost everywhere: no gradient goes through them.
_FLAT = frozenset({"const", "lt", "le", "eq", "and", "or", "not", "number", "floor"})


def with_gradient(
    steps: tuple[Step, ...], results: tuple[int, ...]
) -> tuple[tuple[Step, ...], dict[tuple[str, int], int]]:
    """Extend steps by the gradient of a weighted sum of their results.

    The weights are the cotangents, read by steps ``cotangent`` (data: the number of the result).

    Args:
        steps: The forward computation.
        results: Positions of its results.

    Returns:
        The forward steps followed by those of the gradient, and where the derivative by each input's element stands.
    """
    reverse = _Reverse(steps)
    for number, place in enumerate(results):
        reverse.give(place, reverse.steps.add("cotangent", (), (number,)))
    derivatives: dict[tuple[str, int], int] = {}
    for place in range(len(steps) - 1, -1, -1):
        step, gradient = steps[place], reverse.gradients.get(place)
        if gradient is None:
            continue
        if step.op == "input":
            derivatives[step.data[0], step.data[1]] = gradient
        else:
            reverse.differentiate(place, step, gradient)
    return tuple(reverse.steps.steps), derivatives


class _Reverse:
    """Gradients collected so far, by the position of the step that they belong to."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self.steps = Steps(steps)
        self.gradients: dict[int, int] = {}
        self._active: list[bool] = []
        for step in steps:
            depends = not step.truth if step.op == "input" else any(self._active[arg] for arg in step.args)
            self._active.append(depends and step.op not in _FLAT)

    def give(self, place: int, gradient: int) -> None:
        """Add to the gradient of a step, unless nothing there depends on an input."""
        if self._active[place]:
            before = self.gradients.get(place)
            self.gradients[place] = gradient if before is None else self.steps.add("add", (before, gradient))

    def differentiate(self, place: int, step: Step, g: int) -> None:
        """Hand a step's gradient to its operands."""
        x, y = (*step.args, 0, 0)[:2]
        match step.op:
            case "add":
                self._give_both(step, g, g)
            case "sub":
                self._give_both(step, g, self._negative(g))
            case "mul":
                self._give_both(step, self._do("mul", g, y), self._do("mul", g, x))
            case "div":
                share = self._do("div", g, y)
                self._give_both(step, share, self._negative(self._do("mul", share, place)))
            case "minimum":
                self._give_both(step, self._if("le", x, y, g), self._if("lt", y, x, g))
            case "maximum":
                self._give_both(step, self._if("le", y, x, g), self._if("lt", x, y, g))
            case "where":
                condition, chosen, other = step.args
                self.give(chosen, self._do("where", condition, g, self._constant(0.0)))
                self.give(other, self._do("where", condition, self._constant(0.0), g))
            case "arctan2":
                squared = self._do("add", self._do("square", x), self._do("square", y))
                share = self._unless_zero(squared, g)
                self._give_both(step, self._do("mul", share, y), self._negative(self._do("mul", share, x)))
            case _:
                self.give(x, self._chain(place, step.op, x, g))

    def _chain(self, place: int, op: str, x: int, g: int) -> int:
        """The gradient of the one operand of an elementwise function."""
        match op:
            case "neg":
                return self._negative(g)
            case "abs":
                zero = self._constant(0.0)
                return self._do("sub", self._if("lt", zero, x, g), self._if("lt", x, zero, g))
            case "sqrt" | "norm":
                return self._unless_zero(place, self._do("mul", self._constant(0.5), g))
            case "square":
                return self._do("mul", self._do("mul", self._constant(2.0), x), g)
            case "exp":
                return self._do("mul", g, place)
            case "log":
                return self._do("div", g, x)
            case "sin":
                return self._do("mul", g, self._do("cos", x))
            case "cos":
                return self._negative(self._do("mul", g, self._do("sin", x)))
            case "tanh":
                return self._do("mul", g, self._do("sub", self._constant(1.0), self._do("square", place)))
        raise NotImplementedError(f"operation {op!r} has no derivative rule")

    def _give_both(self, step: Step, first: int, second: int) -> None:
        self.give(step.args[0], first)
        self.give(step.args[1], second)

    def _do(self, op: str, *args: int) -> int:
        return self.steps.add(op, args)

    def _constant(self, value: float) -> int:
        return self.steps.add("const", (), (value,))

    def _negative(self, x: int) -> int:
        return self._do("neg", x)

    def _if(self, op: str, a: int, b: int, g: int) -> int:
        """The gradient where a comparison holds, otherwise zero."""
        condition = self.steps.add(op, (a, b), truth=True)
        return self._do("where", condition, g, self._constant(0.0))

    def _unless_zero(self, divisor: int, g: int) -> int:
        """`g / divisor`, or zero where the divisor is zero."""
        zero = self._constant(0.0)
        is_zero = self.steps.add("eq", (divisor, zero), truth=True)
        return self._do("where", is_zero, zero, self._do("div", g, divisor))
