"""Track: follow a moving reference, such as a figure eight or a line of waypoints."""

import math

from telic.sim.reference import Lissajous, Reference
from telic.sim.task import Task
from telic.sim.tasks.flight import DEFAULT_VEHICLE, critic_view, sensors
from telic.sim.vehicle import Vehicle, load_vehicle

LAPS = 2
REST_S = 2.0  # Time to stand still after the last waypoint.


def track(reference: Reference | None = None, vehicle: Vehicle | None = None, duration_s: float | None = None) -> Task:
    """Follow a reference whose acceleration is shown to the policy.

    Args:
        reference: Where to be; by default a figure eight, 2 m by 1 m, 5.5 s per lap, 1 m above the ground.
        vehicle: What flies; the Crazyflie of the paper by default.
        duration_s: Length of an episode [s]; by default two laps after the start, or the flight and two seconds of
            rest.
    """
    vehicle = vehicle or load_vehicle(DEFAULT_VEHICLE)
    reference = Lissajous() if reference is None else reference
    return Task(
        name="track",
        description="Follow a moving reference against disturbances",
        vehicle=vehicle,
        reference=reference,
        observation=sensors(ahead=True),
        privileged=critic_view(vehicle, ahead=True),
        truncate_after_s=_duration(reference) if duration_s is None else duration_s,
        reward="track",
    )


def _duration(reference: Reference) -> float:
    if reference.period_s is not None:
        return LAPS * reference.period_s + getattr(reference, "ramp_s", 0.0)
    return REST_S + (reference.duration_s if math.isfinite(reference.duration_s) else 0.0)
