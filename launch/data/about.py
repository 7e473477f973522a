"""`telic data info`: what is in a dataset."""

from collections import Counter
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from telic.launch.data.dataset import Dataset, size_of
from telic.launch.data.listing import readable
from telic.replay.column import Column
from telic.replay.episodes import Episodes

_BINS = 10
_BAR = 40
_QUANTILES = {"least": 0.0, "q10": 0.1, "median": 0.5, "q90": 0.9, "most": 1.0}


def facts_of(dataset: Dataset) -> dict[str, Any]:
    """All that is known of a dataset, as plain data."""
    replay = dataset.replay
    table = replay.episodes()
    both = table.terminated & table.truncated
    return {
        "path": str(dataset.path),
        "kind": dataset.kind,
        "about": dict(dataset.about),
        "bytes": size_of(dataset.path),
        "episodes": len(table),
        "steps": len(replay),
        "length": _spread(table.length[table.whole]),
        "ends": {
            "terminated": int(np.count_nonzero(table.terminated & ~both)),
            "truncated": int(np.count_nonzero(table.truncated & ~both)),
            "both": int(np.count_nonzero(both)),
            "open": int(np.count_nonzero(~table.terminated & ~table.truncated)),
        },
        "sources": _sources(dataset),
        "signals": [asdict(signal) for signal in replay.schema.signals],
        "actions": asdict(replay.schema.actions),
        "rewards": {name: _reward(dataset, column) for name, column in replay.columns.items()},
        "problems": [str(problem.what) for problem in dataset.store.problems] if dataset.store else [],
        "reading": dataset.report.as_dict() if dataset.report else None,
    }


def show(facts: dict[str, Any], console: Console) -> None:
    """Show what `facts_of` found."""
    ends = ", ".join(f"{count:,} {end}" for end, count in facts["ends"].items() if count)
    length = facts["length"]
    console.print(f"[bold]{facts['path']}[/]  {facts['kind']}, {readable(facts['bytes'])}")
    console.print(f"{facts['episodes']:,} episodes, {facts['steps']:,} steps; ends: {ends or 'none'}")
    if length:
        console.print(f"length of whole episodes: {length['mean']:.4g} ({length['least']:g} to {length['most']:g})")
    for name, value in facts["about"].items():
        console.print(f"{name}: {value}", markup=False)
    for name, values in facts["sources"].items():
        if name in facts["about"] and len(values) == 1:
            continue
        console.print(f"{name}: {', '.join(f'{value} ({count:,})' for value, count in values.items())}", markup=False)
    console.print(_signal_table(facts))
    for name, reward in facts["rewards"].items():
        console.print(_reward_table(name, reward))
    for line in [*facts["problems"], *reading_lines(facts["reading"])]:
        console.print(line, style="yellow", markup=False)


def reading_lines(report: dict[str, Any] | None) -> list[str]:
    """What reading another library's dataset left out, and what else is worth knowing."""
    if report is None:
        return []
    dropped = [f"left out, {count:,} x: {reason}" for reason, count in report["dropped"].items()]
    return dropped + [f"note, {count:,} x: {what}" for what, count in report["notes"].items()]


def _sources(dataset: Dataset) -> dict[str, dict[str, int]]:
    """How many episodes have which value of each tag; the eight most frequent."""
    if dataset.store is None:
        return {}
    table = dataset.store.episodes
    counts: dict[str, Counter] = {}
    for episode in range(len(table)):
        for name, value in table.tags(episode).items():
            counts.setdefault(name, Counter())[str(value)] += 1
    return {name: dict(values.most_common(8)) for name, values in counts.items()}


def _reward(dataset: Dataset, column: Column) -> dict[str, Any]:
    """The values and returns of a reward column."""
    covered = column.missing(dataset.replay.ring) == 0
    if not covered:
        return {"covers_all": False}
    table: Episodes = dataset.replay.episodes(column)
    values = column.total[: len(dataset.replay)]
    returns = table.returns[table.whole] if table.returns is not None else np.zeros(0)
    counts, edges = np.histogram(returns, bins=_BINS) if len(returns) else (np.zeros(0, int), np.zeros(0))
    return {
        "covers_all": True,
        "steps": _spread(values),
        "returns": _spread(returns),
        "histogram": {"edges": edges.tolist(), "episodes": counts.tolist()},
        "terms": sorted(column.terms),
    }


def _spread(values: np.ndarray) -> dict[str, float] | None:
    if not len(values):
        return None
    quantiles = np.quantile(values, list(_QUANTILES.values())).tolist()
    return {"mean": float(np.mean(values, dtype=np.float64)), **dict(zip(_QUANTILES, quantiles, strict=True))}


def _signal_table(facts: dict[str, Any]) -> Table:
    table = Table("signal", "shape", "unit", "frame", "type", "")
    for column in table.columns[:5]:
        column.no_wrap = True
    for signal in facts["signals"]:
        shape = "x".join(map(str, signal["shape"])) or "scalar"
        table.add_row(
            signal["name"], shape, signal["unit"], signal["frame"], signal["dtype"], Text(signal["description"])
        )
    actions = facts["actions"]
    table.add_row("action", str(len(actions["names"])), actions["unit"], "", "float32", Text(_names(actions["names"])))
    return table


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:6])
    return shown if len(names) <= 6 else f"{shown}, ... ({len(names)})"


def _reward_table(name: str, reward: dict[str, Any]) -> RenderableType:
    """The returns of a reward as bars, ten ranges from the least to the most."""
    short = name if len(name) <= 20 else f"{name[:12]}..."
    if not reward["covers_all"]:
        return Text(f"reward {short}: does not cover all steps; telic data relabel scores the rest")
    steps, returns = reward["steps"], reward["returns"]
    if steps is None or returns is None:
        return Text(f"reward {short}: no whole episode")
    head = Text(
        f"reward {short}: {steps['mean']:.4g} per step; return {returns['mean']:.4g} on average, "
        f"median {returns['median']:.4g}"
    )
    table = Table("return from", "to", "episodes", "")
    for column in table.columns[:3]:
        column.justify = "right"
    edges, counts = reward["histogram"]["edges"], reward["histogram"]["episodes"]
    for low, high, count in zip(edges, edges[1:], counts, strict=False):
        table.add_row(f"{low:.4g}", f"{high:.4g}", f"{count:,}", "█" * round(_BAR * count / max(counts)))
    return Group(head, table)
