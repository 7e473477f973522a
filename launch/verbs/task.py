"""`telic task NAME`: one task with its signals, start and end; `telic task check FILE`: what is wrong with one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from telic.launch.arguments import parse
from telic.launch.errors import UserError, reading
from telic.launch.output import print_json, say, tell

EXIT_REFUSED = 1


@dataclass(frozen=True)
class TaskArguments:
    """Show one task: what it stores, what the policy sees, how an episode starts and ends.

    `telic task check FILE` explains what is wrong with a task file or an MJCF file; `telic task new ROBOT.xml` writes a
    task file to begin with.
    """

    name: tyro.conf.Positional[str]
    """One of `telic tasks`, or the path of a task file in YAML."""
    vehicle: str | None = None
    """For a flight: a packaged vehicle, or the path of a TOML file."""
    json: bool = False
    """Print one JSON object."""


@dataclass(frozen=True)
class CheckArguments:
    """Explain what is wrong with a task file in YAML, or with an MJCF file; exit code 1 if anything is refused."""

    file: tyro.conf.Positional[Path]
    """The task file (.yaml) or the model (.xml)."""
    json: bool = False
    """Print one JSON object."""


@dataclass(frozen=True)
class NewArguments:
    """Write a task file and a reward file for an MJCF file, to begin with."""

    model: tyro.conf.Positional[Path]
    """The MJCF file."""
    out: Path | None = None
    """The task file to write; by default beside the model, with its name."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    match argv:
        case ["check", *rest]:
            return _check(parse(CheckArguments, rest, "telic task check"))
        case ["new", *rest]:
            return _new(parse(NewArguments, rest, "telic task new"))
    return _show(parse(TaskArguments, argv, "telic task"))


def _show(arguments: TaskArguments) -> int:
    from telic.launch.describe import describe_task, task_text
    from telic.launch.describe_mujoco import describe_mujoco_task, mujoco_task_text
    from telic.sim.mujoco.task import MujocoTask
    from telic.sim.tasks.registry import make_task

    vehicle = {} if arguments.vehicle is None else {"vehicle": arguments.vehicle}
    with reading("task"):
        task = make_task(arguments.name, **vehicle)
    is_mujoco = isinstance(task, MujocoTask)
    if arguments.json:
        print_json(describe_mujoco_task(task) if is_mujoco else describe_task(task))
    else:
        say(mujoco_task_text(task) if is_mujoco else task_text(task))
    return 0


def _check(arguments: CheckArguments) -> int:
    from telic.launch.task_check import check

    if not arguments.file.exists():
        raise UserError(f"there is no file {arguments.file}")
    checked = check(arguments.file)
    errors = [problem for problem in checked.problems if problem.severity == "error"]
    result: dict[str, Any] = {
        "file": str(arguments.file),
        "ok": not errors,
        "problems": [problem.plain() for problem in checked.problems],
    }
    for problem in checked.problems:
        tell(str(problem))
    if arguments.json:
        print_json(result)
    elif errors:
        say(f"{arguments.file}: {len(errors)} to put right")
    else:
        say(f"{arguments.file}: {checked.summary}")
    return EXIT_REFUSED if errors else 0


def _new(arguments: NewArguments) -> int:
    from telic.sim.yaml.starter import write_starter

    with reading("task new"):
        written = write_starter(arguments.model, arguments.out)
    if arguments.json:
        print_json({"written": [str(path) for path in written]})
    else:
        say("\n".join(f"wrote {path}" for path in written) + f"\nnext: telic task check {written[0]}")
    return 0
