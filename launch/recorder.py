"""Flies a task and keeps what happened."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from telic.control.controller import Controller
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.rewards.program import RewardProgram
from telic.sim.task import Task
from telic.sim.world import AnyTask


@dataclass(frozen=True)
class Shaken:
    """Moves badly in many ways: noise around rest, so that a reward can be checked before there is a policy.

    Attributes:
        task: What is done. A flight rests at hover thrust, every other robot at its initial action.
        rng: Source of the noise.
        spread: Standard deviation of the noise, in half ranges of the actions.
    """

    task: AnyTask
    rng: np.random.Generator
    spread: float = 0.3

    def reset(self, ids: NDArray[np.bool_] | None = None) -> None:
        """Nothing is remembered."""

    def act(self, observation: NDArray[np.float32], signals: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Actions (N, 4)."""
        actions = self.task.actions
        low, high = actions.bounds
        rest = self.task.vehicle.hover_action if isinstance(self.task, Task) else actions.initial_action
        noise = self.rng.normal(0.0, self.spread, (len(observation), actions.size))
        return np.clip(rest + noise * (high - low) / 2.0, low, high).astype(np.float32)


def record_episodes(task: AnyTask, controller: Controller, seed: int, worlds: int, steps: int) -> Replay:
    """Let a controller act in many worlds and keep every transition, episodes following each other."""
    world = task.make_world(worlds, seed)
    replay = Replay(Schema(task.schema, task.actions), worlds * steps, worlds)
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


def shaken_steps(
    task: AnyTask, program: RewardProgram, seed: int, worlds: int, steps: int
) -> dict[str, NDArray[np.floating]]:
    """What a program reads in the steps of episodes in which the robot is shaken, (worlds * steps, ...) each."""
    replay = record_episodes(task, Shaken(task, np.random.default_rng(seed)), seed, worlds, steps)
    return replay.read(replay.slots().ravel()).inputs({*program.inputs, *program.success_inputs})
