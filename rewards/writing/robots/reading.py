"""From a sentence to what it asks of a task: abilities with their slots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from telic.rewards.writing.brief import Refusal
from telic.rewards.writing.clause import split, words_of
from telic.rewards.writing.idioms import plain
from telic.rewards.writing.minilm import HINT, load_model, model_folder
from telic.rewards.writing.nearest import phrase_vectors
from telic.rewards.writing.paraphrase import MARGIN, WIDE_MARGIN, Paraphrases
from telic.rewards.writing.quantity import Canonical
from telic.rewards.writing.robots.idioms import ROBOT_REWRITES
from telic.rewards.writing.robots.repertoire import Ability, Repertoire, refused_phrases, repertoire
from telic.rewards.writing.robots.slots import MANNERS, SLOTS
from telic.rewards.writing.slots import CUT, Found, find_slots
from telic.rewards.writing.understand import is_question
from telic.rewards.writing.vocabulary import CONDITIONS, COURTESIES, NEGATIONS, words

# Verbs that only help where another word says what to do: "stay upright", "keep running".
_HELPERS = words(
    "keep keeps keeping stay stays staying hold holds holding remain remains remaining maintain maintains maintaining "
    "be being make makes making get gets getting start starts starting begin do does doing continue continues bring"
)
_PRONOUNS = words("it there them this that")
# Words beside slots and verbs that carry nothing.
_FILLERS = COURTESIES | words(
    "theground inplace centred straighton up speed pace side possible time only both there them air water"
)
# After these stands a thing.
_DETERMINERS = words("the a an your my his her our their its this that some any every each no")
_PLACES = words("to at on onto into over under behind beside near around through across along past towards toward from")


@dataclass(frozen=True)
class Ask:
    """One thing that a sentence asks for.

    Attributes:
        ability: What.
        slots: The slots that it takes, by name.
        said: The words that ask for it.
    """

    ability: Ability
    slots: Mapping[str, tuple[Found, ...]]
    said: str


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
        clause = _Clause(piece, reading.text, known, things)
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
        names = set(rest.split()) & (known.verbs | _HELPERS)
        says_more = not names and not _unknown(rest, known)
        if says_more and joined:
            joined[-1][0] += f" , {piece}"
        elif says_more:
            before += f"{piece} , "
        else:
            joined.append([before + piece, joiner])
            before = ""
    return [(piece, joiner) for piece, joiner in joined] or [(before, "")]


class _Clause:
    """A clause while its words and slots are given to abilities."""

    def __init__(self, text: str, canonical: Canonical, known: Repertoire, before: set[str]) -> None:
        """Cut the slots out.

        Args:
            text: Canonical, plain text.
            canonical: The sentence.
            known: What may be asked for.
            before: The things that the clause before names: what "it" may stand for.
        """
        self.text = text
        self.canonical = canonical
        self.known = known
        self.said = f'"{_english(canonical.spoken(text))}"'
        found, self.rest = find_slots(text, SLOTS)
        self.slots: dict[str, tuple[Found, ...]] = {}
        for slot in found:
            self.slots[slot.name] = (*self.slots.get(slot.name, ()), slot)
        self.words = set(self.rest.replace(CUT, " ").split())
        if self.words & _PRONOUNS:
            self.words |= before
        self.things = self.words & frozenset().union(*known.nouns.values())
        self.manners = {name for name in self.slots if name in MANNERS}
        self.unknown = _unknown(self.rest, known)
        self._left = set(self.rest.replace(CUT, " ").split())

    def check_words(self) -> None:
        """Refuse negations, conditions and unknown things."""
        spoken = words_of(self.rest)
        if any(word in NEGATIONS for word in spoken):
            raise Refusal(f"{self.said} says what not to do, which is not understood", "say what the robot should do")
        if any(word in CONDITIONS for word in spoken):
            raise Refusal(f"{self.said} leaves a choice or depends on something, which is not supported")
        thing = _thing(self.rest.replace(CUT, " ").split(), self.unknown, self.known)
        if thing:
            raise Refusal(f'"{_english(thing)}" is not known: there is only {self.known.things}')

    def asks(self, *, use_model: bool) -> list[Ask]:
        """What the clause asks for.

        Raises:
            Refusal: If that is not understood, or a slot is left over.
        """
        first = self._best(strong=False)
        if self.unknown or first is None:
            first = self._resolved(first, use_model=use_model)
        found: list[Ask] = []
        while first is not None:
            found.append(self._take(first))
            first = self._best(strong=True) or self._best_for_numbers()
        self._check_all_taken(found)
        return found

    def _check_all_taken(self, found: Sequence[Ask]) -> None:
        """Refuse what no ability took: a direction, a number, a thing, a word."""
        left = [slot for name, slots in self.slots.items() if name not in MANNERS for slot in slots]
        allowed = [ask.ability.directions for ask in found if "direction" in ask.ability.takes]
        if left and left[0]["direction"] and allowed:
            possible = ", ".join(allowed[0])
            raise Refusal(f"{left[0]['direction']!r} is not possible in {self.said}; allowed: {possible}")
        if left:
            said = _english(self.canonical.spoken(left[0].text))
            raise Refusal(f'"{said}" in {self.said}: it is not clear what for')
        words_left = sorted(self._left & (self.known.words - _HELPERS - self.known.nouns.get("self", frozenset())))
        if words_left:
            raise Refusal(f'"{_english(words_left[0])}" in {self.said} is not understood here')

    def _best(self, *, strong: bool) -> Ability | None:
        """The ability that fits the words that are left best; None if there is none."""
        return self._chosen(
            [
                ability
                for ability in self.known.abilities
                if self._left & (ability.words - _HELPERS if strong else ability.words)
                and all(nouns & self.words for nouns in ability.about)
            ]
        )

    def _best_for_numbers(self) -> Ability | None:
        """The ability that needs the numbers of a thing that are left: "with the cart 1 m to the left"."""
        return self._chosen(
            [
                ability
                for ability in self.known.abilities
                if ability.needs
                and any(nouns & self._left for nouns in (*ability.about, *ability.hints))
                and all(nouns & self.words for nouns in ability.about)
            ]
        )

    def _chosen(self, candidates: Sequence[Ability]) -> Ability | None:
        """The candidate that leaves the fewest slots, then the one whose words and things are named most."""

        def rank(ability: Ability) -> tuple[int, ...]:
            left = [name for name in self.slots if name not in MANNERS and name not in self._slots_of(ability)]
            nouns = sum(bool(nouns & self.words) for nouns in (*ability.about, *ability.hints))
            strong = self._left & ability.words - _HELPERS
            return len(left), -nouns, -len(strong), -len(ability.needs)

        able = [ability for ability in candidates if all(self._has(ability, slot) for slot in ability.needs)]
        return min(able, key=rank, default=None)

    def _has(self, ability: Ability, slot: str) -> bool:
        return slot in self.slots or (slot == ability.length and self._nameless(ability) is not None)

    def _nameless(self, ability: Ability) -> str | None:
        """The length that an ability may take for the one that it needs, where the clause does not name that."""
        if not ability.length or ability.length in self.slots:
            return None
        return next((name for name in ("length", "offset") if name in self.slots), None)

    def _slots_of(self, ability: Ability) -> set[str]:
        """The clause's slots that an ability takes, by the clause's names."""
        taken = {name for name in (*ability.needs, *ability.takes) if name in self.slots}
        said = {slot["direction"] for slot in self.slots.get("direction", ())}
        if "direction" in taken and not said <= set(ability.directions):
            taken.remove("direction")
        nameless = self._nameless(ability)
        return taken if nameless is None else taken | {nameless}

    def _take(self, ability: Ability) -> Ask:
        names, nameless = self._slots_of(ability), self._nameless(ability)
        slots = {ability.length if name == nameless else name: self.slots[name] for name in names}
        for name in names - set(MANNERS):
            del self.slots[name]
        self._left -= ability.words
        for nouns in (*ability.about, *ability.hints):
            self._left -= nouns
        return Ask(ability, slots, self.said)

    def _resolved(self, first: Ability | None, *, use_model: bool) -> Ability:
        """Let the sentence model decide on a clause with unknown words, or without a word that says what to do."""
        unknown = " and ".join(f'"{_english(word)}"' for word in self.unknown) or self.said
        reason = f"{unknown} in {self.said} is not understood" if self.unknown else f"{unknown} is not understood"
        paraphrases = _paraphrases(self.known.task) if use_model else None
        if paraphrases is None:
            if first is None or not all(word.endswith("ly") for word in self.unknown):
                raise Refusal(reason, HINT if use_model else "")
            return first
        likeness = paraphrases.act(_english(self.text), WIDE_MARGIN if first is None and not self.slots else MARGIN)
        if likeness is None or (first is not None and likeness.act != first.verb):
            raise Refusal(reason)
        if first is not None:
            return first
        same = [ability for ability in self.known.abilities if ability.verb == likeness.act]
        chosen = self._chosen([ability for ability in same if all(nouns & self.words for nouns in ability.about)])
        chosen = chosen or self._chosen(same)
        if chosen is None:
            raise Refusal(reason)
        self.said += f' (like "{likeness.example}", similarity {likeness.score:.2f})'
        self.unknown = ()
        return chosen


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


@lru_cache(maxsize=4)
def _paraphrases(task: str) -> Paraphrases | None:
    """The example phrases of a task in the packaged model's space, or None if the model is not installed."""
    folder = model_folder()
    if folder is None:
        return None
    model, own, refused = load_model(folder), repertoire(task).examples, refused_phrases()
    vectors = [model.embed([phrase for _, phrase in own]), phrase_vectors(model, refused)]
    return Paraphrases(model, (*own, *(("none", phrase) for phrase in refused)), np.concatenate(vectors))


def _unknown(rest: str, known: Repertoire) -> tuple[str, ...]:
    """Words that no list holds."""
    spoken = rest.replace(CUT, " ").split()
    lists = (_FILLERS, _HELPERS, known.words, NEGATIONS, CONDITIONS)
    return tuple(word for word in spoken if word.replace("'", "").isalpha() and not any(word in one for one in lists))


def _thing(spoken: Sequence[str], unknown: Sequence[str], known: Repertoire) -> str:
    """The first phrase that names an unknown thing; an unknown word before a known thing is only an adjective."""
    for index, word in enumerate(spoken[1:], start=1):
        after = spoken[index + 1] if index + 1 < len(spoken) else ""
        before = spoken[index - 1]
        if word in unknown and before in _DETERMINERS | _PLACES and after not in known.words and after not in unknown:
            start = index - 1
            while start > 0 and spoken[start - 1] in _PLACES:
                start -= 1
            return " ".join(spoken[start : index + 1])
    return ""


_ENGLISH = {
    "nofall": "do not fall",
    "nocollide": "touch nothing",
    "straighton": "keep the heading",
    "theground": "the ground",
    "getup": "get up",
    "swingup": "swing up",
    "centred": "in the middle",
    "inplace": "in place",
    "fastest": "as fast as possible",
    "highest": "as high as possible",
}


def _english(text: str) -> str:
    """Plain text with the writer's own words as English ones."""
    return " ".join(_ENGLISH.get(word, word) for word in text.split()).replace(" ,", ",").strip(" ,")
