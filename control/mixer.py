"""From the wanted collective thrust and torque to four rotor speed commands that the rotors can follow."""

import numpy as np
from numpy.typing import NDArray

from telic.sim.multirotor.parameters import normalised_thrust
from telic.sim.vehicle import Vehicle

Array = NDArray[np.floating]


class Mixer:
    """Shares a wrench among the rotors of one vehicle.

    Where the rotors cannot give all of it, roll and pitch come first, then the collective thrust, then yaw: a vehicle
    that tilts wrongly is lost at once, one that sinks a little later, one that turns not at all.

    Args:
        vehicle: Whose rotors.

    Attributes:
        least: Thrust of one rotor at its lowest speed [N].
        most: Thrust of one rotor at its highest speed [N].

    Raises:
        ValueError: If the centre of mass is not between the rotors.
    """

    def __init__(self, vehicle: Vehicle) -> None:
        low, high = vehicle.rotor_speed_range
        self.least, self.most = vehicle.thrust(low), vehicle.thrust(high)
        self._curve = normalised_thrust(vehicle)
        # A vehicle without reaction torque cannot turn about z: the pseudo-inverse then asks nobody to.
        self._shares = np.linalg.pinv(allocation(vehicle))
        if (self._shares[:, 0] <= 0.0).any():
            raise ValueError(
                f"the rotors of {vehicle.name} cannot lift it level: rotor_positions is {vehicle.rotor_positions}; "
                f"allowed: rotors all around the centre of mass"
            )

    def thrusts(self, collective: Array, torque: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Return the thrust of each rotor.

        Args:
            collective: Sum of the thrusts (N,) [N].
            torque: About the body axes (N, 3) [N m].

        Returns:
            Thrusts (N, 4) [N] within the rotors' limits, and whether anything had to be cut (N,).
        """
        share = self._shares
        tilting = torque[:, :2] @ share[:, 1:3].T
        span = np.ptp(tilting, axis=1)
        room = self.most - self.least
        tilting *= np.minimum(1.0, room / np.maximum(span, 1e-12))[:, None]

        lifting = share[:, 0]
        lowest = ((self.least - tilting) / lifting).max(axis=1)
        highest = ((self.most - tilting) / lifting).min(axis=1)
        lift = np.maximum(np.minimum(collective, highest), lowest)
        thrust = tilting + lift[:, None] * lifting

        turning = torque[:, 2:] * share[:, 3]
        room_left = np.where(turning > 0.0, self.most - thrust, thrust - self.least)
        possible = (room_left / np.maximum(np.abs(turning), 1e-12)).min(axis=1)
        thrust += turning * np.clip(possible, 0.0, 1.0)[:, None]
        cut = (span > room) | (lift != collective) | (possible < 1.0)
        return np.clip(thrust, self.least, self.most), cut

    def actions(self, thrust: Array) -> NDArray[np.float32]:
        """Return the actions (N, 4) in -1..1 at which rotors that keep up give these thrusts (N, 4) [N]."""
        constant, linear, quadratic = self._curve
        missing = thrust - constant
        # The root of c2 n^2 + c1 n + c0 = T at which thrust rises, in a form that also holds for c2 = 0.
        root = np.sqrt(np.maximum(linear * linear + 4.0 * quadratic * missing, 0.0))
        return np.clip(2.0 * missing / np.maximum(linear + root, 1e-12), -1.0, 1.0).astype(np.float32)


def allocation(vehicle: Vehicle) -> NDArray[np.float64]:
    """Return the matrix (4, 4) from rotor thrusts to collective thrust [N] and torque about x, y, z [N m].

    A thrust T at (x, y) turns the body by y T about x and by -x T about y; its reaction torque is s kappa T.
    """
    positions = np.array(vehicle.rotor_positions)
    reaction = np.array(vehicle.rotor_directions) * vehicle.torque_constant
    return np.stack([np.ones(len(positions)), positions[:, 1], -positions[:, 0], reaction])
