"""`telic reward compare`: reward programs against each other on stored episodes."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from telic.launch.arguments import parse
from telic.launch.errors import UserError, reading
from telic.launch.output import print_json
from telic.launch.progress import Progress

if TYPE_CHECKING:
    from telic.replay.reward import Reward
    from telic.rewards.compare import Agreement
    from telic.sim.world import AnyTask

_FILES = tyro.conf.arg(metavar="FILE")
# The name of the task's own reward.
OWN = "task"


@dataclass(frozen=True)
class CompareArguments:
    """Compare reward programs, and the task's own reward, on stored episodes.

    EPIC says how far two rewards are apart whatever their scale and shaping (0 equivalent, 1 opposite); Spearman's and
    Kendall's correlations, whether they rank episodes alike; the success AUC, whether they know success.
    """

    files: Annotated[tuple[Path, ...], tyro.conf.Positional, _FILES]
    """The reward programs."""
    data: tuple[Path, ...]
    """Datasets with episodes of the task."""
    task: str = "hover"
    """The task."""
    gamma: float = 0.99
    """Discount per step of the shaping that EPIC does not see."""
    seed: int = 0
    """Of draws and bootstrap."""
    out: Path | None = None
    """Also write a page."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(CompareArguments, argv, "telic reward compare")
    from telic.launch.data.refusals import refusals
    from telic.launch.reward.known import known_episodes
    from telic.rewards.compare import compare
    from telic.rewards.epic import EpicConfig
    from telic.sim.tasks.registry import make_task

    if not arguments.files or not arguments.data:
        raise UserError("name at least one reward file, and one dataset with --data")
    with reading("reward"):
        task = make_task(arguments.task)
        rewards = _rewards(arguments.files, task)
        config = EpicConfig(gamma=arguments.gamma)
    with Progress() as progress, progress.stage("compare") as news, refusals(), reading("reward"):
        known = known_episodes(task, arguments.data, False, arguments.seed, news)
        found = compare(rewards, known, config, arguments.seed)
    if arguments.out is not None:
        _write_page(found, arguments.out)
    if arguments.json:
        print_json({"episodes": len(known), "successes": int(known.success.sum()), **_plain(found)})
    else:
        _show(found, Console(file=sys.stdout, highlight=False))
    return 0


def _rewards(files: tuple[Path, ...], task: "AnyTask") -> "dict[str, Reward]":
    """The rewards by the names of their files; those of equal name by path."""
    from telic.control.make import reward_for
    from telic.rewards.program import load_reward

    stems = [file.stem for file in files]
    names = [file.stem if stems.count(file.stem) == 1 and file.stem != OWN else str(file) for file in files]
    return {OWN: reward_for(task)} | {
        name: load_reward(file, task.schema) for name, file in zip(names, files, strict=True)
    }


def matrices(found: "Agreement") -> dict[str, np.ndarray]:
    """The matrices by their titles."""
    return {"EPIC distance": found.epic, "Spearman": found.spearman, "Kendall": found.kendall}


def _plain(found: "Agreement") -> dict[str, Any]:
    from telic.launch.reward.score import figures

    def rows(matrix: np.ndarray) -> list[list[float | None]]:
        return [[float(value) if np.isfinite(value) else None for value in row] for row in matrix]

    return {
        "rewards": {name: figures(score) for name, score in zip(found.names, found.scores, strict=True)},
        "order": list(found.names),
        "epic": rows(found.epic),
        "spearman": rows(found.spearman),
        "kendall": rows(found.kendall),
    }


def _show(found: "Agreement", console: Console) -> None:
    from telic.launch.reward.score import auc_text

    table = Table("reward", "success AUC", "return of successes", "of others")
    for name, score in zip(found.names, found.scores, strict=True):
        table.add_row(name, auc_text(score), f"{score.success_return:.5g}", f"{score.other_return:.5g}")
    console.print(table)
    for title, matrix in matrices(found).items():
        table = Table(title, *found.names)
        for name, row in zip(found.names, matrix, strict=True):
            table.add_row(name, *("-" if np.isnan(value) else f"{value:.3f}" for value in row))
        console.print(table)


def _write_page(found: "Agreement", out: Path) -> None:
    from telic.launch.report.agreement import render_agreement

    out.write_text(render_agreement(found), encoding="utf-8")
