"""What a critic reads: the privileged view of a task, from stored signals or from a window of flight."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from telic.control.window.sensors import SENSORS
from telic.sim.task import Observe


def sensors_of(signals: Mapping[str, np.ndarray]) -> np.ndarray:
    """The sensor vector (B, 21) of stored signals (B, ...): the state as seen from the reference."""
    yaw = signals["reference_yaw"]
    cos, sin, zero = np.cos(yaw), np.sin(yaw), np.zeros_like(yaw)
    # From world to reference: a turn by minus the yaw.
    turn = np.stack([cos, sin, zero, -sin, cos, zero, zero, zero, zero + 1.0], axis=-1).reshape(-1, 3, 3)

    def turned(vector: np.ndarray) -> np.ndarray:
        return (turn @ vector[..., None])[..., 0]

    parts = {
        "position_error": turned(signals["position"] - signals["reference_position"]),
        "attitude": (turn @ signals["rotation"]).reshape(-1, 9),
        "velocity_error": turned(signals["velocity"] - signals["reference_velocity"]),
        "angular_velocity": signals["angular_velocity"],
        "acceleration_ahead": turned(signals["reference_acceleration"]),
    }
    return np.concatenate([parts[name] for name in SENSORS], axis=-1, dtype=np.float32)


def critic_view(
    view: Sequence[Observe], sensors: torch.Tensor, rotor_speed: torch.Tensor, force: torch.Tensor, torque: torch.Tensor
) -> torch.Tensor:
    """Rows (B, K) of what `view` shows, scaled; differentiable.

    Args:
        view: The task's privileged observation.
        sensors: (B, 21).
        rotor_speed: (B, 4), normalised.
        force: Disturbance (B, 3) [N].
        torque: Disturbance (B, 3) [N m].

    Raises:
        ValueError: If the view shows a signal that is none of these.
    """
    others = {"rotor_speed": rotor_speed, "disturbance_force": force, "disturbance_torque": torque}
    columns = []
    for item in view:
        if item.signal in SENSORS:
            columns.append(sensors[:, SENSORS[item.signal]] * item.scale)
        elif item.signal in others:
            columns.append(others[item.signal] * item.scale)
        else:
            raise ValueError(f"the critic cannot see {item.signal!r}; allowed: {', '.join([*SENSORS, *others])}")
    return torch.cat(columns, dim=-1)
