"""The grammar of a clause: what it may say about times, headings, sizes, heights, directions and points.

Each slot is a pattern over canonical, plain text (see `quantity` and `idioms`). A match is cut out of the clause, so
that a later slot cannot use the same words again: the order of the table matters.

In the patterns ``<name>`` stands for a piece of `_CAPTURED` (its text is kept under that name) or of `_PIECES`;
parentheses group and do not capture.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# The mark left where a match was cut out: no pattern crosses it.
CUT = "|"

_CAPTURED = {
    "length": r"[LN]\d+",  # A bare number may be a length where the words say so.
    "metres": r"L\d+",
    "angle": r"A\d+",
    "heading": r"[AN]\d+",
    "time": r"T\d+",
    "speed": r"V\d+",
    "rate": r"R\d+",
    "number": r"N\d+",
    "point": r"P\d+",
    "side": r"left|right|forward|back|front|clockwise|counterclockwise",
    "sense": r"left|right|clockwise|counterclockwise",
    "rotation": r"clockwise|counterclockwise",
    "direction": r"up|down|left|right|forward|back",
    "until": r"to|until|till|reach|reaching",
    "word": r"twice|thrice",
    "home": r"thestart",
}
_PIECES = {
    "is": r"( (of|is|should be|must be|=|equal to|being))",
    "of": r"( (of|is|should be|must be|=|at|to|equal to|being))?",
    "your": r"((the|your|its|my|a|an|his|her|with|at) )*",
    "object": r"( (it|itself|yourself|((the|your|its) )?(nose|front|head|heading|body|face|drone|quadcopter|quadrotor|"
    r"copter|vehicle|robot|uav|aircraft)))?",
    "toward": r"((to|towards?|in|on) )?((the|your|its|a) )?",
    "by": r"(by |for |about |through |another )?",
    "be": r"( is| facing| pointing| pointed| turned| directed| aimed| to be)*",
    "turn": r"(turn|yaw|rotate|rotat|pivot|swivel|spin|swing|reorient|twist|point|aim|face|fac|look|orient)"
    r"(s|ing|ning|ting)?",
    "face": r"(face|faces|facing|looks?|looking|points?|pointed|pointing|aims?|aimed|aiming|orient|oriented|turned|"
    r"directed)",
    "lap": r"(laps?|loops?|rounds?|circuits?|orbits?|revolutions?|cycles?|turns?|repetitions?|figures?)",
    "shape": r"(figureeights?|circles?|squares?|triangles?|ellipses?|ovals?|rings?)",
    "sides": r"(side lengths?|sides?|edges?|edge lengths?|legs?)",
    "height": r"(flight )?(altitude|height|elevation|level)( level)?",
    "above": r"(above|over|off|off of|from|up from|up off|clear of|high above|higher than)",
    "below": r"(below|under|beneath|underneath)",
    "reach": r"((at|about|an?|you are|it is|reach|reaching) )*",
    "full": r"(full |complete |whole |entire )",
}

_ROWS: tuple[tuple[str, str], ...] = (
    # Times. A slot may have several rows.
    ("angle_rate", "<angle> (every|each|per|once every) <time>"),
    ("laps_per_minute", "<number> <lap> (per|a|each|every|in a) minute"),
    ("period", "((in|at|with|of) )?<time> ((per|for each|for every|for one|for a|each|a|every|in each) (<lap>|<shape>)"
               "|lap times?|laps?|loops?|periods?|each|apiece)"),
    ("period", "<number> <full>?(<lap>|rotations?|spins?) (in|every|per|within|takes|taking|once every) <time>"),
    ("period", "((one|a|each|every|per|the) )?<full>?(<lap>|rotation|spin) (time )?"
               "(in|every|takes|taking|lasting|of|is|should take|lasts|once every|about every) <time>"),
    ("period", "<your>(period|lap time|loop time|time per lap)<of> <time>"),
    ("period", "((once|one) )?every <time>|(once|one) (per|each|in) <time>|(takes?|taking|needs?|needing) <time>"),
    ("duration", "(for|during)( at least| a total of| a duration of| a period of| the next)? <time>"
                 "|<time> long|lasting <time>"),
    ("travel_time", "(in|over|within|during) <time>"),
    ("laps", "((for|do|make|fly) )?<number> <full>?(<lap>|times)( around| round)?"),
    ("laps", r"((fly|do|make) )?<number>(?= (\w+ )?<shape>\b)"),
    ("laps", "<word>"),
    # Headings. They come before directions, which would take "left" out of "turn left by A0".
    ("full_turn", "((do|make|perform|complete) )?(a |one )?<full>(turn|rotation|revolution|spin)"),
    ("yaw", "<your>(yaw angle|yaw|heading|orientation)( angle)?<of> <heading>( <toward><sense>)?"),
    ("yaw", "<turn><object> <by><toward><sense> <by><heading>"),
    ("yaw", "<your>(nose|front)( a?round)? <toward><sense> <by><heading>"),
    ("yaw", "<turn><object> ((to|by|through|about|an?|at) )*<heading>( <toward><sense>)?"),
    ("yaw", "(an? )?<angle> (turn|rotation|yaw)( <toward><sense>)?|<turn><object> <toward><sense>"
            " (by |for )?(an? )?<angle>"),
    ("yaw", "((at|with|by) )?(an? )?<angle>( <toward><sense>)?( (of )?(yaw|heading|turn|rotation))?"),
    ("face", "<your>(nose|front|head|heading|camera)( of (the|your) (drone|quadrotor|quadcopter|vehicle))?( a?round)?"
             "<be> <toward><side>"),
    ("face", "<face><object><be> <toward><side>( side| direction)?"),
    ("face", "(turn|yaw|pivot|swivel)(s|ing)?<object> <toward><side>( side)?"),
    # Sizes. "radius of L0" and "L0 radius" come before "radius L0", as in "L0 radius L1 above the ground".
    ("dimensions", "<length> (wide )?(by|x|times) <length>"),
    ("radius", "<your>radius<is> <length>|of radius <length>|(at )?a distance of <length>"),
    ("radius", "<length> ((in|of) )?radius|<length> away( from (it|there|the (point|center|centre)))?"),
    ("radius", "<your>radius <length>"),
    ("diameter", "<your>diameter<is> <length>|of diameter <length>"),
    ("diameter", "<length> ((in|of) )?diameter"),
    ("diameter", "<your>diameter <length>"),
    ("side", "<your><sides><is> <length>( each| long)?|of side <length>"),
    ("side", "<length> (long )?((per|a|on a|on each|on every|to a|to each|each) )?<sides>"),
    ("side", "<your><sides> <length>( each| long)?"),
    ("width", "<your>(width|span)<is> <length>"),
    ("width", "<length> (wide|in width|across|from side to side|width)"),
    ("width", "<your>(width|span) <length>"),
    ("depth", "<your>(length|depth)<is> <length>"),
    ("depth", "<length> (long|deep|in length|in depth|length)"),
    ("depth", "<your>(length|depth) <length>"),
    ("size", "<your>size<of> <length>|<length> in size"),
    # Heights, then directions: "up to L0" is a height, "up L0" is an offset.
    ("below", "((at|to) )?<length> (<below> theground|underground|under water|underwater)"),
    ("ground", "(on|at|to|onto|into|along|under|below) theground"),
    ("altitude", "(<until> )?<reach><your>(<height> )?(of )?<metres> (up |high )?(in (altitude|height) )?"
                 "<above> theground"),
    ("altitude", "<above> theground ((by|at) )?<length>"),
    ("altitude", "(<until> )?<reach><your><height>(<is>| at| to) <length>"),
    ("altitude", "(<until> )?<reach><metres> ((of|in) )?(<height>|high|up inplace|inplace|overhead)"),
    ("altitude", "(<until> )?<reach><your><height> <length>"),
    ("altitude", "<direction> <until> (about )?<length>"),
    ("offset", "<metres> ((further|more) )?<toward><direction>( more)?( side| direction)?( of thestart| from thestart)?"
               "|<toward><direction>( side| direction)? <by><length>"),
    ("altitude", "<until> (about )?<length>"),
    ("altitude", "(at|from) (about )?<length>"),
    ("change", "by <length>"),
    ("direction", "<toward><direction>( side| direction)?"),
    # Points and the rest.
    ("origin_point", "(from|starting (at|from|in)|start at|beginning at) <point>"),
    ("center", "(around|about|cent(red|ered) (on|at|around|about)|with (its |the )?cent(re|er) (at|in)|encircling) "
               "(the )?((point|position|coordinates?) )?(<point>|<home>)"),
    ("point", "<point>"),
    ("to_start", "(back )?(to|over|at|above) <home>"),
    ("speed", "((at|with) )?(a )?((speed|velocity|pace) of |((top|maximum|max) )?speed )?<speed>"),
    ("rate", "((at|with) )?(a )?(rate of )?<rate>"),
    ("rotation", "<rotation>"),
)  # fmt: skip


def compile_slot(
    row: str, captured: Mapping[str, str] = _CAPTURED, pieces: Mapping[str, str] = _PIECES
) -> re.Pattern[str]:
    """A row of a grammar as a regular expression.

    Args:
        row: The pattern, see above.
        captured: What ``<name>`` stands for where its text is kept.
        pieces: What it stands for where it is not.
    """
    count = 0

    def expand(match: re.Match[str]) -> str:
        nonlocal count
        name = match[1]
        if name in pieces:
            return f"(?:{_noncapturing(pieces[name])})"
        count += 1
        return f"(?P<{name}_{count}>{captured[name]})"

    pattern = re.sub(r"<(\w+)>", expand, _noncapturing(row))
    return re.compile(rf"\b(?:{pattern})(?!\w)")


def _noncapturing(pattern: str) -> str:
    return re.sub(r"\((?!\?)", "(?:", pattern)


SLOTS = tuple((name, compile_slot(row)) for name, row in _ROWS)


@dataclass(frozen=True)
class Found:
    """A slot that a clause fills.

    Attributes:
        name: Name of the slot.
        groups: What was captured, such as ``("length", "L0")`` and ``("direction", "left")``, in order.
        text: The words that were cut out.
        start: Where they began in the clause.
    """

    name: str
    groups: tuple[tuple[str, str], ...]
    text: str
    start: int

    def __getitem__(self, group: str) -> str:
        """The first capture of a name, or nothing."""
        return next((text for name, text in self.groups if name == group), "")


def find_slots(clause: str, slots: Sequence[tuple[str, re.Pattern[str]]] = SLOTS) -> tuple[list[Found], str]:
    """All slots of a clause in the order of its words, and the clause with them cut out."""
    found: list[Found] = []
    for name, pattern in slots:
        while (match := pattern.search(clause)) is not None:
            groups = tuple((group.rpartition("_")[0], text) for group, text in match.groupdict().items() if text)
            found.append(Found(name, groups, match[0], match.start()))
            # A cut of the same length keeps the places of later matches comparable.
            clause = clause[: match.start()] + CUT * len(match[0]) + clause[match.end() :]
    return sorted(found, key=lambda slot: slot.start), clause
