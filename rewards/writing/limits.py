"""What can be flown, and why not more: each check names the value, the limit and the reason."""

import math
from collections.abc import Sequence

from telic.rewards.writing.brief import Refusal

# Episodes begin up to 0.2 m below the reference; nearer to the ground the vehicle would start in it.
LOWEST_M = 0.3
# The observation noise is that of a motion-capture room; a flight further away would be another problem.
HIGHEST_M = 20.0
FURTHEST_M = 20.0
# An episode ends 0.6 m from the reference; below this height that box reaches into the ground.
CLEAR_OF_GROUND_M = 0.7
# What a Crazyflie is known to follow (0.9 g at 3 m/s), with room for disturbances.
FASTEST_M_S = 3.0
SLOWEST_M_S = 0.02
STRONGEST_M_S2 = 6.0
FASTEST_TURN_RAD_S = math.pi
# Two seconds to settle, two minutes to watch.
SHORTEST_S = 2.0
LONGEST_S = 120.0
SMALLEST_M = 0.05
MOST_POINTS = 200

Point = tuple[float, float, float]


def check_point(point: Point) -> None:
    """Refuse a point that no flight may go to."""
    x, y, z = point
    if z <= 0.0:
        raise Refusal(f"an altitude of {z:g} m is not above the ground; allowed: {LOWEST_M:g} to {HIGHEST_M:g} m")
    if z < LOWEST_M:
        raise Refusal(
            f"an altitude of {z:g} m is too low: flights begin up to 0.2 m below the target, and the ground is not "
            f"simulated; allowed: {LOWEST_M:g} to {HIGHEST_M:g} m"
        )
    if z > HIGHEST_M:
        raise Refusal(f"an altitude of {z:g} m is too high; allowed: {LOWEST_M:g} to {HIGHEST_M:g} m")
    for axis, value in (("x", x), ("y", y)):
        if abs(value) > FURTHEST_M:
            raise Refusal(f"{axis} = {value:g} m is too far; allowed: {-FURTHEST_M:g} to {FURTHEST_M:g} m")


def check_size(name: str, value: float) -> None:
    """Refuse a size of a figure that is nothing, or larger than the room."""
    if not SMALLEST_M <= value <= 2.0 * FURTHEST_M:
        raise Refusal(f"a {name} of {value:g} m is not possible; allowed: {SMALLEST_M:g} to {2.0 * FURTHEST_M:g} m")


def check_speed(value: float) -> None:
    """Refuse a speed that the vehicle cannot follow."""
    if not SLOWEST_M_S <= value <= FASTEST_M_S:
        raise Refusal(f"a speed of {value:.3g} m/s is not possible; allowed: {SLOWEST_M_S:g} to {FASTEST_M_S:g} m/s")


def check_turning(rate: float) -> None:
    """Refuse a turning rate [rad/s] that is not one."""
    limit = math.degrees(FASTEST_TURN_RAD_S)
    if rate == 0.0 or abs(rate) > FASTEST_TURN_RAD_S:
        raise Refusal(
            f"a turning rate of {math.degrees(rate):.4g} degrees per second is not possible; "
            f"allowed: above 0, up to {limit:g}"
        )


def check_duration(value: float) -> None:
    """Refuse a flight that is over at once or never."""
    if not SHORTEST_S <= value <= LONGEST_S:
        raise Refusal(f"a flight of {value:.4g} s is not possible; allowed: {SHORTEST_S:g} to {LONGEST_S:g} s")


def curve_peaks(amplitude: Sequence[float], frequency: Sequence[int], phase: Sequence[float]) -> tuple[float, float]:
    """Highest speed [m/s] and acceleration [m/s^2] on a Lissajous curve with a lap of one second."""
    axes = list(zip(amplitude, frequency, phase, strict=True))
    speed = acceleration = 0.0
    for step in range(_STEPS):
        angle = 2.0 * math.pi * step / _STEPS
        speed = max(speed, math.hypot(*(a * w * math.cos(w * angle + p) for a, w, p in axes)))
        acceleration = max(acceleration, math.hypot(*(a * w * w * math.sin(w * angle + p) for a, w, p in axes)))
    return 2.0 * math.pi * speed, (2.0 * math.pi) ** 2 * acceleration


def curve_length(amplitude: Sequence[float], frequency: Sequence[int], phase: Sequence[float]) -> float:
    """Length [m] of one lap of a Lissajous curve."""
    axes = list(zip(amplitude, frequency, phase, strict=True))
    angles = [2.0 * math.pi * step / _STEPS for step in range(_STEPS)]
    mean = sum(math.hypot(*(a * w * math.cos(w * angle + p) for a, w, p in axes)) for angle in angles) / _STEPS
    return 2.0 * math.pi * mean


def leg_time(length: float, speed: float) -> float:
    """Time [s] of a minimum-jerk leg whose highest speed is given (Flash and Hogan 1985)."""
    return 15.0 / 8.0 * length / speed


def leg_acceleration(length: float, speed: float) -> float:
    """Highest acceleration [m/s^2] on such a leg: 10/sqrt(3) length / time^2."""
    return 10.0 / math.sqrt(3.0) * length / leg_time(length, speed) ** 2


_STEPS = 720
