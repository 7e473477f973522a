"""From a sentence to clauses whose acts are known: by the word lists, or by the sentence model."""

import re
from dataclasses import dataclass, field, replace

from telic.rewards.writing.brief import Refusal
from telic.rewards.writing.clause import Clause, read_clause, split, words_of
from telic.rewards.writing.idioms import english, plain
from telic.rewards.writing.minilm import HINT
from telic.rewards.writing.paraphrase import FIGURE_MARGIN, MARGIN, WIDE_MARGIN, Likeness, packaged_paraphrases
from telic.rewards.writing.quantity import Canonical, canonical
from telic.rewards.writing.units import SHOWN_UNITS
from telic.rewards.writing.vocabulary import CONDITIONS, CORNERS, EVENTS, NEGATIONS, QUESTIONS, UNSUPPORTED, Act, words
from telic.rewards.writing.wish import FIGURES

LONGEST_SENTENCE = 400

# Acts that the sentence model need not tell apart: a clause's directions and heights do.
_KIN = (words("hover hold takeoff"), words("move climb descend return visit"), words("turn spin"))

# A comparison says nothing that can be flown: "like a hummingbird". "I like a drone that ..." is none.
_COMPARISON = re.compile(r"(?<!\bi )(?<!\bwe )(?<!\byou )\b(?:just )?like an? [a-z]+\b ?")
# A capital letter in the middle of a sentence: a name.
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")
# "Could you ..." is polite, "could drones ..." is a question; "do a circle" is neither.
_ASKS = re.compile(
    r"(?:can|could|would|will|should|may|might) (?!(?:you|we|i|it|this|the drone)\b)|do (?:you|drones|they|we|i)\b"
)

_KNOWN_THINGS = "there is only the drone, the ground, the start and points"


@dataclass
class Reading:
    """A sentence's clauses, filled one by one so that a refusal can say what was understood before it.

    Attributes:
        text: The canonical sentence.
        names: Words written as names, in lower case.
        clauses: Clauses with acts.
        remarks: What each clause was taken for.
        ignored: Words that were not used.
    """

    text: Canonical
    names: frozenset[str] = frozenset()
    clauses: list[Clause] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def begin(sentence: str) -> Reading:
    """The reading of a sentence before its first clause.

    Raises:
        Refusal: If there is nothing to read, or too much.
    """
    if len(sentence) > LONGEST_SENTENCE:
        raise Refusal(f"it has {len(sentence)} characters; allowed: at most {LONGEST_SENTENCE}")
    if not any(character.isalnum() for character in sentence):
        raise Refusal("it is empty")
    names = frozenset() if sentence.istitle() else frozenset(map(str.lower, _NAME.findall(sentence)))
    return Reading(canonical(sentence), names)


def is_question(text: str) -> bool:
    """Whether plain text asks for an answer and not for something to do."""
    return text.split(" ", 1)[0] in QUESTIONS or _ASKS.match(text) is not None


def understand(reading: Reading, *, use_model: bool) -> None:
    """Fill a reading.

    Raises:
        Refusal: If a clause is a question, a negation, or not understood.
    """
    text = plain(reading.text.text)
    if is_question(text):
        raise Refusal("it is a question", "say what the drone should do")
    reading.ignored.extend(match[0].strip() for match in _COMPARISON.finditer(text))
    for piece, joiner in split(_COMPARISON.sub("", text)):
        clause = read_clause(piece, joiner)
        said = f'"{english(reading.text.spoken(piece))}"'
        _check_words(clause, said)
        if clause.unknown:
            clause = _resolve(clause, reading, said, use_model=use_model)
        elif clause.act is not None:
            reading.remarks.append(f"{said} is to {_name(clause.act)}")
        reading.clauses.append(clause)


def _check_words(clause: Clause, said: str) -> None:
    """Refuse negations, conditions, statements, unknown units and things, and what is known to be impossible."""
    spoken = words_of(clause.text)
    if any(word in NEGATIONS for word in spoken):
        raise Refusal(f"{said} says what not to do, which is not supported", "say what the drone should do")
    impossible = next((word for word in spoken if word in UNSUPPORTED), None)
    if impossible is not None:
        raise Refusal(f'"{english(impossible)}" is not possible: {UNSUPPORTED[impossible]}')
    if any(word in CONDITIONS for word in spoken) or (clause.unknown and any(word in EVENTS for word in spoken)):
        raise Refusal(f"{said} leaves a choice or depends on something, which is not supported")
    if clause.act is None and not clause.slots and any(word in ("is", "are", "am") for word in spoken):
        raise Refusal(f"{said} is a statement", "say what the drone should do")
    after_numbers = re.findall(r"\bN\d+ ([^\W\d_]+(?:'\w+)?)", clause.text)
    unit = next((word for word in after_numbers if word in clause.unknown), None)
    if unit is not None:
        raise Refusal(f'"{unit}" is not a unit that is known; known: {", ".join(SHOWN_UNITS)}')
    if clause.foreign:
        hint = 'say a height, a direction or coordinates, as in "go to (1, 0, 1)"'
        raise Refusal(f'"{english(clause.foreign)}" is not known: {_KNOWN_THINGS}', hint)


def _resolve(clause: Clause, reading: Reading, said: str, *, use_model: bool) -> Clause:
    """Let the sentence model decide on a clause with unknown words."""
    unknown = " and ".join(f'"{word}"' for word in clause.unknown)
    if any(word in reading.names for word in clause.unknown):
        raise Refusal(f"{unknown} is not known: {_KNOWN_THINGS}")
    paraphrases = packaged_paraphrases() if use_model else None
    if paraphrases is None:
        if clause.act is None or not all(word.endswith("ly") for word in clause.unknown):
            raise Refusal(f"{unknown} in {said} is not understood", HINT if use_model else "")
        likeness = None
    else:
        likeness = paraphrases.act(clause.text, _margin(clause))
        if likeness is None or not _agree(clause.act, likeness.act):
            raise Refusal(f"{unknown} in {said} is not understood")
    if clause.act is None and likeness is not None:
        clause = _with_act(clause, likeness)
        like = f'is like "{likeness.example}" (similarity {likeness.score:.2f}), so it'
    else:
        reading.ignored.extend(clause.unknown)
        like = ""
    reading.remarks.append(f"{said} {like} is to {_name(clause.act or '')}".replace("  ", " "))
    return clause


def _margin(clause: Clause) -> float:
    if clause.act in FIGURES:
        return FIGURE_MARGIN
    return MARGIN if clause.act is None and clause.slots else WIDE_MARGIN


def _agree(act: Act | None, other: Act) -> bool:
    return act in (None, other) or any(act in kin and other in kin for kin in _KIN)


def _with_act(clause: Clause, likeness: Likeness) -> Clause:
    corners = next((CORNERS[word] for word in likeness.example.split() if word in CORNERS), 0)
    return replace(
        clause, act=likeness.act, acts=(likeness.act,), corners=corners if likeness.act == "polygon" else clause.corners
    )


def _name(act: Act) -> str:
    names = {
        "figure_eight": "fly a figure eight",
        "circle": "fly a circle",
        "ellipse": "fly an ellipse",
        "polygon": "fly a polygon",
        "takeoff": "take off",
        "spin": "turn",
        "visit": "visit points",
    }
    return names.get(act, act)
