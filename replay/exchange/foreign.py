"""Foreign names, spaces and limits as Telic's schema says them."""

import re
from collections.abc import Collection, Sequence
from keyword import iskeyword
from typing import Any

import numpy as np

from telic.replay.action import ActionSpec
from telic.replay.errors import DtypeError
from telic.replay.exchange.recording import Report
from telic.replay.schema import FACTS
from telic.replay.signal import Signal

# The signal's name where a dataset has one observation without a name.
OBSERVATION = "observation"


def identifier(key: str, taken: Collection[str] = ()) -> str:
    """A foreign key as the name of a signal: rewards take signals as arguments, so it must be an identifier.

    Args:
        key: Such as ``images.top/left``.
        taken: Names that are in use.
    """
    name = re.sub(r"\W", "_", key, flags=re.ASCII)
    if not name or not name[0].isalpha():
        name = f"signal_{name}"
    base, number = name, 2
    while name in taken or name in FACTS or iskeyword(name):
        name = f"{base}_{number}"
        number += 1
    return name


def foreign_signal(key: str, name: str, shape: Sequence[int], dtype: Any, where: str) -> Signal:
    """A signal of which nothing is known but its key, shape and type.

    Raises:
        DtypeError: If it cannot be stored: not a number, wider than 64 bits, or without elements.
    """
    kind = np.dtype(dtype)
    if kind.kind not in "fiub" or kind.itemsize > 8 or 0 in shape:
        raise DtypeError(
            f"{where}: {key!r} is {kind} {tuple(shape)}; allowed: floats up to 64 bits, integers and bool, not empty"
        )
    return Signal(name, tuple(int(axis) for axis in shape), description=key if key != name else "", dtype=kind.name)


def foreign_actions(size: int, low: Any, high: Any, names: Sequence[str] | None = None) -> ActionSpec:
    """An action spec from a format's limits, or from the smallest and largest actions that occur.

    Args:
        size: Actuators.
        low: Smallest command of each, (size,) or one for all.
        high: Largest.
        names: Of the actuators; ``a0``, ``a1``, ... by default.
    """
    low, high = (np.broadcast_to(np.asarray(limit, np.float64), (size,)).copy() for limit in (low, high))
    same = low >= high
    low[same], high[same] = low[same] - 1.0, high[same] + 1.0
    named = tuple(names) if names is not None and len(set(names)) == len(names) == size else None
    return ActionSpec(
        named or tuple(f"a{i}" for i in range(size)),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        initial=tuple(np.clip(0.0, low, high).tolist()),
    )


def limits_of(smallest: np.ndarray, largest: np.ndarray, report: Report) -> tuple[Any, Any]:
    """Limits of actions where a format does not say them: -1 to 1 if all actions are within, else what occurs."""
    if (smallest >= -1.0).all() and (largest <= 1.0).all():
        report.note("the format does not say the actions' limits; all are within -1 and 1, which is taken")
        return -1.0, 1.0
    report.note("the format does not say the actions' limits; the smallest and largest that occur are taken")
    return smallest, largest


def as_float32(array: np.ndarray, what: str, report: Report) -> np.ndarray:
    """An array as float32, with a note where that rounds."""
    single = array.astype(np.float32)
    if array.dtype != np.float32 and not np.array_equal(single, array):
        report.note(f"{what} rounded from {array.dtype} to float32")
    return single
