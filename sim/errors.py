"""What is wrong with a task, and the checks that every part of one makes."""

import math
from collections.abc import Iterable

from telic.sim.suggest import did_you_mean


class TaskError(ValueError):
    """A task that contradicts itself."""


def check_number(name: str, value: float, low: float, high: float) -> None:
    """Refuse what is not a finite number from low to high.

    Raises:
        TaskError: With the value and what is allowed.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TaskError(f"{name} is {value!r}; allowed: a number from {low:g} to {high:g}")
    if not low <= value <= high:
        raise TaskError(f"{name} is {value!r}; allowed: {low:g} to {high:g}")


def check_range(name: str, value: tuple[float, float], low: float, high: float) -> None:
    """Refuse what is not a pair of finite numbers from low to high, the smaller first.

    Raises:
        TaskError: With the value and what is allowed.
    """
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise TaskError(f"{name} is {value!r}; allowed: two numbers, the smaller first")
    for bound in value:
        check_number(name, bound, low, high)
    if value[0] > value[1]:
        raise TaskError(f"{name} is {value!r}; the smaller number comes first: ({value[1]!r}, {value[0]!r})")


def check_choice(name: str, value: str, allowed: Iterable[str]) -> None:
    """Refuse what is not one of a few words.

    Raises:
        TaskError: With the value and what is allowed.
    """
    words = list(allowed)
    if value not in words:
        raise TaskError(f"{name} is {value!r}{did_you_mean(str(value), words)}")
