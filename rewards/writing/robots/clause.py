"""One clause: which abilities its words and numbers ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from telic.rewards.writing.brief import Refusal
from telic.rewards.writing.clause import words_of
from telic.rewards.writing.minilm import HINT
from telic.rewards.writing.paraphrase import MARGIN, WIDE_MARGIN
from telic.rewards.writing.quantity import Canonical
from telic.rewards.writing.robots.paraphrases import paraphrases_of
from telic.rewards.writing.robots.repertoire import Ability, Repertoire
from telic.rewards.writing.robots.slots import MANNERS, SLOTS
from telic.rewards.writing.robots.words import (
    DEGREES,
    HELPERS,
    PRONOUNS,
    TELLING,
    english,
    unknown_thing,
    unknown_words,
)
from telic.rewards.writing.slots import CUT, Found, find_slots
from telic.rewards.writing.vocabulary import CONDITIONS, NEGATIONS


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


class Clause:
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
        self.said = f'"{english(canonical.spoken(text))}"'
        found, self.rest = find_slots(text, SLOTS)
        self.slots: dict[str, tuple[Found, ...]] = {}
        for slot in found:
            self.slots[slot.name] = (*self.slots.get(slot.name, ()), slot)
        self.words = set(self.rest.replace(CUT, " ").split())
        if self.words & PRONOUNS:
            self.words |= before
        self.things = self.words & frozenset().union(*known.nouns.values())
        self.manners = {name for name in self.slots if name in MANNERS}
        self.unknown = unknown_words(self.rest, known)
        self._left = set(self.rest.replace(CUT, " ").split())

    def check_words(self) -> None:
        """Refuse negations, conditions and unknown things."""
        spoken = words_of(self.rest)
        if any(word in NEGATIONS for word in spoken):
            raise Refusal(f"{self.said} says what not to do, which is not understood", "say what the robot should do")
        if any(word in CONDITIONS for word in spoken):
            raise Refusal(f"{self.said} leaves a choice or depends on something, which is not supported")
        degree = next((word for word in self.rest.split() if word in DEGREES), None)
        if degree is not None:
            raise Refusal(f'"{degree}" in {self.said} is not clear', "give a number")
        thing = unknown_thing(self.rest.replace(CUT, " ").split(), self.unknown, self.known)
        if thing:
            raise Refusal(f'"{english(thing)}" is not known: there is only {self.known.things}')

    def asks(self, *, use_model: bool) -> list[Ask]:
        """What the clause asks for.

        Raises:
            Refusal: If that is not understood, or a slot is left over.
        """
        first = self._best(strong=True) or self._best_for_numbers(self.words) or self._best(strong=False)
        if self.unknown or first is None:
            first = self._resolved(first, use_model=use_model)
        found: list[Ask] = []
        while first is not None:
            found.append(self._take(first))
            first = self._best(strong=True) or self._best_for_numbers(self._left)
            if first is None and self._leaves_something():
                first = self._best(strong=False)
        self._check_all_taken(found)
        return found

    def _leaves_something(self) -> bool:
        """Whether there is a number, a direction or a thing that no ability took."""
        things = self._left & frozenset().union(*self.known.nouns.values()) - self.known.nouns.get("self", frozenset())
        return bool(things) or any(name not in MANNERS for name in self.slots)

    def _check_all_taken(self, found: Sequence[Ask]) -> None:
        """Refuse what no ability took: a direction, a number, a thing, a word."""
        left = [slot for name, slots in self.slots.items() if name not in MANNERS for slot in slots]
        allowed = [ask.ability.directions for ask in found if "direction" in ask.ability.takes]
        if left and left[0]["direction"] and allowed:
            possible = ", ".join(allowed[0])
            raise Refusal(f"{left[0]['direction']!r} is not possible in {self.said}; allowed: {possible}")
        if left:
            said = english(self.canonical.spoken(left[0].text))
            raise Refusal(f'"{said}" in {self.said}: it is not clear what for')
        words_left = sorted(self._left & (self.known.words - HELPERS - self.known.nouns.get("self", frozenset())))
        if words_left:
            raise Refusal(f'"{english(words_left[0])}" in {self.said} is not understood here')

    def _best(self, *, strong: bool) -> Ability | None:
        """The ability that fits the words that are left best; None if there is none."""
        return self._chosen(
            [
                ability
                for ability in self.known.abilities
                if self._left & (ability.words - HELPERS if strong else ability.words)
                and all(nouns & self.words for nouns in ability.about)
            ]
        )

    def _best_for_numbers(self, spoken: set[str]) -> Ability | None:
        """The ability that needs the numbers that are left, where no word names one.

        Some numbers say themselves what they are: "keep a speed of 2 m/s". A mere length is one of a thing that is
        named: "with the cart 1 m to the left".
        """

        def says_it(ability: Ability) -> bool:
            nouns = any(nouns & spoken for nouns in (*ability.about, *ability.hints))
            return nouns or (
                not ability.about and any(slot in self.slots and slot in TELLING for slot in ability.needs)
            )

        return self._chosen(
            [
                ability
                for ability in self.known.abilities
                if set(ability.needs) - set(MANNERS)
                and says_it(ability)
                and all(nouns & self.words for nouns in ability.about)
            ]
        )

    def _chosen(self, candidates: Sequence[Ability]) -> Ability | None:
        """The candidate that leaves the fewest slots, then the one whose words and things are named most."""

        def rank(ability: Ability) -> tuple[int, ...]:
            left = [name for name in self.slots if name not in MANNERS and name not in self._slots_of(ability)]
            nouns = sum(bool(nouns & self.words) for nouns in (*ability.about, *ability.hints))
            strong = self._left & ability.words - HELPERS
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
        unknown = " and ".join(f'"{english(word)}"' for word in self.unknown) or self.said
        reason = f"{unknown} in {self.said} is not understood" if self.unknown else f"{unknown} is not understood"
        paraphrases = paraphrases_of(self.known.task) if use_model else None
        if paraphrases is None:
            if first is None or not all(word.endswith("ly") for word in self.unknown):
                raise Refusal(reason, HINT if use_model else "")
            return first
        likeness = paraphrases.act(english(self.text), WIDE_MARGIN if first is None and not self.slots else MARGIN)
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
