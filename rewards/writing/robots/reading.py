"""From a sentence to what it asks of a task: abilities with their slots."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from telic.rewards.writing.brief import Refusal
from telic.rewards.writing.clause import split
from telic.rewards.writing.idioms import plain
from telic.rewards.writing.quantity import Canonical
from telic.rewards.writing.robots.clause import Ask, Clause
from telic.rewards.writing.robots.idioms import ROBOT_REWRITES
from telic.rewards.writing.robots.repertoire import Repertoire
from telic.rewards.writing.robots.slots import SLOTS
from telic.rewards.writing.robots.words import HELPERS, unknown_words
from telic.rewards.writing.slots import find_slots
from telic.rewards.writing.understand import is_question


@dataclass
class Reading:
    """What a sentence asks for, filled clause by clause so that a refusal can say what was understood before it.

    Attributes:
        text: The canonical sentence.
        asks: What it asks for.
        manners: How.
        remarks: What each clause was taken for.
        ignored: Words that were not used.
    """

    text: Canonical
    asks: list[Ask] = field(default_factory=list)
    manners: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def understand(reading: Reading, known: Repertoire, *, use_model: bool) -> None:
    """Fill a reading.

    Raises:
        Refusal: If a clause is a question, a negation, or not understood.
    """
    text = plain(reading.text.text, ROBOT_REWRITES)
    if is_question(text):
        raise Refusal("it is a question", "say what the robot should do")
    things: set[str] = set()
    for piece, joiner in _joined(split(text), known):
        clause = Clause(piece, reading.text, known, things)
        things = clause.things
        clause.check_words()
        for ask in clause.asks(use_model=use_model):
            _add(reading, ask, joiner)
        reading.manners |= clause.manners
        reading.ignored += clause.unknown
    if not reading.asks:
        raise Refusal("it does not say what to do", f"there is only {known.things}")


def _joined(clauses: Sequence[tuple[str, str]], known: Repertoire) -> list[tuple[str, str]]:
    """Clauses that name something to do, each with the clauses after it that only say more about it."""
    joined: list[list[str]] = []
    before = ""
    for piece, joiner in clauses:
        _, rest = find_slots(piece, SLOTS)
        names = set(rest.split()) & (known.verbs | HELPERS)
        says_more = not names and not unknown_words(rest, known)
        if says_more and joined:
            joined[-1][0] += f" , {piece}"
        elif says_more:
            before += f"{piece} , "
        else:
            joined.append([before + piece, joiner])
            before = ""
    return [(piece, joiner) for piece, joiner in joined] or [(before, "")]


def _add(reading: Reading, ask: Ask, joiner: str) -> None:
    """Keep what a clause asks for, unless it contradicts what was asked for before."""
    for other in tuple(reading.asks):
        if other.ability.verb in ask.ability.implied_by and not ask.slots:
            return
        if ask.ability.verb in other.ability.implied_by and not other.slots:
            reading.asks.remove(other)
            joiner = ""
    same = next((other for other in reading.asks if other.ability.subject == ask.ability.subject), None)
    if same is not None:
        if same.ability.verb != ask.ability.verb or (ask.slots and same.slots):
            raise Refusal(f"{same.said} and {ask.said} cannot both hold", "ask for one of the two")
        if ask.slots:
            reading.asks[reading.asks.index(same)] = ask
        return
    if joiner == "then" and reading.asks:
        raise Refusal(f"{ask.said} after something else: one thing after another is not supported", "ask for one thing")
    reading.asks.append(ask)
    reading.remarks.append(f"{ask.said} is to {ask.ability.says}")
