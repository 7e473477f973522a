"""The training history as files: a table for any tool, and TensorBoard events."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TERM = "term/"


def flat(row: Mapping[str, Any]) -> dict[str, float]:
    """One row of a history without nesting: the terms of the reward become ``term/<name>``."""
    terms = row.get("terms", {})
    return {name: value for name, value in row.items() if name != "terms"} | {
        f"{TERM}{name}": value for name, value in terms.items()
    }


def write_csv(path: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Write a table; what a row does not have stays empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def write_tensorboard(folder: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Write the rows as scalars over their ``step``."""
    from tensorboard.summary import Writer

    writer = Writer(str(folder))
    for row in rows:
        for name, value in row.items():
            if name != "step":
                tag = name if "/" in name else f"train/{name}"
                writer.add_scalar(tag, value, int(row["step"]))
    writer.close()
