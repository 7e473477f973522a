"""Arrays from files of unknown origin: shape, type and finite values, each refusal with the key and the place."""

from typing import Any

import numpy as np

from telic.replay.errors import DtypeError, NonFiniteError, ShapeError


def checked(value: Any, key: str, where: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """A value as an array of plain numbers in this machine's byte order.

    Args:
        value: What was read.
        key: Its name in the file.
        where: The file, and the episode if it is known.
        shape: The shape that it must have; None allows any length of an axis.

    Raises:
        ShapeError: If it has another shape.
        DtypeError: If it is not made of floats of up to 64 bits, integers or bools.
        NonFiniteError: If a number is NaN or infinite.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ShapeError(f"{where}: {key!r} is ragged: {error}") from error
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise DtypeError(f"{where}: {key!r} has dtype {array.dtype}; allowed: floats up to 64 bits, integers, bool")
    fits = array.ndim == len(shape) and all(
        wanted in (None, axis) for axis, wanted in zip(array.shape, shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if axis is None else str(axis) for axis in shape)
        raise ShapeError(f"{where}: {key!r} has shape {array.shape}, expected ({wanted})")
    refuse_non_finite(array, key, where)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def refuse_non_finite(array: np.ndarray, key: str, where: str) -> None:
    """Check numbers.

    Raises:
        NonFiniteError: With the first row that holds a NaN or an infinity.
    """
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return
    place = np.argwhere(~np.isfinite(array))[0].tolist()
    element = f"[{', '.join(map(str, place[1:]))}]" if len(place) > 1 else ""
    raise NonFiniteError(f"{where}: {key!r}{element} of step {place[0]} is {array[tuple(place)]}; clean the data first")


def as_type(array: np.ndarray, dtype: str, key: str, where: str) -> np.ndarray:
    """An array as another type that holds the same values.

    Raises:
        DtypeError: If that type does not hold them.
    """
    if array.dtype == dtype:
        return array
    cast = array.astype(dtype)
    if not np.array_equal(cast, array):
        raise DtypeError(f"{where}: {key!r} is {array.dtype}, and its values are not those of {dtype}, as promised")
    return cast


def flags(value: Any, key: str, where: str, steps: int) -> np.ndarray:
    """End marks as bool, (steps,), from bools or from numbers that are 0 or 1.

    Raises:
        ReplayError: If they are anything else.
    """
    array = vector(value, key, where, steps)
    marks = array.astype(np.bool_)
    if not np.array_equal(marks, array):
        wrong = int(np.flatnonzero(marks != array)[0])
        raise DtypeError(f"{where}: {key!r} of step {wrong} is {array[wrong]}; an end mark is 0 or 1")
    return marks


def vector(value: Any, key: str, where: str, steps: int) -> np.ndarray:
    """One number per step, (steps,), from an array of that shape or of (steps, 1)."""
    array = np.asarray(value)
    if array.shape == (steps, 1):
        array = array[:, 0]
    return checked(array, key, where, (steps,))
