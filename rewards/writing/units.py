"""Unit words of length, angle, time, speed and turning rate, with their SI scale."""

import math
from collections.abc import Sequence
from typing import Literal

from telic.rewards.writing.numbers import word_at
from telic.rewards.writing.vocabulary import words

Dimension = Literal["length", "angle", "time", "speed", "rate", "number"]

_TABLE: tuple[tuple[Dimension, float, str], ...] = (
    ("length", 1.0, "m metre metres meter meters"),
    ("length", 1e-1, "dm decimetre decimetres decimeter decimeters"),
    ("length", 1e-2, "cm cms centimetre centimetres centimeter centimeters"),
    ("length", 1e-3, "mm millimetre millimetres millimeter millimeters"),
    ("length", 1e3, "km kms kilometre kilometres kilometer kilometers"),
    ("length", 0.3048, "ft foot feet"),
    ("length", 0.0254, "inch inches"),
    ("length", 0.9144, "yd yard yards"),
    ("length", 1609.344, "mile miles"),
    ("angle", math.pi / 180.0, "° deg degs degree degrees"),
    ("angle", 1.0, "rad rads radian radians"),
    ("angle", 2.0 * math.pi, "turn turns revolution revolutions rotation rotations rev revs"),
    ("time", 1.0, "s sec secs second seconds"),
    ("time", 1e-3, "ms millisecond milliseconds"),
    ("time", 60.0, "min mins minute minutes"),
    ("time", 3600.0, "h hour hours"),
    ("speed", 1.0, "mps"),
    ("speed", 1.0 / 3.6, "kph kmh"),
    ("speed", 0.44704, "mph"),
    ("speed", 1852.0 / 3600.0, "knot knots"),
    ("rate", math.pi / 180.0, "dps"),
    ("rate", 2.0 * math.pi / 60.0, "rpm"),
)
UNITS: dict[str, tuple[Dimension, float]] = {
    word: (dimension, scale) for dimension, scale, names in _TABLE for word in names.split()
}
SI_UNITS = {"length": "m", "angle": "rad", "time": "s", "speed": "m/s", "rate": "rad/s"}
# What to name when a unit is not known.
SHOWN_UNITS = ("m", "cm", "mm", "km", "ft", "inches", "degrees", "rad", "s", "min", "m/s", "km/h", "deg/s", "rpm")
# Words of units that need no remark; degrees are understood by everybody.
SI_WORDS = words("m metre metres meter meters ° deg degs degree degrees s sec secs second seconds mps")

_PER = ("per", "/", "a", "an", "each", "every")
_PER_TIME: dict[Dimension, Dimension] = {"length": "speed", "angle": "rate"}


def read_unit(tokens: Sequence[str], start: int) -> tuple[Dimension, float, int] | None:
    """The unit that begins at a token: ``cm``, ``metres per second``, ``deg/s``, ``feet a second``.

    Returns:
        Dimension, SI scale, and the index of the token after the unit; or None if no unit begins there.
    """
    word = word_at(tokens, start)
    if word not in UNITS:
        return None
    dimension, scale = UNITS[word]
    if dimension in _PER_TIME and word_at(tokens, start + 1) in _PER:
        below = UNITS.get(word_at(tokens, start + 2))
        if below is not None and below[0] == "time":
            return _PER_TIME[dimension], scale / below[1], start + 3
    return dimension, scale, start + 1
