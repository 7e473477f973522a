"""`telic reward check`: a reward program's values before any training."""

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from telic.launch.arguments import parse
from telic.launch.errors import reading
from telic.launch.output import print_json

if TYPE_CHECKING:
    from telic.rewards.check import CheckReport
    from telic.rewards.program import RewardProgram

_FILE = tyro.conf.arg(metavar="FILE")
_CHECK_WORLDS, _CHECK_STEPS = 32, 100


@dataclass(frozen=True)
class CheckArguments:
    """Check a reward program: first its text, then its values on a shaken flight and at extreme states.

    The exit code is 0 when there is no error.
    """

    file: Annotated[Path, tyro.conf.Positional, _FILE]
    """The reward program."""
    task: str = "hover"
    """The task whose signals it may read."""
    seed: int = 0
    """Of the flight and the extreme states."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(CheckArguments, argv, "telic reward check")
    from telic.rewards.program import load_reward
    from telic.sim.tasks.registry import make_task

    with reading("reward"):
        program = load_reward(arguments.file, make_task(arguments.task).schema)
    report = shaken_report(program, arguments.task, arguments.seed)
    if arguments.json:
        print_json({"passed": report.passed, **asdict(report)})
    else:
        _show(report, Console(file=sys.stdout, highlight=False))
    return 0 if report.passed else 1


def shaken_report(program: "RewardProgram", task_name: str, seed: int) -> "CheckReport":
    """Check a program on episodes in which the robot is shaken."""
    from telic.launch.recorder import Shaken, record_episodes
    from telic.rewards.check import check_reward
    from telic.sim.tasks.registry import make_task

    task = make_task(task_name)
    shaken = Shaken(task, np.random.default_rng(seed))
    replay = record_episodes(task, shaken, seed, _CHECK_WORLDS, _CHECK_STEPS)
    names = {*program.inputs, *program.success_inputs}
    return check_reward(program, replay.read(replay.slots().ravel()).inputs(names), seed)


def _show(report: "CheckReport", console: Console) -> None:
    for finding in report.findings:
        colour = "red" if finding.severity == "error" else "yellow"
        console.print(f"[{colour}]{finding.severity}[/] {finding.check}: ", end="")
        console.print(finding.message, markup=False, soft_wrap=True)
    table = Table("term", "mean", "std", "least", "most", "share")
    for term in report.terms:
        numbers = (term.mean, term.std, term.minimum, term.maximum)
        table.add_row(term.name, *(f"{number:.4g}" for number in numbers), f"{100 * term.share:.0f} %")
    console.print(table)
    console.print(f"{'passed' if report.passed else 'refused'} on {report.rows} steps of a shaken flight")
