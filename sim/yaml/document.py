"""A YAML file as plain values that remember their lines."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from telic.sim.yaml.problem import Problem, TaskFileError

# A task file is kilobytes; a file far above that is a mistake.
_MAX_BYTES = 1024 * 1024
_MAX_DEPTH = 32

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
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        problems: list[Problem] = []
        item = _item(loader, node, name, "", problems, 0) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"is not YAML: {error.problem or error}"
        remedy = "indent with spaces, never with tabs" if "'\\t'" in message else "check the indentation and the colons"
        raise TaskFileError([Problem(name, mark.line + 1 if mark else None, "", message, remedy)]) from None
    except yaml.YAMLError as error:
        raise TaskFileError([Problem(name, None, "", f"is not YAML: {error}")]) from None
    finally:
        loader.dispose()
    if problems:
        raise TaskFileError(problems)
    if item is None or not isinstance(item.value, dict):
        raise TaskFileError(
            [Problem(name, 1, "", "is not a mapping of keys to values", "begin with: model: robot.xml")]
        )
    return item


def _item(loader: yaml.SafeLoader, node: yaml.Node, name: str, where: str, problems: list[Problem], depth: int) -> Item:
    line = node.start_mark.line + 1
    if depth > _MAX_DEPTH:
        raise TaskFileError([Problem(name, line, where, f"is nested more than {_MAX_DEPTH} deep")])
    if isinstance(node, yaml.MappingNode):
        problems.extend(_repeated(node, name, where))
        loader.flatten_mapping(node)
        return Item(
            {
                str(key.value): _item(loader, value, name, join(where, str(key.value)), problems, depth + 1)
                for key, value in node.value
            },
            line,
        )
    if isinstance(node, yaml.SequenceNode):
        children = (
            _item(loader, child, name, f"{where}[{i}]", problems, depth + 1) for i, child in enumerate(node.value)
        )
        return Item(tuple(children), line)
    value = loader.construct_object(node)
    is_quoted = getattr(node, "style", None) is not None
    if isinstance(value, str) and _NUMBER.fullmatch(value) and not is_quoted:
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        problems.append(Problem(name, line, where, f"is {value}", "write a finite number"))
    return Item(value, line)


def _repeated(node: yaml.MappingNode, name: str, where: str) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if key.value in seen and key.value != "<<":
            yield Problem(
                name,
                line,
                join(where, key.value),
                f"stands there twice; the first time in line {seen[key.value]}",
                "remove one of the two, or rename it",
            )
        seen.setdefault(str(key.value), line)


def join(where: str, key: str) -> str:
    """Return the path of a key below another."""
    return f"{where}.{key}" if where else key
