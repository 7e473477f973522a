"""Flies a task and keeps what happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from telic.launch.flight import Flight
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.task import Task

_OF_A_FLIGHT = ("position", "rotation", "reference_position", "reference_yaw")


class Controller(Protocol):
    """Anything that flies: a policy, the PID baseline, a policy of another library."""

    def reset(self, ids: NDArray[np.bool_] | None = None) -> None:
        """Forget the episodes of these vehicles; of all when None."""
        ...

    def act(self, observation: NDArray[np.float32], signals: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Actions (N, 4) in -1 to 1."""
        ...


def record_flight(task: Task, controller: Controller, seed: int, seconds: float) -> Flight:
    """Fly one vehicle, past the end of an episode if need be.

    The start, the disturbance and the noise depend on the seed alone, so that controllers can be compared.
    """
    world = MultirotorWorld(task, 1, seed)
    controller.reset(None)
    steps = round(seconds / task.dt)
    columns: dict[str, list[NDArray[np.float32]]] = {name: [] for name in (*_OF_A_FLIGHT, "action")}
    for _ in range(steps):
        action = controller.act(world.observation, world.signals)
        for name in _OF_A_FLIGHT:
            columns[name].append(world.signals[name][0].copy())
        columns["action"].append(np.array(action[0], np.float32))
        world.step(action)
    time = np.arange(steps, dtype=np.float32) * np.float32(task.dt)
    return Flight(time=time, **{name: np.stack(values) for name, values in columns.items()})


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


def record_episodes(
    task: Task, controller: Controller, seed: int, vehicles: int, steps: int
) -> tuple[Replay, NDArray[np.float32]]:
    """Fly many vehicles and keep every transition, episodes following each other.

    Returns:
        The transitions, and the policy's inputs (vehicles * steps, observation size), first steps first.
    """
    world = MultirotorWorld(task, vehicles, seed)
    replay = Replay(Schema(task.schema, task.actions), vehicles * steps, vehicles)
    observations = np.empty((steps, vehicles, task.observation_size), np.float32)
    controller.reset(None)
    for step in range(steps):
        observations[step] = world.observation
        signals = {name: values.copy() for name, values in world.signals.items()}
        action = controller.act(world.observation, world.signals)
        world.step(action)
        replay.add(signals, action, world.signals, world.terminated, world.truncated)
        over = world.terminated | world.truncated
        if over.any():
            world.reset(over)
            controller.reset(over)
    return replay, observations.reshape(-1, task.observation_size)
