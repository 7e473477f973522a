"""A flight in the making: the wish, the remarks so far, and the defaults that all kinds of flight share."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from telic.rewards.writing import limits
from telic.rewards.writing.brief import Refusal
from telic.rewards.writing.limits import Point
from telic.rewards.writing.quantity import Coordinates
from telic.rewards.writing.vocabulary import Manner
from telic.rewards.writing.wish import Wish

# Where a flight starts, or stays, if the sentence does not say [m].
START: Point = (0.0, 0.0, 1.0)

# Factors on assumed speeds; what the sentence gives is kept.
PACE: dict[Manner, float] = {"slow": 0.6, "smooth": 0.8, "fast": 1.6}


@dataclass(frozen=True)
class Flight:
    """A wish made definite.

    Attributes:
        intent: Name of what was understood.
        reference: Plain data of the reference.
        duration_s: How long to fly [s].
        understood: What was understood, with assumptions marked.
    """

    intent: str
    reference: dict[str, Any]
    duration_s: float
    understood: tuple[str, ...]


class Draft:
    """A flight in the making.

    Attributes:
        wish: What the sentence asks for.
        pace: Factor on assumed speeds.
    """

    HOLD_S: ClassVar[float] = 5.0

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.pace = math.prod(PACE.get(manner, 1.0) for manner in sorted(wish.manners))
        self._notes = list(wish.remarks)

    def note(self, remark: str, *, assumed: bool = False) -> None:
        """Say what was understood; a remark is made once."""
        remark = f"{remark} (assumed)" if assumed else remark
        if remark not in self._notes:
            self._notes.append(remark)

    def note_ground(self, altitude: float) -> None:
        """Warn of a flight near the ground."""
        if altitude < limits.CLEAR_OF_GROUND_M:
            self.note(f"below {limits.CLEAR_OF_GROUND_M:g} m a flight may touch the ground, which is not simulated")

    def note_yaw(self) -> None:
        """Say where the vehicle faces, if the sentence does."""
        yaw = self.wish.yaw
        if yaw is not None:
            side = "left" if yaw > 0.0 else "right"
            self.note(f"face {math.degrees(abs(yaw)):.4g} degrees to the {side} of forward" if yaw else "face forward")

    def flight(self, intent: str, reference: dict[str, Any], duration_s: float) -> Flight:
        """The finished flight."""
        return Flight(intent, reference, round(duration_s, 3), tuple(self._notes))


def place(wish: Wish, coordinates: Coordinates | None) -> Point:
    """A point with what the sentence leaves open taken from the altitude and the start, and the shift added."""
    x, y, z = coordinates or (None, None, None)
    if z is not None and wish.altitude is not None and z != wish.altitude:
        raise Refusal(f"the sentence gives two altitudes: {z:g} m and {wish.altitude:g} m")
    chosen = (x, y, wish.altitude if z is None else z)
    filled = [START[axis] if value is None else value for axis, value in enumerate(chosen)]
    return rounded(*(value + shift for value, shift in zip(filled, wish.shift, strict=True)))


def rounded(x: float, y: float, z: float) -> Point:
    """A point without the dust of floating point."""
    return (decimals(x), decimals(y), decimals(z))


def decimals(value: float) -> float:
    """1.2 and not 1.2000000000000002; 0 and not -0."""
    return round(value, 12) + 0.0


def text(point: Point) -> str:
    """``(0, 0, 1.5)``."""
    return f"({', '.join(f'{value:g}' for value in point)})"
