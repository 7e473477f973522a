"""`telic task NAME`: one task with its signals, observation, start and end."""

from dataclasses import dataclass

import tyro

from telic.launch.arguments import parse
from telic.launch.errors import reading
from telic.launch.output import print_json, say


@dataclass(frozen=True)
class TaskArguments:
    """Show one task: what it stores, what the policy sees, how an episode starts and ends."""

    name: tyro.conf.Positional[str]
    """One of `telic tasks`."""
    vehicle: str = "crazyflie"
    """A packaged vehicle, or the path of a TOML file."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(TaskArguments, argv, "telic task")
    from telic.launch.describe import describe_task, task_text
    from telic.sim.tasks.registry import make_task

    with reading("task"):
        task = make_task(arguments.name, vehicle=arguments.vehicle)
    if arguments.json:
        print_json(describe_task(task))
    else:
        say(task_text(task))
    return 0
