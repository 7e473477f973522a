"""Reads the body of a function: assignments, choices by `if`, one return; and calls of the program's own helpers.

Nothing is run. A helper is read again at each call, with its arguments in the place of its parameters, so that units,
frames and shapes are checked for what it is really given. An `if` reads both branches and chooses between the values
that they leave: the language has no jumps.
"""

import ast
import inspect
from collections.abc import Mapping, Sequence

from telic.replay.signal import Signal
from telic.rewards.build import Builder
from telic.rewards.error import RewardError, RuleError
from telic.rewards.expression import ExpressionReader
from telic.rewards.functions import FUNCTIONS
from telic.rewards.ir import Node
from telic.rewards.language import CONSTANTS, MAX_CALLS
from telic.rewards.parse import ENTRIES, Parsed, assigned_name

RESERVED = frozenset({*FUNCTIONS, *CONSTANTS, *ENTRIES})

Names = dict[str, Node]


class BodyReader:
    """Reads the functions of one program into one graph.

    Attributes:
        reader: Reads the expressions.
        constants: The names in scope in every function: those of the language, then those of the module.
    """

    def __init__(self, parsed: Parsed, signals: Mapping[str, Signal], build: Builder) -> None:
        self._text = parsed.text
        self._build = build
        self._helpers = parsed.helpers
        self._active: list[str] = []
        self._called: list[str] = []
        self.reader = ExpressionReader(parsed.text, signals, build, parsed.helpers, self._call)
        for name, function in parsed.helpers.items():
            self.check_new_name(function, name)
            if name in signals:
                self._text.refuse_node(function, f"{name!r} is a signal", "give the function another name")
        self.constants: Names = {name: build.literal(value, unit) for name, (value, unit) in CONSTANTS.items()}
        for target, expression in parsed.constants:
            self.check_new_name(target, target.id)
            if target.id in signals:
                self._text.refuse_node(target, f"{target.id!r} is a signal", "give the constant another name")
            self.constants[target.id] = self.reader.value(expression, self.constants)

    def body(self, function: ast.FunctionDef, arguments: Mapping[str, Node]) -> tuple[Names, ast.expr]:
        """Read a function's statements.

        Returns:
            The names in scope at its end, and the expression that it returns.
        """
        statements = function.body if ast.get_docstring(function) is None else function.body[1:]
        names = self._block(statements[:-1], {**self.constants, **arguments})
        last = statements[-1] if statements else function
        if not isinstance(last, ast.Return) or last.value is None:
            self._text.refuse_node(last, f"`{function.name}` does not end by returning a value")
        return names, last.value

    def refuse_unused_helpers(self) -> None:
        """Refuse helpers that nothing calls: they were never checked."""
        for name, function in self._helpers.items():
            if name not in self._called:
                self._text.refuse_node(function, f"function {name!r} is never called", "delete it, or call it")

    def check_new_name(self, node: ast.AST, name: str) -> None:
        """Refuse a name that the language needs for itself."""
        if name in RESERVED:
            self._text.refuse_node(node, f"{name!r} has a meaning in the reward language", "choose another name")
        if name.startswith("_"):
            self._text.refuse_node(node, f"name {name!r} is not allowed", "names begin with a letter")

    def _block(self, statements: Sequence[ast.stmt], names: Names) -> Names:
        """The names in scope after some statements."""
        names = dict(names)
        for statement in statements:
            match statement:
                case ast.Assign():
                    target = assigned_name(statement, self._text)
                    self.check_new_name(target, target.id)
                    names[target.id] = self.reader.value(statement.value, names)
                case ast.AugAssign(target=ast.Name() as target):
                    before = ast.copy_location(ast.Name(target.id, ast.Load()), target)
                    change = ast.BinOp(before, statement.op, statement.value)
                    names[target.id] = self.reader.value(ast.copy_location(change, statement), names)
                case ast.If():
                    names = self._branches(statement, names)
                case _:
                    self._refuse(statement)
        return names

    def _branches(self, statement: ast.If, names: Names) -> Names:
        """The names in scope after an `if`: where its branches leave different values, a choice between them."""
        condition = self.reader.value(statement.test, names)
        if not condition.type.truth or condition.type.shape:
            self._text.refuse_node(
                statement.test,
                f"a condition is one truth value for each sample, not {condition.type}",
                "compare, as in norm(position) < 0.2; all(...) and any(...) join the elements of an array",
            )
        yes, no = self._block(statement.body, names), self._block(statement.orelse, names)
        merged = {}
        for name in dict.fromkeys((*yes, *no)):
            if name not in yes or name not in no:
                self.reader.assigned_in_one_branch[name] = statement.lineno
            elif yes[name] is no[name]:
                merged[name] = yes[name]
            else:
                merged[name] = self._choice(statement, name, condition, yes[name], no[name])
        return merged

    def _choice(self, statement: ast.If, name: str, condition: Node, yes: Node, no: Node) -> Node:
        try:
            return self._build.choose(condition, yes, no)
        except RuleError as broken:
            self._text.refuse_node(statement.test, f"the branches leave {name!r} in two forms: {broken.message}")

    def _refuse(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.AugAssign):
            self._text.refuse_node(statement, "an assignment writes to one name", "write `name = value`")
        hint = "assign in the branches, and return once, at the end" if isinstance(statement, ast.Return) else ""
        self._text.refuse_node(statement, "a function holds assignments and `if`, and ends with one return", hint)

    def _call(self, expression: ast.Call, name: str, names: Mapping[str, Node]) -> Node:
        """The value of a call of a helper."""
        function = self._helpers[name]
        if name in self._active:
            raise RuleError(f"{name} calls itself", "the reward language has no recursion")
        self._called.append(name)
        if len(self._called) > MAX_CALLS:
            raise RuleError(f"more than {MAX_CALLS} calls of helper functions", "assign results to names and use them")
        arguments = self._arguments(expression, function, names)
        self._active.append(name)
        try:
            scope, returned = self.body(function, arguments)
            return self.reader.value(returned, scope)
        except RewardError as error:
            # The line of the call tells which arguments did not fit.
            called = f"{name} was called in line {expression.lineno}"
            error.hint = f"{error.hint}; {called}" if error.hint else called
            raise
        finally:
            self._active.pop()

    def _arguments(self, expression: ast.Call, function: ast.FunctionDef, names: Mapping[str, Node]) -> Names:
        """The values of a helper's parameters at one call."""
        parameters = [argument.arg for argument in function.args.args]
        for argument in function.args.args:
            self.check_new_name(argument, argument.arg)
        defaults = dict(zip(reversed(parameters), reversed(function.args.defaults), strict=False))
        signature = inspect.Signature(
            [
                inspect.Parameter(
                    name,
                    inspect.Parameter.POSITIONAL_OR_KEYWORD,
                    default=defaults.get(name, inspect.Parameter.empty),
                )
                for name in parameters
            ]
        )
        values = [self.reader.value(argument, names) for argument in expression.args]
        named = {str(keyword.arg): self.reader.value(keyword.value, names) for keyword in expression.keywords}
        try:
            bound = signature.bind(*values, **named).arguments
        except TypeError as error:
            raise RuleError(f"{function.name}: {error}", f"its arguments are: {', '.join(parameters)}") from None
        for name in parameters:
            if name not in bound:
                bound[name] = self.reader.value(defaults[name], self.constants)
        return bound
