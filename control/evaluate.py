"""What a controller is worth: held-out episodes with noise and disturbances, and what came of them."""

from dataclasses import dataclass, replace
from typing import Any

from telic.control.controller import Controller
from telic.control.flights import Flights, Progress, fly_episodes
from telic.control.statistics import Share, Spread
from telic.control.tracking import Tracking, evaluate_tracking, moves, part_of
from telic.rewards.program import RewardProgram
from telic.sim.task import Task

STEADY_S = 1.0  # The last second counts as the steady state.


@dataclass(frozen=True)
class Worst:
    """The worst moments of each surviving episode from some time on; the paper's measure of recovery.

    Attributes:
        distance: Largest distance from the reference [m].
        tilt: Largest angle between body z and world z [rad].
        speed: Largest speed relative to the reference [m/s].
    """

    distance: Spread
    tilt: Spread
    speed: Spread


@dataclass(frozen=True)
class Evaluation:
    """What N held-out episodes showed. Errors are of the episodes that survived; read `survival` first.

    Attributes:
        episodes: N.
        seed: Of evaluation.
        duration_s: Length of an episode [s].
        settling: Episodes that survived to the end and ended within 0.2 m of the reference.
        survival: Episodes that were never lost.
        success: Episodes that survived and were a success at their end by the reward program; None without one.
        error_1s: Distance from the reference at 1 s [m]; None where no episode survived or all are shorter.
        error_2s: At 2 s.
        steady: Mean distance over the last second of each episode.
        worst_after_1s: The worst of each episode from 1 s on.
        worst_after_2s: From 2 s on.
        tracking: For a reference that moves; else None.
    """

    episodes: int
    seed: int
    duration_s: float
    settling: Share
    survival: Share
    success: Share | None
    error_1s: Spread | None
    error_2s: Spread | None
    steady: Spread | None
    worst_after_1s: Worst | None
    worst_after_2s: Worst | None
    tracking: Tracking | None = None

    @property
    def settle_fraction(self) -> float:
        """Share of all episodes that settled."""
        return self.settling.fraction

    @property
    def survival_fraction(self) -> float:
        """Share of all episodes that survived."""
        return self.survival.fraction

    def as_dict(self) -> dict[str, Any]:
        """Plain flat data for JSON; lengths in metres, angles in radians, None for what was not measured."""
        return {
            "episodes": self.episodes,
            "seed": self.seed,
            "duration_s": self.duration_s,
            **_share("settle", self.settling),
            **_share("survival", self.survival),
            **_share("success", self.success),
            **_spread("error_1s", "m", self.error_1s),
            **_spread("error_2s", "m", self.error_2s),
            **_spread("steady_error", "m", self.steady),
            **_worst("1s", self.worst_after_1s),
            **_worst("2s", self.worst_after_2s),
            **(self.tracking.as_dict() if self.tracking else {}),
        }


def evaluate(
    task: Task,
    controller: Controller,
    episodes: int = 200,
    seed: int = 0,
    progress: Progress | None = None,
    reward: RewardProgram | None = None,
) -> Evaluation:
    """Fly held-out episodes and measure them.

    Survival, settling and errors are of the task's own starts. The tracking of a moving reference is measured on as
    many further flights, from gentle starts. Equal seeds give all controllers the same episodes.

    Args:
        task: What to fly.
        controller: Who flies.
        episodes: How many.
        seed: Of evaluation; never an episode of training, see `flights.held_out`.
        progress: Told the share that is done, 0 to 1.
        reward: Its `success` is asked at the end of each episode.

    Raises:
        ValueError: If a number is out of its range.
    """
    is_tracking = moves(task)
    own = part_of(progress, 0.0, 0.4 if is_tracking else 1.0) if progress else None
    evaluation = judge(fly_episodes(task, controller, episodes, seed, reward, own), seed)
    if not is_tracking:
        return evaluation
    following = part_of(progress, 0.4, 1.0) if progress else None
    tracking = evaluate_tracking(task, controller, episodes, seed, following)
    return replace(evaluation, tracking=tracking)


def judge(flights: Flights, seed: int = 0) -> Evaluation:
    """Measure flown episodes."""
    last = max(0, flights.steps + 1 - round(STEADY_S / flights.dt))
    return Evaluation(
        episodes=flights.survived.size,
        seed=seed,
        duration_s=flights.steps * flights.dt,
        settling=Share.of(flights.settled),
        survival=Share.of(flights.survived),
        success=None if flights.succeeded is None else Share.of(flights.succeeded),
        error_1s=_distance_at(flights, 1.0),
        error_2s=_distance_at(flights, 2.0),
        steady=Spread.of(flights.distance[last:, flights.survived].mean(axis=0)),
        worst_after_1s=_worst_after(flights, 1.0),
        worst_after_2s=_worst_after(flights, 2.0),
    )


def _distance_at(flights: Flights, time_s: float) -> Spread | None:
    row = round(time_s / flights.dt)
    return Spread.of(flights.distance[row, flights.survived]) if row <= flights.steps else None


def _worst_after(flights: Flights, time_s: float) -> Worst | None:
    row = round(time_s / flights.dt)
    if row > flights.steps:
        return None
    spreads = [
        Spread.of(values[row:, flights.survived].max(axis=0))
        for values in (flights.distance, flights.tilt, flights.speed)
    ]
    distance, tilt, speed = spreads
    return Worst(distance, tilt, speed) if distance and tilt and speed else None


def _share(name: str, share: Share | None) -> dict[str, Any]:
    return {
        f"{name}_fraction": share.fraction if share else None,
        f"{name}_interval": list(share.interval) if share else None,
    }


def _spread(name: str, unit: str, spread: Spread | None) -> dict[str, float | None]:
    return {
        f"{name}_{unit}": spread.mean if spread else None,
        f"{name}_std_{unit}": spread.std if spread else None,
        f"{name}_p95_{unit}": spread.p95 if spread else None,
    }


def _worst(after: str, worst: Worst | None) -> dict[str, float | None]:
    return {
        **_spread(f"worst_distance_after_{after}", "m", worst.distance if worst else None),
        **_spread(f"worst_tilt_after_{after}", "rad", worst.tilt if worst else None),
        **_spread(f"worst_speed_after_{after}", "m_s", worst.speed if worst else None),
    }
