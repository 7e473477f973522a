"""Flights from point to point: climbs, moves, waypoints and polygons."""

import math
from itertools import pairwise

from telic.rewards.writing import limits
from telic.rewards.writing.brief import Refusal
from telic.rewards.writing.curve import figure_center
from telic.rewards.writing.draft import START, Draft, Flight, decimals, place, rounded, text
from telic.rewards.writing.limits import Point
from telic.rewards.writing.wish import Leg, Wish

SPEED_M_S = 0.5
SIDE_M = 1.0
# How long to stay at the end [s].
REST_S = 2.0
# How far an assumed start is from the end of a climb or a descent [m].
_STEP_M = 0.5
_SHOWN_POINTS = 12


def route(draft: Draft) -> Flight:
    """The legs of a wish, one after the other."""
    wish = draft.wish
    if wish.yaw is not None and any(leg.to is None and not leg.vertical for leg in wish.legs):
        raise Refusal(
            "directions are those of the room (x forward, y left), so a turn together with a move is ambiguous",
            'give coordinates, as in "fly to (1, 0, 1), facing left"',
        )
    points = [_start(wish)]
    for leg in wish.legs:
        points.append(_end(wish, leg, points[-1]))
    listed = len(wish.legs) > 1 and all(leg.listed for leg in wish.legs)
    if listed and wish.start is None and not wish.staying:
        del points[0]
        draft.note(f"the flight starts at the first point, {text(points[0])} m", assumed=True)
    elif wish.start is None and wish.altitude is None and wish.point is None:
        draft.note(f"the flight starts at {text(points[0])} m", assumed=True)
    for leg in wish.legs:
        if leg.assumed:
            draft.note(f"{math.hypot(*leg.by):g} m {_direction(leg)}", assumed=True)
    points = [point for index, point in enumerate(points) if index == 0 or point != points[index - 1]]
    return (
        _waypoints(draft, "waypoints" if listed else _intent(points), points)
        if len(points) > 1
        else _stay(draft, points[0])
    )


def polygon(draft: Draft) -> Flight:
    """The corners of a regular polygon or a rectangle, from a corner back to it."""
    wish = draft.wish
    if not wish.corners:
        raise Refusal("it does not say which polygon", 'say "fly a square with 1 m sides"')
    sides = _sides(draft)
    sense = -1.0 if wish.clockwise else 1.0
    points, heading = [figure_center(draft)], 0.0
    for side in range(wish.corners):
        (x, y, z), length = points[-1], sides[side % len(sides)]
        points.append(rounded(x + length * math.cos(heading), y + sense * length * math.sin(heading), z))
        heading += 2.0 * math.pi / wish.corners
    points[-1] = points[0]
    draft.note(f"{wish.corners} sides of {' and '.join(f'{side:g}' for side in sides)} m, from a corner back to it")
    draft.note("clockwise" if wish.clockwise else "counterclockwise", assumed=wish.clockwise is None)
    laps = int(wish.laps or 1)
    return _waypoints(draft, "polygon", points + points[1:] * (laps - 1), laps)


def _start(wish: Wish) -> Point:
    """Where the flight starts: as said, or such that a climb goes up and a descent down."""
    if wish.start is not None:
        return place(wish, wish.start)
    x, y, z = place(wish, wish.point)
    first = wish.legs[0]
    if wish.altitude is None and wish.point is None and first.climb:
        end = first.to[2] if first.to is not None else None
        if end is None:
            z = max(z, _STEP_M - first.by[2])
        elif first.climb * (end - z) <= 0.0:
            z = max(limits.LOWEST_M, end - first.climb * _STEP_M)
    return rounded(x, y, z)


def _end(wish: Wish, leg: Leg, start: Point) -> Point:
    if leg.to is None:
        end = rounded(*(old + step for old, step in zip(start, leg.by, strict=True)))
    else:
        level = wish.altitude if wish.altitude is not None and not leg.vertical else start[2]
        stays = (start[0], start[1], level)
        end = rounded(*(old if new is None else new for old, new in zip(stays, leg.to, strict=True)))
    if leg.climb * (end[2] - start[2]) < 0.0:
        raise Refusal(f"a {'climb' if leg.climb > 0 else 'descent'} from {start[2]:g} m cannot end at {end[2]:g} m")
    return end


def _direction(leg: Leg) -> str:
    axis = max(range(3), key=lambda index: abs(leg.by[index]))
    return (("back", "forward"), ("right", "left"), ("down", "up"))[axis][leg.by[axis] > 0.0]


def _intent(points: list[Point]) -> str:
    start, end = points[0], points[1]
    if len(points) > 2:
        return "waypoints"
    if start[:2] != end[:2]:
        return "move"
    return "climb" if end[2] > start[2] else "descend"


def _stay(draft: Draft, point: Point) -> Flight:
    """A way that ends where it begins, after no way at all."""
    limits.check_point(point)
    draft.note(f"the flight ends where it starts, so the point {text(point)} m is held")
    draft.note_yaw()
    reference = {"kind": "hold", "position": list(point), "yaw": decimals(draft.wish.yaw or 0.0), "yaw_rate": 0.0}
    return draft.flight(
        "hover" if point[:2] == START[:2] else "hold_point", reference, draft.wish.duration or draft.HOLD_S
    )


def _waypoints(draft: Draft, intent: str, points: list[Point], laps: int = 1) -> Flight:
    wish = draft.wish
    if len(points) > limits.MOST_POINTS:
        raise Refusal(f"a flight over {len(points)} points is not supported; allowed: at most {limits.MOST_POINTS}")
    for point in points:
        limits.check_point(point)
        draft.note_ground(point[2])
    if wish.clockwise is not None and intent != "polygon":
        raise Refusal("a way from point to point is neither clockwise nor counterclockwise")
    lengths = [math.dist(a, b) for a, b in pairwise(points)]
    speed = _speed(draft, sum(lengths), min(lengths), laps)
    shown = " -> ".join(map(text, points[:_SHOWN_POINTS]))
    draft.note(f"fly {shown}{' -> ...' if len(points) > _SHOWN_POINTS else ''} m")
    draft.note_yaw()
    reference = {
        "kind": "waypoints",
        "points": [list(point) for point in points],
        "speed": decimals(speed),
        "yaw": decimals(wish.yaw or 0.0),
    }
    way = limits.leg_time(sum(lengths), speed)
    rest = REST_S if wish.duration is None else wish.duration
    return draft.flight(intent, reference, max(draft.HOLD_S, math.ceil(2.0 * (way + rest)) / 2.0))


def _speed(draft: Draft, way: float, shortest: float, laps: int) -> float:
    """The highest speed on each leg [m/s]."""
    wish = draft.wish
    time = wish.travel_time or (wish.period and wish.period * laps)
    if wish.speed is not None and time is not None:
        raise Refusal("the sentence gives both a speed and a time for the way")
    if time is not None:
        speed = limits.leg_time(way, 1.0) / time
        draft.note(f"{way:.4g} m in {time:.4g} s, at most {speed:.3g} m/s")
    elif wish.speed is not None:
        speed = wish.speed
        draft.note(f"at most {speed:.3g} m/s")
    else:
        # Short legs are flown more slowly: they leave no way to gather speed.
        speed = min(SPEED_M_S * draft.pace, math.sqrt(0.25 * limits.STRONGEST_M_S2 * shortest))
        draft.note(f"at most {speed:.3g} m/s", assumed=True)
    limits.check_speed(speed)
    acceleration = limits.leg_acceleration(shortest, speed)
    if acceleration > limits.STRONGEST_M_S2:
        raise Refusal(
            f"{speed:.3g} m/s on a way of {shortest:.3g} m takes {acceleration:.3g} m/s^2; "
            f"allowed: at most {limits.STRONGEST_M_S2:g} m/s^2"
        )
    return speed


def _sides(draft: Draft) -> tuple[float, ...]:
    """Lengths of a polygon's sides [m]; of a rectangle's, the first is along x."""
    wish = draft.wish
    sizes = dict(wish.sizes)
    name = next((name for name in ("dimensions", "side", "size", "width", "depth") if name in sizes), None)
    sides = sizes.pop(name) if name else (SIDE_M * wish.scale,)
    if wish.rectangle and name == "width" and "depth" in sizes:
        sides += sizes.pop("depth")
    if sizes:
        raise Refusal(f"it is not clear what the {' and the '.join(sizes)} of the polygon is", 'say "with 1 m sides"')
    if name is None:
        draft.note(f"sides of {sides[0]:g} m", assumed=True)
    if len(set(sides)) > 1 and not wish.rectangle:
        raise Refusal("two different sides make a rectangle", 'say "fly a rectangle 2 m by 1 m"')
    if wish.rectangle and len(sides) == 1:
        sides = (sides[0], sides[0] / 2.0)
        draft.note(f"the other sides are {sides[1]:g} m", assumed=True)
    for side in sides:
        limits.check_size("side", side)
    return sides
