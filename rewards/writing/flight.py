"""From a wish to a flight: what the sentence leaves open is assumed and said, and limits are checked."""

import math

from telic.rewards.writing import limits
from telic.rewards.writing.brief import Refusal
from telic.rewards.writing.curve import curve
from telic.rewards.writing.draft import Draft, Flight, decimals, place, text
from telic.rewards.writing.route import polygon, route
from telic.rewards.writing.wish import Wish

TURNING_RATE_RAD_S = math.radians(30.0)


def plan(wish: Wish) -> Flight:
    """Make a wish definite.

    Raises:
        Refusal: If it is outside of the limits, or leaves open what cannot be assumed.
    """
    draft = Draft(wish)
    if wish.figure == "polygon":
        flight = polygon(draft)
    elif wish.figure:
        flight = curve(draft)
    elif wish.legs:
        flight = route(draft)
    else:
        flight = _hold(draft)
    limits.check_duration(flight.duration_s)
    return flight


def _hold(draft: Draft) -> Flight:
    """Stay at one point."""
    wish = draft.wish
    given = wish.point is not None or wish.altitude is not None or any(wish.shift)
    asked = wish.staying or wish.yaw is not None or wish.spinning or "still" in wish.manners
    if wish.moving and not (wish.staying or wish.spinning or given):
        raise Refusal(
            "it does not say where to go", 'say how far, as in "fly forward 1 m", or a point, as in "go to (1, 0, 1)"'
        )
    if not (asked or given):
        raise Refusal("it does not say what to do")
    if wish.speed is not None or wish.travel_time is not None:
        raise Refusal("a speed needs somewhere to go")
    if not asked:
        draft.note("no way is named, so the point is held", assumed=True)
    point = place(wish, wish.point)
    limits.check_point(point)
    draft.note(f"hold the point {text(point)} m", assumed=not given)
    if given and wish.altitude is None and (wish.point is None or wish.point[2] is None):
        draft.note(f"altitude {point[2]:g} m", assumed=True)
    if wish.takeoff:
        draft.note("the flight starts in the air near that point, as the ground is not simulated", assumed=True)
    draft.note_ground(point[2])
    rate = _turning_rate(draft) if wish.spinning else 0.0
    draft.note_yaw()
    if wish.duration is not None:
        draft.note(f"for {wish.duration:g} s")
    reference = {
        "kind": "hold",
        "position": list(point),
        "yaw": decimals(wish.yaw or 0.0),
        "yaw_rate": decimals(rate),
    }
    return draft.flight(_hold_intent(wish), reference, wish.duration or draft.HOLD_S)


def _hold_intent(wish: Wish) -> str:
    if wish.spinning:
        return "spin"
    if wish.yaw is not None and not wish.staying:
        return "turn"
    beside = wish.point is not None and (wish.point[0] is not None or wish.point[1] is not None)
    return "hold_point" if beside or any(wish.shift) else "hover"


def _turning_rate(draft: Draft) -> float:
    """[rad/s], positive counterclockwise."""
    wish = draft.wish
    rate = TURNING_RATE_RAD_S * draft.pace if wish.yaw_rate is None else wish.yaw_rate
    clockwise = rate < 0.0 if wish.clockwise is None else wish.clockwise
    rate = -abs(rate) if clockwise else abs(rate)
    limits.check_turning(rate)
    draft.note(f"turn at {math.degrees(abs(rate)):.4g} degrees per second", assumed=wish.yaw_rate is None)
    draft.note("clockwise" if clockwise else "counterclockwise", assumed=wish.clockwise is None and rate > 0.0)
    return rate
