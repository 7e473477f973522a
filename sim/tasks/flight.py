"""What the flight tasks have in common: the sensors of the policy and the view of the critic."""

from telic.sim.task import Disturbance, Observe
from telic.sim.vehicle import GRAVITY, Vehicle

DEFAULT_VEHICLE = "crazyflie"


def sensors(ahead: bool = False, history: int = 32) -> tuple[Observe, ...]:
    """Return the policy's view: state relative to the reference with noise, then the latest actions, newest first.

    Args:
        ahead: Also show the acceleration of the reference.
        history: How many actions to show, so that the policy can infer the rotor speeds.
    """
    return (
        Observe("position_error", noise=0.001),
        Observe("attitude", noise=0.001),
        Observe("velocity_error", noise=0.002),
        Observe("angular_velocity", noise=0.002),
        *((Observe("acceleration_ahead"),) if ahead else ()),
        Observe("previous_action", history=history),
    )


def critic_view(vehicle: Vehicle, ahead: bool = False) -> tuple[Observe, ...]:
    """Return the critic's view: the exact state, disturbances in units of their default spread, the rotor speeds."""
    weight = vehicle.mass * GRAVITY
    usual = Disturbance()
    return (
        Observe("position_error"),
        Observe("attitude"),
        Observe("velocity_error"),
        Observe("angular_velocity"),
        Observe("disturbance_force", scale=1.0 / (weight * usual.force_std_mg)),
        Observe("disturbance_torque", scale=1.0 / (weight * usual.torque_std_mg)),
        Observe("rotor_speed"),
        *((Observe("acceleration_ahead"),) if ahead else ()),
    )
