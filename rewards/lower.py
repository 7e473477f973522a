"""From a program's checked syntax to its typed terms: constants, parameters, assignments, and what is returned."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from telic.replay.signal import Signal
from telic.rewards import language
from telic.rewards.build import Builder
from telic.rewards.error import RuleError
from telic.rewards.expression import ExpressionReader
from telic.rewards.functions import FUNCTIONS
from telic.rewards.ir import Node
from telic.rewards.language import CONSTANTS
from telic.rewards.parse import Parsed, assigned_name
from telic.rewards.signals import did_you_mean

_RESERVED = frozenset({*FUNCTIONS, *CONSTANTS, "reward", "success"})


@dataclass(frozen=True)
class Term:
    """One named part of a reward.

    Attributes:
        name: Key in the returned dictionary.
        node: Its value: one number, or for `success` one truth, for each sample.
        line: Line in the program, from 1.
        column: Column in the program, from 1.
        source: Its expression, on one line.
    """

    name: str
    node: Node
    line: int
    column: int
    source: str

    @property
    def unit(self) -> str:
        """Its unit; a weight of one reward per unit is implied, so that terms of different units can be added."""
        return str(self.node.type.unit or "1")


@dataclass(frozen=True)
class Checked:
    """A program that obeys every rule of the language.

    Attributes:
        terms: The terms of `reward`, in order.
        parameters: The signals that `reward` names, in order, read or not.
        success: The value of `success`; None without it.
        success_parameters: The signals that `success` names.
    """

    terms: tuple[Term, ...]
    parameters: tuple[str, ...]
    success: Term | None
    success_parameters: tuple[str, ...]


def lower(parsed: Parsed, signals: Mapping[str, Signal]) -> Checked:
    """Check names, shapes, units and frames, and build the graph.

    Args:
        parsed: The program's syntax.
        signals: What it may read, by name.

    Raises:
        RewardError: If a rule is broken.
    """
    lowering = _Lowering(parsed, signals)
    terms = lowering.terms(parsed.reward)
    success = None if parsed.success is None else lowering.success(parsed.success)
    return Checked(terms, _parameters(parsed.reward), success, _parameters(parsed.success))


def _parameters(function: ast.FunctionDef | None) -> tuple[str, ...]:
    return () if function is None else tuple(argument.arg for argument in function.args.args)


class _Lowering:
    """Reads the functions of one program into one graph."""

    def __init__(self, parsed: Parsed, signals: Mapping[str, Signal]) -> None:
        self._text = parsed.text
        self._signals = signals
        self._build = Builder()
        self._reader = ExpressionReader(parsed.text, signals, self._build)
        self._constants = self._module_names(parsed)

    def terms(self, function: ast.FunctionDef) -> tuple[Term, ...]:
        """The terms that `reward` returns."""
        names, returned = self._body(function)
        if not isinstance(returned, ast.Dict) or not returned.keys:
            self._text.refuse_node(
                returned, "reward returns a dictionary of named terms", 'write return {"name": value, ...}'
            )
        if len(returned.keys) > language.MAX_TERMS:
            self._text.refuse_node(returned, f"{len(returned.keys)} terms; at most {language.MAX_TERMS} are allowed")
        terms: dict[str, Term] = {}
        for key, expression in zip(returned.keys, returned.values, strict=True):
            name = self._term_name(key, returned)
            if name in terms:
                self._text.refuse_node(key or returned, f"term {name!r} is written twice", "give it another name")
            terms[name] = self._term(name, expression, names)
        return tuple(terms.values())

    def success(self, function: ast.FunctionDef) -> Term:
        """The condition that `success` returns."""
        names, returned = self._body(function)
        node = self._reader.value(returned, names)
        if not node.type.truth or node.type.shape:
            self._text.refuse_node(
                returned,
                f"success returns one truth value for each sample, not {node.type}",
                "compare, as in norm(position) < 0.2; all(...) joins the elements of an array",
            )
        return Term("success", node, *self._text.position(returned), self._text.segment(returned))

    def _module_names(self, parsed: Parsed) -> dict[str, Node]:
        """The values of the module's assignments, after those of the language."""
        names = {name: self._build.literal(value, unit) for name, (value, unit) in CONSTANTS.items()}
        for target, expression in parsed.constants:
            self._check_new_name(target)
            if target.id in self._signals:
                self._text.refuse_node(target, f"{target.id!r} is a signal", "give the constant another name")
            names[target.id] = self._reader.value(expression, names)
        return names

    def _body(self, function: ast.FunctionDef) -> tuple[dict[str, Node], ast.expr]:
        """Read a function's assignments; the names in scope at its end, and what it returns."""
        names = {**self._constants, **self._arguments(function)}
        statements = function.body if ast.get_docstring(function) is None else function.body[1:]
        for statement in statements[:-1]:
            if not isinstance(statement, ast.Assign):
                hint = "nothing after `return` is reached" if isinstance(statement, ast.Return) else ""
                self._text.refuse_node(statement, "a function holds assignments and then one return", hint)
            target = assigned_name(statement, self._text)
            self._check_new_name(target)
            names[target.id] = self._reader.value(statement.value, names)
        last = statements[-1] if statements else function
        if not isinstance(last, ast.Return) or last.value is None:
            self._text.refuse_node(last, f"`{function.name}` does not end by returning a value")
        return names, last.value

    def _arguments(self, function: ast.FunctionDef) -> dict[str, Node]:
        values: dict[str, Node] = {}
        for argument in function.args.args:
            name = argument.arg
            if name in values:
                self._text.refuse_node(argument, f"signal {name!r} is named twice")
            if name not in self._signals:
                self._text.refuse_node(
                    argument, f"there is no signal {name!r}", did_you_mean(name, list(self._signals))
                )
            values[name] = self._build.read(self._signals[name])
        return values

    def _check_new_name(self, target: ast.Name) -> None:
        if target.id in _RESERVED:
            self._text.refuse_node(target, f"{target.id!r} has a meaning in the reward language", "choose another name")
        if target.id.startswith("_"):
            self._text.refuse_node(target, f"name {target.id!r} is not allowed", "names begin with a letter")

    def _term_name(self, key: ast.expr | None, returned: ast.Dict) -> str:
        name = key.value if isinstance(key, ast.Constant) else None
        if not isinstance(name, str) or not name.isidentifier() or not name.isascii() or name.startswith("_"):
            self._text.refuse_node(key or returned, "the name of a term is a word in quotes", 'as in "upright": ...')
        if len(name) > language.MAX_NAME_LENGTH:
            self._text.refuse_node(key or returned, f"the name of a term has {len(name)} characters; write it shorter")
        return name

    def _term(self, name: str, expression: ast.expr, names: Mapping[str, Node]) -> Term:
        node = self._reader.value(expression, names)
        if node.type.shape:
            self._text.refuse_node(
                expression,
                f"term {name!r} is {node.type}: a term is one number for each sample",
                "reduce it with norm, sum, mean or an index",
            )
        try:
            node = self._build.number(node)
        except RuleError as broken:
            self._text.refuse_node(expression, broken.message, broken.hint)
        return Term(name, node, *self._text.position(expression), self._text.segment(expression))
