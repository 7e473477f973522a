"""Items of a YAML document into frozen dataclasses; all mistakes are collected, not only the first."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

from telic.sim.errors import TaskError
from telic.sim.suggest import did_you_mean
from telic.sim.yaml.document import Item, join
from telic.sim.yaml.problem import Problem

_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


class Refused:
    """Stands for a value that could not be built; why is among the problems."""


REFUSED = Refused()


class Converter:
    """Builds values of known types, and remembers what was wrong.

    Attributes:
        problems: What was wrong so far.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self.problems: list[Problem] = []

    def refuse(self, item: Item, where: str, message: str, remedy: str = "") -> Refused:
        """Remember a problem."""
        self.problems.append(Problem(self._file, item.line, where, message, remedy))
        return REFUSED

    def build(self, kind: Any, item: Item, where: str) -> Any:
        """Build a value of a type.

        Args:
            kind: A dataclass, ``str``, ``int``, ``float``, ``bool``, ``Any``, a ``Literal``, a ``tuple``, or a union.
            item: What the document says.
            where: Its path.

        Returns:
            The value, or `REFUSED`.
        """
        origin = typing.get_origin(kind)
        if kind is Any:
            return _tuples(item.plain())
        if origin is typing.Literal:
            return self._word(typing.get_args(kind), item, where)
        if origin in (typing.Union, types.UnionType):
            return self._one_of(typing.get_args(kind), item, where)
        if origin is tuple:
            return self._tuple(typing.get_args(kind), item, where)
        if dataclasses.is_dataclass(kind):
            return self.dataclass(kind, item, where)
        return self._scalar(kind, item, where)

    def dataclass(self, kind: Any, item: Item, where: str, given: Mapping[str, Any] | None = None) -> Any:
        """Build a dataclass from a mapping.

        Args:
            kind: The dataclass.
            item: A mapping of its fields.
            where: Its path.
            given: Fields that are known already, and may not stand in the document.
        """
        given = dict(given or {})
        if not isinstance(item.value, dict):
            return self.refuse(item, where, f"is {_show(item)}; wanted: a mapping of {', '.join(fields_of(kind))}")
        fields = {field.name: field for field in dataclasses.fields(kind) if field.name not in given}
        self.unknown_keys(item, where, fields)
        hints = typing.get_type_hints(kind)
        arguments = given
        complete = True
        for name, field in fields.items():
            if name in item.value:
                value = self.build(hints[name], item.value[name], join(where, name))
                complete &= value is not REFUSED
                arguments[name] = value
            elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                self.refuse(item, join(where, name), "is missing", f"add {name}: ...")
                complete = False
        if not complete:
            return REFUSED
        try:
            return kind(**arguments)
        except (TaskError, ValueError) as error:
            return self.refuse(item, where, str(error))

    def unknown_keys(self, item: Item, where: str, known: typing.Iterable[str]) -> None:
        """Remember every key of a mapping that is not known."""
        names = list(known)
        for key, value in item.value.items():
            if key not in names:
                self.refuse(value, join(where, key), f"unknown key{did_you_mean(key, names)}")

    def _word(self, allowed: tuple[Any, ...], item: Item, where: str) -> Any:
        if item.value in allowed:
            return item.value
        return self.refuse(item, where, f"is {_show(item)}{did_you_mean(str(item.value), map(str, allowed))}")

    def _one_of(self, kinds: tuple[Any, ...], item: Item, where: str) -> Any:
        """Build the first of several types that fits; the mistakes are those of the last."""
        if item.value is None and type(None) in kinds:
            return None
        options = [kind for kind in kinds if kind is not type(None)]
        for kind in options[:-1]:
            trial = Converter(self._file)
            value = trial.build(kind, item, where)
            if value is not REFUSED:
                return value
        return self.build(options[-1], item, where)

    def _tuple(self, arguments: tuple[Any, ...], item: Item, where: str) -> Any:
        items = item.value
        if not isinstance(items, tuple):
            # One name stands for a list of one.
            if len(arguments) == 2 and arguments[1] is Ellipsis and arguments[0] is str and isinstance(items, str):
                return (items,)
            return self.refuse(item, where, f"is {_show(item)}; wanted: a list such as [{_example(arguments)}]")
        kinds = [arguments[0]] * len(items) if arguments[-1] is Ellipsis else list(arguments)
        if len(kinds) != len(items):
            message = f"has {len(items)} entries; wanted: {len(kinds)}, such as [{_example(arguments)}]"
            return self.refuse(item, where, message)
        built = [
            self.build(kind, child, f"{where}[{i}]") for i, (kind, child) in enumerate(zip(kinds, items, strict=True))
        ]
        return REFUSED if REFUSED in built else tuple(built)

    def _scalar(self, kind: Any, item: Item, where: str) -> Any:
        value = item.value
        if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if kind is int and isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        return self.refuse(item, where, f"is {_show(item)}; wanted: {_WORDS.get(kind, kind)}")


def fields_of(kind: Any) -> list[str]:
    """Return the names of a dataclass's fields."""
    return [field.name for field in dataclasses.fields(kind)]


def _tuples(value: Any) -> Any:
    """Return lists as tuples, which frozen dataclasses can hold and hash."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _example(arguments: tuple[Any, ...]) -> str:
    examples = {str: "name", int: "1", float: "0.5", bool: "true"}
    count = 2 if arguments[-1] is Ellipsis else len(arguments)
    return ", ".join([examples.get(arguments[0], "...")] * count)


def _show(item: Item) -> str:
    if isinstance(item.value, dict):
        return "a mapping"
    if isinstance(item.value, tuple):
        return "a list"
    return "empty" if item.value is None else repr(item.value)
