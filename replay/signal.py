"""A signal: a named array with a shape, an SI unit and a frame, the word that every part of Telic shares."""

from dataclasses import dataclass
from functools import cached_property
from keyword import iskeyword
from math import prod

import numpy as np

from telic.replay.unit import Unit

# Where a vector's components are measured. "reference" is the frame of the point to be followed: its origin moves with
# the reference and its x axis points along the reference yaw.
FRAMES = ("", "world", "body", "reference")


@dataclass(frozen=True)
class Signal:
    """A named quantity of one control step.

    Attributes:
        name: A Python identifier, such as ``position``.
        shape: Shape of one sample, without the batch axis; ``()`` for a scalar.
        unit: SI unit, such as ``m/s``; ``1`` for a pure number.
        frame: One of `FRAMES`.
        description: One line for people.
        dtype: NumPy name of the stored type.
    """

    name: str
    shape: tuple[int, ...] = ()
    unit: str = "1"
    frame: str = ""
    description: str = ""
    dtype: str = "float32"

    def __post_init__(self) -> None:
        # Rewards take signals as arguments, so a name must be able to be one.
        if not isinstance(self.name, str) or not self.name.isidentifier() or iskeyword(self.name):
            raise ValueError(f"signal name {self.name!r} is not a Python identifier")
        if not all(isinstance(axis, int) and axis > 0 for axis in self.shape):
            raise ValueError(f"signal {self.name!r} has shape {self.shape}; every axis must be a positive integer")
        if self.frame not in FRAMES:
            raise ValueError(f"signal {self.name!r} has frame {self.frame!r}; allowed: {', '.join(map(repr, FRAMES))}")
        object.__setattr__(self, "dtype", _numeric_type(self.name, self.dtype))
        Unit.parse(self.unit)

    @cached_property
    def size(self) -> int:
        """How many numbers one sample holds."""
        return prod(self.shape)

    def __str__(self) -> str:
        return f"{self.name} {self.shape} {self.unit} {self.frame}".rstrip()


def _numeric_type(name: str, dtype: str) -> str:
    """The canonical name of a NumPy number type."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = np.dtype(object)
    if found.kind not in "fiub":
        raise ValueError(f"signal {name!r} has dtype {dtype!r}; allowed: NumPy floats, integers and bool, as 'float32'")
    return found.name
