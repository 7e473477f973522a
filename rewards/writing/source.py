"""Pieces of a reward program's text that every writer needs."""

from collections.abc import Sequence

_LINE = 120


def docstring(sentence: str) -> list[str]:
    """The sentence that a program is written for, as its docstring."""
    text = " ".join(sentence.split()).replace("\\", "\\\\").replace('"', '\\"')
    return [f'"""{text[:1].upper()}{text[1:]}{"" if text[-1:] in ".!?" else "."}"""']


def signature(name: str, signals: Sequence[str]) -> list[str]:
    """The head of a function, on several lines if one is too long."""
    line = f"def {name}({', '.join(signals)}):"
    return [line] if len(line) <= _LINE else [f"def {name}(", *(f"    {signal}," for signal in signals), "):"]


def number(value: float) -> str:
    """A number as a program writes it."""
    return repr(round(float(value), 6) + 0.0)


def numbers(values: Sequence[float]) -> str:
    """Numbers as a program writes a vector."""
    return f"({', '.join(map(number, values))})"
