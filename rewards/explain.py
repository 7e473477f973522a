"""A reward program in words and tables: what it reads, what it adds up, and where each part is written."""

from collections.abc import Mapping

import numpy as np

from telic.rewards.ir import schedule
from telic.rewards.lower import Remembered, Term
from telic.rewards.program import RewardProgram
from telic.rewards.signals import readable_signals


def explain(program: RewardProgram, stored: Mapping[str, np.ndarray] | None = None) -> str:
    """Describe a program for a person, in plain text.

    Args:
        program: The program.
        stored: The terms' values on stored data, (N,) each, whose range is then shown beside them.
    """
    signals = readable_signals(program.signals)
    read = dict.fromkeys((*program.inputs, *program.success_inputs))
    sections = [
        program.sentence,
        "reads\n" + _table([[name, *_signal_cells(str(signals[name]))] for name in read]),
        "adds\n" + _table([_term_cells(term, stored) for term in program.term_list]),
    ]
    if program.memory:
        sections.append("remembers within an episode\n" + _table([_memory_cells(kept) for kept in program.memory]))
    if program.cost is not None:
        sections.append("keeps apart, as costs\n" + _table([_term_cells(term) for term in program.cost.term_list]))
    if program.success_term is not None:
        sections.append(
            "succeeds when\n" + _table([[program.success_term.source, f"line {program.success_term.line}"]])
        )
    sections.append(f"fingerprint {program.fingerprint}")
    return "\n\n".join(sections) + "\n"


def _signal_cells(text: str) -> list[str]:
    _, shape_unit_frame = text.split(" ", 1)
    return [shape_unit_frame]


def _memory_cells(kept: Remembered) -> list[str]:
    initial = ", ".join(f"{value:g}" for value in kept.initial)
    return [kept.signal.name, *_signal_cells(str(kept.signal)), f"{initial} at the start"]


def _term_cells(term: Term, stored: Mapping[str, np.ndarray] | None = None) -> list[str]:
    read = [node.data[0] for node in schedule([term.node]) if node.op == "input"]
    return [
        term.name,
        f"[{term.unit}]",
        *([] if stored is None else [_range(stored[term.name])]),
        f"line {term.line}",
        term.source,
        f"of {', '.join(read)}" if read else "constant",
    ]


def _range(values: np.ndarray) -> str:
    return f"{values.min():.4g} to {values.max():.4g}, mean {values.mean(dtype=np.float64):.4g}"


def _table(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(f"  {line.rstrip()}" for line in lines)
