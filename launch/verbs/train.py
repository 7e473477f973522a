"""`telic train TASK|gym:ID`: train a policy, without a sentence."""

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from telic.control.baselines.learner import Sb3Config
from telic.control.make import packaged_reward
from telic.control.train import TrainConfig
from telic.launch.arguments import parse
from telic.launch.baseline import Baseline, begin_baseline, is_baseline, train_baseline
from telic.launch.errors import UserError, reading
from telic.launch.folder import RunFolder
from telic.launch.guarded import careful, guarded_by
from telic.launch.output import print_json, say, tell
from telic.launch.pipeline import carry_out
from telic.launch.progress import Progress
from telic.launch.recipe import Recipe
from telic.launch.run import Run, begin, reopen
from telic.launch.stages import GUARD, TRAIN, Stage, train_policy
from telic.sim.foreign import is_foreign
from telic.sim.task import Task
from telic.sim.tasks.registry import make_task


@dataclass(frozen=True)
class TrainArguments:
    """Train a policy for a task, or for any Gymnasium environment as gym:ID; telic eval and play then take the run."""

    task: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="TASK")] = None
    """One of `telic tasks`, or gym: and a Gymnasium id, as in gym:HalfCheetah-v5."""
    algo: Literal["shac", "sb3-ppo", "sb3-sac", "sb3-td3"] | None = None
    """Who learns: shac on multirotors, or one of Stable-Baselines3; by default shac where it can, else sb3-ppo."""
    vehicle: str = "crazyflie"
    """A packaged vehicle, or the path of a TOML file."""
    reward: Path | None = None
    """A reward program; by default the task's own."""
    guard: Path | None = None
    """shac: a run whose policy was found good: train from it, and pay for going far from where it goes."""
    out: Path = Path("runs")
    """Where the run folder is made."""
    resume: Path | None = None
    """A run folder to go on with, in place of a task."""
    train: Annotated[TrainConfig, tyro.conf.arg(name="")] = field(default_factory=TrainConfig)
    """How shac learns, and the seed."""
    sb3: Sb3Config = field(default_factory=Sb3Config)
    """How the learners of Stable-Baselines3 learn."""
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
    found = _resume(arguments.resume) if arguments.resume else _train(arguments, arguments.task or "")
    found["run_s"] = time.monotonic() - start
    if arguments.json:
        print_json(found)
    else:
        path = Path(found["run_dir"])
        say(f"{RunFolder(path).policy}\nnext: telic eval {shlex.quote(str(path))}")
    return 0


def _resume(path: Path) -> dict[str, Any]:
    if is_baseline(RunFolder.open(path)):
        raise UserError(f"{path} is a run of Stable-Baselines3, whose state is not kept: train anew")
    return _carry_out(reopen(path))


def _train(arguments: TrainArguments, name: str) -> dict[str, Any]:
    """Train anew, with the learner that was asked for or that suits the task."""
    task = None if is_foreign(name) else _task(name, arguments.vehicle)
    is_flight = isinstance(task, Task)
    algorithm = arguments.algo or ("shac" if is_flight else "sb3-ppo")
    if algorithm != "shac":
        if arguments.guard is not None:
            raise UserError(f"--guard is for --algo shac; {algorithm} has none")
        parameters = {"vehicle": arguments.vehicle} if is_flight else {}
        config = replace(arguments.sb3, seed=arguments.sb3.seed or arguments.train.seed)
        return _train_baseline(Baseline(name, algorithm, config, parameters), arguments)
    if not isinstance(task, Task):
        raise UserError(f"--algo shac flies multirotors only; for {name}: --algo sb3-ppo, sb3-sac or sb3-td3")
    with reading("reward"):
        source = arguments.reward.read_text() if arguments.reward else packaged_reward(task.reward)
    recipe = Recipe(sentence=task.description, task=name, vehicle=arguments.vehicle, train=arguments.train)
    if arguments.guard is None:
        return _carry_out(begin(recipe, source, name, arguments.out))
    reopen(arguments.guard)
    recipe = replace(recipe, train=careful(recipe.train))
    run = begin(recipe, source, name, arguments.out, {GUARD: str(arguments.guard)})
    return _carry_out(run, Stage(TRAIN.name, partial(_train_guarded, path=arguments.guard)))


def _train_guarded(run: Run, news: Callable[[str], None], path: Path) -> dict[str, Any]:
    reference = guarded_by(run, path, news)
    return train_policy(run, news, reference.start, reference.guard)


def _carry_out(run: Run, training: Stage[Run] = TRAIN) -> dict[str, Any]:
    try:
        with Progress() as progress:
            carry_out(run, (training,), progress)
    except KeyboardInterrupt:
        if training is TRAIN:
            tell(f"interrupted; to go on: telic train --resume {shlex.quote(str(run.folder.path))}")
        raise
    return {**run.folder.stages["train"], "run_dir": str(run.folder.path)}


def _train_baseline(baseline: Baseline, arguments: TrainArguments) -> dict[str, Any]:
    with reading("reward"):
        source = arguments.reward.read_text() if arguments.reward else None
    run = begin_baseline(baseline, source, arguments.out)
    with Progress() as progress, progress.stage("train") as news:
        found = train_baseline(run, news)
    run.folder.finish("train", found)
    return {**found, "run_dir": str(run.folder.path)}


def _task(name: str, vehicle: str) -> Any:
    """Make a task; only flights have a vehicle."""
    with reading("task"):
        task = make_task(name)
        return make_task(name, vehicle=vehicle) if isinstance(task, Task) else task
