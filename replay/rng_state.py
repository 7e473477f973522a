"""The state of a NumPy random generator as a plain array, so that a resumed run goes on with the same numbers.

Samplers hold no generator: whoever samples hands one in, and saves it beside them.

    saved = {"rng": rng_state(rng), "replay": replay.state_dict(), "priorities": prioritised.state_dict()}
    ...
    set_rng_state(rng, saved["rng"])
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from telic.replay.errors import FileFormatError


def rng_state(rng: np.random.Generator) -> np.ndarray:
    """Everything that decides the next numbers, (length,) uint8."""
    return pack(rng.bit_generator.state)


def set_rng_state(rng: np.random.Generator, state: np.ndarray) -> None:
    """Put a generator where another one of the same kind was when `rng_state` was called on it.

    Raises:
        FileFormatError: If the array is no such state, or of another kind of generator.
    """
    try:
        rng.bit_generator.state = json.loads(state.tobytes(), object_hook=_arrays)
    except (ValueError, KeyError, TypeError) as error:
        kind = type(rng.bit_generator).__name__
        raise FileFormatError(f"the array is not the state of a {kind} random generator: {error}") from error


def pack(state: Mapping[str, Any]) -> np.ndarray:
    """What NumPy gives as the state of a bit generator, as an array: JSON as bytes, (length,) uint8."""
    return np.frombuffer(json.dumps(state, default=_plain).encode(), np.uint8).copy()


def _plain(value: Any) -> Any:
    """NumPy's arrays and numbers, which some generators have in their state, as JSON."""
    return value.tolist()


def _arrays(entries: dict[str, Any]) -> dict[str, Any]:
    return {name: np.array(value, np.uint64) if isinstance(value, list) else value for name, value in entries.items()}
