"""One recorded flight of one vehicle: what the plots draw and the video shows."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from telic.launch.errors import UserError


@dataclass(frozen=True)
class Flight:
    """Signals of one vehicle over T control steps, float32.

    Attributes:
        time: (T,) [s].
        position: (T, 3) [m], world frame.
        rotation: (T, 3, 3), body to world.
        action: (T, 4), -1 to 1: what was done from this step to the next.
        reference_position: (T, 3) [m], world frame.
        reference_yaw: (T,) [rad].
    """

    time: NDArray[np.float32]
    position: NDArray[np.float32]
    rotation: NDArray[np.float32]
    action: NDArray[np.float32]
    reference_position: NDArray[np.float32]
    reference_yaw: NDArray[np.float32]

    @property
    def roll_pitch_yaw(self) -> NDArray[np.float32]:
        """(T, 3) [deg], of the rotation yaw about z, then pitch about y, then roll about x; yaw without jumps."""
        r = self.rotation
        roll = np.arctan2(r[:, 2, 1], r[:, 2, 2])
        pitch = -np.arcsin(np.clip(r[:, 2, 0], -1.0, 1.0))
        yaw = np.unwrap(np.arctan2(r[:, 1, 0], r[:, 0, 0]))
        return np.degrees(np.stack([roll, pitch, yaw], axis=1))

    @property
    def distance(self) -> NDArray[np.float32]:
        """(T,) [m] between the vehicle and its reference."""
        return np.linalg.norm(self.position - self.reference_position, axis=1)

    def save(self, path: Path) -> None:
        """Write one compressed NumPy archive."""
        with path.open("wb") as file:
            np.savez_compressed(file, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> "Flight":
        """Read what `save` wrote.

        Raises:
            UserError: If the file is not a flight.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                return cls(**{field.name: file[field.name] for field in fields(cls)})
        except (OSError, EOFError, KeyError, ValueError) as error:
            raise UserError(f"{path} is not a recorded flight: {error}") from error
