"""The action spec: named actuators with their unit, limits and resting value."""

from dataclasses import dataclass

import numpy as np

from telic.replay.errors import SchemaError
from telic.replay.unit import Unit


@dataclass(frozen=True)
class ActionSpec:
    """What a policy may command.

    A single number for `low`, `high` or `initial` holds for every actuator; `bounds` and `initial_action` have one per
    actuator in any case.

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
            object.__setattr__(self, field, self._checked(field))
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
        return np.full(self.size, self.low, np.float32), np.full(self.size, self.high, np.float32)

    @property
    def initial_action(self) -> np.ndarray:
        """The action before the first one of an episode, (size,) float32."""
        return np.full(self.size, self.initial, np.float32)

    def _checked(self, field: str) -> float | tuple[float, ...]:
        values = np.asarray(getattr(self, field), dtype=np.float64)
        if values.shape not in ((), (self.size,)) or not np.isfinite(values).all():
            raise SchemaError(
                f"action spec: {field} must be one finite number or {self.size} of them, got {getattr(self, field)!r}"
            )
        return tuple(values.tolist()) if values.ndim else float(values)
