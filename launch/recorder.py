"""Flies a task and keeps what happened."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from telic.control.controller import Controller
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.task import Task


@dataclass(frozen=True)
class Shaken:
    """Flies badly in many ways: hover thrust with noise, so that a reward can be checked before there is a policy.

    Attributes:
        task: What is flown.
        rng: Source of the noise.
        spread: Standard deviation of the noise.
    """

    task: Task
    rng: np.random.Generator
    spread: float = 0.3

    def reset(self, ids: NDArray[np.bool_] | None = None) -> None:
        """Nothing is remembered."""

    def act(self, observation: NDArray[np.float32], signals: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Actions (N, 4)."""
        noise = self.rng.normal(self.task.vehicle.hover_action, self.spread, (len(observation), self.task.actions.size))
        return np.clip(noise, -1.0, 1.0).astype(np.float32)


def record_episodes(task: Task, controller: Controller, seed: int, vehicles: int, steps: int) -> Replay:
    """Fly many vehicles and keep every transition, episodes following each other."""
    world = MultirotorWorld(task, vehicles, seed)
    replay = Replay(Schema(task.schema, task.actions), vehicles * steps, vehicles)
    controller.reset(None)
    for _ in range(steps):
        signals = {name: values.copy() for name, values in world.signals.items()}
        action = controller.act(world.observation, world.signals)
        world.step(action)
        replay.add(signals, action, world.signals, world.terminated, world.truncated)
        over = world.terminated | world.truncated
        if over.any():
            world.reset(over)
            controller.reset(over)
    return replay
