"""Rows of the report's tables, from the plain data in a run folder."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cell:
    """One entry of a table.

    Attributes:
        text: As people read it.
        better: Whether it is the best of its row.
    """

    text: str
    better: bool = False


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        label: What is measured.
        cells: One for each column.
    """

    label: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Table:
    """Columns with a name, and rows.

    Attributes:
        columns: Their names.
        rows: From top to bottom.
    """

    columns: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Proof:
    """One claim about the export, and whether it was seen to be true.

    Attributes:
        claim: A sentence.
        outcome: ``proven``, ``failed`` or ``not possible here``.
        mood: Class of the style sheet for it.
        detail: What was seen.
        fix: The command that makes it possible, if it was not.
    """

    claim: str
    outcome: str
    mood: str
    detail: str
    fix: str


@dataclass(frozen=True)
class Measure:
    """How one figure of an evaluation is shown.

    Attributes:
        label: What it is.
        show: Its text.
        best: Which of several values is the best one.
    """

    label: str
    show: Callable[[float], str]
    best: Callable[[Sequence[float]], float]


def percent(value: float) -> str:
    """A share, with one digit after the point."""
    return f"{100.0 * value:.1f} %"


def centimetres(value: float) -> str:
    """A distance in metres, in centimetres."""
    return f"{100.0 * value:.1f} cm"


MEASURES = {
    "settle_fraction": Measure("survive 5 s and end within 0.2 m", percent, max),
    "survive_fraction": Measure("survive 5 s", percent, max),
    "error_1s_m": Measure("distance after 1 s", centimetres, min),
    "error_2s_m": Measure("distance after 2 s", centimetres, min),
    "steady_error_m": Measure("distance in the steady state", centimetres, min),
    "tracking_rmse_m": Measure("tracking error (RMS)", centimetres, min),
}


def evaluation_table(controllers: Mapping[str, Mapping[str, Any]]) -> Table:
    """Figures by controller; the best of each row is marked."""
    rows = []
    for key, measure in MEASURES.items():
        values = [figures.get(key) for figures in controllers.values()]
        known = [float(value) for value in values if value is not None and math.isfinite(value)]
        if not known:
            continue
        best = measure.best(known)
        rows.append(Row(measure.label, [_cell(value, measure, best) for value in values]))
    return Table(list(controllers), rows)


def _cell(value: float | None, measure: Measure, best: float) -> Cell:
    if value is None or not math.isfinite(value):
        return Cell("–")
    return Cell(measure.show(float(value)), better=float(value) == best)


_MOODS = {"passed": ("proven", "good"), "failed": ("failed", "bad"), "not possible": ("not possible here", "open")}


def proof_rows(proofs: Mapping[str, Any]) -> list[Proof]:
    """The claims of `telic verify`, as the page shows them."""
    rows = []
    for proof in proofs["proofs"]:
        outcome, mood = _MOODS[proof["status"]]
        rows.append(Proof(proof["claim"], outcome, mood, proof["detail"], proof["remedy"]))
    return rows


def measured_rows(proofs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and text of what was measured on the emulated Cortex-M4F; what could not be measured is left out."""
    values = {
        "instructions for one evaluation of the policy": _count(proofs["instructions_per_step"]),
        "instructions for the dearest step of the executor": _count(proofs["instructions_per_executor_step"]),
        "instructions for one multiply-accumulate": _decimals(proofs["instructions_per_mac"], 2),
        "the same number of instructions for every input": {True: "yes", False: "no"}.get(
            proofs["constant_instructions"]
        ),
        "share of a 2 ms period at 168 MHz, one instruction a clock": _percent_or_none(proofs["period_share"]),
        "estimated cycles of that step": _with_note(_count(proofs["estimated_cycles"]), proofs["cycle_assumption"]),
        "flash: code, weights, golden vectors": _kibibytes(proofs["flash_bytes"]),
        "RAM: state of the policy": _kibibytes(proofs["ram_bytes"]),
        "stack of one step": _kibibytes(proofs["stack_bytes"]),
    }
    return [(label, text) for label, text in values.items() if text is not None]


def _count(value: int | None) -> str | None:
    return None if value is None else f"{value:,}".replace(",", "\N{THIN SPACE}")


def _decimals(value: float | None, digits: int) -> str | None:
    return None if value is None else f"{value:.{digits}f}"


def _percent_or_none(value: float | None) -> str | None:
    return None if value is None else percent(value)


def _with_note(text: str | None, note: str) -> str | None:
    return f"{text} ({note})" if text and note else text


def _kibibytes(value: int | None) -> str | None:
    if value is None:
        return None
    return f"{value / 1024:.1f} KiB" if value >= 1024 else f"{value} bytes"
