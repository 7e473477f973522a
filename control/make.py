"""Puts task and reward together: what neither the simulator nor the rewards may know of each other."""

from typing import Any

from telic.rewards.writer import Brief
from telic.sim.task import Task
from telic.sim.tasks.registry import make_task
from telic.sim.vehicle import Vehicle


def parameters_of(brief: Brief) -> dict[str, Any]:
    """Arguments of the brief's task factory, as plain data and without the vehicle."""
    if brief.task == "hover":
        return {name: value for name, value in brief.reference.items() if name != "kind"}
    return {"reference": brief.reference}


def task_from_brief(brief: Brief, vehicle: Vehicle | str = "crazyflie") -> Task:
    """Make the task that a sentence asks for.

    Raises:
        ValueError: If the vehicle is refused.
    """
    return make_task(brief.task, vehicle=vehicle, **parameters_of(brief))
