"""Phrases that are replaced by plainer ones before a clause is read: ``increase your altitude by`` is ``climb by``.

Each row is a pattern over canonical text and what replaces it; rows apply in order. In a pattern ``<name>`` stands for
a piece of `_PIECES`, and parentheses group and do not capture, except ``(?P<...>)``. Afterwards every direction is one
word of ``up down left right forward back``, and the places that the writer knows are ``theground``, ``thestart`` and
``inplace``.
"""

import re
from collections.abc import Mapping

_PIECES = {
    "length": r"[LN]\d+",
    "altitude": r"(altitude|height|elevation)",
    "your": r"((your|its|the|my|some|this|that|a|an|own|current|flight|flying) )*",
    "side": r"(left|right)",
    "axis": r"(axis|direction)",
    "figure": r"(figureeight|circle|square|triangle|turn|spin|rotation|climb|descent)",
    "motion": r"(mov(e|ing|ement)|motion|drift(ing)?|wobbl(e|ing)|shak(e|ing)|sway(ing)?|wander(ing)?|budg(e|ing)|"
    r"tilt(ing)?|rock(ing)?|jitter(ing)?|swing(ing)?|slip(ping)?|go(ing)? anywhere|leav(e|ing) (it|the spot)|"
    r"rotat(e|ing)|spin(ning)?|turn(ing)?|stray(ing)?)",
    "not": r"((do|does|must|should) not|without|with no|never|no|not)",
    "mishap": r"(crash|fall|hit|touch|tip|flip|los|collid|land|fail|stop|paus|interrupt)\w*"
    r"( (into|over|on|out of|of|the|any|anything|something|ground|floor|altitude|height|control|sky|down))*",
    # Where a wish not to move ends; "do not move forward" must not become "hold still forward".
    "end": r"(?= ?($|[,;.]|and\b|or\b|then\b|while\b|at all\b|around\b|about\b|in the air\b|at [LNP]\d))",
    "begin": r"(^|(?<=[,;.] )|(?<=and )|(?<=then ))",
    "place": r"(place|spot|point|location|position|station|hover)",
    "some": r"((the|its|your|a|this|that|exactly|very|same|single|fixed|current|present|mid|and) )*",
    "can": r"(possible|you can|it can)",
}

# How directions are said; robots of every kind have them.
_DIRECTIONS = r"""
(counter|anti) ?clock ?wise|anticlockwise|ccw                   -> counterclockwise
cw|clock wise                                                   -> clockwise
up and down|down and up|back and forth|to and fro               -> toandfro
(from )?side to side|left and right|right and left              -> toandfro
forwards? and back(wards?)?|backwards? and forwards?            -> toandfro
(directly|straight|vertically)(?= (up|down|above|over|at|ahead|forward|back)\w*) ->
right(?= (above|over|here|there|now|away)\b)                      ->
heads?(?= (to|over|towards?|for|straight|forward|back|left|right|up|down|[LN]\d+)\b) -> go
heading(?= (over|towards?|for|straight)\b)                      -> go
turn ((all the way|right) )?(around|about)(?! [APR]\d| (the|your|its|a|in|at)\b) -> face back
(the )?(other|opposite) (way|direction)( a?round)?              -> back
straight(?= (to|towards?)\b)                                     ->
forwards|onwards?|ahead|straight|frontwards?                    -> forward
backwards?|rearwards?|behind you|the rear                       -> back
upwards?|skywards?                                              -> up
downwards?                                                      -> down
leftwards?                                                      -> left
rightwards?                                                     -> right
(sideways|laterally)(?= (to )?(the )?<side>)                    ->
(?<=\d )higher( up)?                                            -> up more
higher( up)?                                                    -> up
(?<=stay |hold )right(?= at\b)                                  ->
would (love|like|prefer|appreciate)( for)?                      -> want
(go|fly|move|get|come|settle)(s|ing)? lower                     -> go down
(?<=\d )lower                                                   -> down
(along|in|on) (the )?(negative|minus) x( <axis>)?               -> back
(along|in|on) (the )?(positive )?x( <axis>)?                    -> forward
(along|in|on) (the )?(negative|minus) y( <axis>)?               -> right
(along|in|on) (the )?(positive )?y( <axis>)?                    -> left
(along|in|on) (the )?(negative|minus) z( <axis>)?               -> down
(along|in|on) (the )?(positive )?z( <axis>)?                    -> up
<begin>(back up|back off|back away|retreat|reverse)(?! to\b)    -> go back
advance(?! (to|up|left|right|back|forward))                     -> go forward
"""

_FLIGHTS = r"""
# Heights.
until (you|it|the drone) (are|is|reach|reaches)( at)?           -> to
(tak(e|es|ing)|lift(s|ing)?|blast(s|ing)?) off|takeoff          -> takeoff
(get|become) airborne                                           -> takeoff
(gain|add)(s|ing)? (?P<length><length>)( (of|in))? <altitude>   -> climb \g<length>
(lose|shed)(s|ing)? (?P<length><length>)( (of|in))? <altitude>  -> descend \g<length>
(gain|increase|increasing|raise|raising|add|build)(s|ing)? <your><altitude>  -> climb
(lose|losing|decrease|decreasing|reduce|reducing|lower|drop|cut)(s|ing)? <your><altitude> -> descend
(change|set|adjust|bring)(s|ing)? <your><altitude>(?= to\b)      -> go
(an?|another)( (extra|further|additional))?(?= [LN]\d)          ->
(extra|further|additional)(?= [LN]\d)                           ->

gain(s|ing)?(?= [LN]\d)                                          -> climb
drop(s|ping)?(?= ((down )?(to|by)|down|[LN]\d+)\b)              -> descend

# Stillness, pace, endlessness.
do nothing else|nothing else|do nothing|(and )?that is (all|it) -> hold still
<not> (any )?<motion>( or <motion>)*<end>( (at all|around|about))* -> hold still
stop <motion><end>                                              -> hold still
stop( from)?(?= \w+ing\b)                                        -> not
stop(s|ping)? by                                                -> visit
(finish|end)(es|s|ing)?(?= (up )?(at|in) (the point )?P\d)      -> go
(sit|stand)(s|ting|ing)?(?= (at|in|over|still|motionless)\b)    -> stay
station(?= (yourself|it|the drone)\b)                           -> stay
(?<=go )a?round(?= inplace\b)                                   -> continuously
(and )?(do not|without|never) (ever )?<mishap><end>             ->
not (too|so|very) (fast|quick|quickly|rapidly)|take your time|little by little -> slowly
at (a )?(slow|low|gentle|leisurely) (speed|pace|rate)|in slow motion -> slowly
at (a )?(high|fast|quick) (speed|pace|rate)                     -> quickly
as (fast|quickly) as <can>                                      -> quickly
as (still|steady|steadily|precisely|accurately|exactly|closely) as <can> -> precisely
as (gently|smoothly|softly|slowly|calmly) as <can>              -> gently
with( (high|great|good|utmost))? (precision|accuracy|care)      -> precisely
slow(ly)? and (steady|steadily|easy)|nice and (slow|slowly|easy|gentle) -> slowly
nice and(?= (still|steady|steadily|smooth|smoothly|gently)\b)   ->
slow(?= <figure>)                                               -> slowly
fast(?= <figure>)                                               -> quickly
again and again|over and over( again)?|round and round|around and around -> continuously
forever|indefinitely|endlessly|repeatedly|non ?stop|constantly|all the time|the whole time -> continuously
until (further notice|told otherwise|(i|you) (say|tell)( you)? to stop|stopped|the end)    -> continuously
as long as <can>                                                -> continuously

# Where one is anyway, and what one stands on.
(in|at|on|over) <some>(<place>(?! ((of|at|=|,) )?P\d)|air|midair|sky|space) -> inplace
((exactly|just) )?where (you|it|he|she|we|i) (are|is|am)( (now|right now|currently))? -> inplace
aloft|airborne|mid air|midair|(up )?there                       -> inplace
(the )?(ground level|ground|floor|earth|grass|carpet|deck)      -> theground
(the )?(takeoff|launch) (point|spot|pad|place|site)             -> theground
agl                                                             -> above theground
up inplace                                                      -> inplace
or so|more or less                                              ->
(the )?start(ing)?( (point|position|place|spot|location))?(?! (at|from|in) P\d) -> thestart
(the )?(origin|home (point|position))                           -> thestart
where (you|it) (started|began|came from)                        -> thestart
in front(?= of thestart\b)                                       -> forward
(?<=\d )(above|over)(?= thestart\b)                             -> up more of
(?<=\d )(below|under)(?= thestart\b)                            -> down of
behind(?= thestart\b)                                            -> back of
((make|do|fly|go|run) )?((a|in) )*loops?(?= (a?round (the |a )?(point|P\d|thestart)|with a (radius|diameter))) -> circle
"""

# The writer's own words, in English.
_ENGLISH = {
    "figureeights": "figure eights",
    "figureeight": "figure eight",
    "inplace": "in place",
    "theground": "the ground",
    "thestart": "the start",
    "toandfro": "back and forth",
    "takeoff": "take off",
    "up more of": "above",
    "up more": "higher",
    "down of": "below",
}


def _compile(row: str, pieces: Mapping[str, str]) -> tuple[re.Pattern[str], str]:
    pattern, _, replacement = (part.strip() for part in row.partition("->"))
    pattern = re.sub(r"(?<!\?P)<(\w+)>", lambda match: f"({pieces[match[1]]})", pattern)
    pattern = re.sub(r"\((?!\?)", "(?:", pattern)
    return re.compile(rf"\b(?:{pattern})(?!\w)"), replacement


Rewrites = tuple[tuple[re.Pattern[str], str], ...]


def compile_rewrites(rows: str, pieces: Mapping[str, str] = _PIECES) -> Rewrites:
    """Rows of patterns and replacements; lines that begin with ``#`` are comments."""
    return tuple(_compile(row, pieces) for row in rows.splitlines() if row and not row.startswith("#"))


DIRECTIONS = compile_rewrites(_DIRECTIONS)
REWRITES = (*DIRECTIONS, *compile_rewrites(_FLIGHTS))


def plain(text: str, rewrites: Rewrites = REWRITES) -> str:
    """Canonical text with idioms replaced."""
    for pattern, replacement in rewrites:
        text = pattern.sub(replacement, text)
    return re.sub(r" +", " ", text).strip()


def english(text: str) -> str:
    """Plain text with the writer's own words as English ones."""
    for word, words in _ENGLISH.items():
        text = re.sub(rf"\b{word}\b", words, text)
    return text
