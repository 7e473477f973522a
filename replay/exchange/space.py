"""Gymnasium spaces as signals: each leaf of a nested space is one."""

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from telic.replay.errors import SchemaError
from telic.replay.exchange.foreign import OBSERVATION, foreign_signal, identifier
from telic.replay.schema import Schema
from telic.replay.signal import Signal

# Where a leaf is in a nested space: keys of dictionaries and indices of tuples.
Place = tuple[str | int, ...]


def signals_of(space: gym.Space, where: str) -> dict[Place, Signal]:
    """The leaves of an observation space as signals.

    Args:
        space: Of any depth.
        where: The file, for messages.

    Raises:
        SchemaError: If a leaf is not made of numbers.
        DtypeError: If its numbers cannot be stored.
    """
    found: dict[Place, Signal] = {}
    for place, leaf in _leaves(space, ()):
        key = key_of(place)
        if not isinstance(leaf, spaces.Box | spaces.Discrete | spaces.MultiBinary | spaces.MultiDiscrete):
            raise SchemaError(
                f"{where}: observation {key!r} is a {type(leaf).__name__} space; a signal is an array of numbers"
            )
        name = identifier(key, [signal.name for signal in found.values()])
        found[place] = foreign_signal(key, name, leaf.shape or (), leaf.dtype, where)
    if not found:
        raise SchemaError(f"{where}: the observation space {space} has no elements")
    return found


def space_of(schema: Schema) -> gym.Space:
    """The observation space of a schema's signals: a Box for a lone one named ``observation``, else a Dict."""
    if schema.names == (OBSERVATION,):
        return _leaf(schema.signals[0])
    return spaces.Dict({signal.name: _leaf(signal) for signal in schema.signals})


def key_of(place: Place) -> str:
    """A place as text."""
    return "/".join(map(str, place)) or OBSERVATION


def value_at(value: Any, place: Place) -> Any:
    """The leaf of a nested value.

    Raises:
        LookupError: If it is not there.
        TypeError: If the nesting is another.
    """
    for key in place:
        value = value[key]
    return value


def _leaves(space: gym.Space, place: Place) -> Iterator[tuple[Place, gym.Space]]:
    if isinstance(space, spaces.Dict):
        for key, inner in space.spaces.items():
            yield from _leaves(inner, (*place, key))
    elif isinstance(space, spaces.Tuple):
        for index, inner in enumerate(space.spaces):
            yield from _leaves(inner, (*place, index))
    else:
        yield place, space


def _leaf(signal: Signal) -> gym.Space:
    dtype = np.dtype(signal.dtype)
    if dtype.kind == "b":
        return spaces.MultiBinary(list(signal.shape) or 1)
    if dtype.kind == "f":
        return spaces.Box(-np.inf, np.inf, signal.shape, dtype.type)
    limits = np.iinfo(dtype)
    return spaces.Box(limits.min, limits.max, signal.shape, dtype.type)


def as_leaf(values: np.ndarray, signal: Signal) -> np.ndarray:
    """States (T, *shape) as `space_of` says them: bool as int8, for Gymnasium has no boxes of bool."""
    if signal.dtype != "bool":
        return values
    return values.astype(np.int8).reshape(len(values), *(signal.shape or (1,)))


def from_leaf(values: Any, signal: Signal) -> Any:
    """The inverse of `as_leaf`."""
    if signal.dtype != "bool":
        return values
    array = np.asarray(values)
    return array.astype(np.bool_).reshape(len(array), *signal.shape) if np.isin(array, (0, 1)).all() else array
