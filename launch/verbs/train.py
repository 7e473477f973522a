"""`telic train TASK`: train a policy, without a sentence."""

import shlex
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from telic.control.make import packaged_reward
from telic.control.train import TrainConfig
from telic.launch.arguments import parse
from telic.launch.errors import UserError, reading
from telic.launch.output import print_json, say, tell
from telic.launch.pipeline import carry_out
from telic.launch.progress import Progress
from telic.launch.recipe import Recipe
from telic.launch.run import Run, begin, reopen
from telic.launch.stages import TRAIN
from telic.sim.tasks.registry import make_task


@dataclass(frozen=True)
class TrainArguments:
    """Train a policy for a task; telic eval, video and export then work on the run folder."""

    task: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="TASK")] = None
    """One of `telic tasks`."""
    vehicle: str = "crazyflie"
    """A packaged vehicle, or the path of a TOML file."""
    reward: Path | None = None
    """A reward program; by default the task's own."""
    out: Path = Path("runs")
    """Where the run folder is made."""
    resume: Path | None = None
    """A run folder to go on with, in place of a task."""
    train: Annotated[TrainConfig, tyro.conf.arg(name="")] = field(default_factory=TrainConfig)
    """How to learn."""
    config: Path | None = None
    """A YAML file with these options; the command line wins over it."""
    json: bool = False
    """Print one JSON object last."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(TrainArguments, argv, "telic train")
    if (arguments.task is None) == (arguments.resume is None):
        raise UserError("name one of `telic tasks`, as in telic train hover, or --resume RUN")
    start = time.monotonic()
    run = reopen(arguments.resume) if arguments.resume else _begin(arguments, arguments.task or "")
    try:
        with Progress() as progress:
            carry_out(run, (TRAIN,), progress)
    except KeyboardInterrupt:
        tell(f"interrupted; to go on: telic train --resume {shlex.quote(str(run.folder.path))}")
        raise
    found = {**run.folder.stages["train"], "run_s": time.monotonic() - start, "run_dir": str(run.folder.path)}
    if arguments.json:
        print_json(found)
    else:
        say(f"{run.folder.policy}\nnext: telic eval {shlex.quote(str(run.folder.path))}")
    return 0


def _begin(arguments: TrainArguments, name: str) -> Run:
    with reading("task"):
        task = make_task(name, vehicle=arguments.vehicle)
    with reading("reward"):
        source = arguments.reward.read_text() if arguments.reward else packaged_reward(task.reward)
    recipe = Recipe(sentence=task.description, task=name, vehicle=arguments.vehicle, train=arguments.train)
    return begin(recipe, source, name, arguments.out)
