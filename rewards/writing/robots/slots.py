"""What clauses about robots say besides their words: numbers with their roles, directions, manners.

The grammar of the rows is that of `telic.rewards.writing.slots`.
"""

from telic.rewards.writing.slots import compile_slot

_CAPTURED = {
    "length": r"[LN]\d+",  # A bare number may be a length where the words say so.
    "metres": r"L\d+",
    "angle": r"A\d+",
    "anyspeed": r"[VN]\d+",
    "speed": r"V\d+",
    "rate": r"R\d+",
    "point": r"P\d+",
    "direction": r"up|down|left|right|forward|back",
    "rotation": r"clockwise|counterclockwise",
    "side": r"above|over|below|under|beneath|behind|(?:to )?(?:the )?(?:left|right)(?= of)",
}
_PIECES = {
    "nomore": r"((no|not) (faster|quicker|more|higher) than|at most|up to|below|under|slower than|less than|"
    r"(a )?(maximum|max)( of)?)",
    "noless": r"((no|not) (slower|less|lower|closer|nearer) than|at least|faster than|more than|over|above|"
    r"a minimum of)",
    "pace": r"(speed|velocity|pace|rate)",
    "your": r"((the|your|its|a|an|at|with|to|by|of|in) )*",
    "is": r"( (of|is|at|to|=|equal to|should be|must be))?",
    "height": r"(height|altitude|level|elevation)",
    "from": r"( (of|from|to|between))?( (it|you|yourself) and)?",
}

_ROWS: tuple[tuple[str, str], ...] = (
    ("at_most", "<your><nomore>( at)? <speed>|<your>(top|maximum|max) <pace><is> <anyspeed>"),
    ("at_least", "<your><noless>( at)? <speed>"),
    ("speed", "<your>((constant|steady|target|forward|walking|running|driving) )?<pace><is> <anyspeed>|<your><speed>"),
    ("rate", "<your>((turning|yaw|angular) )?((speed|velocity|rate) of )?<rate>"),
    ("away", "<your>(distance|clearance|gap)( of)?( <noless>)? <metres><from>|((at least|more than|by) )?<metres> "
             "(away|clear|distant|distance|off)<from>"
             "|(at least|more than) <metres> from|(no|not) (closer|nearer) than <metres>( to)?"),
    ("within", "<your>(within|closer than|nearer than) <metres><from>|<your>(precision|accuracy|tolerance) of <metres>"
               "|(to|with) <metres> (precision|accuracy)|<metres> (precise|precisely|accurate|accurately)"),
    ("height", "<your><height><is> <length>|<metres> (high|tall|up|above theground|off theground|over theground|"
               "in (the )?air|in height)|<your><metres> of height"),
    ("offset", "<metres> <side>( of)?"),
    ("length", "((to|by|of|at|about|for|up to|a|distance|another) )*<metres>"),
    ("angle", "((to|by|at|of|about|an?|angle|through|for) )*<angle>( angle)?"),
    ("point", "((to|at|the|point|position|coordinates?|location) )*<point>"),
    ("sense", "<rotation>"),
    ("direction", "((to|towards?) )?((the|your|its) )?<direction>( side| direction)?"),
    ("fastest", "fastest"),
    ("slow", "slowly|slow|leisurely"),
    ("fast", "quickly|quick|fast|rapidly|swiftly|briskly"),
    ("gentle", "gently|gentle|softly|soft|efficiently|efficient|effortlessly|lightly|economically"),
    ("smooth", "smoothly|smooth|calmly|calm|steadily|steady|carefully|careful"),
    ("precise", "precisely|precise|accurately|accurate|exactly|exact|tightly"),
)  # fmt: skip

SLOTS = tuple((name, compile_slot(row, _CAPTURED, _PIECES)) for name, row in _ROWS)

# Slots without a number that say how; they fit everything.
MANNERS = ("slow", "fast", "gentle", "smooth", "precise")
