"""From what is asked for to a reward program: the task's own terms, those of the abilities, their success."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Template

from telic.rewards.writing.robots.clause import Ask
from telic.rewards.writing.robots.repertoire import Piece, Repertoire
from telic.rewards.writing.source import docstring, number, signature
from telic.rewards.writing.vocabulary import words

_NAME = re.compile(r"(?<![\w.])[a-z]\w*(?!\w*\()")
# Names of the language that are no signals.
_KEYWORDS = words(
    "return and or not if else pi metre second kilogram newton radian degree bound margin lower upper sigmoid "
    "value_at_margin"
)


@dataclass(frozen=True)
class Part:
    """An ability with its numbers filled in.

    Attributes:
        ask: What was asked for.
        text: What ``$name`` stands for.
    """

    ask: Ask
    text: Mapping[str, str]


def compose(sentence: str, parts: Sequence[Part], manners: Iterable[str], known: Repertoire) -> str:
    """The text of a program.

    Args:
        sentence: What it is for.
        parts: What is asked for.
        manners: How; they change the weights of terms.
        known: The task's repertoire.
    """
    decided = {part.ask.ability.subject for part in parts}
    factors = _factors(manners, known)
    own = {name: piece for name, piece in known.terms.items() if not decided & set(piece.unless)}
    terms = _lines(own, known.values, factors)
    costs: dict[str, list[str]] = {}
    names = {name: Template(code).substitute(known.values) for name, code in known.locals.items()}
    constants, success = [], []
    for part in parts:
        ability, text = part.ask.ability, {**known.values, **part.text}
        constants += [Template(line).substitute(text) for line in ability.constants]
        names |= {name: Template(code).substitute(text) for name, code in ability.locals.items()}
        terms |= _lines(ability.terms, text, factors)
        costs |= _lines(ability.costs, text, {})
        if ability.success:
            success.append(Template(ability.success).substitute(text))
    success += [known.success] if known.success else []
    functions = [_function("reward", _dictionary(terms), names)]
    if costs:
        functions.append(_function("cost", _dictionary(costs), names))
    success = [Template(condition).substitute(known.values) for condition in dict.fromkeys(success)]
    functions.append(_function("success", [f"return {' and '.join(success)}"], names))
    head = [*docstring(sentence), *(["", *dict.fromkeys(constants)] if constants else [])]
    return "\n".join([*head, *("\n\n" + "\n".join(lines) for lines in functions)]) + "\n"


def _factors(manners: Iterable[str], known: Repertoire) -> dict[str, float]:
    factors: dict[str, float] = {}
    for manner in sorted(manners):
        for term, factor in known.manners.get(manner, {}).items():
            factors[term] = factors.get(term, 1.0) * factor
    return factors


def _lines(pieces: Mapping[str, Piece], text: Mapping[str, str], factors: Mapping[str, float]) -> dict[str, list[str]]:
    """Each term as lines of a dictionary: a comment, if it has one, and its value."""
    lines = {}
    for name, piece in pieces.items():
        code = Template(piece.code).substitute(text)
        weight = piece.weight * factors.get(name, 1.0)
        value = code if weight == 1.0 else f"{number(weight)} * {code}"
        lines[name] = [*([f"# {piece.note}"] if piece.note else []), f'"{name}": {value},']
    return lines


def _dictionary(terms: Mapping[str, list[str]]) -> list[str]:
    return ["return {", *(f"    {line}" for lines in terms.values() for line in lines), "}"]


def _function(name: str, body: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """A function with the local names that its body uses, and with the signals that all of that reads."""
    used = {local: code for local, code in names.items() if local in _needed(body, names)}
    lines = [*(f"{local} = {code}" for local, code in used.items()), *body]
    signals = dict.fromkeys(read for line in lines for read in _names(line) if read not in used)
    return [*signature(name, list(signals)), *(f"    {line}" for line in lines)]


def _needed(body: Sequence[str], names: Mapping[str, str]) -> set[str]:
    """Local names that a body uses, directly and through others."""
    needed: set[str] = set()
    new = [name for line in body for name in _names(line)]
    while new:
        name = new.pop()
        if name in names and name not in needed:
            needed.add(name)
            new += _names(names[name])
    return needed


def _names(line: str) -> list[str]:
    """Names that a line reads: no functions, no constants, no keys, no words of the language."""
    code = re.sub(r'"[^"]*"|#.*', "", line)
    return [name for name in _NAME.findall(code) if name not in _KEYWORDS]
