"""`telic run "SENTENCE"`: from a sentence to a policy that is proven on a microcontroller, with a report."""

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from rich.console import Console
from rich.markup import escape

from telic.launch.arguments import parse
from telic.launch.errors import UserError, reading
from telic.launch.output import print_json, tell
from telic.launch.progress import Progress

if TYPE_CHECKING:
    from telic.launch.baseline import BaselineRun
    from telic.launch.run import Run
    from telic.sim.mujoco.task import MujocoTask

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
    task: str | None = None
    """A robot's task (see `telic tasks`), or a YAML file; by default the flight that the sentence asks for."""
    vehicle: str = "crazyflie"
    """For flights: a packaged vehicle (see `telic tasks`), or the path of a TOML file."""
    algo: Literal["sb3-ppo", "sb3-sac", "sb3-td3"] = "sb3-ppo"
    """For robots: who learns. Flights are learned by shac."""
    steps: int | None = None
    """For robots: control steps of training; 200,000 by default."""
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
            found = _finish(run, progress)
    except KeyboardInterrupt:
        if run is not None:
            tell(f"interrupted; to go on: telic run --resume {shlex.quote(str(run.folder.path))}")
        raise
    found = {"run_s": time.monotonic() - start, **found}
    if arguments.json:
        print_json(found)
    elif "settle_fraction" in found:
        _show_flight(found, Console(highlight=False))
    else:
        _show_robot(found, Console(highlight=False))
    return 1 if found["proofs_failed"] else 0


def _open(arguments: RunArguments, progress: Progress) -> "Run | BaselineRun":
    """Take the run to go on with, or begin one; what can be refused is refused before there is a folder."""
    if arguments.resume is not None:
        return _reopen(arguments.resume)
    start = progress.clock()
    with progress.stage("reward") as news:
        begin = _begin_flight if arguments.task is None else _begin_robot
        run = begin(arguments, arguments.sentence or "", news)
    run.folder.finish("reward", {"seconds": progress.clock() - start})
    return run


def _reopen(path: Path) -> "Run | BaselineRun":
    from telic.launch.baseline import is_flight, reopen_baseline
    from telic.launch.run import reopen

    if is_flight(path):
        return reopen(path)
    run = reopen_baseline(path)
    if "episodes" not in run.folder.config:
        raise UserError(f"{path} was made by telic train: telic eval, play and export are for it")
    return run


def _begin_flight(arguments: RunArguments, sentence: str, news: Callable[[str], None]) -> "Run":
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


def _begin_robot(arguments: RunArguments, sentence: str, news: Callable[[str], None]) -> "BaselineRun":
    from telic.sim.mujoco.task import MujocoTask
    from telic.sim.tasks.registry import make_task

    name = arguments.task or ""
    with reading("task"):
        task = make_task(name)
    if not isinstance(task, MujocoTask):
        raise UserError(f"--task {name} is a flight: leave it out, the sentence says what is flown")
    source, understood = _robot_reward(arguments, sentence, task)
    news("; ".join(understood))

    from telic.launch.robot_run import RobotRecipe, begin_robot

    recipe = RobotRecipe(sentence, name, arguments.algo, arguments.steps, arguments.seed, arguments.quick, understood)
    return begin_robot(recipe, task, source, arguments.out)


def _robot_reward(arguments: RunArguments, sentence: str, task: "MujocoTask") -> tuple[str, tuple[str, ...]]:
    """The text of the reward, and what was understood."""
    if arguments.reward is not None:
        with reading("reward"):
            return arguments.reward.read_text(), (f"the reward of {arguments.reward}",)
    from telic.launch.understand import understand_for

    brief = understand_for(task.name, sentence)
    return brief.reward_source, brief.understood


def _finish(run: "Run | BaselineRun", progress: Progress) -> dict[str, Any]:
    from telic.launch.pipeline import carry_out, summary
    from telic.launch.run import Run
    from telic.launch.stages import STAGES

    if isinstance(run, Run):
        carry_out(run, STAGES, progress)
        return summary(run)

    from telic.launch.robot_stages import ROBOT_STAGES, robot_summary

    carry_out(run, ROBOT_STAGES, progress)
    return robot_summary(run)


def _show_flight(found: dict[str, Any], console: Console) -> None:
    from telic.launch.report.tables import distance

    settled = f"{found['settle_fraction']:.1%} of held-out episodes; PID {found['pid_settle_fraction']:.1%}"
    _row(console, "settled", settled)
    if found["tracking_rmse_m"] is not None:
        pid = "lost every flight" if found["pid_rmse_m"] is None else distance(found["pid_rmse_m"])
        _row(console, "tracking", f"{distance(found['tracking_rmse_m'])} RMS; PID {pid}")
    _show_rest(found, console)


def _show_robot(found: dict[str, Any], console: Console) -> None:
    if found["success_fraction"] is not None:
        _row(console, "succeeded", f"{found['success_fraction']:.1%} of held-out episodes")
    _row(console, "return", f"{found['return_mean']:.4g}; random actions {found['random_return_mean']:.4g}")
    _show_rest(found, console)


def _show_rest(found: dict[str, Any], console: Console) -> None:
    """Training, proofs and the report, which every run has."""
    _row(console, "trained", f"in {found['train_s']:.1f} s, {found['steps']:,} steps; {found['run_s']:.0f} s for all")
    outcome = "every proof passed" if found["proofs_passed"] else "every proof that is possible here passed"
    if found["proofs_failed"]:
        outcome = f"{found['proofs_failed']} proofs FAILED"
    elif found["proofs_not_possible"]:
        outcome += f"; {found['proofs_not_possible']} were not possible: telic doctor says why"
    elif found["export"] is None:
        outcome = f"nothing: {found['export_note']}"
    _row(console, "proven", outcome)
    _row(console, "report", found["report"])


def _row(console: Console, label: str, text: str) -> None:
    console.print(f"  [bold]{label:<10}[/] {escape(text)}", soft_wrap=True)
