"""From a program's checked syntax to its typed terms: parameters, what is returned, and what is remembered."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from telic.replay.signal import Signal
from telic.rewards import language
from telic.rewards.body import BodyReader
from telic.rewards.build import Builder
from telic.rewards.error import RuleError
from telic.rewards.infer import common_frame, common_unit
from telic.rewards.ir import Node
from telic.rewards.parse import Parsed
from telic.rewards.signals import NEXT, did_you_mean


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
class Remembered:
    """One value that a reward remembers from step to step within an episode.

    Attributes:
        signal: Its name, shape, unit and frame; readable like a signal of the state.
        initial: Its elements at the start of an episode.
        update: Its value after a step, from the signals of the step and the values remembered before it.
    """

    signal: Signal
    initial: tuple[float, ...]
    update: Node


@dataclass(frozen=True)
class Checked:
    """A program that obeys every rule of the language.

    Attributes:
        terms: The terms of `reward`, in order.
        parameters: The signals that `reward` names, in order, read or not.
        success: The value of `success`; None without it.
        success_parameters: The signals that `success` names.
        costs: The terms of `cost`; none without it.
        cost_parameters: The signals that `cost` names.
        memory: What `memory` keeps; nothing without it.
        memory_parameters: The signals that `memory` names.
    """

    terms: tuple[Term, ...]
    parameters: tuple[str, ...]
    success: Term | None
    success_parameters: tuple[str, ...]
    costs: tuple[Term, ...]
    cost_parameters: tuple[str, ...]
    memory: tuple[Remembered, ...]
    memory_parameters: tuple[str, ...]


def lower(parsed: Parsed, signals: Mapping[str, Signal]) -> Checked:
    """Check names, shapes, units and frames, and build the graph.

    Args:
        parsed: The program's syntax.
        signals: What it may read, by name.

    Raises:
        RewardError: If a rule is broken.
    """
    lowering = _Lowering(parsed, signals)
    memory = () if parsed.memory is None else lowering.memory(parsed.memory)
    checked = Checked(
        terms=lowering.terms(parsed.reward),
        parameters=lowering.parameters(parsed.reward),
        success=None if parsed.success is None else lowering.success(parsed.success),
        success_parameters=lowering.parameters(parsed.success),
        costs=() if parsed.cost is None else lowering.terms(parsed.cost),
        cost_parameters=lowering.parameters(parsed.cost),
        memory=memory,
        memory_parameters=lowering.parameters(parsed.memory),
    )
    lowering.finish()
    return checked


class _Lowering:
    """Reads the functions of one program into one graph."""

    def __init__(self, parsed: Parsed, signals: Mapping[str, Signal]) -> None:
        self._text = parsed.text
        self._signals = signals
        self._build = Builder()
        self._bodies = BodyReader(parsed, signals, self._build)
        self._reader = self._bodies.reader
        # What the program remembers, under its name before the step and, with `next_`, after it.
        self._remembered: dict[str, Node] = {}

    def finish(self) -> None:
        """Refuse what no function used."""
        self._bodies.refuse_unused_helpers()

    def parameters(self, function: ast.FunctionDef | None) -> tuple[str, ...]:
        """The signals that a function names, without what is remembered."""
        named = () if function is None else tuple(argument.arg for argument in function.args.args)
        return tuple(name for name in named if name not in self._remembered)

    def terms(self, function: ast.FunctionDef) -> tuple[Term, ...]:
        """The terms that `reward` or `cost` returns."""
        names, returned = self._bodies.body(function, self._arguments(function))
        if not isinstance(returned, ast.Dict) or not returned.keys:
            self._text.refuse_node(
                returned, f"{function.name} returns a dictionary of named terms", 'write return {"name": value, ...}'
            )
        if len(returned.keys) > language.MAX_TERMS:
            self._text.refuse_node(returned, f"{len(returned.keys)} terms; at most {language.MAX_TERMS} are allowed")
        terms: dict[str, Term] = {}
        for key, expression in zip(returned.keys, returned.values, strict=True):
            name = self._key(key, returned)
            if name in terms:
                self._text.refuse_node(key or returned, f"term {name!r} is written twice", "give it another name")
            terms[name] = self._term(name, expression, names)
        return tuple(terms.values())

    def success(self, function: ast.FunctionDef) -> Term:
        """The condition that `success` returns."""
        names, returned = self._bodies.body(function, self._arguments(function))
        node = self._reader.value(returned, names)
        if not node.type.truth or node.type.shape:
            self._text.refuse_node(
                returned,
                f"success returns one truth value for each sample, not {node.type}",
                "compare, as in norm(position) < 0.2; all(...) joins the elements of an array",
            )
        return Term("success", node, *self._text.position(returned), self._text.segment(returned))

    def memory(self, function: ast.FunctionDef) -> tuple[Remembered, ...]:
        """What `memory` keeps: its parameters with a default, which is the value at the start of an episode."""
        arguments = function.args.args
        kept = arguments[len(arguments) - len(function.args.defaults) :]
        if not kept:
            self._text.refuse_node(
                function, "memory keeps nothing", "give what is kept a value to start with, as in nearest=10.0 * metre"
            )
        signals = {
            argument.arg: self._kept(argument, default)
            for argument, default in zip(kept, function.args.defaults, strict=True)
        }
        self._remembered = {name: self._build.read(signal) for name, (signal, _) in signals.items()}
        names, returned = self._bodies.body(function, self._arguments(function))
        updates = self._updates(returned, names, signals)
        self._remembered |= {NEXT + name: update for name, update in updates.items()}
        return tuple(Remembered(signal, initial, updates[name]) for name, (signal, initial) in signals.items())

    def _kept(self, argument: ast.arg, default: ast.expr) -> tuple[Signal, tuple[float, ...]]:
        """A remembered value as a signal, with its elements at the start of an episode."""
        name = argument.arg
        self._bodies.check_new_name(argument, name)
        if name in self._signals or name.startswith(NEXT):
            self._text.refuse_node(argument, f"{name!r} is a signal", "give what is remembered another name")
        start = self._reader.value(default, self._bodies.constants)
        if start.op != "const" or start.type.truth:
            self._text.refuse_node(default, "what is remembered starts as a constant", "as in nearest=10.0 * metre")
        values = start.data * (start.type.size if len(start.data) == 1 else 1)
        unit = str(start.type.unit or "1")
        return Signal(name, start.type.shape, unit, start.type.frame, "remembered within an episode"), values

    def _updates(
        self, returned: ast.expr, names: Mapping[str, Node], signals: Mapping[str, tuple[Signal, tuple[float, ...]]]
    ) -> dict[str, Node]:
        """The value of each remembered name after a step."""
        if not isinstance(returned, ast.Dict):
            self._text.refuse_node(returned, "memory returns a dictionary of what it keeps", 'as in {"nearest": ...}')
        updates: dict[str, Node] = {}
        for key, expression in zip(returned.keys, returned.values, strict=True):
            name = self._key(key, returned)
            if name not in signals:
                self._text.refuse_node(key or returned, f"{name!r} is not kept", f"memory keeps: {', '.join(signals)}")
            updates[name] = self._update(expression, signals[name][0], names)
        for name in signals:
            if name not in updates:
                self._text.refuse_node(returned, f"memory does not say what {name!r} becomes", f'add "{name}": ...')
        return updates

    def _update(self, expression: ast.expr, signal: Signal, names: Mapping[str, Node]) -> Node:
        kept = self._remembered[signal.name].type
        try:
            node = self._build.number(self._reader.value(expression, names))
            if node.type.shape != kept.shape:
                raise RuleError(f"{signal.name!r} starts as {kept} and becomes {node.type}")
            common_unit(kept, node.type, f"keep as {signal.name!r}")
            common_frame(kept, node.type, f"keep as {signal.name!r}")
        except RuleError as broken:
            hint = f"start with the same shape and unit, as in {signal.name}=10.0 * metre"
            self._text.refuse_node(expression, broken.message, hint)
        return node

    def _arguments(self, function: ast.FunctionDef) -> dict[str, Node]:
        values: dict[str, Node] = {}
        for argument in function.args.args:
            name = argument.arg
            if name in values:
                self._text.refuse_node(argument, f"signal {name!r} is named twice")
            if name in self._remembered:
                values[name] = self._remembered[name]
            elif name in self._signals:
                values[name] = self._build.read(self._signals[name])
            else:
                known = [*self._signals, *self._remembered]
                self._text.refuse_node(argument, f"there is no signal {name!r}", did_you_mean(name, known))
        return values

    def _key(self, key: ast.expr | None, returned: ast.Dict) -> str:
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
