"""`telic data list`: the datasets in a folder, from what their files say of themselves."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table
from safetensors import safe_open

from telic.launch.data import kinds
from telic.launch.data.dataset import size_of
from telic.replay.errors import ReplayError
from telic.replay.exchange.lerobot_layout import INFO
from telic.replay.kernels import ENDED, VOID
from telic.replay.store.store import Store

_DEEPEST = 4


@dataclass(frozen=True)
class Entry:
    """One dataset of a folder.

    Attributes:
        path: Where it lies.
        kind: One of `kinds`.
        episodes: How many; None where only reading all of it would tell.
        steps: How many.
        bytes: On disk.
        problem: Why it cannot be read; empty if it can.
    """

    path: Path
    kind: str
    episodes: int | None
    steps: int | None
    bytes: int
    problem: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**vars(self), "path": str(self.path)}


def datasets_in(folder: Path) -> list[Entry]:
    """All datasets in a folder, at most four levels deep, sorted by path."""
    return [_entry(path, kind) for path, kind in _found(folder, 0)]


def listing_table(entries: list[Entry], folder: Path) -> Table:
    """The datasets for people."""
    table = Table("dataset", "kind", "episodes", "steps", "size", "")
    for column in table.columns[2:5]:
        column.justify = "right"
    for entry in entries:
        inside = entry.path.relative_to(folder) if entry.path.is_relative_to(folder) else entry.path
        table.add_row(
            str(inside), entry.kind, _count(entry.episodes), _count(entry.steps), readable(entry.bytes), entry.problem
        )
    return table


def readable(size: int) -> str:
    """Bytes for people."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000.0:
            break
        value, unit = value / 1000.0, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100.0 else f"{value:.1f} {unit}"


def _found(folder: Path, depth: int) -> Iterator[tuple[Path, str]]:
    kind = kinds.kind_of(folder)
    if kind is not None:
        yield folder, kind
    elif folder.is_dir() and depth <= _DEEPEST:
        for path in sorted(folder.iterdir()):
            if not path.name.startswith("."):
                yield from _found(path, depth + 1)


def _entry(path: Path, kind: str) -> Entry:
    try:
        episodes, steps = _COUNTS[kind](path)
    except (ReplayError, OSError, LookupError, TypeError, ValueError) as error:
        return Entry(path, kind, None, None, size_of(path), f"damaged: {error}")
    return Entry(path, kind, episodes, steps, size_of(path))


def _store_counts(path: Path) -> tuple[int, int]:
    store = Store.open(path)
    return len(store.episodes), len(store)


def _replay_counts(path: Path) -> tuple[int, int]:
    """Episodes and steps, without reading more than the marks of the steps."""
    with safe_open(path, "numpy") as file:
        flags = file.get_tensor("flags")
        if "episodes" in file.keys():  # noqa: SIM118 (not a dict)
            return file.get_slice("episodes").get_shape()[0], int(np.count_nonzero((flags & VOID) == 0))
        # Version 1 had no episode table: an end is an episode, and so is what has none in the newest row.
        about, ends = json.loads(file.get_tensor("description").tobytes()), file.get_slice("ends").get_shape()[0]
    if not about["count"]:
        return 0, 0
    newest = (about["head"] - 1) % about["rows"] * about["streams"]
    still_open = np.count_nonzero((flags[newest : newest + about["streams"]] & ENDED) == 0)
    return ends + int(still_open), about["count"] * about["streams"]


def _minari_counts(path: Path) -> tuple[int, int]:
    metadata = json.loads((path / "data" / "metadata.json").read_text())
    return int(metadata["total_episodes"]), int(metadata["total_steps"])


def _lerobot_counts(path: Path) -> tuple[int, int]:
    info = json.loads((path / INFO).read_text())
    return int(info["total_episodes"]), int(info["total_frames"])


def _hdf5_counts(path: Path) -> tuple[None, int]:
    import h5py

    with h5py.File(path, "r") as file:
        return None, len(file["rewards"])  # pyright: ignore[reportArgumentType]


def _sb3_counts(path: Path) -> tuple[None, None]:
    return None, None


_COUNTS = {
    kinds.STORE: _store_counts,
    kinds.REPLAY: _replay_counts,
    kinds.MINARI: _minari_counts,
    kinds.LEROBOT: _lerobot_counts,
    kinds.HDF5: _hdf5_counts,
    kinds.SB3: _sb3_counts,
}


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
