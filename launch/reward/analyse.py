"""`telic reward analyse`: why stored episodes failed."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console
from rich.table import Table

from telic.launch.arguments import parse
from telic.launch.errors import UserError, reading
from telic.launch.output import print_json
from telic.launch.progress import Progress

if TYPE_CHECKING:
    from telic.control.analysis.summary import FailureSummary
    from telic.launch.reward.parent import Parent

_REWARD = tyro.conf.arg(metavar="REWARD|RUN")


@dataclass(frozen=True)
class AnalyseArguments:
    """Say why stored episodes failed: what ended them and when, what the reward's terms did, which signals drifted.

    Success is what the task's own reward says. `telic reward refine --data` tells the same to whoever writes the next
    reward.
    """

    reward: Annotated[Path, tyro.conf.Positional, _REWARD]
    """The reward program whose terms are looked at, or a run folder."""
    data: tuple[Path, ...] = ()
    """Datasets with episodes of the task; a run's own recording by default."""
    task: str | None = None
    """The task; that of the run by default, hover for a file."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(AnalyseArguments, argv, "telic reward analyse")
    from telic.launch.reward.parent import parent_of

    parent = parent_of(arguments.reward, arguments.task)
    data = arguments.data or parent.data
    if not data:
        raise UserError("name at least one dataset with --data; telic data make makes one")
    found = summary(parent, data)
    if arguments.json:
        print_json({**asdict(found), "text": found.text()})
    else:
        _show(found, Console(file=sys.stdout, highlight=False))
    return 0


def summary(parent: "Parent", data: Sequence[Path]) -> "FailureSummary":
    """Why the episodes of some datasets failed.

    Raises:
        UserError: If a dataset is refused.
    """
    from telic.control.analysis.analyse import analyse
    from telic.launch.data.refusals import refusals
    from telic.launch.reward.known import known_episodes
    from telic.sim.tasks.registry import make_task

    task = make_task(parent.task)
    with Progress() as progress, progress.stage("analyse") as news, refusals(), reading("reward"):
        return analyse(parent.program, known_episodes(task, data, False, 0, news), task)


def _show(found: "FailureSummary", console: Console) -> None:
    if found.causes:
        table = Table("what ended it", "episodes", "median", "first", "last")
        for cause in found.causes:
            times = (cause.median_s, cause.earliest_s, cause.latest_s)
            table.add_row(cause.what, str(cause.episodes), *(f"{seconds:.3g} s" for seconds in times))
        console.print(table)
    if found.terms:
        table = Table("term", "", "from", "start", "best", "end", "within reach")
        for story in found.terms:
            values = (story.values[0], max(story.values), story.values[-1], story.within_reach)
            table.add_row(story.term, story.what, f"{story.since}0 %", *(f"{value:.4g}" for value in values))
        console.print(table)
    console.print(found.text(), markup=False, soft_wrap=True)
