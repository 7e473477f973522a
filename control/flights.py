"""Held-out episodes, flown side by side: what evaluation measures."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from telic.control.controller import Controller
from telic.control.settle import settled
from telic.rewards.program import RewardProgram
from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.task import Task

Progress = Callable[[float], None]

# Training takes its seeds from below this number, evaluation from above: the two never share an episode.
HELD_OUT_SEEDS = 1_000_000_000

_REPORTS = 20  # How often progress is told of.


@dataclass(frozen=True)
class Flights:
    """N episodes over T steps; the first of the T + 1 rows is the start.

    What a lost episode does after its end is in the arrays too: ask `survived` first.

    Attributes:
        dt: Time from row to row [s].
        distance: From the reference (T + 1, N) [m].
        tilt: Angle between body z and world z (T + 1, N) [rad].
        speed: Relative to the reference (T + 1, N) [m/s].
        survived: Never lost (N,).
        settled: Survived, and near the reference at the end (N,).
        succeeded: Survived, and a success at the end by the reward program (N,); None where it does not say.
    """

    dt: float
    distance: NDArray[np.float32]
    tilt: NDArray[np.float32]
    speed: NDArray[np.float32]
    survived: NDArray[np.bool_]
    settled: NDArray[np.bool_]
    succeeded: NDArray[np.bool_] | None = None

    @property
    def steps(self) -> int:
        """T."""
        return len(self.distance) - 1


def held_out(seed: int) -> int:
    """Return the world's seed for a seed of evaluation.

    Raises:
        ValueError: If the seed is not between 0 and `HELD_OUT_SEEDS`.
    """
    if not 0 <= seed < HELD_OUT_SEEDS:
        raise ValueError(f"seed is {seed}; allowed: 0 to {HELD_OUT_SEEDS - 1}")
    return HELD_OUT_SEEDS + seed


def fly_episodes(
    task: Task,
    controller: Controller,
    episodes: int,
    seed: int,
    reward: RewardProgram | None = None,
    progress: Progress | None = None,
) -> Flights:
    """Fly one episode with each of many vehicles.

    Starts, disturbances and noise depend on the seed alone, so that all controllers meet the same episodes.

    Args:
        task: What to fly.
        controller: Who flies; it is reset first.
        episodes: How many, N.
        seed: Of evaluation; see `held_out`.
        reward: Says what a success is.
        progress: Told the share that is done, now and then.

    Raises:
        ValueError: If a number is out of its range.
    """
    if episodes < 1:
        raise ValueError(f"episodes is {episodes}; allowed: at least 1")
    world = MultirotorWorld(task, episodes, held_out(seed))
    controller.reset(None)
    steps = task.episode_steps
    distance, tilt, speed = (np.empty((steps + 1, episodes), np.float32) for _ in range(3))
    survived = np.ones(episodes, np.bool_)
    before, action = {}, np.empty(0, np.float32)
    _measure(world, distance[0], tilt[0], speed[0])
    for step in range(1, steps + 1):
        action = controller.act(world.observation, world.signals)
        if step == steps and reward is not None:
            before = {name: values.copy() for name, values in world.signals.items()}
        world.step(action)
        survived &= ~world.terminated
        _measure(world, distance[step], tilt[step], speed[step])
        if progress and (step == steps or step % max(1, steps // _REPORTS) == 0):
            progress(step / steps)
    ended = settled(world.signals["position"], world.signals["reference_position"])
    succeeded = None if reward is None else _successes(reward, before, action, world)
    return Flights(
        dt=task.dt,
        distance=distance,
        tilt=tilt,
        speed=speed,
        survived=survived,
        settled=survived & ended,
        succeeded=None if succeeded is None else survived & succeeded,
    )


def _measure(world: MultirotorWorld, distance: NDArray, tilt: NDArray, speed: NDArray) -> None:
    """Fill one row (N,) of each."""
    signals = world.signals
    distance[:] = np.linalg.norm(signals["position"] - signals["reference_position"], axis=1)
    tilt[:] = np.arccos(np.clip(signals["rotation"][:, 2, 2], -1.0, 1.0))
    speed[:] = np.linalg.norm(signals["velocity"] - signals["reference_velocity"], axis=1)


def _successes(
    reward: RewardProgram, before: dict[str, NDArray], action: NDArray, world: MultirotorWorld
) -> NDArray[np.bool_] | None:
    """Judge the last step of every episode."""
    after = {f"next_{name}": values for name, values in world.signals.items()}
    terminated = world.terminated.astype(np.float32)
    return reward.success({**before, **after, "action": action, "terminated": terminated})
