"""The reward programs that the writer leaves: one template for a held point, one for a moving reference.

Every weight is a named constant of the program, and its value stands in `WEIGHTS`: this is the place to tune them.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from telic.rewards.writing.source import docstring, number, numbers, signature
from telic.rewards.writing.vocabulary import Manner


@dataclass(frozen=True)
class Weights:
    """Weights of the terms of a reward.

    Attributes:
        alive: For every step flown.
        place: On the distance [1/m]: its slope does not vanish at the target, so that a constant disturbance is worth
            correcting.
        away: On the squared distance [1/m^2]: gets large where the way back is long.
        still: On the squared speed relative to the target [s^2/m^2].
        upright: On the tilt, 0 upright and 2 upside down.
        heading: On the error of the heading, 0 aligned and 2 opposite.
        spin: On the squared angular velocity [s^2/rad^2].
        effort: On the squared deviation of the action from hover.
        smooth: On the squared change of the action.
    """

    alive: float = 2.0
    place: float = 3.0
    away: float = 2.5
    still: float = 0.05
    upright: float = 0.2
    heading: float = 1.0
    spin: float = 0.005
    effort: float = 0.02
    smooth: float = 0.02


# Following a curve needs tilt, turning and thrust beyond hover: they cost less there.
WEIGHTS = {
    "hover": Weights(),
    "track": Weights(upright=0.1, spin=0.002, effort=0.01),
}

# What a manner multiplies.
_MANNERS: dict[Manner, dict[str, float]] = {
    "slow": {"still": 1.5},
    "fast": {"still": 0.7, "effort": 0.5},
    "smooth": {"smooth": 3.0, "effort": 1.5, "spin": 2.0},
    "precise": {"place": 1.5, "away": 1.5},
    "still": {"still": 2.0, "spin": 2.0},
}

# A flight that ends within this distance of the target is a success [m].
SUCCESS_M = 0.2


def render(
    sentence: str,
    task: str,
    *,
    hover_action: float,
    position: Sequence[float] | None = None,
    yaw: float | None = None,
    yaw_rate: float = 0.0,
    manners: Collection[Manner] = (),
) -> str:
    """A reward program for a flight.

    Args:
        sentence: Its docstring: what is asked for, in words.
        task: ``hover`` or ``track``; decides the weights.
        hover_action: The action of each rotor that carries the vehicle's weight.
        position: The point to hold [m], world frame; None to follow the task's reference.
        yaw: Where to face [rad]; None to follow the task's reference.
        yaw_rate: How fast to turn [rad/s]; with a rate the heading follows the task's reference.
        manners: How to fly; changes weights.

    Returns:
        The program's text.
    """
    weights = _weights(task, manners)
    fixed_yaw = None if yaw_rate else yaw
    target = "reference_position" if position is None else "TARGET"
    signals = ["position", "velocity", "rotation", "angular_velocity", "action", "previous_action"]
    signals += ["reference_position", "reference_velocity"] if position is None else []
    signals += ["reference_yaw"] if fixed_yaw is None else []
    speed = "velocity" if position is not None else "velocity - reference_velocity"
    turning = "angular_velocity - TURNING" if yaw_rate else "angular_velocity"
    lines = [
        *docstring(sentence),
        "",
        *_constants(hover_action, position, fixed_yaw, yaw_rate),
        "",
        "",
        *signature("reward", signals),
        f"    distance = norm(position - {target})",
        f"    nose = {_facing(fixed_yaw)}",
        "    return {",
        "        # For every step flown: to fall is never cheaper than to fly.",
        f'        "alive": {number(weights.alive)},',
        "        # The slope of the first does not vanish at the target: even a small offset is worth correcting.",
        f'        "place": -{number(weights.place)} * distance,',
        f'        "away": -{number(weights.away)} * square(distance),',
        f'        "still": -{number(weights.still)} * square(norm({speed})),',
        f'        "upright": -{number(weights.upright)} * (1.0 - rotation[..., 2, 2]),',
        f'        "heading": -{number(weights.heading)} * (1.0 - nose),',
        f'        "spin": -{number(weights.spin)} * square(norm({turning})),',
        f'        "effort": -{number(weights.effort)} * square(norm(action - HOVER)),',
        f'        "smooth": -{number(weights.smooth)} * square(norm(action - previous_action)),',
        "    }",
        "",
        "",
        f"def success(position{'' if position is not None else ', reference_position'}):",
        f"    return norm(position - {target}) < {SUCCESS_M:g}",
        "",
    ]
    return "\n".join(lines)


def packaged(name: str) -> str:
    """The text of `telic/rewards/library/<name>.py.txt`: the template with the task's own reference."""
    return render(_PACKAGED[name], name, hover_action=0.334)


_PACKAGED = {
    "hover": "Hold the task's reference point and hold still.",
    "track": "Follow the task's reference closely.",
}


def _weights(task: str, manners: Collection[Manner]) -> Weights:
    weights = WEIGHTS[task]
    for manner in sorted(manners):
        scaled = {name: getattr(weights, name) * factor for name, factor in _MANNERS[manner].items()}
        weights = replace(weights, **scaled)
    return weights


def _constants(hover: float, position: Sequence[float] | None, yaw: float | None, rate: float) -> list[str]:
    lines = []
    if position is not None:
        lines.append(f"TARGET = {numbers(position)}  # Where to be [m]: x forward, y left, z up.")
    if yaw is not None:
        nose = numbers((math.cos(yaw), math.sin(yaw)))
        lines.append(f"NOSE = {nose}  # Where to face, as x and y of a direction: yaw {math.degrees(yaw):g} degrees.")
    if rate:
        turning = numbers((0.0, 0.0, rate))
        lines.append(f"TURNING = {turning}  # How to turn [rad/s]: {math.degrees(rate):g} degrees per second.")
    return [*lines, f"HOVER = {number(hover)}  # The action of each rotor that carries the vehicle's weight."]


def _facing(yaw: float | None) -> str:
    """How well the vehicle's x axis points where it should, 1 at best."""
    x, y = ("NOSE[0]", "NOSE[1]") if yaw is not None else ("cos(reference_yaw)", "sin(reference_yaw)")
    return f"{x} * rotation[..., 0, 0] + {y} * rotation[..., 1, 0]"
