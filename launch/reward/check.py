"""`telic reward check`: a reward program's values before any training."""

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from telic.launch.arguments import parse
from telic.launch.errors import reading
from telic.launch.output import print_json

if TYPE_CHECKING:
    from telic.rewards.check import CheckReport, Finding
    from telic.rewards.evidence import Evidence
    from telic.rewards.gate import Comparison, GateReport
    from telic.rewards.program import RewardProgram
    from telic.rewards.ranking import Interval

_INVARIANCES = {
    "yaw": "when the world is turned about the vertical",
    "mirror": "when left and right are exchanged",
    "time": "when the clock is set",
}
_FILE = tyro.conf.arg(metavar="FILE")
_CHECK_WORLDS, _CHECK_STEPS = 32, 100
_STORED_STEPS = 4096


@dataclass(frozen=True)
class CheckArguments:
    """Check a reward program: its text, its values on shaken episodes and at extreme states, and how it ranks.

    With --data, stored episodes that succeed must earn more than those that end early, last without success, do
    nothing, or act at random; the last two are simulated as well. The exit code is 0 when there is no error. What the
    critic doubts is advice, and changes nothing about it.
    """

    file: Annotated[Path, tyro.conf.Positional, _FILE]
    """The reward program."""
    task: str = "hover"
    """The task whose signals it may read."""
    data: tuple[Path, ...] = ()
    """Datasets with episodes of the task, some of them successes; see `telic data make`."""
    margin: float = 0.75
    """How often a success must surely earn more than another episode."""
    gamma: float = 0.99
    """Discount per step under which the order must not be reversed either."""
    seed: int = 0
    """Of the shaken episodes, the extreme states and the bootstrap."""
    model: str | None = None
    """Let a language model criticise it too: its name, as its endpoint knows it."""
    base_url: str = "http://127.0.0.1:8080/v1"
    """Where the model is."""
    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds its key."""
    record: Path | None = None
    """Folder of recorded answers; what is in it is not asked again."""
    offline: bool = False
    """Ask the record only."""
    budget_tokens: int | None = 50_000
    """Most tokens of the model's questions and answers."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(CheckArguments, argv, "telic reward check")
    from telic.launch.reward.doubts import doubts_of, show_doubts
    from telic.rewards.program import load_reward
    from telic.sim.tasks.registry import make_task

    with reading("reward"):
        program = load_reward(arguments.file, make_task(arguments.task).schema)
    steps = _shaken(program, arguments.task, arguments.seed)
    report = _report(program, steps, arguments.task, arguments.seed)
    ranks, doubts, known, where = None, (), None, "shaken episodes"
    if report.passed and arguments.data:
        known = _known(arguments)
        # Single steps do not say what a program would remember.
        if not program.memory:
            stored = known.steps(tuple(steps), _STORED_STEPS)
            steps = {name: np.concatenate([values, stored[name]]) for name, values in steps.items()}
            report, where = _report(program, steps, arguments.task, arguments.seed), "shaken and stored episodes"
    # What is not finite has no order.
    if report.passed:
        ranks = None if known is None else _rank(program, known, arguments)
        doubts = doubts_of(program, steps, known, arguments)
    passed = report.passed and (ranks is None or ranks.passed)
    if arguments.json:
        order = None if ranks is None else {"passed": ranks.passed, **asdict(ranks)}
        critic = [asdict(doubt) for doubt in doubts]
        print_json({**asdict(report), **_plain(report), "passed": passed, "order": order, "critic": critic})
        return 0 if passed else 1
    console = Console(file=sys.stdout, highlight=False)
    _show(report, where, console)
    if ranks is not None:
        _show_order(ranks, console)
    show_doubts(doubts, console)
    return 0 if passed else 1


def _plain(report: "CheckReport") -> dict[str, Any]:
    """What may not be finite, as JSON has it."""

    def finite(values: Mapping[str, float]) -> dict[str, float | None]:
        return {name: value if np.isfinite(value) else None for name, value in values.items()}

    sensitivity = {name: finite(moves) for name, moves in report.sensitivity.items()}
    return {"sensitivity": sensitivity, "invariance": finite(report.invariance)}


def _known(arguments: CheckArguments) -> "Evidence":
    """The episodes of the datasets and of baselines."""
    from telic.launch.data.refusals import refusals
    from telic.launch.progress import Progress
    from telic.launch.reward.known import known_episodes
    from telic.sim.tasks.registry import make_task

    with Progress() as progress, progress.stage("rank") as news, refusals():
        return known_episodes(make_task(arguments.task), arguments.data, True, arguments.seed, news)


def _rank(program: "RewardProgram", known: "Evidence", arguments: CheckArguments) -> "GateReport":
    """The ordering gate."""
    from telic.launch.data.refusals import refusals
    from telic.rewards.gate import GateConfig, check_order

    with reading("gate"):
        config = GateConfig(margin=arguments.margin, gamma=arguments.gamma)
    with refusals(), reading("reward"):
        return check_order(program, known, config, arguments.seed)


def _shaken(program: "RewardProgram", task_name: str, seed: int) -> "dict[str, np.ndarray]":
    from telic.launch.recorder import shaken_steps
    from telic.sim.tasks.registry import make_task

    return shaken_steps(make_task(task_name), program, seed, _CHECK_WORLDS, _CHECK_STEPS)


def shaken_report(program: "RewardProgram", task_name: str, seed: int) -> "CheckReport":
    """Check a program on episodes in which the robot is shaken."""
    return _report(program, _shaken(program, task_name, seed), task_name, seed)


def _report(program: "RewardProgram", steps: Mapping[str, np.ndarray], task_name: str, seed: int) -> "CheckReport":
    from telic.control.mirror_of import mirror_of
    from telic.rewards.check import check_reward
    from telic.sim.tasks.registry import make_task

    return check_reward(program, steps, seed, mirror_of(make_task(task_name)))


def _show(report: "CheckReport", where: str, console: Console) -> None:
    from telic.rewards.invariance import ROUNDING

    _show_findings(report.findings, console)
    table = Table("term", "mean", "std", "least", "most", "share", "moved most by")
    for term in report.terms:
        numbers = (term.mean, term.std, term.minimum, term.maximum)
        moved = {name: change for name, change in report.sensitivity.get(term.name, {}).items() if change > 0.0}
        most = max(moved, key=lambda name: moved[name], default="-")
        table.add_row(term.name, *(f"{number:.4g}" for number in numbers), f"{100 * term.share:.0f} %", most)
    console.print(table)
    for name, change in report.invariance.items():
        what = "does not change" if change < ROUNDING else f"changes by up to {change:.3g} of its spread"
        console.print(f"{_INVARIANCES[name]}, the reward {what}")
    console.print(f"{'passed' if report.passed else 'refused'} on {report.rows} steps of {where}")


def _show_order(ranks: "GateReport", console: Console) -> None:
    _show_findings(ranks.findings, console)
    table = Table("success against", "episodes", "earns more", "discounted", "mean return")
    for comparison in ranks.comparisons:
        table.add_row(
            comparison.kind,
            str(comparison.episodes),
            *(f"{each.value:.0%} ({each.low:.0%} to {each.high:.0%})" for each in _wins(comparison)),
            f"{comparison.gap.value:+.4g} ({comparison.gap.low:+.4g} to {comparison.gap.high:+.4g})",
        )
    console.print(table)
    order = "passed" if ranks.passed else "refused"
    console.print(f"{order} on {ranks.episodes} stored episodes, of which {ranks.successes} succeeded")


def _wins(comparison: "Comparison") -> "tuple[Interval, Interval]":
    return comparison.wins, comparison.discounted_wins


def _show_findings(findings: "tuple[Finding, ...]", console: Console) -> None:
    for finding in findings:
        colour = "red" if finding.severity == "error" else "yellow"
        console.print(f"[{colour}]{finding.severity}[/] {finding.check}: ", end="")
        console.print(finding.message, markup=False, soft_wrap=True)
