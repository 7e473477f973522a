"""Reads one expression the way Python would, but into the typed graph: no expression is ever run."""

import ast
import inspect
from collections.abc import Callable, Collection, Mapping

from telic.replay.signal import Signal
from telic.rewards.build import Builder
from telic.rewards.error import RuleError
from telic.rewards.functions import FUNCTIONS
from telic.rewards.indexing import index_key
from telic.rewards.ir import Node
from telic.rewards.parse import Text
from telic.rewards.signals import did_you_mean

# Arguments that are words and not numbers: the only strings besides docstrings and the names of terms.
_WORD_ARGUMENTS = {("tolerance", "sigmoid")}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


class ExpressionReader:
    """Turns expressions into nodes.

    Attributes:
        text: The program, for messages.
        signals: What the program may read, by name.
        build: Where the nodes go.
        helpers: Names of the program's own functions.
        assigned_in_one_branch: Names without a value after an `if` that gives them one in one branch only, with its
            line.
    """

    def __init__(
        self,
        text: Text,
        signals: Mapping[str, Signal],
        build: Builder,
        helpers: Collection[str],
        call: Callable[[ast.Call, str, Mapping[str, Node]], Node],
    ) -> None:
        """Prepare to read; `call` gives the value of a call of one of the program's own functions."""
        self.text = text
        self.signals = signals
        self.build = build
        self.helpers = helpers
        self.assigned_in_one_branch: dict[str, int] = {}
        self._call_helper = call

    def value(self, expression: ast.expr, names: Mapping[str, Node]) -> Node:
        """The value of an expression.

        Args:
            expression: Its syntax, already known to be allowed.
            names: Every name in scope.

        Raises:
            RewardError: If a rule is broken, at the innermost expression that breaks it.
        """
        try:
            return self._read(expression, names)
        except RuleError as broken:
            self.text.refuse_node(expression, broken.message, broken.hint)

    def _read(self, expression: ast.expr, names: Mapping[str, Node]) -> Node:
        match expression:
            case ast.Constant():
                return self._number(expression)
            case ast.Name():
                return self._name(expression, names)
            case ast.Tuple() | ast.List():
                return self.build.stack([self.value(element, names) for element in expression.elts])
            case ast.UnaryOp():
                return self._unary(expression, names)
            case ast.BinOp():
                return self._binary(expression, names)
            case ast.BoolOp():
                return self._logic(expression, names)
            case ast.Compare():
                return self._comparison(expression, names)
            case ast.IfExp():
                condition, a, b = (
                    self.value(part, names) for part in (expression.test, expression.body, expression.orelse)
                )
                return self.build.choose(condition, a, b)
            case ast.Subscript():
                return self._subscript(expression, names)
            case ast.Call():
                return self._call(expression, names)
        raise RuleError(f"{type(expression).__name__} has no value here", "only `reward` returns a dictionary")

    def _number(self, expression: ast.Constant) -> Node:
        value = expression.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            kind = "..." if value is ... else "None" if value is None else type(value).__name__
            raise RuleError(f"{kind} is not a value of the reward language", "values are numbers and tuples of numbers")
        return self.build.literal(value)

    def _name(self, expression: ast.Name, names: Mapping[str, Node]) -> Node:
        name = expression.id
        if name in names:
            return names[name]
        if name in FUNCTIONS or name in self.helpers:
            raise RuleError(f"{name!r} is a function", f"call it, as in {name}(x)")
        if name in self.signals:
            raise RuleError(
                f"signal {name!r} is not a parameter here", f"write it in the def line: def reward({name}, ...)"
            )
        if name in self.assigned_in_one_branch:
            line = self.assigned_in_one_branch[name]
            raise RuleError(
                f"{name!r} has no value here",
                f"the `if` in line {line} assigns it in one branch only: give it a value before",
            )
        raise RuleError(f"there is no name {name!r}", did_you_mean(name, [*names, *self.signals]))

    def _unary(self, expression: ast.UnaryOp, names: Mapping[str, Node]) -> Node:
        operand = self.value(expression.operand, names)
        if isinstance(expression.op, ast.Not):
            return self.build.negation(operand)
        return self.build.negate(operand) if isinstance(expression.op, ast.USub) else self.build.number(operand)

    def _binary(self, expression: ast.BinOp, names: Mapping[str, Node]) -> Node:
        operations = {
            ast.Add: self.build.add,
            ast.Sub: self.build.subtract,
            ast.Mult: self.build.multiply,
            ast.Div: self.build.divide,
            ast.Pow: self.build.power,
        }
        a, b = self.value(expression.left, names), self.value(expression.right, names)
        return operations[type(expression.op)](a, b)

    def _logic(self, expression: ast.BoolOp, names: Mapping[str, Node]) -> Node:
        join = self.build.both if isinstance(expression.op, ast.And) else self.build.either
        result, *others = (self.value(value, names) for value in expression.values)
        for other in others:
            result = join(result, other)
        return result

    def _comparison(self, expression: ast.Compare, names: Mapping[str, Node]) -> Node:
        """`a < b < c` is `a < b and b < c`."""
        operands = [self.value(operand, names) for operand in (expression.left, *expression.comparators)]
        holds = [
            self.build.compare(_COMPARISONS[type(operator)], a, b)
            for operator, a, b in zip(expression.ops, operands, operands[1:], strict=False)
        ]
        result, *others = holds
        for other in others:
            result = self.build.both(result, other)
        return result

    def _subscript(self, expression: ast.Subscript, names: Mapping[str, Node]) -> Node:
        array = self.value(expression.value, names)
        key = index_key(expression.slice, array.type.shape, lambda entry: self.value(entry, names), self.text)
        return self.build.index(array, key)

    def _call(self, expression: ast.Call, names: Mapping[str, Node]) -> Node:
        if not isinstance(expression.func, ast.Name):
            raise RuleError("only functions of the reward language can be called", "as in norm(x)")
        name = expression.func.id
        if name in self.helpers:
            return self._call_helper(expression, name, names)
        if name not in FUNCTIONS:
            raise RuleError(
                f"there is no function {name!r} in the reward language",
                did_you_mean(name, [*FUNCTIONS, *self.helpers]),
            )
        signature = inspect.signature(FUNCTIONS[name])
        parameters = list(signature.parameters)[1:]
        positional = [self._argument(name, None, argument, names) for argument in expression.args]
        named = {}
        for keyword in expression.keywords:
            if keyword.arg not in parameters:
                self.text.refuse_node(
                    keyword, f"{name} has no argument {keyword.arg or '**'!r}", f"it has: {', '.join(parameters)}"
                )
            named[keyword.arg] = self._argument(name, keyword.arg, keyword.value, names)
        try:
            signature.bind(self.build, *positional, **named)
        except TypeError as error:
            raise RuleError(f"{name}: {error}", f"its arguments are: {', '.join(parameters)}") from None
        return FUNCTIONS[name](self.build, *positional, **named)

    def _argument(self, function: str, word: str | None, value: ast.expr, names: Mapping[str, Node]) -> Node | str:
        if (function, word) not in _WORD_ARGUMENTS:
            return self.value(value, names)
        if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
            self.text.refuse_node(value, f"{word} is a word in quotes", 'as in sigmoid="gaussian"')
        return value.value
