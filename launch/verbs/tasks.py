"""`telic tasks`: what can be simulated."""

import inspect
from dataclasses import dataclass

from telic.launch.arguments import parse
from telic.launch.output import print_json, say


@dataclass(frozen=True)
class TasksArguments:
    """List the tasks and the packaged vehicles."""

    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(TasksArguments, argv, "telic tasks")
    from telic.sim.tasks.registry import TASKS
    from telic.sim.vehicle import load_vehicle, vehicle_names

    tasks = {name: _first_line(factory.__doc__) for name, factory in TASKS.items()}
    vehicles = {name: load_vehicle(name).description for name in vehicle_names()}
    if arguments.json:
        print_json({"tasks": tasks, "vehicles": vehicles})
        return 0
    say(f"tasks\n{_listed(tasks)}\n\nvehicles\n{_listed(vehicles)}\n\nMore of one: telic task NAME")
    return 0


def _first_line(text: str | None) -> str:
    return inspect.cleandoc(text or "").split("\n", 1)[0]


def _listed(entries: dict[str, str]) -> str:
    width = max(map(len, entries))
    return "\n".join(f"  {name:<{width}}  {text}" for name, text in entries.items())
