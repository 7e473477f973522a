"""Clauses: a sentence cut at its commas, "and"s and "then"s, and what each piece says."""

import re
from dataclasses import dataclass

from telic.rewards.writing.foreign import foreign_phrase, is_figure_part
from telic.rewards.writing.slots import CUT, Found, find_slots
from telic.rewards.writing.vocabulary import (
    CONDITIONS,
    CORNERS,
    FILLERS,
    MANNERS,
    NEGATIONS,
    SHAPES,
    SIZES,
    UNSUPPORTED,
    VERBS,
    Act,
    Manner,
)

_THEN = (
    r"(?:and |, )*\b(?:then|after that|afterwards?|after which|followed by|subsequently|before (?=\w+ing\b))(?: ,)?"
    r"|[;.]"
)
_AND = r"(?:, )?\b(?:and|while|whilst|but|plus)\b"
_SEPARATOR = re.compile(rf"(?P<then>{_THEN})|(?P<and>{_AND})|,")

# Of several acts in one clause the first of these counts: "keep climbing" is a climb, "go and hover" a hover.
_STRENGTH: tuple[Act, ...] = (
    *("spin", "figure_eight", "circle", "ellipse", "polygon", "climb", "descend", "turn"),
    *("visit", "return", "takeoff", "hover", "move", "hold"),
)


@dataclass(frozen=True)
class Clause:
    """What one clause says.

    Attributes:
        text: Its canonical, plain text.
        joiner: What stands before it: ``then``, ``and`` or ``,``; nothing before the first.
        act: The strongest act that its words name, or None.
        acts: All acts that its words name.
        corners: Number of corners, if the act is a polygon.
        rectangle: Whether the polygon's sides may differ.
        slots: What its words fill, in their order.
        loose: Symbols of quantities that no slot took.
        manners: How to fly.
        size: Factor of "small" and "large", 1 without such a word.
        unknown: Words that the writer does not know.
        foreign: A place or a thing that the writer does not know, or nothing.
    """

    text: str
    joiner: str
    act: Act | None
    acts: tuple[Act, ...]
    corners: int
    rectangle: bool
    slots: tuple[Found, ...]
    loose: tuple[str, ...]
    manners: tuple[Manner, ...]
    size: float
    unknown: tuple[str, ...]
    foreign: str

    def has(self, *names: str) -> bool:
        """Whether the clause fills one of these slots."""
        return any(slot.name in names for slot in self.slots)


def split(text: str) -> list[tuple[str, str]]:
    """Clauses of canonical, plain text, each with what stands before it: ``then``, ``and``, ``,`` or nothing."""
    clauses: list[tuple[str, str]] = []
    start, joiner = 0, ""
    for match in [*_SEPARATOR.finditer(text), None]:
        piece = text[start : match.start() if match else len(text)].strip()
        if piece:
            clauses.append((piece, joiner if clauses else ""))
            joiner = ""
        if match:
            start = match.end()
            joiner = "then" if match["then"] or joiner == "then" else "and" if match["and"] else joiner or ","
    return clauses


def read_clause(text: str, joiner: str) -> Clause:
    """Find what a clause says."""
    slots, rest = find_slots(text)
    words = re.sub(rf"{re.escape(CUT)}+", f" {CUT} ", rest).split()
    acts = tuple(dict.fromkeys(act for word in words if (act := SHAPES.get(word) or VERBS.get(word))))
    nouns = [word for word in words if word in CORNERS]
    figure = any(act in SHAPES.values() for act in acts)
    unknown = tuple(word for word in words if not (_known(word) or (figure and is_figure_part(word))))
    return Clause(
        text=text,
        joiner=joiner,
        act=_strongest(acts, slots),
        acts=acts,
        corners=CORNERS[nouns[0]] if nouns else 0,
        rectangle=any(noun.startswith("rect") for noun in nouns),
        slots=tuple(slots),
        loose=tuple(word for word in words if re.fullmatch(r"[LATVRNP]\d+", word)),
        manners=tuple(MANNERS[word] for word in words if word in MANNERS),
        size=next((SIZES[word] for word in words if word in SIZES), 1.0),
        unknown=unknown,
        foreign=foreign_phrase(words, unknown),
    )


def words_of(text: str) -> list[str]:
    """The words of canonical text, without symbols and marks."""
    return re.findall(r"\b[^\W\d_]+\b(?:'[^\W\d_]+)?", text)


def _strongest(acts: tuple[Act, ...], slots: list[Found]) -> Act | None:
    names = {slot.name for slot in slots}
    if names & {"center", "radius", "diameter"} and ("spin" in acts or "turn" in acts):
        return "circle"  # "spin around the origin at a radius of 1 m".
    if names & {"rate", "angle_rate"} and "move" in acts and not any(act in SHAPES.values() for act in acts):
        return "spin"  # "go round on the spot at 30 degrees per second".
    return next((act for act in _STRENGTH if act in acts), None)


_LISTS = (FILLERS, VERBS, SHAPES, MANNERS, SIZES, UNSUPPORTED, NEGATIONS, CONDITIONS)


def _known(word: str) -> bool:
    return word == CUT or not word.replace("'", "").isalpha() or any(word in known for known in _LISTS)
