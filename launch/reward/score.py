"""`telic reward score`: what a reward program gives stored episodes."""

import sys
from dataclasses import asdict, dataclass
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
    from telic.rewards.compare import Score
    from telic.rewards.evidence import Evidence

_FILE = tyro.conf.arg(metavar="FILE")
# Episodes that are listed for people.
_LISTED = 20


@dataclass(frozen=True)
class ScoreArguments:
    """Score stored episodes with a reward program: the return of each, and how well it tells success from the rest.

    Success is what the task's own reward says. Nothing is kept: `telic data relabel` keeps a column.
    """

    file: Annotated[Path, tyro.conf.Positional, _FILE]
    """The reward program."""
    data: tuple[Path, ...]
    """Datasets with episodes of the task."""
    task: str = "hover"
    """The task."""
    seed: int = 0
    """Of the bootstrap."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(ScoreArguments, argv, "telic reward score")
    from telic.launch.data.refusals import refusals
    from telic.launch.reward.known import known_episodes
    from telic.rewards.compare import score
    from telic.rewards.program import load_reward
    from telic.sim.tasks.registry import make_task

    if not arguments.data:
        raise UserError("name at least one dataset with --data; telic data make makes one")
    with reading("reward"):
        task = make_task(arguments.task)
        program = load_reward(arguments.file, task.schema)
    with Progress() as progress, progress.stage("score") as news, refusals(), reading("reward"):
        known = known_episodes(task, arguments.data, False, arguments.seed, news)
        found = score(program, known, arguments.seed)
    if arguments.json:
        print_json({"sentence": program.sentence, "episodes": _episodes(known, found), **figures(found)})
    else:
        _show(known, found, Console(file=sys.stdout, highlight=False))
    return 0


def figures(found: "Score") -> dict[str, Any]:
    """A score as plain data, without the episodes."""
    return {
        "success_auc": None if found.success_auc is None else asdict(found.success_auc),
        "success_return": _finite_or_none(found.success_return),
        "other_return": _finite_or_none(found.other_return),
    }


def auc_text(found: "Score") -> str:
    """The success AUC for people."""
    if found.success_auc is None:
        return "-"
    return f"{found.success_auc.value:.3f} ({found.success_auc.low:.3f} to {found.success_auc.high:.3f})"


def _episodes(known: "Evidence", found: "Score") -> list[dict[str, Any]]:
    return [
        {
            "source": str(known.source[row]),
            "steps": int(known.length[row]),
            "success": bool(known.success[row]),
            "terminated": bool(known.terminated[row]),
            "return": float(found.returns[row]),
        }
        for row in range(len(known))
    ]


def _show(known: "Evidence", found: "Score", console: Console) -> None:
    table = Table("return", "steps", "success", "end", "source")
    order = np.argsort(-found.returns)
    # The best and the worst, where there are many.
    for row in order if len(order) <= _LISTED else np.append(order[: _LISTED // 2], order[-_LISTED // 2 :]):
        ended = "terminated" if known.terminated[row] else "truncated"
        success = "yes" if known.success[row] else "no"
        table.add_row(f"{found.returns[row]:.5g}", str(known.length[row]), success, ended, str(known.source[row]))
    console.print(table)
    if len(order) > _LISTED:
        console.print(f"the best and the worst of {len(order)} episodes")
    console.print(
        f"mean return {found.success_return:.5g} of successes, {found.other_return:.5g} of others; "
        f"success AUC {auc_text(found)}"
    )


def _finite_or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None
