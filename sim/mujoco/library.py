"""MuJoCo's C library, for the little that its Python package does not offer."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import ctypes
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import mujoco

if TYPE_CHECKING:
    from collections.abc import Iterator


def library_path() -> str:
    """Return the path of the library that the package has loaded."""
    folder = Path(mujoco.__file__).parent
    return str(next(path for pattern in ("libmujoco*", "mujoco.dll") for path in sorted(folder.glob(pattern))))


@cache
def library() -> ctypes.CDLL:
    """Return the library, with the types of the functions that are called."""
    loaded, pointer = ctypes.CDLL(library_path()), ctypes.c_void_p
    loaded.mjb_nsim.argtypes = [pointer]
    loaded.mjb_state.argtypes, loaded.mjb_state.restype = [pointer], pointer
    loaded.mjb_apply.argtypes = [pointer, pointer, ctypes.c_int, pointer, pointer, ctypes.c_int]
    return loaded


_lock = Lock()
_untimed = 0
_clock: int | None = None


@contextmanager
def untimed() -> "Iterator[None]":
    """Let MuJoCo step without timing itself.

    The Python package has it read a clock some fifteen times in every evaluation of the dynamics, for a profiler: a
    tenth of the time of a small model. A clock that somebody installed on purpose stays.
    """
    global _untimed, _clock
    variable = ctypes.c_void_p.in_dll(library(), "mjcb_time")
    with _lock:
        _untimed += 1
        if _untimed == 1:
            _clock = variable.value
            if mujoco.get_mjcb_time() is None:
                variable.value = None
    try:
        yield
    finally:
        with _lock:
            _untimed -= 1
            if _untimed == 0:
                variable.value = _clock
