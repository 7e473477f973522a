"""The weight of a term in a program's text: found by its syntax, and changed where it stands."""

import ast
from dataclasses import dataclass

from telic.rewards.parameters import parameters_of, with_parameters


@dataclass(frozen=True)
class Change:
    """One change of a program's text.

    Attributes:
        what: The term or the parameter.
        before: What stood there.
        after: What stands there now.
        line: Line of the text, from 1.
    """

    what: str
    before: str
    after: str
    line: int


def reweighed(source: str, term: str, factor: float) -> tuple[str, Change]:
    """The same program with one term's weight multiplied.

    A weight is the number that an expression begins with, as in ``-0.02 * square(...)``, or a constant of the program
    in its place; a term without one gets one. A declared parameter stays within its range.

    Args:
        source: The text of a program that obeys the language.
        term: Name of a term of `reward`.
        factor: What the weight is multiplied by; above zero.

    Raises:
        KeyError: If `reward` has no such term.
    """
    tree = ast.parse(source)
    expression = _term(tree, term)
    weight = _weight(expression)
    constant = _constant(tree, weight.id) if isinstance(weight, ast.Name) else None
    if isinstance(weight, ast.Name) and constant is not None and _uses(tree, weight.id) == 1:
        declared = {parameter.name: parameter for parameter in parameters_of(source)}.get(weight.id)
        if declared is None:
            return _replaced(source, constant, weight.id, _shown(_number(constant) * factor))
        value = _shown(min(max(declared.value * factor, declared.low), declared.high))
        changed = with_parameters(source, {weight.id: float(value)})
        return changed, Change(weight.id, f"{declared.value:g}", value, constant.lineno)
    if isinstance(weight, ast.Constant):
        return _replaced(source, weight, term, _shown(_number(weight) * factor))
    text = ast.get_source_segment(source, expression) or ""
    return _replaced(source, expression, term, f"{_shown(factor)} * ({text})")


def _term(tree: ast.Module, name: str) -> ast.expr:
    """The expression of a term."""
    (reward,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "reward")
    returned = reward.body[-1]
    assert isinstance(returned, ast.Return) and isinstance(returned.value, ast.Dict)
    terms = {
        key.value: value
        for key, value in zip(returned.value.keys, returned.value.values, strict=True)
        if isinstance(key, ast.Constant)
    }
    return terms[name]


def _weight(expression: ast.expr) -> ast.expr | None:
    """The number or the name that a product begins with; None if there is none."""
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Mult | ast.Div):
        return _weight(expression.left)
    if isinstance(expression, ast.UnaryOp) and isinstance(expression.op, ast.USub | ast.UAdd):
        return _weight(expression.operand)
    if isinstance(expression, ast.Name):
        return expression
    return expression if isinstance(expression, ast.Constant) else None


def _number(node: ast.Constant) -> float:
    """A number's value; the language has no other constants in expressions."""
    assert isinstance(node.value, int | float)
    return float(node.value)


def _constant(tree: ast.Module, name: str) -> ast.Constant | None:
    """The number that a constant of the program is set to; None if it is more than a number."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            return node.value if isinstance(node.value, ast.Constant) else None
    return None


def _uses(tree: ast.Module, name: str) -> int:
    return sum(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load) for node in ast.walk(tree)
    )


def _replaced(source: str, node: ast.expr, what: str, text: str) -> tuple[str, Change]:
    """The source with a node's text replaced."""
    # The parser counts bytes.
    lines = [line.encode() for line in source.split("\n")]
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    before = ast.get_source_segment(source, node) or ""
    joined = lines[first][: node.col_offset] + text.encode() + lines[last][node.end_col_offset or 0 :]
    changed = b"\n".join([*lines[:first], joined, *lines[last + 1 :]]).decode()
    return changed, Change(what, " ".join(before.split()), " ".join(text.split()), node.lineno)


def _shown(value: float) -> str:
    """A number as a program writes it, to four places that count."""
    return repr(float(f"{value:.4g}"))
