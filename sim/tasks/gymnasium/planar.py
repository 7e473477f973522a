"""What the runners in a vertical plane have in common: their signals and what of them is seen."""

from telic.sim.mujoco.sources import JointPosition, JointVelocity, PreviousAction, Source
from telic.sim.observe import Observe


def planar_signals(joints: tuple[str, ...]) -> tuple[Source, ...]:
    """Return the signals of a robot that slides and turns in a plane.

    Args:
        joints: Its hinges behind the first, ``rooty``, which is the pitch of the torso.
    """
    hinges = ("rooty", *joints)
    return (
        JointPosition("forward_position", joints=("rootx",)),
        JointPosition("height", joints=("rootz",)),
        JointPosition("joint_position", joints=hinges),
        JointVelocity("forward_velocity", joints=("rootx",)),
        JointVelocity("vertical_velocity", joints=("rootz",)),
        JointVelocity("joint_velocity", joints=hinges),
        PreviousAction("previous_action"),
    )


def planar_observation(fastest: float | None = None) -> tuple[Observe, ...]:
    """Return what Gymnasium shows: all but the position along the track.

    Args:
        fastest: Velocities are cut off here; None for not at all.
    """
    return (
        Observe("height"),
        Observe("joint_position"),
        Observe("forward_velocity", clip=fastest),
        Observe("vertical_velocity", clip=fastest),
        Observe("joint_velocity", clip=fastest),
    )
