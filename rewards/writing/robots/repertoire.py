"""What the sentences of a task may ask for, read from data: `tasks/<task>.toml` and the family that it names.

A task of a family gives the family's pieces of code their meaning: what `$speed_now` is among its signals, how fast
it may go, which of the family's abilities it lacks, and which it has besides.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from string import Template
from typing import Any

from telic.rewards.writing.vocabulary import words

_FOLDER = Path(__file__).parent
# What holds whatever the direction: x forwards, y to the left, z up.
DIRECTIONS: dict[str, tuple[float, float, float]] = {
    "forward": (1.0, 0.0, 0.0),
    "back": (-1.0, 0.0, 0.0),
    "left": (0.0, 1.0, 0.0),
    "right": (0.0, -1.0, 0.0),
    "up": (0.0, 0.0, 1.0),
    "down": (0.0, 0.0, -1.0),
}


@dataclass(frozen=True)
class Piece:
    """A term of the reward.

    Attributes:
        code: Its value without the weight; ``$name`` stands for a number of the sentence or a value of the task.
        weight: What it is multiplied with.
        unless: Subjects; where the sentence says something about one of them, the term is left out.
        note: A comment for readers.
    """

    code: str
    weight: float = 1.0
    unless: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Ability:
    """Something that a sentence may ask for.

    Attributes:
        name: What it is called in messages.
        says: What it is, in words, for people.
        verb: Names the words that it is asked for with; abilities of one verb differ in what they need.
        words: These words.
        about: Groups of nouns, one of each of which must stand in the clause.
        hints: Groups of nouns that make it likelier.
        subject: What it decides; a sentence may decide each subject once.
        needs: Slots that must be filled; see `telic.rewards.writing.robots.slots`.
        takes: Slots that may be filled.
        length: The slot that a length without a name stands for.
        scaled: The slot that a direction turns into a vector ``$x``, ``$y``, ``$z``.
        towards: The direction if the sentence names none.
        directions: The directions that it has.
        implied_by: Verbs that imply it: next to one of them it says nothing new.
        defaults: Numbers that the sentence need not give, in SI units.
        assumes: What is assumed without being said, for people.
        constants: Lines at the top of the program.
        locals: Names within functions, with their values.
        terms: Terms of the reward.
        costs: Terms of the cost.
        success: When it is achieved.
    """

    name: str
    says: str
    verb: str
    words: frozenset[str]
    subject: str
    about: tuple[frozenset[str], ...] = ()
    hints: tuple[frozenset[str], ...] = ()
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    length: str = ""
    scaled: str = ""
    towards: str = ""
    directions: tuple[str, ...] = ()
    implied_by: tuple[str, ...] = ()
    defaults: Mapping[str, float] = field(default_factory=dict)
    assumes: str = ""
    constants: tuple[str, ...] = ()
    locals: Mapping[str, str] = field(default_factory=dict)
    terms: Mapping[str, Piece] = field(default_factory=dict)
    costs: Mapping[str, Piece] = field(default_factory=dict)
    success: str = ""


@dataclass(frozen=True)
class Repertoire:
    """All that the sentences of a task may ask for.

    Attributes:
        task: Name of the task.
        things: What there is in its world, for people.
        nouns: Words for these things.
        examples: Phrases for the sentence model, each after the verb that it stands for.
        abilities: What it can be asked for, in the order of preference.
        terms: Terms of every program.
        locals: Names within functions that several abilities use.
        manners: What a manner multiplies the weights of terms with.
        success: What must hold besides, whatever is asked for.
        limits: Smallest and largest value of numbers, in SI units, by slot or by ``ability.slot``.
        axes: Directions as axes of the task's own.
        values: What ``$name`` in pieces of code stands for.
        defaults: Numbers that a sentence need not give, by slot, or by ``ability.slot`` in place of the ability's.
        sentences: Sentences that work.
    """

    task: str
    things: str
    nouns: Mapping[str, frozenset[str]]
    examples: tuple[tuple[str, str], ...]
    abilities: tuple[Ability, ...]
    terms: Mapping[str, Piece]
    locals: Mapping[str, str]
    manners: Mapping[str, Mapping[str, float]]
    success: str
    limits: Mapping[str, Any]
    axes: Mapping[str, tuple[float, float, float]]
    values: Mapping[str, str]
    defaults: Mapping[str, float]
    sentences: tuple[str, ...]

    def limit(self, ability: Ability, slot: str) -> Any:
        """The smallest and the largest value of a number; None where there is no limit."""
        return self.limits.get(f"{ability.name}.{slot}", self.limits.get(slot))

    def defaults_of(self, ability: Ability) -> dict[str, float]:
        """The numbers that a sentence need not give, by slot."""
        slots = dict.fromkeys((*ability.defaults, *ability.takes, *ability.needs))
        found = {
            slot: self.defaults.get(f"{ability.name}.{slot}", ability.defaults.get(slot, self.defaults.get(slot)))
            for slot in slots
        }
        return {slot: value for slot, value in found.items() if value is not None}

    @property
    def verbs(self) -> frozenset[str]:
        """Every word that names an ability."""
        return frozenset().union(*(ability.words for ability in self.abilities))

    @property
    def words(self) -> frozenset[str]:
        """Every word that names an ability or a thing."""
        return self.verbs.union(*self.nouns.values())


def known_tasks() -> tuple[str, ...]:
    """Names of the tasks that sentences can be about."""
    return tuple(sorted(path.stem for path in (_FOLDER / "tasks").glob("*.toml")))


@lru_cache(maxsize=32)
def repertoire(task: str) -> Repertoire:
    """The repertoire of a task.

    Raises:
        KeyError: If there is none.
    """
    if task not in known_tasks():
        raise KeyError(task)
    own = _read("tasks", task)
    shared = _read("families", own["family"]) if "family" in own else {}
    nouns = {name: words(text) for name, text in {**shared.get("nouns", {}), **own.get("nouns", {})}.items()}
    verbs = {name: words(text) for name, text in {**shared.get("verbs", {}), **own.get("verbs", {})}.items()}
    lacking = own.get("without", [])
    abilities = [
        item for item in [*own.get("abilities", []), *shared.get("abilities", [])] if item["name"] not in lacking
    ]
    values = {**shared.get("values", {}), **own.get("values", {})}
    values = {name: Template(code).substitute(values) for name, code in values.items()}
    return Repertoire(
        task=task,
        things=own.get("things") or shared["things"],
        nouns=nouns,
        examples=_examples({**shared.get("examples", {}), **own.get("examples", {})}),
        abilities=tuple(_ability(item, nouns, verbs) for item in abilities),
        terms=_pieces({**shared.get("terms", {}), **own.get("terms", {})}),
        locals={**shared.get("locals", {}), **own.get("locals", {})},
        manners={**shared.get("manners", {}), **own.get("manners", {})},
        success=own.get("success", shared.get("success", "")),
        limits={**shared.get("limits", {}), **own.get("limits", {})},
        axes={**DIRECTIONS, **{name: tuple(axis) for name, axis in own.get("axes", {}).items()}},
        values=values,
        defaults=own.get("defaults", {}),
        sentences=tuple(own["sentences"]),
    )


def refused_phrases() -> tuple[str, ...]:
    """Phrases that no task should take for something that it can do."""
    return tuple(tomllib.loads((_FOLDER / "refused.toml").read_text(encoding="utf-8"))["none"])


def _read(kind: str, name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / kind / f"{name}.toml").read_text(encoding="utf-8"))


def _examples(own: Mapping[str, Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((verb, phrase) for verb, phrases in own.items() for phrase in phrases)


Words = Mapping[str, frozenset[str]]


def _ability(data: Mapping[str, Any], nouns: Words, verbs: Words) -> Ability:
    plain = {name: _tuple(value) for name, value in data.items()}
    for name in ("about", "hints"):
        plain[name] = tuple(nouns[noun] for noun in data.get(name, ()))
    for name in ("terms", "costs"):
        plain[name] = _pieces(data.get(name, {}))
    return Ability(**{**plain, "words": verbs[data["verb"]], "subject": data.get("subject", data["name"])})


def _pieces(data: Mapping[str, Mapping[str, Any]]) -> dict[str, Piece]:
    # A task takes a term of its family out by giving it no code.
    return {
        name: Piece(**{key: _tuple(value) for key, value in piece.items()}) for name, piece in data.items() if piece
    }


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
