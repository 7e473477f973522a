"""Reward programs of subgoals that are reached one after the other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal, get_args

from telic.replay.signal import Signal
from telic.rewards.signals import did_you_mean
from telic.rewards.writing.source import docstring, number, numbers, signature

MOST_SUBGOALS = 8
Kind = Literal["at", "near", "above", "below"]


@dataclass(frozen=True)
class Subgoal:
    """Something that can be told to be reached.

    Attributes:
        name: A name for it, as of a variable.
        kind: ``at`` a point, ``near`` another signal, ``above`` or ``below`` a number.
        signal: What is there, after the step.
        scale: How far away from it an episode typically begins, in the signal's unit.
        lasts: Whether it stays true while later ones are reached; False for a place to pass through.
        other: The other signal, for ``near``.
        element: Which element of the signal, for ``above`` and ``below``.
        target: The point, or the number.
        offset: From the other signal, for ``near``.
        within: How near is near enough, for ``at`` and ``near``.
    """

    name: str
    kind: Kind
    signal: str
    scale: float
    lasts: bool = True
    other: str = ""
    element: int = 0
    target: tuple[float, ...] = ()
    offset: tuple[float, ...] = ()
    within: float = 0.0


def staged_program(sentence: str, subgoals: Sequence[Subgoal], signals: Sequence[Signal]) -> str:
    """The text of a program that leads through subgoals in order.

    Its one term counts the subgoals that are reached in a row and adds how near the next one is, from 0 to 1. Where all
    of them last, that is a function of the state. Where one is only passed through, the program remembers within the
    episode how many are reached.

    Args:
        sentence: What it is for.
        subgoals: In order; the last is what the sentence asks for.
        signals: The task's.

    Raises:
        ValueError: If a subgoal does not fit the signals: with all that is wrong, one mistake in a line.
    """
    known = {signal.name: signal for signal in signals}
    problems = list(_problems(subgoals, known))
    if problems:
        raise ValueError("\n".join(problems))
    stages = [_Stage(subgoal, known[subgoal.signal]) for subgoal in subgoals]
    remembers = not all(subgoal.lasts for subgoal in subgoals[:-1])
    functions = _remembering(stages) if remembers else _of_state(stages)
    head = [*docstring(sentence), "", *(line for stage in stages for line in stage.constants)]
    return "\n".join([*head, *("\n\n" + "\n".join(lines) for lines in functions)]) + "\n"


class _Stage:
    """The pieces of a subgoal's code.

    Attributes:
        signals: What it reads.
        constants: Lines at the top of the program.
        distance: The line that says how far away it is.
        near: From 0 afar to 1.
        reached: The condition.
    """

    def __init__(self, subgoal: Subgoal, signal: Signal) -> None:
        self.signals = [f"next_{name}" for name in (subgoal.signal, subgoal.other) if name]
        self.constants: list[str] = []
        name, here = f"to_{subgoal.name}", self.signals[0]
        bound = subgoal.within
        if subgoal.kind in ("above", "below"):
            limit = self._constant(subgoal, subgoal.target[:1], signal.unit)
            value = f"{here}[{subgoal.element}]" if signal.shape else here
            difference = f"{limit} - {value}" if subgoal.kind == "above" else f"{value} - {limit}"
            bound, length = 0.0, f"maximum({difference}, 0.0)"
        else:
            function = "norm" if signal.shape else "abs"
            length = f"{function}({here}{self._away(subgoal, signal.unit)})"
        self.distance = f"{name} = {length}"
        self.near = (
            f"tolerance({name}, bound={number(bound)}, margin={number(subgoal.scale)}, "
            f'value_at_margin=0.3, sigmoid="reciprocal")'
        )
        self.reached = f"{name} <= {number(bound)}"

    def _away(self, subgoal: Subgoal, unit: str) -> str:
        """What is subtracted from the signal."""
        if subgoal.kind == "at":
            return f" - {self._constant(subgoal, subgoal.target, unit)}"
        offset = f" - {self._constant(subgoal, subgoal.offset, unit)}" if subgoal.offset else ""
        return f" - {self.signals[1]}{offset}"

    def _constant(self, subgoal: Subgoal, values: Sequence[float], unit: str) -> str:
        """The name of a new constant with these values."""
        name = subgoal.name.upper()
        self.constants.append(f"{name} = {numbers(values) if len(values) > 1 else number(values[0])}  # [{unit}]")
        return name


def _of_state(stages: Sequence[_Stage]) -> Iterator[list[str]]:
    """The functions of a program without memory."""
    *before, last = stages
    arguments = [text for stage in before for text in (stage.near, stage.reached)]
    value = [last.near]
    if before:
        value = ["staged(", *(f"    {text}," for text in (*arguments, last.near)), ")"]
    value = [f'"stages": {value[0]}', *value[1:-1], *value[1:][-1:]]
    yield [
        *signature("reward", _read(stages)),
        *(f"    {stage.distance}" for stage in stages),
        "    return {",
        *(f"        {line}" for line in value[:-1]),
        f"        {value[-1]},",
        "    }",
    ]
    yield [*signature("success", _read([last])), f"    {last.distance}", f"    return {last.reached}"]


def _remembering(stages: Sequence[_Stage]) -> Iterator[list[str]]:
    """The functions of a program that remembers how many subgoals are reached."""
    distances = [f"    {stage.distance}" for stage in stages]
    yield [
        *signature("memory", [*_read(stages), "stage=0.0"]),
        *distances,
        *_chosen("reached", [stage.reached for stage in stages], "stage"),
        f'    return {{"stage": minimum(stage + where(reached, 1.0, 0.0), {number(len(stages))})}}',
    ]
    yield [
        *signature("reward", [*_read(stages), "next_stage"]),
        *distances,
        *_chosen("near", [*(stage.near for stage in stages), "0.0"], "next_stage"),
        '    return {"stages": next_stage + near}',
    ]
    yield ["def success(next_stage):", f"    return next_stage > {number(len(stages) - 0.5)}"]


def _chosen(name: str, values: Sequence[str], stage: str) -> list[str]:
    """Lines that give a name the value of the stage that is on."""
    lines = [f"    {name} = {values[0]}"]
    for index, value in enumerate(values[1:], start=1):
        lines += [f"    if {stage} > {number(index - 0.5)}:", f"        {name} = {value}"]
    return lines


def _read(stages: Iterable[_Stage]) -> list[str]:
    return list(dict.fromkeys(name for stage in stages for name in stage.signals))


def _problems(subgoals: Sequence[Subgoal], known: Mapping[str, Signal]) -> Iterator[str]:
    if not 1 <= len(subgoals) <= MOST_SUBGOALS:
        yield f"there are {len(subgoals)} subgoals; allowed: 1 to {MOST_SUBGOALS}"
    names = [subgoal.name for subgoal in subgoals]
    for index, subgoal in enumerate(subgoals):
        where = f"subgoals[{index}] {subgoal.name!r}"
        if not (subgoal.name.isidentifier() and subgoal.name.isascii() and subgoal.name.islower()):
            yield f"{where}: the name must be small letters and underscores"
        elif names.count(subgoal.name) > 1:
            yield f"{where}: the name stands there twice; rename one"
        yield from (f"{where}: {problem}" for problem in _problems_of(subgoal, known))


def _problems_of(subgoal: Subgoal, known: Mapping[str, Signal]) -> Iterator[str]:
    """Yield what is wrong with a subgoal itself."""
    numbers_given = (*subgoal.target, *subgoal.offset, subgoal.within, subgoal.scale)
    if not all(isinstance(value, int | float) and isfinite(value) for value in numbers_given):
        yield "its numbers must be finite"
        return
    if subgoal.kind not in get_args(Kind):
        yield f"there is no kind {subgoal.kind!r}; {did_you_mean(subgoal.kind, get_args(Kind))}"
        return
    missing = [name for name in (subgoal.signal, subgoal.other) if name and name not in known]
    if missing:
        yield f"there is no signal {missing[0]!r}; {did_you_mean(missing[0], list(known))}"
        return
    signal = known[subgoal.signal]
    if subgoal.scale <= 0.0:
        yield f"scale is {subgoal.scale:g}; allowed: more than 0"
    if len(signal.shape) > 1:
        yield f"{signal.name} is a matrix {signal.shape}; a subgoal needs a number or a vector"
    elif subgoal.kind in ("above", "below"):
        yield from _problems_of_number(subgoal, signal)
    else:
        yield from _problems_of_place(subgoal, signal, known)


def _problems_of_number(subgoal: Subgoal, signal: Signal) -> Iterator[str]:
    if len(subgoal.target) != 1:
        yield f"target has {len(subgoal.target)} numbers; {subgoal.kind!r} needs one"
    if not 0 <= subgoal.element < signal.size:
        yield f"{signal.name} has no element {subgoal.element}; allowed: 0 to {signal.size - 1}"


def _problems_of_place(subgoal: Subgoal, signal: Signal, known: Mapping[str, Signal]) -> Iterator[str]:
    if subgoal.within <= 0.0:
        yield f"within is {subgoal.within:g}; {subgoal.kind!r} needs more than 0"
    if subgoal.kind == "at":
        if len(subgoal.target) != signal.size:
            yield f"target has {len(subgoal.target)} numbers; {signal.name} has {signal.size}"
        return
    if not subgoal.other:
        yield "'near' needs other, the signal to be near to"
        return
    other = known[subgoal.other]
    if (other.shape, other.unit, other.frame) != (signal.shape, signal.unit, signal.frame):
        yield (
            f"{signal.name} {signal.shape} [{signal.unit}] {signal.frame} cannot be near "
            f"{other.name} {other.shape} [{other.unit}] {other.frame}"
        )
    if subgoal.offset and len(subgoal.offset) != signal.size:
        yield f"offset has {len(subgoal.offset)} numbers; {signal.name} has {signal.size}"
