"""A reward program in words and tables: what it reads, what it adds up, and where each part is written."""

from telic.rewards.ir import schedule
from telic.rewards.lower import Term
from telic.rewards.program import RewardProgram
from telic.rewards.signals import readable_signals


def explain(program: RewardProgram) -> str:
    """Describe a program for a person, in plain text."""
    signals = readable_signals(program.signals)
    read = dict.fromkeys((*program.inputs, *program.success_inputs))
    sections = [
        program.sentence,
        "reads\n" + _table([[name, *_signal_cells(str(signals[name]))] for name in read]),
        "adds\n" + _table([_term_cells(term) for term in program.term_list]),
    ]
    if program.success_term is not None:
        sections.append(
            "succeeds when\n" + _table([[program.success_term.source, f"line {program.success_term.line}"]])
        )
    sections.append(f"fingerprint {program.fingerprint}")
    return "\n\n".join(sections) + "\n"


def _signal_cells(text: str) -> list[str]:
    _, shape_unit_frame = text.split(" ", 1)
    return [shape_unit_frame]


def _term_cells(term: Term) -> list[str]:
    read = [node.data[0] for node in schedule([term.node]) if node.op == "input"]
    return [
        term.name,
        f"[{term.unit}]",
        f"line {term.line}",
        term.source,
        f"of {', '.join(read)}" if read else "constant",
    ]


def _table(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(f"  {line.rstrip()}" for line in lines)
