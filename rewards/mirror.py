"""Left and right exchanged: every signal of a step as it would be in the mirror."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from telic.replay.signal import Signal

# Components of a vector along x, y and z (y points to the left) in the mirror that stands in the plane of x and z.
_POLAR = np.array([1.0, -1.0, 1.0], np.float32)
# Axes of rotation turn the other way round.
_AXIAL = -_POLAR
_AXIAL_UNITS = ("rad/s", "rad/s^2", "N m")


@dataclass(frozen=True)
class Mirror:
    """What a robot's left and right are.

    Attributes:
        pairs: For each named number, such as that of a joint, actuator, foot or sensor: the name of the one that it
            becomes in the mirror, which is its own on the middle, and the sign with which it does.
        names: The names of a signal's numbers by the signal, where its description does not end with them.
    """

    pairs: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def reflect(self, signal: Signal, values: np.ndarray) -> np.ndarray | None:
        """A signal's values (N, ...) in the mirror; None if it is not known what they become."""
        shape = signal.shape
        if shape == (3, 3) and signal.unit == "1" and not self._places(signal):
            return values * np.outer(_POLAR, _POLAR)
        if shape == ():
            return -values if "yaw" in signal.name and signal.unit in ("rad", "rad/s") else values
        if signal.frame and len(shape) == 1 and shape[0] in (2, 3):
            return values * self._signs(signal)
        places = self._places(signal)
        if places is None:
            return None
        order, signs = places
        swapped = values[:, order] * signs.reshape(-1, *[1] * (len(shape) - 1))
        if signal.frame and len(shape) == 2 and shape[1] in (2, 3):
            return swapped * self._signs(signal)
        return swapped if len(shape) == 1 else None

    def _signs(self, signal: Signal) -> np.ndarray:
        signs = _AXIAL if signal.unit in _AXIAL_UNITS else _POLAR
        return signs[: signal.shape[-1]]

    def _places(self, signal: Signal) -> tuple[np.ndarray, np.ndarray] | None:
        """From which row each row of a signal comes, and with which sign; None if that is not known of all of them."""
        names = self.names.get(signal.name.removeprefix("next_")) or named_elements(signal)
        if len(names) != signal.shape[0] or any(self.pairs.get(name, ("",))[0] not in names for name in names):
            return None
        order = [names.index(self.pairs[name][0]) for name in names]
        return np.array(order), np.array([self.pairs[name][1] for name in names], np.float32)


def named_elements(signal: Signal) -> tuple[str, ...]:
    """The names of a signal's numbers, or rows, where its description ends with a list of them; else none."""
    first, *others = (part.strip() for part in signal.description.split(","))
    names = (first.split()[-1] if first else "", *others)
    is_list = len(names) == (signal.shape or (1,))[0] and all(name.isidentifier() for name in names)
    return names if is_list else ()
