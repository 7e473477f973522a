"""`telic reward write|check|explain`: reward programs without training."""

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from telic.launch.arguments import parse
from telic.launch.errors import UserError, reading
from telic.launch.output import print_json, say
from telic.replay.errors import did_you_mean

if TYPE_CHECKING:
    from telic.rewards.check import CheckReport

_FILE = tyro.conf.arg(metavar="FILE")
_CHECK_VEHICLES, _CHECK_STEPS = 32, 100


@dataclass(frozen=True)
class WriteArguments:
    """Turn a sentence into a reward program, offline."""

    sentence: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SENTENCE")]
    """What the robot should do."""
    vehicle: str = "crazyflie"
    """A packaged vehicle, or the path of a TOML file."""
    out: Path | None = None
    """File to write; standard output by default."""
    json: bool = False
    """Print one JSON object with everything that was understood."""


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


@dataclass(frozen=True)
class ExplainArguments:
    """Say what a reward program reads, what it adds up, and when it succeeds."""

    file: Annotated[Path, tyro.conf.Positional, _FILE]
    """The reward program."""
    task: str = "hover"
    """The task whose signals it may read."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    if not argv or argv[0] in ("-h", "--help"):
        say("usage: telic reward write SENTENCE | check FILE | explain FILE\n\nEach has --help.")
        return 0 if argv else 2
    if argv[0] not in _VERBS:
        raise UserError(f"there is no verb 'reward {argv[0]}'; {did_you_mean(argv[0], _VERBS)}")
    return _VERBS[argv[0]](argv[1:])


def _write(argv: list[str]) -> int:
    arguments = parse(WriteArguments, argv, "telic reward write")
    from telic.launch.understand import understand
    from telic.sim.vehicle import load_vehicle

    with reading("vehicle"):
        vehicle = load_vehicle(arguments.vehicle)
    brief = understand(arguments.sentence, vehicle)
    if arguments.out is not None:
        arguments.out.write_text(brief.reward_source)
    if arguments.json:
        print_json(brief.to_dict())
    elif arguments.out is None:
        say(brief.reward_source.rstrip())
    return 0


def _check(argv: list[str]) -> int:
    arguments = parse(CheckArguments, argv, "telic reward check")
    from telic.launch.recorder import Shaken, record_episodes
    from telic.rewards.check import check_reward
    from telic.rewards.program import load_reward
    from telic.sim.tasks.registry import make_flight

    with reading("reward"):
        task = make_flight(arguments.task)
        program = load_reward(arguments.file, task.schema)
    flown = Shaken(task, np.random.default_rng(arguments.seed))
    replay = record_episodes(task, flown, arguments.seed, _CHECK_VEHICLES, _CHECK_STEPS)
    names = {*program.inputs, *program.success_inputs}
    report = check_reward(program, replay.read(replay.slots().ravel()).inputs(names), arguments.seed)
    if arguments.json:
        print_json({"passed": report.passed, **asdict(report)})
    else:
        _show(report, Console(file=sys.stdout, highlight=False))
    return 0 if report.passed else 1


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


def _explain(argv: list[str]) -> int:
    arguments = parse(ExplainArguments, argv, "telic reward explain")
    from telic.rewards.explain import explain
    from telic.rewards.program import load_reward
    from telic.sim.tasks.registry import make_flight

    with reading("reward"):
        program = load_reward(arguments.file, make_flight(arguments.task).schema)
    if arguments.json:
        print_json(
            {
                "sentence": program.sentence,
                "inputs": list(program.inputs),
                "terms": list(program.term_names),
                "success_inputs": list(program.success_inputs),
                "fingerprint": program.fingerprint,
            }
        )
    else:
        say(explain(program).rstrip())
    return 0


_VERBS: dict[str, Callable[[list[str]], int]] = {"write": _write, "check": _check, "explain": _explain}
