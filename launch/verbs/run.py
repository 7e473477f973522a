"""`telic run "SENTENCE"`: from a sentence to a policy that is proven on a microcontroller, with a report."""

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from rich.console import Console
from rich.markup import escape

from telic.launch.arguments import parse
from telic.launch.errors import UserError, reading
from telic.launch.output import print_json, tell
from telic.launch.progress import Progress

if TYPE_CHECKING:
    from telic.launch.run import Run

_EPISODES, _QUICK_EPISODES = 200, 50
_SHORTEST_FLIGHT_S, _QUICK_FLIGHT_S = 8.0, 2.0
_QUICK_UPDATES = 20


@dataclass(frozen=True)
class RunArguments:
    """Write a reward from a sentence, train a policy with it, fly it, export it to C, prove it, and report.

    Everything lies in a new folder runs/<time>-<sentence>; open its report.html. The exit code is 0 when the run is
    finished and no proof failed, and 2 when the sentence, the vehicle or the reward is refused.
    """

    sentence: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="SENTENCE")] = None
    """What the robot should do."""
    vehicle: str = "crazyflie"
    """A packaged vehicle (see `telic tasks`), or the path of a TOML file."""
    seed: int = 0
    """Of everything random."""
    out: Path = Path("runs")
    """Where the run folder is made."""
    reward: Path | None = None
    """A reward program to train with, in place of the one that would be written."""
    resume: Path | None = None
    """A run folder to go on with, in place of a sentence."""
    quick: bool = False
    """Train and evaluate less: to see every part work, not to fly well."""
    config: Path | None = None
    """A YAML file with these options; the command line wins over it."""
    json: bool = False
    """Print one JSON object last."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    start = time.monotonic()
    arguments = parse(RunArguments, argv, "telic run")
    if (arguments.sentence is None) == (arguments.resume is None):
        raise UserError(
            'say what the robot should do, as in telic run "hover one metre above the ground", or --resume RUN'
        )
    run = None
    try:
        with Progress() as progress:
            run = _open(arguments, progress)
            _finish(run, progress)
    except KeyboardInterrupt:
        if run is not None:
            tell(f"interrupted; to go on: telic run --resume {shlex.quote(str(run.folder.path))}")
        raise
    from telic.launch.pipeline import summary

    found = {"run_s": time.monotonic() - start, **summary(run)}
    if arguments.json:
        print_json(found)
    else:
        _show(found, Console(highlight=False))
    return 1 if found["proofs_failed"] else 0


def _open(arguments: RunArguments, progress: Progress) -> "Run":
    """Take the run to go on with, or begin one; what can be refused is refused before there is a folder."""
    if arguments.resume is not None:
        from telic.launch.run import reopen

        return reopen(arguments.resume)
    start = progress.clock()
    with progress.stage("reward") as news:
        run = _begin(arguments, arguments.sentence or "", news)
    run.folder.finish("reward", {"seconds": progress.clock() - start})
    return run


def _begin(arguments: RunArguments, sentence: str, news: Callable[[str], None]) -> "Run":
    from telic.launch.understand import understand
    from telic.sim.vehicle import load_vehicle

    with reading("vehicle"):
        vehicle = load_vehicle(arguments.vehicle)
    brief = understand(sentence, vehicle)
    news("; ".join(brief.understood))
    with reading("reward"):
        source = arguments.reward.read_text() if arguments.reward else brief.reward_source

    # The learner takes seconds to import: only for a sentence that will be flown.
    from telic.control.make import parameters_of
    from telic.control.train import TrainConfig
    from telic.launch.recipe import Recipe
    from telic.launch.run import begin

    with reading("seed"):
        train = TrainConfig(seed=arguments.seed)
    recipe = Recipe(
        sentence=sentence,
        task=brief.task,
        parameters=parameters_of(brief),
        vehicle=arguments.vehicle,
        train=replace(train, updates=_QUICK_UPDATES) if arguments.quick else train,
        episodes=_QUICK_EPISODES if arguments.quick else _EPISODES,
        flight_s=_QUICK_FLIGHT_S if arguments.quick else max(_SHORTEST_FLIGHT_S, brief.duration_s),
        understood=brief.understood,
    )
    return begin(recipe, source, brief.slug, arguments.out)


def _finish(run: "Run", progress: Progress) -> None:
    from telic.launch.pipeline import carry_out
    from telic.launch.stages import STAGES

    carry_out(run, STAGES, progress)


def _show(found: dict[str, Any], console: Console) -> None:
    from telic.launch.report.tables import distance

    def row(label: str, text: str) -> None:
        console.print(f"  [bold]{label:<10}[/] {escape(text)}", soft_wrap=True)

    row("settled", f"{found['settle_fraction']:.1%} of held-out episodes; PID {found['pid_settle_fraction']:.1%}")
    if found["tracking_rmse_m"] is not None:
        pid = "lost every flight" if found["pid_rmse_m"] is None else distance(found["pid_rmse_m"])
        row("tracking", f"{distance(found['tracking_rmse_m'])} RMS; PID {pid}")
    row("trained", f"in {found['train_s']:.1f} s, {found['steps']:,} steps; {found['run_s']:.0f} s for all")
    outcome = "every proof passed" if found["proofs_passed"] else "every proof that is possible here passed"
    if found["proofs_failed"]:
        outcome = f"{found['proofs_failed']} proofs FAILED"
    elif found["proofs_not_possible"]:
        outcome += f"; {found['proofs_not_possible']} were not possible: telic doctor says why"
    row("proven", outcome)
    row("report", found["report"])
