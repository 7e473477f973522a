"""A signal: a named array with a shape, an SI unit and a frame, the word that every part of Telic shares."""

from dataclasses import dataclass
from math import prod

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
        if not self.name.isidentifier():
            raise ValueError(f"signal name {self.name!r} is not a Python identifier")
        if self.frame not in FRAMES:
            raise ValueError(f"signal {self.name!r} has frame {self.frame!r}; allowed: {', '.join(map(repr, FRAMES))}")
        Unit.parse(self.unit)

    @property
    def size(self) -> int:
        """How many numbers one sample holds."""
        return prod(self.shape)

    def __str__(self) -> str:
        return f"{self.name} {self.shape} {self.unit} {self.frame}".rstrip()
