"""Everybody who acts in a task without having learned anything: nobody, chance, the PID, a script."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from telic.control.controller import Controller, Floats, Mask
from telic.control.ignorant import Random, Resting
from telic.control.pid import CascadedPid
from telic.sim.scripted.by_task import SCRIPTED, Script
from telic.sim.task import Task
from telic.sim.world import AnyTask


@dataclass(frozen=True)
class Scripted:
    """A policy without learning, which sees all signals.

    Attributes:
        script: From the signals to actions.
    """

    script: Script

    def reset(self, ids: Mask | None = None) -> None:
        """Do nothing: nothing is remembered."""

    def act(self, observation: NDArray[Any], signals: Mapping[str, NDArray[Any]]) -> Floats:
        """Return actions (N, actuators)."""
        return self.script(signals)


def without_learning(task: AnyTask, seed: int = 0) -> dict[str, Controller]:
    """Controllers by name, the best first: ``pid`` or ``scripted`` where the task has one, ``resting``, ``random``.

    Args:
        task: What is done.
        seed: Of random actions.
    """
    known: dict[str, Controller] = {}
    if isinstance(task, Task):
        known["pid"] = CascadedPid(task)
    elif task.name in SCRIPTED:
        known["scripted"] = Scripted(SCRIPTED[task.name])
    known["resting"] = Resting(task.actions)
    known["random"] = Random(task.actions, np.random.default_rng([seed, 1]))
    return known
