"""`telic data relabel`: stored experience under a new reward."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from telic.launch.data import kinds
from telic.launch.data.dataset import News
from telic.launch.errors import UserError
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.replay.signal import Signal
from telic.replay.store.store import Store
from telic.rewards.program import RewardProgram, load_reward

# Steps over which the terms are looked at.
_SAMPLE = 100_000


def relabel(path: Path, reward: Path, keep_terms: bool, news: News) -> dict[str, Any]:
    """Score all steps of a store or a replay file, and keep the column there.

    Raises:
        UserError: If the dataset is of another library.
        ReplayError: If the dataset or the reward is refused.
        RewardError: If the program is refused.
    """
    kind = kinds.kind_or_refuse(path)
    if kind not in kinds.OWN:
        raise UserError(f"{path} is a dataset of {kind}: import it first with telic data import {path}")
    start = time.monotonic()
    scored = _relabel_store if kind == kinds.STORE else _relabel_file
    found = scored(path, reward, keep_terms, news)
    return {"path": str(path), **found, "seconds": time.monotonic() - start}


def show(found: dict[str, Any], console: Console) -> None:
    """Show what `relabel` found."""
    console.print(f"{found['sentence']}  [dim]{found['column'][:12]}[/]")
    console.print(
        f"{found['scored']:,} of {found['steps']:,} steps scored in {found['seconds']:.1f} s: {found['mean']:.4g} per "
        f"step ({found['least']:.4g} to {found['most']:.4g}), return {_or_dash(found['mean_return'])} per whole episode"
    )
    table = Table("term", "mean", "least", "most")
    for name, term in found["terms"].items():
        table.add_row(name, *(f"{term[key]:.4g}" for key in ("mean", "least", "most")))
    console.print(table)
    if found["success"] is not None:
        console.print(f"success in {found['success']:.1%} of the steps")


def readable(schema: Schema) -> tuple[Signal, ...]:
    """What a reward program may read of stored data."""
    return (*schema.signals, schema.action)


def _relabel_store(path: Path, reward: Path, keep_terms: bool, news: News) -> dict[str, Any]:
    store = Store.open(path, "append")
    program = load_reward(reward, readable(store.schema))
    existing = store.columns.get(program.fingerprint)
    missing = len(store) if existing is None else existing.missing
    column = store.relabel(
        program, keep_terms=keep_terms, progress=lambda done, every: news(f"{done:,} of {every:,} steps")
    )
    return _found(store.mapped(), program, column.total, missing)


def _relabel_file(path: Path, reward: Path, keep_terms: bool, news: News) -> dict[str, Any]:
    replay = Replay.load(path)
    program = load_reward(reward, readable(replay.schema))
    existing = replay.columns.get(program.fingerprint)
    missing = len(replay) if existing is None else existing.missing(replay.ring) * replay.num_streams
    news(f"{len(replay):,} steps")
    column = replay.relabel(program, keep_terms=keep_terms)
    replay.save(path)
    return _found(replay, program, column.total[: len(replay)], missing)


def _found(replay: Replay, program: RewardProgram, values: np.ndarray, scored: int) -> dict[str, Any]:
    """The column in figures, and its terms over a sample of steps."""
    if not len(values):
        raise UserError("the dataset holds no steps")
    sample = np.unique(np.linspace(0, len(values) - 1, min(_SAMPLE, len(values))).astype(np.int64))
    inputs = replay.read(sample).inputs({*program.inputs, *program.success_inputs})
    # What a program remembers is not among the facts.
    success = None if program.memory else program.success(inputs)
    mean_return = replay.episodes(program.fingerprint).mean_return
    return {
        "column": program.fingerprint,
        "sentence": program.sentence,
        "steps": len(values),
        "scored": scored,
        **_figures(values),
        "mean_return": mean_return if np.isfinite(mean_return) else None,
        "terms": {name: _figures(term) for name, term in _terms(replay, program, inputs).items()},
        "success": None if success is None else float(success.mean()),
    }


def _terms(replay: Replay, program: RewardProgram, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The terms of sampled steps; of all steps in the order of time where the program remembers."""
    if not program.memory:
        return program.terms(inputs)
    column = replay.relabel(program, keep_terms=True)
    filled = replay.slots().ravel()
    return {name: values[filled] for name, values in column.terms.items()}


def _figures(values: np.ndarray) -> dict[str, float]:
    return {
        "mean": float(values.mean(dtype=np.float64)),
        "least": float(values.min()),
        "most": float(values.max()),
    }


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
