"""From a reward and a person's words to the next reward: weights and declared numbers change, nothing else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from telic.rewards.bounds import inputs_of
from telic.rewards.lower import Term
from telic.rewards.parameters import Parameter, parameters_of, with_parameters
from telic.rewards.program import RewardProgram
from telic.rewards.refining.complaint import Heard, NotUnderstoodError, Remedy, heard
from telic.rewards.refining.weight import Change, reweighed
from telic.rewards.signals import NEXT

# By how much of itself, or of its range where it is zero, a declared number moves when nobody says how much.
_SHARE = 0.1


@dataclass(frozen=True)
class Refined:
    """The next version of a reward.

    Attributes:
        source: Its text.
        changes: What is different, in order.
        understood: What was understood, complaint by complaint.
    """

    source: str
    changes: tuple[Change, ...]
    understood: tuple[str, ...]


def refine(program: RewardProgram, feedback: str) -> Refined:
    """Change a reward after what a person saw.

    Args:
        program: The reward that was trained with.
        feedback: What the person says, as in "it drifts to the left and is jerky".

    Raises:
        NotUnderstoodError: If something of it is not understood, or the reward has nothing to change for it.
    """
    source, changes, understood = program.source, [], []
    for each in heard(feedback):
        source, changed = _remedied(program, source, each)
        changes += changed
        understood.append(f"{each.complaint.name}: {each.clause}")
    return Refined(source, tuple(changes), tuple(understood))


def _remedied(program: RewardProgram, source: str, said: Heard) -> tuple[str, list[Change]]:
    complaint = said.complaint
    for parameter in parameters_of(source) if complaint.parameter else ():
        if re.search(complaint.parameter, parameter.name):
            return _moved(source, parameter, complaint.direction, said)
    changes = []
    for term, factor in _terms(program, complaint.remedies):
        source, change = reweighed(source, term.name, factor)
        changes.append(change)
    if not changes:
        sought = " or ".join(dict.fromkeys(remedy.of for remedy in complaint.remedies))
        raise NotUnderstoodError(
            f"{said.clause!r}: the reward has no term for {sought}; its terms are {', '.join(program.term_names)}. "
            "A language model can write one: --writer llm"
        )
    return source, changes


def _terms(program: RewardProgram, remedies: tuple[Remedy, ...]) -> Iterator[tuple[Term, float]]:
    """The terms that the remedies are for, each once."""
    done: set[str] = set()
    for remedy in remedies:
        named = [term for term in program.term_list if re.search(remedy.terms, term.name)]
        # A term that is called by another name is known by what it reads.
        found = named or [term for term in program.term_list if remedy.reads and _reads(term, remedy.reads)]
        for term in found:
            if term.name not in done:
                done.add(term.name)
                yield term, remedy.factor


def _reads(term: Term, pattern: str) -> bool:
    return any(re.search(pattern, name.removeprefix(NEXT)) for name in inputs_of(term.node))


def _moved(source: str, parameter: Parameter, direction: int, said: Heard) -> tuple[str, list[Change]]:
    """The program with one declared number moved, by the amount that was named or by a tenth."""
    by = said.amount_m if said.amount_m is not None and parameter.unit == "m" else None
    if by is None:
        by = _SHARE * (abs(parameter.value) or parameter.high - parameter.low)
    wanted = parameter.value + direction * by
    value = round(min(max(wanted, parameter.low), parameter.high), 6)
    if value == parameter.value:
        raise NotUnderstoodError(
            f"{said.clause!r}: {parameter.name} is {parameter.value:g} {parameter.unit} already, "
            f"at the end of its range {parameter.low:g} to {parameter.high:g}"
        )
    line = next(i for i, text in enumerate(source.split("\n"), 1) if text.startswith(f"{parameter.name} = "))
    changed = with_parameters(source, {parameter.name: value})
    return changed, [Change(parameter.name, f"{parameter.value:g}", f"{value:g}", line)]
