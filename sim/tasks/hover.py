"""Hover: hold a point against disturbances, from any attitude up to 90 degrees."""

from telic.sim.reference import Hold, Vector3
from telic.sim.task import Task
from telic.sim.tasks.flight import DEFAULT_VEHICLE, critic_view, sensors
from telic.sim.vehicle import Vehicle, load_vehicle


def hover(
    vehicle: Vehicle | None = None,
    position: Vector3 = (0.0, 0.0, 1.0),
    yaw: float = 0.0,
    yaw_rate: float = 0.0,
    duration_s: float = 5.0,
) -> Task:
    """Hold a point, with the observation, noise and disturbances of "Learning to Fly in Seconds".

    Args:
        vehicle: What flies; the Crazyflie of the paper by default.
        position: The point [m], world frame.
        yaw: Heading at the start [rad].
        yaw_rate: How fast the heading turns [rad/s].
        duration_s: Length of an episode [s].
    """
    vehicle = vehicle or load_vehicle(DEFAULT_VEHICLE)
    return Task(
        name="hover",
        description="Hold a point against disturbances, from any attitude up to 90 degrees",
        vehicle=vehicle,
        reference=Hold(position, yaw, yaw_rate),
        observation=sensors(),
        privileged=critic_view(vehicle),
        truncate_after_s=duration_s,
        reward="hover",
    )
