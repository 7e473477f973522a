"""Rows of the report's tables, from the plain data in a run folder."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, Any]


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
    """One figure of an evaluation.

    Attributes:
        label: What it is.
        key: Its name in the evaluation.
        show: Its text, from all of the controller's figures.
        best: Which of several values is the best one.
    """

    label: str
    key: str
    show: Callable[[Figures], str]
    best: Callable[[Sequence[float]], float]


def percent(value: float) -> str:
    """A share, with one digit after the point."""
    return f"{100.0 * value:.1f} %"


def distance(metres: float) -> str:
    """A distance in centimetres, or in millimetres where it is short."""
    return f"{100.0 * metres:.1f} cm" if metres >= 0.01 else f"{1000.0 * metres:.1f} mm"


def _share(label: str, name: str) -> Measure:
    def show(figures: Figures) -> str:
        low, high = figures[f"{name}_interval"]
        return f"{percent(figures[f'{name}_fraction'])} ({100 * low:.1f} to {100 * high:.1f})"

    return Measure(label, f"{name}_fraction", show, max)


def _distance(label: str, name: str) -> Measure:
    def show(figures: Figures) -> str:
        return f"{distance(figures[f'{name}_m'])} ({distance(figures[f'{name}_p95_m'])})"

    return Measure(label, f"{name}_m", show, min)


MEASURES = (
    _share("settled: survived, and ended within 0.2 m", "settle"),
    _share("survived", "survival"),
    _share("success by the reward program", "success"),
    _distance("distance after 1 s", "error_1s"),
    _distance("distance after 2 s", "error_2s"),
    _distance("distance in the last second", "steady_error"),
    _distance("tracking error (RMS)", "tracking_rmse"),
)


def evaluation_table(controllers: Mapping[str, Figures]) -> Table:
    """Figures by controller; the best of each row is marked."""
    measures = [*MEASURES, *_lap_times(controllers)]
    rows = [_row(measure, list(controllers.values())) for measure in measures]
    return Table(list(controllers), [row for row in rows if row is not None])


def _lap_times(controllers: Mapping[str, Figures]) -> list[Measure]:
    """Tracking at lap times other than the asked one."""
    times = next(iter(controllers.values())).get("other_lap_times_s", [])
    return [_distance(f"tracking error (RMS), {time:g} s a lap", f"tracking_rmse_at_{time:g}s") for time in times]


def _row(measure: Measure, controllers: Sequence[Figures]) -> Row | None:
    """One line; None where nobody has the figure."""
    known = [figures[measure.key] for figures in controllers if figures.get(measure.key) is not None]
    if not known:
        return None
    best = measure.best(known)
    return Row(
        measure.label,
        [
            Cell("–") if figures.get(measure.key) is None else Cell(measure.show(figures), figures[measure.key] == best)
            for figures in controllers
        ],
    )


_MOODS = {"passed": ("proven", "good"), "failed": ("failed", "bad"), "not possible": ("not possible here", "open")}


def proof_rows(proofs: Mapping[str, Any]) -> list[Proof]:
    """The claims of `telic verify`, as the page shows them."""
    rows = []
    for proof in proofs["proofs"]:
        outcome, mood = _MOODS[proof["status"]]
        rows.append(Proof(proof["claim"], outcome, mood, proof["detail"], proof["remedy"]))
    return rows


def measured_rows(proofs: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Label, text and note of what was measured on the emulated Cortex-M4F; what could not be measured is left out."""
    values = (
        ("instructions for one evaluation of the policy", _count(proofs["instructions_per_step"]), ""),
        ("instructions for the dearest step of the executor", _count(proofs["instructions_per_executor_step"]), ""),
        ("instructions for one multiply-accumulate", _decimals(proofs["instructions_per_mac"], 2), ""),
        ("share of a 2 ms period at 168 MHz", _percent_or_none(proofs["period_share"]), "at one instruction a clock"),
        ("estimated cycles of that step", _count(proofs["estimated_cycles"]), proofs["cycle_assumption"]),
        ("flash", _kibibytes(proofs["flash_bytes"]), "code, weights and golden vectors"),
        ("RAM", _kibibytes(proofs["ram_bytes"]), "the state of the policy"),
        ("stack of one step", _kibibytes(proofs["stack_bytes"]), ""),
    )
    return [(label, text, note) for label, text, note in values if text is not None]


def _count(value: int | None) -> str | None:
    return None if value is None else f"{value:,}".replace(",", "\N{THIN SPACE}")


def _decimals(value: float | None, digits: int) -> str | None:
    return None if value is None else f"{value:.{digits}f}"


def _percent_or_none(value: float | None) -> str | None:
    return None if value is None else percent(value)


def _kibibytes(value: int | None) -> str | None:
    if value is None:
        return None
    return f"{value / 1024:.1f} KiB" if value >= 1024 else f"{value} bytes"
