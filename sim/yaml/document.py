"""A YAML file as plain values that remember their lines."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from telic.sim.yaml.problem import Problem, TaskFileError

# A task file is kilobytes; a file far above that is a mistake.
_MAX_BYTES = 1024 * 1024
_MAX_DEPTH = 32
_MAX_ITEMS = 100_000

# YAML 1.1 reads 1e-3 as text, which nobody means.
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True)
class Item:
    """A value, and where it stands.

    Attributes:
        value: None, a bool, number or text; a tuple of items; or a dictionary of items by text.
        line: Line in the file, from 1.
    """

    value: Any
    line: int

    def plain(self) -> Any:
        """Return the value without its lines."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, tuple):
            return [item.plain() for item in self.value]
        return self.value


def read_document(path: Path, name: str) -> Item:
    """Read a YAML file whose top is a mapping.

    Args:
        path: The file.
        name: What to call it in messages.

    Raises:
        TaskFileError: If it cannot be read, is no YAML, or names a key twice.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise TaskFileError([Problem(name, None, "", f"has more than {_MAX_BYTES} bytes: this is no task file")])
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TaskFileError([Problem(name, None, "", f"is not UTF-8 text: {error.reason}")]) from None
    except OSError as error:
        raise TaskFileError([Problem(name, None, "", f"cannot be read: {error.strerror}")]) from None
    return parse_document(text, name)


def parse_document(text: str, name: str) -> Item:
    """As `read_document`, of text that is at hand."""
    reader = _Reader(text, name)
    try:
        item = reader.read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"is not YAML: {error.problem or error}"
        remedy = "indent with spaces, never with tabs" if "'\\t'" in message else "check the indentation and the colons"
        raise TaskFileError([Problem(name, mark.line + 1 if mark else None, "", message, remedy)]) from None
    except yaml.YAMLError as error:
        raise TaskFileError([Problem(name, None, "", f"is not YAML: {error}")]) from None
    if reader.problems:
        raise TaskFileError(reader.problems)
    if item is None or not isinstance(item.value, dict):
        raise TaskFileError(
            [Problem(name, 1, "", "is not a mapping of keys to values", "begin with: model: robot.xml")]
        )
    return item


class _Reader:
    """Turns the nodes of a document into items.

    Attributes:
        problems: Keys that stand there twice, and numbers that are not finite.
    """

    def __init__(self, text: str, name: str) -> None:
        self._loader = yaml.SafeLoader(text)
        self._name = name
        self._count = 0
        self.problems: list[Problem] = []

    def read(self) -> Item | None:
        try:
            node = self._loader.get_single_node()
            return None if node is None else self._item(node, "", 0)
        finally:
            self._loader.dispose()

    def _item(self, node: yaml.Node, where: str, depth: int) -> Item:
        line = node.start_mark.line + 1
        self._count += 1
        # A few aliases of aliases are enough to write more than a memory holds.
        if depth > _MAX_DEPTH or self._count > _MAX_ITEMS:
            message = f"is nested more than {_MAX_DEPTH} deep, or has more than {_MAX_ITEMS} entries"
            raise TaskFileError([Problem(self._name, line, where, message)])
        if isinstance(node, yaml.MappingNode):
            return Item(self._mapping(node, where, depth), line)
        if isinstance(node, yaml.SequenceNode):
            children = (self._item(child, f"{where}[{i}]", depth + 1) for i, child in enumerate(node.value))
            return Item(tuple(children), line)
        value = self._loader.construct_object(node)
        is_quoted = getattr(node, "style", None) is not None
        if isinstance(value, str) and _NUMBER.fullmatch(value) and not is_quoted:
            value = float(value)
        if isinstance(value, float) and not math.isfinite(value):
            self._tell(node, where, f"is {value}", "write a finite number")
        return Item(value, line)

    def _mapping(self, node: yaml.MappingNode, where: str, depth: int) -> dict[str, Item]:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            name = str(key.value)
            if name in seen and name != "<<":
                message = f"stands there twice; the first time in line {seen[name]}"
                self._tell(key, join(where, name), message, "remove one of the two, or rename it")
            seen.setdefault(name, key.start_mark.line + 1)
        self._loader.flatten_mapping(node)
        return {str(key.value): self._item(value, join(where, str(key.value)), depth + 1) for key, value in node.value}

    def _tell(self, node: yaml.Node, where: str, message: str, remedy: str) -> None:
        self.problems.append(Problem(self._name, node.start_mark.line + 1, where, message, remedy))


def join(where: str, key: str) -> str:
    """Return the path of a key below another."""
    return f"{where}.{key}" if where else key
