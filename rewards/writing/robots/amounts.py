"""The numbers of what is asked for, in SI units, within the task's limits, as the text that a program has."""

import math
from collections.abc import Callable, Mapping, Sequence

from telic.rewards.writing.brief import Refusal
from telic.rewards.writing.robots.clause import Ask
from telic.rewards.writing.robots.repertoire import Ability, Repertoire
from telic.rewards.writing.slots import Found
from telic.rewards.writing.source import number, numbers
from telic.rewards.writing.values import Values

# How the number of a slot is read, its unit, and a name for people.
_READ: dict[str, tuple[Callable[[Values, str], float], str, str]] = {
    "speed": (Values.speed, "m/s", "speed"),
    "at_most": (Values.speed, "m/s", "speed"),
    "at_least": (Values.speed, "m/s", "speed"),
    "rate": (Values.rate, "rad/s", "turning rate"),
    "height": (Values.length, "m", "height"),
    "length": (Values.length, "m", "distance"),
    "away": (Values.length, "m", "distance"),
    "within": (Values.length, "m", "precision"),
    "offset": (Values.length, "m", "distance"),
    "angle": (Values.angle, "rad", "angle"),
}
# The groups of a slot that may hold its number.
_NUMBER_GROUPS = ("metres", "length", "anyspeed", "speed", "rate", "angle")
_TURNS = {"clockwise": "right", "counterclockwise": "left"}
# Words of place beside a length, as directions.
_SIDES = {"above": "up", "over": "up", "below": "down", "under": "down", "beneath": "down", "behind": "forward"}


def numbers_of(ask: Ask, known: Repertoire, values: Values) -> dict[str, str]:
    """What ``$name`` stands for in the pieces of an ability.

    Each slot gives its number; a direction gives the components ``$x``, ``$y``, ``$z`` of a vector, which has the size
    of the slot that the ability scales it with, or one. Angles are given in degrees too, as ``$name_degrees``.

    Raises:
        Refusal: If a number is out of its limits, or a direction is not possible.
    """
    ability = ask.ability
    sizes = known.defaults_of(ability)
    for slot, found in ask.slots.items():
        if slot in _READ:
            sizes[slot] = _size(ask, slot, found, known, values)
    text = {name: number(value) for name, value in sizes.items()}
    text |= {f"{name}_degrees": number(math.degrees(sizes[name])) for name in ("angle", "rate") if name in sizes}
    if "point" in ask.slots:
        text["point"] = numbers(_point(ability, ask.slots["point"], known, values))
    vector = _vector(ask, known)
    if vector is not None:
        scale = sizes[ability.scaled] if ability.scaled else 1.0
        if scale < 0.0 and _directions(ask.slots):
            raise Refusal(f"{ask.said} has a direction and a negative number", "leave the sign out")
        text["size"] = number(abs(scale))
        for axis, part in zip("xyz", vector, strict=True):
            text[axis] = number(part * scale)
            text[f"{axis}_degrees"] = number(math.degrees(part * scale))
    return text


def _size(ask: Ask, slot: str, found: Sequence[Found], known: Repertoire, values: Values) -> float:
    read, unit, name = _READ[slot]
    if len(found) > 1:
        raise Refusal(f"{ask.said} gives two {name}s", "give one")
    symbol = next(text for group in _NUMBER_GROUPS if (text := found[0][group]))
    value = read(values, symbol)
    limit = known.limit(ask.ability, slot)
    # A direction gives a number its sign; without one, a negative number is a number of its own.
    size = abs(value) if slot == ask.ability.scaled and slot != "height" else value
    if limit is not None and not limit[0] - 1e-9 <= size <= limit[1] + 1e-9:
        low, high, shown = (math.degrees(n) if unit.startswith("rad") else n for n in (*limit, value))
        unit = unit.replace("rad", "degrees")
        article = "an" if name[0] in "aeiou" else "a"
        raise Refusal(
            f"{article} {name} of {shown:.4g} {unit} is not possible; allowed: {low:.4g} to {high:.4g} {unit}"
        )
    return value


def _point(ability: Ability, found: Sequence[Found], known: Repertoire, values: Values) -> list[float]:
    if len(found) > 1:
        raise Refusal("there are two points", "give one")
    limits = known.limit(ability, "point")
    given = values.point(found[0]["point"])
    wanted = "xyz"[: len(limits)]
    point = [value for value in given[: len(limits)] if value is not None]
    if len(point) != len(limits) or any(value is not None for value in given[len(limits) :]):
        raise Refusal(f"this is not a point with {', '.join(wanted)}", f"give {', '.join(wanted)} in metres")
    for axis, value, (low, high) in zip(wanted, point, limits, strict=True):
        if not low <= value <= high:
            raise Refusal(f"{axis} = {value:g} m is out of reach; allowed: {low:g} to {high:g} m")
    return point


def _vector(ask: Ask, known: Repertoire) -> tuple[float, float, float] | None:
    """The direction, of length one; None where an ability has none."""
    ability = ask.ability
    said = [*_directions(ask.slots)] or ([ability.towards] if ability.towards else [])
    if not said:
        return None
    for direction in said:
        if direction not in ability.directions:
            allowed = ", ".join(ability.directions)
            raise Refusal(f"{direction!r} is not possible in {ask.said}; allowed: {allowed}")
    total = [sum(known.axes[direction][axis] for direction in said) for axis in range(3)]
    length = math.hypot(*total)
    if length < 1e-9:
        raise Refusal(f"{ask.said} names directions that cancel out")
    x, y, z = (part / length for part in total)
    return x, y, z


def _directions(slots: Mapping[str, tuple[Found, ...]]) -> list[str]:
    found = [slot["direction"] for slot in slots.get("direction", ())]
    found += [_TURNS[slot["rotation"]] for slot in slots.get("sense", ())]
    sides = [slot["side"].split()[-1] for group in slots.values() for slot in group if slot["side"]]
    found += [_SIDES.get(side, side) for side in sides]
    return list(dict.fromkeys(found))
