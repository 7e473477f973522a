"""Flights kept whole: one for plots and the video, and observations of many kinds for the proofs of an export."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from telic.control.controller import Controller, Floats, Mask
from telic.control.flights import held_out
from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.task import Task, UprightWithin

# Columns of a world's state.
_QUATERNION = slice(3, 7)

# Vehicles that fly side by side for recorded observations, and what each part of them shows.
_VEHICLES = 32
_START_SHARE, _LOST_SHARE = 0.1, 0.2
_LOST_STEPS = 100

# Starts in any attitude, far beyond the limits of every task.
_ANYWHERE = UprightWithin(degrees=180.0, position=3.0, velocity=6.0, angular_velocity=30.0, guided=0.0)


@dataclass(frozen=True)
class Flight:
    """One vehicle over T control steps, float32; each row is what was before the action of that row.

    Attributes:
        time: (T,) [s].
        position: (T, 3) [m], world frame.
        quaternion: (T, 4), w x y z, body to world.
        velocity: (T, 3) [m/s], world frame.
        angular_velocity: (T, 3) [rad/s], body frame.
        action: (T, 4), -1..1.
        observation: (T, K), as the controller saw it.
        reference_position: (T, 3) [m], world frame.
        reference_velocity: (T, 3) [m/s], world frame.
        reference_yaw: (T,) [rad].
    """

    time: Floats
    position: Floats
    quaternion: Floats
    velocity: Floats
    angular_velocity: Floats
    action: Floats
    observation: Floats
    reference_position: Floats
    reference_velocity: Floats
    reference_yaw: Floats

    @property
    def rotation(self) -> Floats:
        """Rotation matrices (T, 3, 3) from body to world."""
        w, x, y, z = self.quaternion.T
        rows = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
        return np.moveaxis(np.array(rows, np.float32), -1, 0)

    @property
    def distance(self) -> Floats:
        """Distance from the reference (T,) [m]."""
        return np.linalg.norm(self.position - self.reference_position, axis=1)

    def save(self, path: Path) -> None:
        """Write one compressed NumPy archive."""
        with path.open("wb") as file:
            np.savez_compressed(file, **vars(self))

    @classmethod
    def load(cls, path: Path) -> "Flight":
        """Read what `save` wrote.

        Raises:
            ValueError: If the file is not a flight.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                return cls(**{field.name: file[field.name] for field in fields(cls)})
        except (OSError, EOFError, KeyError, ValueError) as error:
            raise ValueError(f"{path} is not a recorded flight: {error}") from error


def record(task: Task, controller: Controller, seed: int = 0, duration_s: float | None = None) -> Flight:
    """Fly one vehicle and keep everything.

    It is the first episode of an evaluation with the same seed, and flies on if it is lost.

    Args:
        task: What to fly.
        controller: Who flies; it is reset first.
        seed: Of evaluation.
        duration_s: How long [s]; the task's episode by default. The reference goes on as long.

    Raises:
        ValueError: If a number is out of its range.
    """
    if duration_s is not None:
        task = replace(task, truncate_after_s=duration_s)
    world = MultirotorWorld(task, 1, held_out(seed))
    controller.reset(None)
    rows = []
    for _ in range(task.episode_steps):
        action = controller.act(world.observation, world.signals)
        rows.append(_row(world, action))
        world.step(action)
    columns = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    return Flight(time=np.arange(len(rows), dtype=np.float32) * np.float32(task.dt), **columns)


def _row(world: MultirotorWorld, action: Floats) -> dict[str, Floats]:
    names = [field.name for field in fields(Flight) if field.name in world.signals]
    return {
        **{name: world.signals[name][0].copy() for name in names},
        "quaternion": world.state[0, _QUATERNION],
        "action": np.array(action[0], np.float32),
        "observation": world.observation[0].copy(),
    }


def record_observations(task: Task, controller: Controller, count: int = 1000, seed: int = 0) -> Floats:
    """Collect observations of every kind that a policy can meet.

    First those of fresh episodes, with an empty history; then flights of the controller from the start of an episode
    to its end; last vehicles that tumble far off, under wild commands that are often at their limits.

    Args:
        task: What to fly.
        controller: Who flies.
        count: How many.
        seed: Of evaluation.

    Returns:
        (count, K) float32.

    Raises:
        ValueError: If a number is out of its range.
    """
    if count < 1:
        raise ValueError(f"count is {count}; allowed: at least 1")
    starts = max(1, round(_START_SHARE * count))
    lost = round(_LOST_SHARE * count)
    wild = _Wild(np.random.default_rng(held_out(seed)))
    parts = [
        MultirotorWorld(task, starts, held_out(seed)).observation.copy(),
        _evenly(_flown(task, controller, task.episode_steps, seed), count - starts - lost),
        _evenly(_flown(replace(task, reset=_ANYWHERE), wild, _LOST_STEPS, seed), lost),
    ]
    return np.concatenate(parts)


def _flown(task: Task, controller: Controller, steps: int, seed: int) -> Floats:
    """Observations (steps * vehicles, K) of vehicles that fly on when they are lost."""
    world = MultirotorWorld(task, _VEHICLES, held_out(seed))
    controller.reset(None)
    observations = np.empty((steps, _VEHICLES, task.observation_size), np.float32)
    for step in range(steps):
        observations[step] = world.observation
        world.step(controller.act(observations[step], world.signals))
    return observations.reshape(-1, task.observation_size)


def _evenly(rows: Floats, count: int) -> Floats:
    """Pick rows at even distances; they come from all steps and, as the distance is no whole number, all vehicles."""
    return rows[np.linspace(0, len(rows) - 1, count).astype(int)]


@dataclass(frozen=True)
class _Wild:
    """Commands at random, half of them at their limits."""

    rng: np.random.Generator

    def reset(self, ids: Mask | None = None) -> None:
        """Do nothing: nothing is remembered."""

    def act(self, observation: Floats, signals: Mapping[str, Floats]) -> Floats:
        """Return actions (N, 4)."""
        return np.clip(self.rng.uniform(-2.0, 2.0, (len(observation), 4)), -1.0, 1.0).astype(np.float32)
