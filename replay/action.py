"""The action spec: named actuators with their unit, limits and resting value."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from telic.replay.errors import SchemaError
from telic.replay.unit import Unit


@dataclass(frozen=True)
class ActionSpec:
    """What a policy may command.

    A single number for `low`, `high` or `initial` holds for every actuator; all three are kept as one number per
    actuator.

    Attributes:
        names: One name per actuator, in the order of the action vector.
        unit: SI unit of the commands; ``1`` for normalised ones.
        low: Smallest command of each actuator.
        high: Largest command of each actuator.
        initial: The command that counts as the previous one when an episode begins.
    """

    names: tuple[str, ...]
    unit: str = "1"
    low: float | tuple[float, ...] = -1.0
    high: float | tuple[float, ...] = 1.0
    initial: float | tuple[float, ...] = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        if not self.names or len(set(self.names)) != len(self.names):
            raise SchemaError(f"an action spec needs at least one actuator and distinct names, got {self.names}")
        Unit.parse(self.unit)
        for field in ("low", "high", "initial"):
            object.__setattr__(self, field, self._per_actuator(field))
        low, high = self.bounds
        for name, smallest, start, largest in zip(self.names, low, self.initial_action, high, strict=True):
            if not smallest < largest:
                raise SchemaError(f"actuator {name!r} has low {smallest} and high {largest}; low must be smaller")
            if not smallest <= start <= largest:
                raise SchemaError(f"actuator {name!r} starts at {start}, outside its limits {smallest} to {largest}")

    @property
    def size(self) -> int:
        """How many actuators there are."""
        return len(self.names)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest action, (size,) float32 each."""
        return np.array(self.low, np.float32), np.array(self.high, np.float32)

    @property
    def initial_action(self) -> np.ndarray:
        """The action before the first one of an episode, (size,) float32."""
        return np.array(self.initial, np.float32)

    def _per_actuator(self, field: str) -> tuple[float, ...]:
        values = np.atleast_1d(np.asarray(getattr(self, field), dtype=np.float64)).tolist()
        if len(values) == 1:
            values = values * self.size
        if len(values) != self.size or not all(isfinite(value) for value in values):
            raise SchemaError(f"action spec: {field} must be one finite number or {self.size} of them, got {values}")
        return tuple(values)
