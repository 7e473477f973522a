"""A schema: which signals a store holds, in which order, and what the actions are."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from telic.replay.action import ActionSpec
from telic.replay.errors import DtypeError, MissingSignalError, SchemaError, ShapeError, UnknownNameError, did_you_mean
from telic.replay.signal import Signal

# What a reward may read beside the signals and their `next_` forms.
FACTS = ("action", "terminated", "truncated")


@dataclass(frozen=True)
class Schema:
    """The agreement between whoever writes facts and whoever reads them.

    Attributes:
        signals: The stored signals, in order.
        actions: The action of every step; stored as float32 under the name ``action``.
    """

    signals: tuple[Signal, ...]
    actions: ActionSpec

    def __post_init__(self) -> None:
        object.__setattr__(self, "signals", tuple(self.signals))
        if not self.signals:
            raise SchemaError("a schema needs at least one signal")
        taken: set[str] = set(FACTS)
        for signal in self.signals:
            if signal.name in taken:
                raise SchemaError(f"the name {signal.name!r} is taken twice; {', '.join(FACTS)} are reserved")
            taken.add(signal.name)
        for name in self.names:
            if f"next_{name}" in taken:
                raise SchemaError(f"signal 'next_{name}' would hide the next value of {name!r}; rename it")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the signals, in order."""
        return tuple(signal.name for signal in self.signals)

    @cached_property
    def action(self) -> Signal:
        """The action seen as a signal, so that code which handles signals handles it too."""
        return Signal("action", (self.actions.size,), self.actions.unit, description=", ".join(self.actions.names))

    def __getitem__(self, name: str) -> Signal:
        """The signal of this name.

        Raises:
            UnknownNameError: If there is none.
        """
        if name not in self._by_name:
            raise UnknownNameError(f"no signal {name!r}; {did_you_mean(name, self.names)}")
        return self._by_name[name]

    def check(self, values: Mapping[str, Any], batch: tuple[int, ...]) -> dict[str, np.ndarray]:
        """Arrays for all signals, in order, after checking names, shapes and types.

        Args:
            values: One array per signal, of shape (*batch, *signal.shape).
            batch: The leading shape that every array must have.

        Raises:
            UnknownNameError: If a name is not in the schema.
            MissingSignalError: If a signal is not given.
            ShapeError: If an array has another shape.
            DtypeError: If an array has another type.
        """
        if len(values) != len(self.names) or not all(name in values for name in self.names):
            self._refuse_names(values)
        return {signal.name: check_array(values[signal.name], signal, batch) for signal in self.signals}

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` is its inverse."""
        return {"signals": [asdict(signal) for signal in self.signals], "actions": asdict(self.actions)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Schema":
        """Read what `to_dict` wrote.

        Raises:
            SchemaError: If a field is missing, unknown, or has a wrong value; it names the field.
        """
        signals = data.get("signals") if isinstance(data, Mapping) else None
        if not isinstance(signals, list) or not isinstance(data.get("actions"), Mapping):
            raise SchemaError("a schema is an object with a list 'signals' and an object 'actions'")
        built = tuple(_build(Signal, entry, f"signals[{i}]") for i, entry in enumerate(signals))
        return cls(built, _build(ActionSpec, data["actions"], "actions"))

    def to_json(self) -> str:
        """The schema as JSON text."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> "Schema":
        """Read what `to_json` wrote.

        Raises:
            SchemaError: If the text is not JSON or not a schema.
        """
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise SchemaError(f"a schema must be JSON: {error}") from error
        return cls.from_dict(data)

    @cached_property
    def _by_name(self) -> dict[str, Signal]:
        return {signal.name: signal for signal in self.signals}

    def _refuse_names(self, values: Mapping[str, Any]) -> None:
        for name in values:
            self[name]  # Raises for the first unknown one.
        missing = [str(self[name]) for name in self.names if name not in values]
        raise MissingSignalError(f"not every signal of the schema was given; missing: {'; '.join(missing)}")


def check_array(value: Any, signal: Signal, batch: tuple[int, ...]) -> np.ndarray:
    """The value as an array, after checking it against a signal and a leading shape.

    Raises:
        ShapeError: If the shape is not (*batch, *signal.shape).
        DtypeError: If the type is not the signal's.
    """
    array = np.asarray(value)
    if array.shape != batch + signal.shape:
        raise ShapeError(
            f"{signal.name!r} has shape {array.shape}, expected {batch + signal.shape}: batch {batch}, then one sample"
        )
    if array.dtype != signal.dtype:
        raise DtypeError(
            f"{signal.name!r} has dtype {array.dtype}, expected {signal.dtype}; cast it with .astype({signal.dtype!r})"
        )
    return array


def _build(kind: type, entry: Any, where: str) -> Any:
    """An instance of a plain dataclass from JSON data, lists turned back into tuples."""
    if not isinstance(entry, Mapping):
        raise SchemaError(f"schema: {where} must be an object, got {entry!r}")
    known = [field.name for field in fields(kind)]
    for name in entry:
        if name not in known:
            raise SchemaError(f"schema: {where} has an unknown field {name!r}; {did_you_mean(name, known)}")
    try:
        return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()})
    except (TypeError, ValueError) as error:
        raise SchemaError(f"schema: {where}: {error}") from error
