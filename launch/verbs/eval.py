"""`telic eval RUN`: held-out episodes of a run's policy, beside the PID baseline."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.table import Table

from telic.launch.arguments import parse
from telic.launch.errors import UserError
from telic.launch.output import print_json
from telic.launch.progress import Progress


@dataclass(frozen=True)
class EvalArguments:
    """Run a policy on held-out episodes; flights beside the PID baseline, with noise and disturbances."""

    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """A run folder."""
    episodes: int = 200
    """How many."""
    seed: int = 0
    """Which ones; never an episode of training."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(EvalArguments, argv, "telic eval")
    from telic.launch.baseline import is_baseline, is_flight
    from telic.launch.folder import RunFolder
    from telic.launch.report.tables import evaluation_table
    from telic.launch.run import reopen
    from telic.launch.stages import compare_with_pid

    if arguments.episodes < 1 or arguments.seed < 0:
        raise UserError(f"--episodes {arguments.episodes} --seed {arguments.seed}; allowed: at least 1, and at least 0")
    if is_baseline(RunFolder.open(arguments.run)) and not is_flight(arguments.run):
        return _returns(arguments)
    run = reopen(arguments.run)
    with Progress() as progress, progress.stage("evaluate") as news:
        found = compare_with_pid(run, arguments.episodes, arguments.seed, news)
    if arguments.json:
        print_json(found)
        return 0
    shown = evaluation_table(found["controllers"])
    table = Table("", *shown.columns)
    for row in shown.rows:
        table.add_row(row.label, *(f"[bold]{cell.text}[/]" if cell.better else cell.text for cell in row.cells))
    Console(highlight=False).print(table)
    return 0


def _returns(arguments: EvalArguments) -> int:
    """Evaluate a policy on a world that no PID baseline is for."""
    from telic.launch.baseline import evaluate_baseline, reopen_baseline

    run = reopen_baseline(arguments.run)
    with Progress() as progress, progress.stage("evaluate"):
        found = evaluate_baseline(run, arguments.episodes, arguments.seed)
    if arguments.json:
        print_json(found)
        return 0
    table = Table("", found["world"])
    for name, label in _LABELS.items():
        if found[name] is not None:
            table.add_row(label, f"{found[name]:.4g}")
    Console(highlight=False).print(table)
    return 0


_LABELS = {
    "episodes": "episodes",
    "return_mean": "return, mean",
    "return_std": "return, standard deviation",
    "return_iqm": "return, mean of the middle half",
    "episode_steps_mean": "length in steps",
    "lost_fraction": "share lost before the time limit",
    "success_fraction": "share that succeeded",
}
