"""Flights along a Lissajous curve: figure eights, circles and ellipses."""

import math
from dataclasses import dataclass

from telic.rewards.writing import limits
from telic.rewards.writing.brief import Refusal
from telic.rewards.writing.draft import START, Draft, Flight, decimals, place, rounded, text
from telic.rewards.writing.limits import Point

# The figure eight of the L2F paper: 2 m by 1 m in 5.5 s, after a start of 2 s.
LAP_S = 5.5
RAMP_S = 2.0
FIGURE_EIGHT_WIDTH_M = 2.0
CIRCLE_DIAMETER_M = 1.0
LAPS = 2
# The highest speed on the paper's figure; larger figures take longer, so that theirs is the same [m/s].
_PEAK_M_S = math.sqrt(2.0) * 2.0 * math.pi / LAP_S


@dataclass(frozen=True)
class Shape:
    """Axis j is at ``amplitude_j sin(frequency_j 2 pi t / period + phase_j)``."""

    amplitude: Point
    frequency: tuple[int, int, int]
    phase: Point


def curve(draft: Draft) -> Flight:
    """The figure of a wish, lap after lap."""
    wish = draft.wish
    center = figure_center(draft)
    shape = _figure_eight(draft) if wish.figure == "figure_eight" else _ellipse(draft)
    for sign in (-1.0, 1.0):
        limits.check_point(rounded(*(c + sign * abs(a) for c, a in zip(center, shape.amplitude, strict=True))))
    draft.note(f"around {text(center)} m")
    draft.note_ground(center[2])
    period = _period(draft, shape)
    draft.note_yaw()
    if wish.laps is not None:
        draft.note(f"{wish.laps:g} laps")
    reference = {
        "kind": "lissajous",
        "center": list(center),
        "amplitude": [decimals(value) for value in shape.amplitude],
        "frequency": list(shape.frequency),
        "phase": list(shape.phase),
        "period_s": decimals(period),
        "yaw": decimals(wish.yaw or 0.0),
        "ramp_s": RAMP_S,
    }
    # The start, at half the rate on average, adds half of its time.
    laps_s = (wish.laps or LAPS) * period + RAMP_S / 2.0
    watched = min(max(draft.HOLD_S, math.ceil(2.0 * laps_s) / 2.0), limits.LONGEST_S)
    return draft.flight(str(wish.figure), reference, wish.duration or watched)


def figure_center(draft: Draft) -> Point:
    """Where a figure lies: the centre of a curve, the first corner of a polygon."""
    wish = draft.wish
    for leg in wish.legs:
        wish.altitude = leg.to[2] if leg.to is not None else (wish.altitude or START[2]) + leg.by[2]
        draft.note("the climb before the figure only gives its altitude", assumed=True)
    if wish.takeoff:
        draft.note("the flight starts in the air, as the ground is not simulated", assumed=True)
    center = place(wish, wish.point)
    given = wish.altitude is not None or (wish.point is not None and wish.point[2] is not None)
    draft.note(f"altitude {center[2]:g} m", assumed=not given)
    return center


def _figure_eight(draft: Draft) -> Shape:
    """The L2F paper's figure, x = s cos(2 pi phi + pi/2) and y = s/2 sin(2 (2 pi phi + pi/2)), written with sines."""
    width, depth = _figure_eight_size(draft)
    sense = -1.0 if draft.wish.clockwise else 1.0
    return Shape((width / 2.0, sense * depth / 2.0, 0.0), (1, 2, 1), (math.pi, math.pi, 0.0))


def _figure_eight_size(draft: Draft) -> tuple[float, float]:
    """Extent along x and along y [m]."""
    wish = draft.wish
    sizes = dict(wish.sizes)
    name = next((name for name in ("dimensions", "width", "size", "diameter", "depth") if name in sizes), None)
    lengths = sizes.pop(name) if name else (FIGURE_EIGHT_WIDTH_M * wish.scale,)
    if name in ("width", "size") and "depth" in sizes:
        lengths += sizes.pop("depth")
    if sizes:
        raise Refusal(f"it is not clear what the {' and the '.join(sizes)} of a figure eight is", 'say "2 m wide"')
    width, depth = (*lengths, lengths[0] / 2.0)[:2]
    draft.note(f"{width:g} m along x", assumed=name is None)
    draft.note(f"{depth:g} m along y", assumed=len(lengths) == 1)
    limits.check_size("width", width)
    limits.check_size("depth", depth)
    return width, depth


def _ellipse(draft: Draft) -> Shape:
    """An ellipse x = a cos(2 pi phi), y = b sin(2 pi phi): counterclockwise from the front."""
    width, depth = _ellipse_size(draft)
    clockwise = draft.wish.clockwise
    draft.note("clockwise" if clockwise else "counterclockwise", assumed=clockwise is None)
    sense = -1.0 if clockwise else 1.0
    return Shape((width / 2.0, sense * depth / 2.0, 0.0), (1, 1, 1), (math.pi / 2.0, 0.0, 0.0))


def _ellipse_size(draft: Draft) -> tuple[float, float]:
    """Extent along x and along y [m]."""
    wish = draft.wish
    sizes, ellipse = dict(wish.sizes), wish.figure == "ellipse"
    name = next(
        (name for name in ("radius", "diameter", "dimensions", "width", "size", "depth") if name in sizes), None
    )
    lengths = sizes.pop(name) if name else (CIRCLE_DIAMETER_M * (2.0 if ellipse else 1.0) * wish.scale,)
    if name == "radius":
        lengths = (2.0 * lengths[0],)
    if name in ("width", "size") and "depth" in sizes:
        lengths += sizes.pop("depth")
    if sizes:
        raise Refusal("the sentence gives more than one size for the figure")
    width, depth = (*lengths, lengths[0] / 2.0 if ellipse else lengths[0])[:2]
    if not ellipse and width != depth:
        raise Refusal("a circle is as wide as it is long", 'say "fly an ellipse 2 m by 1 m"')
    for length in (width, depth):
        limits.check_size("diameter", length)
    what = f"{width:g} m along x, {depth:g} m along y" if ellipse else f"radius {width / 2.0:g} m"
    draft.note(what, assumed=name in (None, "size") or (ellipse and len(lengths) == 1))
    return width, depth


def _period(draft: Draft, shape: Shape) -> float:
    """Time of a lap [s]."""
    wish = draft.wish
    time = wish.period or (wish.travel_time and wish.travel_time / (wish.laps or 1.0))
    if time is not None and wish.speed is not None:
        raise Refusal("the sentence gives both a speed and a time for a lap")
    # At a lap of one second; speed goes with 1 / period, acceleration with 1 / period^2.
    speed, acceleration = limits.curve_peaks(shape.amplitude, shape.frequency, shape.phase)
    fastest = max(speed / limits.FASTEST_M_S, math.sqrt(acceleration / limits.STRONGEST_M_S2))
    if wish.speed is not None:
        limits.check_speed(wish.speed)
        time = limits.curve_length(shape.amplitude, shape.frequency, shape.phase) / wish.speed
        draft.note(f"{wish.speed:.3g} m/s on average, {time:.3g} s per lap")
    elif time is not None:
        draft.note(f"{time:.4g} s per lap")
    else:
        time = max(LAP_S, math.ceil(2.0 * speed / _PEAK_M_S - 1e-6) / 2.0) / draft.pace
        time = max(time, math.ceil(12.0 * fastest) / 10.0)
        draft.note(f"{time:.3g} s per lap", assumed=True)
    _check_period(time, fastest)
    return time


def _check_period(time: float, fastest: float) -> None:
    if time < fastest:
        shortest = math.ceil(10.0 * fastest) / 10.0
        raise Refusal(
            f"{time:.3g} s per lap is too fast for this figure: at most {limits.FASTEST_M_S:g} m/s and "
            f"{limits.STRONGEST_M_S2:g} m/s^2 are possible, so a lap takes at least {shortest:g} s"
        )
    if time > limits.LONGEST_S:
        raise Refusal(f"{time:.4g} s per lap is too slow; allowed: at most {limits.LONGEST_S:g} s")
