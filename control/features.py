"""What a critic reads: the privileged view of a task, from stored signals or from a window of flight."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from telic.control.window.sensors import SENSORS
from telic.sim.task import Observe


def sensors_of(signals: Mapping[str, np.ndarray]) -> np.ndarray:
    """The sensor vector (B, 21) of stored signals (B, ...): the state as seen from the reference."""
    yaw = signals["reference_yaw"]
    cos, sin = np.cos(yaw)[:, None], np.sin(yaw)[:, None]

    def turned(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """From world to reference frame, a turn by minus the yaw: components (B, k) to rows (B, 3 k)."""
        return np.concatenate([cos * x + sin * y, cos * y - sin * x, z], axis=-1)

    def vector(v: np.ndarray) -> np.ndarray:
        return turned(v[:, 0:1], v[:, 1:2], v[:, 2:3])

    rotation = signals["rotation"]
    parts = {
        "position_error": vector(signals["position"] - signals["reference_position"]),
        "attitude": turned(rotation[:, 0], rotation[:, 1], rotation[:, 2]),
        "velocity_error": vector(signals["velocity"] - signals["reference_velocity"]),
        "angular_velocity": signals["angular_velocity"],
        "acceleration_ahead": vector(signals["reference_acceleration"]),
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
