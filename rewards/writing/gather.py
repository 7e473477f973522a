"""Gather a wish: each slot of a clause gets its meaning from the act that the clause belongs to."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from telic.rewards.writing.brief import Refusal
from telic.rewards.writing.clause import Clause
from telic.rewards.writing.idioms import english
from telic.rewards.writing.order import STAYING, TRAVELLING, check_order, check_sequence
from telic.rewards.writing.quantity import Canonical
from telic.rewards.writing.slots import Found
from telic.rewards.writing.values import Values
from telic.rewards.writing.vocabulary import Act, words
from telic.rewards.writing.wish import FIGURES, Leg, Wish

# World frame: x forward, y left, z up.
_AXES: dict[str, tuple[int, int]] = {
    "forward": (0, 1), "back": (0, -1), "left": (1, 1), "right": (1, -1), "up": (2, 1), "down": (2, -1),
}  # fmt: skip
_FACING = {"forward": 0.0, "front": 0.0, "left": math.pi / 2.0, "right": -math.pi / 2.0, "back": math.pi}

# How far a move goes along each axis if the sentence does not say [m].
_ASSUMED_M = (1.0, 1.0, 0.5)


def gather(clauses: Sequence[Clause], text: Canonical) -> Wish:
    """What the clauses of a sentence ask for.

    Raises:
        Refusal: If clauses contradict each other, one manoeuvre follows another that it cannot follow, or a quantity
            has no use.
    """
    reader = _Reader(Values(text))
    for clause in clauses:
        reader.read(clause)
    for clause in clauses:
        reader.values.check_all_used(clause.text)
    reader.wish.remarks += reader.values.remarks
    return reader.wish


class _Reader:
    """Reads clause after clause; a clause without an act continues the one before."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.wish = Wish()
        self.act: Act | None = None
        self.clause: Clause
        self.new_legs: list[Leg] = []

    def read(self, clause: Clause) -> None:
        self.clause, self.new_legs = clause, []
        check_sequence(self.wish, clause)
        if clause.act is not None:
            check_order(self.wish, self.act, clause)
            self.act = clause.act
        if self.act in FIGURES and clause.act is not None:
            self._figure(clause)
        for slot in clause.slots:
            self._SLOTS[slot.name](self, slot)
        for symbol in clause.loose:
            self._loose(symbol)
        if clause.act is not None:
            self._complete(clause.act)
        if clause.size != 1.0 and not self.wish.figure:
            raise Refusal("it is not clear what is to be small or large")
        self.wish.manners.update(clause.manners)

    # Acts.

    def _figure(self, clause: Clause) -> None:
        self.wish.figure = clause.act
        self.wish.corners = clause.corners or self.wish.corners
        self.wish.rectangle |= clause.rectangle
        if clause.size != 1.0:
            self.wish.scale = clause.size

    def _complete(self, act: Act) -> None:
        """What an act means when its clause does not say more."""
        wish, clause = self.wish, self.clause
        if act in ("hover", "hold", "takeoff"):
            wish.staying, wish.takeoff = True, wish.takeoff or act == "takeoff"
        elif act in ("climb", "descend") and not self.new_legs:
            sign = 1 if act == "climb" else -1
            self._leg(Leg(by=[0.0, 0.0, sign * _ASSUMED_M[2]], climb=sign, assumed=True))
        elif act == "move" and not self.new_legs and not clause.has("yaw", "face"):
            wish.moving = "inplace" not in clause.text
            wish.staying |= not wish.moving  # "fly on the spot".
        elif act == "visit" and not self.new_legs:
            raise Refusal(
                "it does not say which points", 'give coordinates, as in "visit (0, 0, 1), (1, 0, 1) and (1, 1, 1)"'
            )
        elif act == "return":
            self._leg(Leg(to=(0.0, 0.0, None)))
        elif act == "spin" and not clause.has("yaw", "face"):
            wish.spinning = True
        elif act == "turn" and not clause.has("yaw", "face", "rate", "angle_rate"):
            lasting = clause.has("rotation", "period") or "hold" in clause.acts
            if not lasting and not any(word in clause.text for word in ("continuously", "turning", "yawing")):
                raise Refusal(
                    "it does not say how far to turn", 'say an angle or a side, as in "turn 90 degrees to the left"'
                )
            wish.spinning = True

    def _leg(self, leg: Leg) -> None:
        self.wish.legs.append(leg)
        self.new_legs.append(leg)

    # Heights and ways.

    def _altitude(self, slot: Found) -> None:
        height = self.values.length(slot["length"] or slot["metres"])
        legs = self.wish.legs
        onward = bool(slot["until"] or slot["direction"])
        travels = (
            self.act in ("climb", "descend")
            or (onward and self.act in ("move", None))
            or (self.act == "hover" and bool(slot["direction"]))
        )
        if self.new_legs and self.new_legs[-1].to is not None:  # "go to (1, 0) at a height of 2 m".
            self.new_legs[-1].to = (*self.new_legs[-1].to[:2], height)
        elif legs and legs[-1].assumed and legs[-1].vertical:  # "rise and hover at 2 m".
            legs[-1].to, legs[-1].assumed = (None, None, height), False
        elif travels or (legs and self.act in STAYING):
            sign = {"climb": 1, "descend": -1}.get(self.act or "") or {"up": 1, "down": -1}.get(slot["direction"], 0)
            self._leg(Leg(to=(None, None, height), climb=sign))
        else:
            self._set("altitude", height)

    def _ground(self, slot: Found) -> None:
        raise Refusal(f"a flight {english(self.values.spoken(slot.text))!r} is not possible: it would touch the ground")

    def _offset(self, slot: Found) -> None:
        # "hover 1 m up" is an altitude, "float up 1 m" and "float 1 m higher" are ways.
        way = slot["direction"] in ("up", "down") and (slot.groups[0][0] == "direction" or " more" in slot.text)
        self._shift(slot["direction"], self.values.length(slot["length"] or slot["metres"]), way=way)

    def _direction(self, slot: Found) -> None:
        """A direction apart from its length, or without one."""
        direction, clause = slot["direction"], self.clause
        lengths = [symbol for symbol in clause.loose if symbol[0] in "LN"]
        lengths += [change["length"] for change in clause.slots if change.name == "change"]
        vertical = direction in ("up", "down")
        if vertical and self.act in ("climb", "descend", "takeoff"):
            if (direction == "up") == (self.act == "descend"):
                raise Refusal(f"{self.act!r} and {direction!r} contradict each other")
        elif self.act == "move" and lengths:
            self._shift(direction, self.values.length(lengths[0]))
        elif self.act == "move" and not (vertical and clause.has("altitude")):
            step = _ASSUMED_M[_AXES[direction][0]]
            self._shift(direction, step)
            self.new_legs[-1].assumed = True
        elif self.act in ("spin", "turn", *FIGURES) and direction in ("left", "right"):
            self._set("clockwise", direction == "right")
        elif self.act != "move":
            raise Refusal(f"it is not clear what {slot.text!r} means here", "say how far to go, or which side to face")

    def _shift(self, direction: str, distance: float, *, way: bool = False) -> None:
        axis, sign = _AXES[direction]
        clause, legs = self.clause, self.wish.legs
        stays = self.act in ("hold", "takeoff", "hover") and not (way and self.act == "hover") and direction != "down"
        if stays or self.act in FIGURES:
            if direction == "up":
                self._set("altitude", distance)
            else:
                self.wish.shift[axis] += sign * distance
            return
        joins = clause.act is None and clause.joiner == "and"
        last = self.new_legs[-1:] or (legs[-1:] if joins else [])
        if last and last[0].to is None and last[0].by[axis] == 0.0:  # "1 m forward and 1 m up" is one way.
            last[0].by[axis] = sign * distance
        else:
            climb = {"climb": 1, "descend": -1}.get(self.act or "", 0)
            self._leg(Leg(by=[sign * distance if axis == other else 0.0 for other in range(3)], climb=climb))

    def _change(self, slot: Found) -> None:
        self._loose(slot["length"])

    def _loose(self, symbol: str) -> None:
        """A quantity that no pattern took: some acts need just one."""
        if self.values.used(symbol) or symbol[0] not in "LN":
            return
        legs = self.wish.legs
        if not self.new_legs and legs and legs[-1].assumed:  # "go down a bit, by 20 cm".
            length = self.values.length(symbol)
            legs[-1].by = [math.copysign(length, step) if step else 0.0 for step in legs[-1].by]
            legs[-1].assumed = False
        elif self.act in ("climb", "descend") and not self.new_legs:
            sign = 1 if self.act == "climb" else -1
            self._leg(Leg(by=[0.0, 0.0, sign * self.values.length(symbol)], climb=sign))
        elif self.act in ("hover", "hold", "takeoff") and self.wish.altitude is None:
            self._set("altitude", self.values.length(symbol))
        elif self.act in FIGURES and symbol[0] == "L":
            self._set_size("size", (self.values.length(symbol),))

    # Points.

    def _point(self, slot: Found) -> None:
        point = self.values.point(slot["point"])
        if self.act in FIGURES or (self.act in ("hover", "hold", "takeoff") and not self.wish.legs):
            self._set("point", point)
        elif self.act is None and not ("trace" in self.clause.acts or "waypoint" in self.clause.text):
            raise Refusal(f"it does not say what to do at {self.values.spoken(slot['point'])}")
        else:  # "follow the route ...", "waypoints: ...".
            self.act = self.act or "visit"
            passes = any(word in self.clause.text for word in ("through", "via", "points"))
            self._leg(Leg(to=point, listed=self.act == "visit" or passes or self._continues_list()))

    def _continues_list(self) -> bool:
        return self.clause.act is None and bool(self.wish.legs) and self.wish.legs[-1].listed

    def _origin(self, slot: Found) -> None:
        if self.act not in (*TRAVELLING, None):
            raise self._unclear(slot)
        self._set("start", self.values.point(slot["point"]))

    def _center(self, slot: Found) -> None:
        if self.act not in FIGURES:
            raise self._unclear(slot, 'to go round a point, say "fly a circle around (1, 0, 1)"')
        self._set("point", self.values.point(slot["point"]) if slot["point"] else (0.0, 0.0, None))

    def _to_start(self, slot: Found) -> None:
        if self.act not in TRAVELLING:
            self._set("point", (0.0, 0.0, None))
        elif self.act != "return":
            self._leg(Leg(to=(0.0, 0.0, None)))

    # Headings.

    def _yaw(self, slot: Found) -> None:
        spoken = self.values.spoken(slot.text)
        if not (slot["sense"] or self.act in ("turn", "spin") or any(word in _YAW_WORDS for word in spoken.split())):
            raise Refusal(f"it is not clear what {spoken!r} is an angle of", 'say "yaw", "turn" or "face"')
        angle = self.values.angle(slot["heading"] or slot["angle"])
        if abs(angle) > math.pi + 1e-9:
            raise Refusal(
                f"a yaw of {math.degrees(angle):g} degrees is not possible; allowed: -180 to 180",
                'to turn all the time, say "spin at 30 degrees per second"',
            )
        self._set("yaw", -angle if slot["sense"] in ("right", "clockwise") else angle)

    def _face(self, slot: Found) -> None:
        turning = self.act not in FIGURES and self.clause.has("rate", "angle_rate", "period")
        if turning and slot["side"] in ("left", "right"):
            self._set("clockwise", slot["side"] == "right")  # "keep turning to the left at 20 degrees per second".
        elif slot["side"] in _FACING:
            self._set("yaw", _FACING[slot["side"]])
        else:
            self._set("clockwise", slot["side"] == "clockwise")
            self.wish.spinning = True

    def _full_turn(self, slot: Found) -> None:
        raise Refusal(f"{self.values.spoken(slot.text)!r} does not say how fast", 'say "spin at 30 degrees per second"')

    def _rate(self, slot: Found) -> None:
        self._turning(self.values.rate(slot["rate"]))

    def _angle_rate(self, slot: Found) -> None:
        self._turning(self.values.angle(slot["angle"]) / self.values.positive(slot["time"]))

    def _turning(self, rate: float) -> None:
        """Radians per second: around the figure, or around the vehicle's own axis."""
        if self.wish.figure:
            self._set("period", 2.0 * math.pi / abs(rate))
        elif self.wish.legs or self.act in TRAVELLING:
            raise Refusal("turning all the time while flying somewhere is not supported", "ask for one of the two")
        else:
            self._set("yaw_rate", rate)
            self.wish.spinning = True

    def _rotation(self, slot: Found) -> None:
        if self.act not in ("spin", "turn", *FIGURES):
            raise self._unclear(slot)
        self._set("clockwise", slot["rotation"] == "clockwise")

    # Times and speeds.

    def _period(self, slot: Found) -> None:
        time = self.values.positive(slot["time"])
        if slot["number"]:
            time /= self.values.positive(slot["number"])
        turns = any(word in slot.text for word in ("turn", "rotation", "revolution", "spin"))
        if not (self.wish.figure or turns or self.act in ("spin", "turn")):
            raise self._unclear(slot, 'for how long to fly, say "for 10 s"')
        self._turning(2.0 * math.pi / time)

    def _laps_per_minute(self, slot: Found) -> None:
        self._turning(2.0 * math.pi * self.values.positive(slot["number"]) / 60.0)

    def _travel_time(self, slot: Found) -> None:
        if not (self.wish.figure or self.wish.legs or self.act in TRAVELLING):
            raise self._unclear(slot, 'for how long to fly, say "for 10 s"')
        # "a figure eight in 6 s" is a lap, "a figure eight three times in 18 s" all of them.
        lap = self.wish.figure and not self.clause.has("laps")
        self._set("period" if lap else "travel_time", self.values.positive(slot["time"]))

    def _duration(self, slot: Found) -> None:
        self._set("duration", self.values.positive(slot["time"]))

    def _laps(self, slot: Found) -> None:
        if not self.wish.figure:
            raise Refusal(f"{self.values.spoken(slot.text)!r} needs a figure to repeat")
        laps = {"twice": 2.0, "thrice": 3.0}.get(slot["word"]) or self.values.positive(slot["number"])
        if laps != int(laps):
            raise Refusal(f"{laps:g} laps are not possible; allowed: whole laps")
        self._set("laps", laps)

    def _speed(self, slot: Found) -> None:
        self._set("speed", self.values.speed(slot["speed"]))

    # Sizes.

    def _sized(self, slot: Found) -> None:
        if not self.wish.figure:
            raise Refusal(f"it is not clear what {self.values.spoken(slot.text)!r} is the size of")
        self._set_size(slot.name, tuple(self.values.length(symbol) for name, symbol in slot.groups if name == "length"))

    def _set_size(self, name: str, lengths: tuple[float, ...]) -> None:
        if self.wish.sizes.setdefault(name, lengths) != lengths:
            raise Refusal(f"the sentence gives two values for the {name}")

    def _set(self, name: str, value: Any) -> None:
        old = getattr(self.wish, name)
        if old is not None and old != value:
            raise Refusal(f"the sentence gives two values for the {name.replace('_', ' ')}")
        setattr(self.wish, name, value)

    def _unclear(self, slot: Found, hint: str = "") -> Refusal:
        return Refusal(f"it is not clear what {self.values.spoken(slot.text)!r} means here", hint)

    _SLOTS: dict[str, Callable[["_Reader", Found], None]] = {  # noqa: RUF012
        "altitude": _altitude, "below": _ground, "ground": _ground,
        "offset": _offset, "direction": _direction, "change": _change,
        "point": _point, "origin_point": _origin, "center": _center, "to_start": _to_start,
        "yaw": _yaw, "face": _face, "full_turn": _full_turn, "rate": _rate, "angle_rate": _angle_rate,
        "rotation": _rotation,
        "period": _period, "laps_per_minute": _laps_per_minute, "travel_time": _travel_time, "duration": _duration,
        "laps": _laps, "speed": _speed,
        **dict.fromkeys(("dimensions", "radius", "diameter", "side", "width", "depth", "size"), _sized),
    }  # fmt: skip


_YAW_WORDS = words(
    "yaw heading orientation turn turning rotate rotating rotation revolution pivot swivel spin swing reorient twist "
    "point pointing aim face facing look looking orient"
)
