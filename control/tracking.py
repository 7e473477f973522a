"""How well a controller follows a moving reference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from telic.control.controller import Controller
from telic.control.flights import Flights, Progress, fly_episodes
from telic.control.statistics import Share, Spread
from telic.sim.reference import Lissajous
from telic.sim.task import Task, UprightWithin

# Near the reference: tracking is measured, not recovery. That is what survival and settling are for.
GENTLE_START = UprightWithin(degrees=10.0, position=0.05, velocity=0.1, angular_velocity=0.1)

SETTLING_S = 1.0  # After the start of the reference, before its tracking is measured.
LAPS = 2


@dataclass(frozen=True)
class Tracking:
    """Tracking over the steady part of N episodes with a gentle start.

    Attributes:
        rmse_m: Root of the mean squared distance [m] over time and all surviving episodes; NaN if none survived.
        rmse: Of each surviving episode [m].
        largest: Largest distance in each [m].
        survival: Episodes that were flown to their end. Read this before the errors: they are of these only.
        from_s: Start of the steady part [s].
        to_s: End of it [s].
    """

    rmse_m: float
    rmse: Spread | None
    largest: Spread | None
    survival: Share
    from_s: float
    to_s: float

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "tracking_rmse_m": self.rmse_m if self.rmse else None,
            "tracking_rmse_std_m": self.rmse.std if self.rmse else None,
            "tracking_rmse_p95_m": self.rmse.p95 if self.rmse else None,
            "tracking_largest_m": self.largest.mean if self.largest else None,
            "tracking_survival_fraction": self.survival.fraction,
            "tracking_from_s": self.from_s,
            "tracking_to_s": self.to_s,
        }


def evaluate_tracking(
    task: Task, controller: Controller, episodes: int = 200, seed: int = 0, progress: Progress | None = None
) -> Tracking:
    """Fly a moving reference from a gentle start, with the task's noise and disturbances.

    Args:
        task: What to fly. Its reset distribution and, for laps, its length are replaced.
        controller: Who flies.
        episodes: How many.
        seed: Of evaluation; equal seeds give all controllers the same episodes.
        progress: Told the share that is done.
    """
    task = tracking_task(task)
    return judge_tracking(fly_episodes(task, controller, episodes, seed, progress=progress), task)


def track_at_periods(
    task: Task,
    controller: Controller,
    periods: Sequence[float] = (5.5, 6.5),
    episodes: int = 200,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[float, Tracking]:
    """Evaluate the tracking of one curve at several lap times.

    Args:
        task: Its reference is a Lissajous curve.
        controller: Who flies.
        periods: Lap times [s].
        episodes: How many for each.
        seed: Of evaluation.
        progress: Told the share that is done.

    Returns:
        Tracking by lap time.

    Raises:
        ValueError: If the reference has no laps.
    """
    reference = task.reference
    if not isinstance(reference, Lissajous):
        raise ValueError(f"the reference is {type(reference).__name__}; laps need a Lissajous curve")
    tracking = {}
    for index, period in enumerate(periods):
        report = None if progress is None else part_of(progress, index / len(periods), (index + 1) / len(periods))
        timed = replace(task, reference=replace(reference, period_s=period))
        tracking[period] = evaluate_tracking(timed, controller, episodes, seed, report)
    return tracking


def moves(task: Task) -> bool:
    """Whether the place of the reference changes in an episode."""
    times = np.arange(task.episode_steps + 1) * task.dt
    return bool(task.reference.sample(times).velocity.any())


def tracking_task(task: Task) -> Task:
    """Return the task with a gentle start and, where the reference has laps, time for two after it has settled."""
    task = replace(task, reset=GENTLE_START)
    lap = task.reference.period_s
    return task if lap is None else replace(task, truncate_after_s=_settled_s(task) + LAPS * lap)


def steady_part(task: Task) -> tuple[float, float]:
    """Return start and end [s] of the time in which tracking is measured.

    It begins when the reference is at full speed and a second has passed, and ends with the last whole lap, with the
    reference, or with the episode.
    """
    start, end = _settled_s(task), task.episode_steps * task.dt
    if task.reference.duration_s > start:
        end = min(end, task.reference.duration_s)
    lap = task.reference.period_s
    if lap is not None and end - start >= lap:
        end = start + math.floor((end - start) / lap + 1e-6) * lap
    return (start, end) if start < end else (0.0, end)


def judge_tracking(flights: Flights, task: Task) -> Tracking:
    """Measure flown episodes of a task."""
    start, end = steady_part(task)
    rows = slice(math.ceil(start / flights.dt - 1e-6), math.floor(end / flights.dt + 1e-6) + 1)
    distance = flights.distance[rows, flights.survived].astype(np.float64)
    each = np.sqrt(np.mean(np.square(distance), axis=0))
    return Tracking(
        rmse_m=float(np.sqrt(np.mean(np.square(each)))) if each.size else math.nan,
        rmse=Spread.of(each),
        largest=Spread.of(distance.max(axis=0)),
        survival=Share.of(flights.survived),
        from_s=start,
        to_s=end,
    )


def part_of(progress: Progress, start: float, end: float) -> Progress:
    """Return a progress for a part of the work, from one share to another."""
    return lambda share: progress(start + share * (end - start))


def _settled_s(task: Task) -> float:
    return getattr(task.reference, "ramp_s", 0.0) + SETTLING_S
