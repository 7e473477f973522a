"""What a sentence asks for, before anything is assumed: what `gather` reads and `flight` plans."""

from dataclasses import dataclass, field

from telic.rewards.writing.quantity import Coordinates
from telic.rewards.writing.vocabulary import Act, Manner

FIGURES: tuple[Act, ...] = ("figure_eight", "circle", "ellipse", "polygon")


@dataclass
class Leg:
    """One way of a flight from point to point.

    Attributes:
        to: Where to, None where a coordinate stays as it is; for an absolute leg.
        by: How far along each axis [m]; for a relative leg.
        climb: 1 for a climb, -1 for a descent, 0 if the sentence does not say.
        listed: Whether the point is one of a list of points to visit.
        assumed: Whether the sentence does not say how far.
    """

    to: Coordinates | None = None
    by: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    climb: int = 0
    listed: bool = False
    assumed: bool = False

    @property
    def vertical(self) -> bool:
        """Whether only the altitude changes."""
        if self.to is not None:
            return self.to[0] is None and self.to[1] is None
        return self.by[0] == self.by[1] == 0.0


@dataclass
class Wish:
    """All that a sentence says, in SI units; None where it says nothing.

    Attributes:
        figure: The figure to fly.
        corners: Corners of a polygon.
        rectangle: Whether the polygon is a rectangle.
        legs: Ways of a flight from point to point.
        start: Where the flight starts.
        staying: Whether hovering or holding is asked for.
        moving: Whether a move without a destination is asked for.
        takeoff: Whether a take-off is asked for.
        altitude: [m].
        point: The point to hold, or the centre of a figure [m].
        shift: Offset of that point [m].
        yaw: [rad].
        yaw_rate: [rad/s].
        spinning: Whether to turn without end.
        clockwise: Sense of a figure or of spinning.
        speed: [m/s].
        period: Time of a lap [s].
        travel_time: Time for the whole way [s].
        duration: How long to fly [s].
        laps: How many laps.
        sizes: Sizes of the figure by name [m].
        scale: Factor on the assumed size.
        manners: How to fly.
        remarks: What was read into the sentence.
    """

    figure: Act | None = None
    corners: int = 0
    rectangle: bool = False
    legs: list[Leg] = field(default_factory=list)
    start: Coordinates | None = None
    staying: bool = False
    moving: bool = False
    takeoff: bool = False
    altitude: float | None = None
    point: Coordinates | None = None
    shift: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    yaw: float | None = None
    yaw_rate: float | None = None
    spinning: bool = False
    clockwise: bool | None = None
    speed: float | None = None
    period: float | None = None
    travel_time: float | None = None
    duration: float | None = None
    laps: float | None = None
    sizes: dict[str, tuple[float, ...]] = field(default_factory=dict)
    scale: float = 1.0
    manners: set[Manner] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
