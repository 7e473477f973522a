"""Indices and ranges: `rotation[..., 2, 2]`, `position[:2]`. They index one sample; `...` stands for the batch axes."""

import ast
from collections.abc import Callable

from telic.rewards.build import Key
from telic.rewards.error import RuleError
from telic.rewards.ir import Node
from telic.rewards.parse import Text
from telic.rewards.simplify import scalar_value


def index_key(index: ast.expr, shape: tuple[int, ...], value: Callable[[ast.expr], Node], text: Text) -> Key:
    """An index as a position or a range for each axis of a sample; `...` and missing axes are whole.

    Args:
        index: The syntax between the brackets.
        shape: Shape of the indexed sample.
        value: Reads an expression.
        text: The program, for messages.

    Raises:
        RuleError: If there are more indices than axes.
        RewardError: If an index is not a constant whole number within the shape.
    """
    entries = list(index.elts) if isinstance(index, ast.Tuple) else [index]
    dots = [i for i, entry in enumerate(entries) if isinstance(entry, ast.Constant) and entry.value is ...]
    if len(dots) > 1:
        raise RuleError("an index has more than one `...`")
    given = len(entries) - len(dots)
    if given > len(shape):
        what = f"shape {shape}" if shape else "no axes: it is a scalar"
        raise RuleError(
            f"{given} indices for a value with {what}", "the batch axes are not indexed: `...` stands for them"
        )
    place = dots[0] if dots else len(entries)
    whole: list[ast.expr | None] = [None] * (len(shape) - given)
    filled = [*entries[:place], *whole, *entries[place + len(dots) :]]
    return tuple(_axis(entry, length, value, text) for entry, length in zip(filled, shape, strict=True))


def _axis(entry: ast.expr | None, length: int, value: Callable[[ast.expr], Node], text: Text) -> int | tuple[int, int]:
    if entry is None:
        return 0, length
    if isinstance(entry, ast.Slice):
        return _range(entry, length, value, text)
    position = _whole_number(entry, value, text)
    if not -length <= position < length:
        text.refuse_node(entry, f"index {position} is out of range for length {length}")
    return position % length


def _range(entry: ast.Slice, length: int, value: Callable[[ast.expr], Node], text: Text) -> tuple[int, int]:
    if entry.step is not None:
        text.refuse_node(entry.step, "a range has no step here", "write the elements as a tuple")
    lower = 0 if entry.lower is None else _whole_number(entry.lower, value, text)
    upper = length if entry.upper is None else _whole_number(entry.upper, value, text)
    start, stop = (edge + length if edge < 0 else edge for edge in (lower, upper))
    if not 0 <= start < stop <= length:
        text.refuse_node(entry, f"range {lower}:{upper} is empty or out of range for length {length}")
    return start, stop


def _whole_number(entry: ast.expr, value: Callable[[ast.expr], Node], text: Text) -> int:
    number = scalar_value(value(entry))
    if number is None or number != int(number):
        text.refuse_node(entry, "an index is a constant whole number", "as in position[2]")
    return int(number)
