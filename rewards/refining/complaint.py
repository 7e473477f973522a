"""What people say of a robot that they watched, and what to change in its reward."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Remedy:
    """A change of some terms' weights.

    Attributes:
        of: Which terms, in words.
        terms: Pattern of their names.
        reads: Pattern of a signal that a term of another name must read; empty for none.
        factor: What the weight is multiplied by.
    """

    of: str
    terms: str
    reads: str
    factor: float


@dataclass(frozen=True)
class Complaint:
    """One kind of complaint.

    Attributes:
        name: What it comes down to.
        words: Pattern of what people say.
        remedies: What is tried; at least one must find a term.
        parameter: Pattern of declared parameters that are moved as well, and instead where there are some.
        direction: In which direction these are moved.
    """

    name: str
    words: str
    remedies: tuple[Remedy, ...]
    parameter: str = ""
    direction: int = 0


_SMOOTH = Remedy("smoothness", r"smooth|jerk", r"^previous_action$", 3.0)
_EFFORT = Remedy("effort", r"effort|energy|power|torque", r"torque$", 3.0)
_STILL = Remedy("stillness", r"still|calm|damp|bounce|sway", "", 2.0)
_SPIN = Remedy("turning", r"spin|turn|sway", r"angular_velocity$", 2.0)
_PLACE = Remedy("place", r"place|centre|near|away|approach|reach|track|follow|position|distance", r"position$", 1.5)
_UPRIGHT = Remedy("posture", r"upright|level|lean|tilt|posture", r"projected_gravity|pole_(angle|direction)", 2.0)
_ALIVE = Remedy("staying in the episode", r"alive|healthy|survive", "", 2.0)
_HEADING = Remedy("heading", r"heading|yaw|nose", r"yaw$", 2.0)
_SPEED = Remedy("speed", r"forward|speed|velocity|progress|run|walk", "", 1.5)
_FASTER = (_SPEED, Remedy("effort", r"effort|energy|power", "", 0.5), Remedy("stillness", r"still", "", 0.7))

# The first pattern that is found in a clause is what it says.
COMPLAINTS = (
    Complaint("too high", r"too high|lower\b|higher than", (_PLACE,), r"HEIGHT", -1),
    Complaint("too low", r"too low\b|higher\b|lower than", (_PLACE,), r"HEIGHT", +1),
    Complaint("too slow", r"too slow|faster|sluggish|hardly moves?|lazy|not fast enough", _FASTER, r"SPEED$", +1),
    Complaint("too fast", r"too fast|slower|too quick|hasty|rush(es|ing)?\b", (_STILL, _SMOOTH), r"SPEED$", -1),
    Complaint(
        "jerky",
        r"jerk(s|y|ing)?\b|jitter\w*|twitch\w*|shak(es|y|ing)\b|trembl\w*|vibrat\w*|rough\b|chatter\w*|not smooth",
        (_SMOOTH,),
    ),
    Complaint("wobbly", r"wobbl\w*|oscillat\w*|overshoot\w*|unsteady|restless|swing(s|ing)\b", (_STILL, _SPIN)),
    Complaint(
        "falls", r"fall(s|ing)?\b|fell\b|tip(s|ping)? over|toppl\w*|crash\w*|loses? (its )?balance", (_ALIVE, _UPRIGHT)
    ),
    Complaint("crooked", r"tilt(s|ed|ing)?\b|lean(s|ing)?\b|crooked|not (upright|level)", (_UPRIGHT,)),
    Complaint("turns away", r"spin(s|ning)?\b|turns? (away|round|around)|rotat(es|ing)|yaws?\b", (_HEADING, _SPIN)),
    Complaint("too much effort", r"too much (effort|energy|power|force)|aggressive\w*|violent\w*", (_EFFORT,)),
    Complaint(
        "drifts",
        r"drift(s|ing)?\b|wander\w*|stray\w*|slid(es|ing)\b|off (the )?target|does not (hold|stay|come back)|"
        r"too far|imprecise|inaccurate|misses\b",
        (_PLACE,),
    ),
)

_NEGATION = re.compile(r"\b(not|never|no longer|without|doesn'?t|does not|isn'?t)\b")


@dataclass(frozen=True)
class Heard:
    """A complaint in somebody's words.

    Attributes:
        complaint: Which.
        clause: The words.
        amount_m: A length that they name [m]; None for none.
    """

    complaint: Complaint
    clause: str
    amount_m: float | None


class NotUnderstoodError(ValueError):
    """Words, or a complaint, that nothing can be made of without a model."""


_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(mm|cm|m|metres?|meters?|centimetres?|centimeters?|millimetres?)\b")
_METRES = {"mm": 1e-3, "milli": 1e-3, "cm": 1e-2, "centi": 1e-2}


def heard(text: str) -> tuple[Heard, ...]:
    """The complaints in a person's words, clause by clause.

    Raises:
        NotUnderstoodError: If a clause says nothing that is understood, or says that something is fine.
    """
    clauses = [clause.strip() for clause in re.split(r"[,.;!]+(?!\d)|\band\b|\bbut\b|\bthen\b", text.lower())]
    found = [_heard(clause) for clause in clauses if clause]
    if not found:
        raise NotUnderstoodError("the feedback is empty")
    return tuple(found)


def _heard(clause: str) -> Heard:
    for complaint in COMPLAINTS:
        match = re.search(complaint.words, clause)
        if match is None:
            continue
        if _NEGATION.search(clause[: match.start()]):
            raise NotUnderstoodError(f"{clause!r} says what the robot does not do: say what is wrong with it")
        length = _LENGTH.search(clause)
        amount = None
        if length is not None:
            scale = next((factor for unit, factor in _METRES.items() if length[2].startswith(unit)), 1.0)
            amount = float(length[1]) * scale
        return Heard(complaint, clause, amount)
    known = ", ".join(complaint.name for complaint in COMPLAINTS)
    raise NotUnderstoodError(f"{clause!r} is not understood without a language model; understood are: {known}")
