"""Plain JSON values into frozen dataclasses, refusing everything that was not asked for."""

import dataclasses
import difflib
import json
import math
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

# A contract is kilobytes; a file far above that is a mistake or an attack on the reader's memory.
MAX_BYTES = 8 * 1024 * 1024


class ContractError(ValueError):
    """A field that cannot be accepted.

    Attributes:
        path: Where it stands, such as ``observation[2].scale``.
        problem: What is wrong, the value, and what is allowed.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


@dataclasses.dataclass(frozen=True)
class Between:
    """The allowed closed range of a number, or of a text's or list's length."""

    low: float
    high: float


def read_json(path: Path) -> Any:
    """Parse a JSON file that may come from anywhere.

    Raises:
        ContractError: If it is too large, not UTF-8 JSON, names a key twice, or holds NaN or infinity.
    """
    if path.stat().st_size > MAX_BYTES:
        raise ContractError("", f"{path} has {path.stat().st_size} bytes; at most {MAX_BYTES} are read")
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise ContractError("", f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise ContractError(
            "", f"{path} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise ContractError("", f"{path} is nested too deeply") from None


def convert(kind: type[T], value: Any, path: str = "") -> T:
    """Build a `kind` from plain values.

    Args:
        kind: A dataclass, ``str``, ``int``, ``float``, ``bool``, ``Literal``, ``tuple``, a union with None, or any of
            them ``Annotated`` with `Between`.
        value: What JSON gave.
        path: Where it stands, for messages.

    Raises:
        ContractError: With the path, the value and what is allowed.
    """
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        inner, *limits = typing.get_args(kind)
        return _within(convert(inner, value, path), limits, path)
    if origin is typing.Literal:
        return _one_of(value, typing.get_args(kind), path)
    if origin in (typing.Union, types.UnionType):
        (inner,) = (option for option in typing.get_args(kind) if option is not type(None))
        return None if value is None else convert(inner, value, path)  # type: ignore[return-value]
    if origin is tuple:
        return _tuple(typing.get_args(kind), value, path)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value, path)
    return _scalar(kind, value, path)


def plain(value: Any) -> Any:
    """Turn a dataclass into what JSON holds: dictionaries, lists, text, numbers and None."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return [plain(item) for item in value] if isinstance(value, tuple | list) else value


def _dataclass(kind: Any, value: Any, path: str) -> Any:
    if not isinstance(value, dict):
        raise ContractError(path, f"is {_show(value)}; expected an object")
    fields = {field.name for field in dataclasses.fields(kind)}
    for name in value:
        if name not in fields:
            raise ContractError(_join(path, name), "unknown field" + did_you_mean(name, fields))
    for name in sorted(fields - value.keys()):
        raise ContractError(_join(path, name), "is missing")
    hints = typing.get_type_hints(kind, include_extras=True)
    arguments = {name: convert(hints[name], value[name], _join(path, name)) for name in fields}
    try:
        return kind(**arguments)
    except ContractError as error:
        raise ContractError(_join(path, error.path), error.problem) from None


def _tuple(arguments: tuple[Any, ...], value: Any, path: str) -> Any:
    if not isinstance(value, list | tuple):
        raise ContractError(path, f"is {_show(value)}; expected a list")
    if arguments[-1] is Ellipsis:
        arguments = (arguments[0],) * len(value)
    if len(arguments) != len(value):
        raise ContractError(path, f"has {len(value)} entries; expected {len(arguments)}")
    return tuple(
        convert(kind, item, f"{path}[{i}]") for i, (kind, item) in enumerate(zip(arguments, value, strict=True))
    )


def _scalar(kind: Any, value: Any, path: str) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float and number:
        # An integer of a thousand digits is valid JSON and no float.
        result = float(value) if abs(value) < 2**1023 else math.inf
        if not math.isfinite(result):
            raise ContractError(path, f"is {_show(value)}; expected a finite number")
        return result
    # `True` is an int in Python but not a count.
    if type(value) is not kind:
        raise ContractError(path, f"is {_show(value)}; expected {_NAMES[kind]}")
    return value


_NAMES = {str: "text", int: "a whole number", float: "a finite number", bool: "true or false"}


def _within(value: Any, limits: list[Any], path: str) -> Any:
    sized = isinstance(value, str | tuple)
    for limit in limits:
        size = len(value) if sized else value
        if value is not None and not limit.low <= size <= limit.high:
            what = f"has length {size}" if sized else f"is {value}"
            raise ContractError(path, f"{what}; allowed: {limit.low:g} to {limit.high:g}")
    return value


def _one_of(value: Any, options: tuple[Any, ...], path: str) -> Any:
    if not any(type(value) is type(option) and value == option for option in options):
        allowed = ", ".join(json.dumps(option) for option in options)
        raise ContractError(
            path, f"is {_show(value)}; allowed: {allowed}" + did_you_mean(str(value), map(str, options))
        )
    return value


def did_you_mean(name: str, options: typing.Iterable[str]) -> str:
    """Return the end of an error message that names the nearest option, or nothing."""
    nearest = difflib.get_close_matches(name, sorted(options), n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def _show(value: Any) -> str:
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**30 else "a very large number"
    return text if len(text) <= 60 else text[:57] + "..."


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name and not name.startswith("[") else path + name


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ContractError(twice, "is given twice")
    return result


def _refuse_constant(text: str) -> float:
    raise ContractError("", f"holds {text}; only finite numbers are allowed")
