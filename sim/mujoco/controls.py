"""Turns actions into what the actuators of all simulations get."""

# Arguments of the compiled function are arrays.
# ruff: noqa: ANN001, ANN202

import numpy as np
from mujoco.batch import Batch
from numpy.typing import ArrayLike

from telic.sim.compiled import compiled
from telic.sim.mujoco.actuators import commands, settled
from telic.sim.mujoco.draws import Floats, Integers
from telic.sim.mujoco.task import MujocoTask


class Controls:
    """The actions of all worlds, and the controls that they command.

    Attributes:
        action: The latest actions (N, actuators) float32, within their limits: a live array.
        first: The controls with which episodes begin (nu,).
    """

    def __init__(self, task: MujocoTask, batch: Batch) -> None:
        """Find out what an action commands.

        Raises:
            TaskError: If the actions do not fit the model.
        """
        self._names = task.actions.names
        scale, offset = commands(task.actuators, batch.model)
        self._limits = *task.actions.bounds, scale, offset
        self._first_action = task.actions.initial_action
        self.first: Floats = offset + scale * self._first_action
        self._first_act, self._first_history = settled(batch.model, self.first)
        self._ctrl, self._act, self._history = batch.bind("ctrl"), batch.bind("act"), batch.bind("history")
        self.action = np.zeros((batch.nsim, task.actions.size), np.float32)

    def begin(self, worlds: Integers) -> None:
        """Start new episodes of some worlds (n,): as if the initial action had been given for a long time."""
        self.action[worlds] = self._first_action
        if self._first_act.size:
            self._act[worlds] = self._first_act
        if self._first_history.size:
            self._history[worlds] = self._first_history

    def take(self, action: ArrayLike) -> None:
        """Limit actions (N, actuators), and command the actuators.

        Raises:
            ValueError: If the shape is wrong or a number is not finite; nothing has then changed.
        """
        given = np.asarray(action, np.float32)
        if given.shape != self.action.shape:
            raise ValueError(f"action has shape {given.shape}; allowed: {self.action.shape}")
        if not _command(given, *self._limits, self.action, self._ctrl):
            env, actuator = np.argwhere(~np.isfinite(given))[0]
            value = given[env, actuator]
            raise ValueError(f"action {self._names[actuator]} of world {env} is {value}; allowed: finite numbers")


@compiled(nogil=True, error_model="numpy")
def _command(given, low, high, scale, offset, action, ctrl):
    """Limit actions and write the commands that they stand for; return whether all were finite, else change nothing."""
    worlds, actuators = given.shape
    for i in range(worlds):
        for j in range(actuators):
            if not np.isfinite(given[i, j]):
                return False
    for i in range(worlds):
        for j in range(actuators):
            action[i, j] = min(max(given[i, j], low[j]), high[j])
            ctrl[i, j] = offset[j] + scale[j] * action[i, j]
    return True
