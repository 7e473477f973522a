"""Many multirotors without a task: the equations of motion and nothing else."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from telic.sim.multirotor import kernels
from telic.sim.multirotor.parameters import airframe
from telic.sim.multirotor.signals import FLIGHT_ROWS, ROWS, STATE_ROWS
from telic.sim.multirotor.tile import LANES
from telic.sim.multirotor.world import VEHICLES_PER_THREAD, padded_tiles
from telic.sim.threads import Crew, available_threads
from telic.sim.vehicle import Vehicle

Floats = NDArray[np.float32]

_WRENCH = slice(STATE_ROWS, FLIGHT_ROWS)


class FreeFlight:
    """Vehicles that fly where their rotors take them: for planners, identification and measurements.

    Attributes:
        vehicle: What flies.
        num_envs: Number of vehicles N.
        dt: Length of a step [s].
    """

    def __init__(self, vehicle: Vehicle, num_envs: int, dt: float = 0.01, threads: int | None = None) -> None:
        """Create vehicles that are level and at rest in the origin, with rotors at half speed.

        Args:
            vehicle: What flies.
            num_envs: Number of vehicles.
            dt: Length of a step [s], shorter than the rotors' time constants.
            threads: Number of threads; by default all processors, fewer for small batches.

        Raises:
            ValueError: If a number is out of its range.
        """
        lag = min(vehicle.rise_time_s, vehicle.fall_time_s)
        if num_envs < 1:
            raise ValueError(f"num_envs is {num_envs}; allowed: at least 1")
        if not 0.0 < dt <= lag:
            raise ValueError(f"dt is {dt}; allowed: above 0 and at most {lag:g}, the shortest rotor time constant [s]")
        self.vehicle, self.num_envs, self.dt = vehicle, num_envs, dt
        tiles = padded_tiles(num_envs)
        wanted = max(1, min(available_threads(), num_envs // VEHICLES_PER_THREAD)) if threads is None else threads
        self._crew = Crew(tiles, wanted)
        self._rows = np.zeros((FLIGHT_ROWS, tiles, LANES), np.float32)
        self._rows[ROWS["quaternion"].start] = 1.0
        self._airframe = np.ascontiguousarray(np.broadcast_to(airframe(vehicle, dt)[:, None, None], (30, 1, LANES)))

    @property
    def state(self) -> Floats:
        """Copy of the states (N, 17), as in `telic.sim.multirotor.world.MultirotorWorld.state`."""
        return self._columns(slice(0, STATE_ROWS)).T.copy()

    @property
    def disturbance(self) -> Floats:
        """Copy of the disturbances (N, 6): force [N] world frame, torque [N m] body frame."""
        return self._columns(_WRENCH).T.copy()

    def set_state(self, state: ArrayLike, disturbance: ArrayLike | None = None) -> None:
        """Move the vehicles to other states (N, 17), under other disturbances (N, 6)."""
        self._columns(slice(0, STATE_ROWS))[:] = np.asarray(state, np.float32).T
        if disturbance is not None:
            self._columns(_WRENCH)[:] = np.asarray(disturbance, np.float32).T

    def step(self, action: Floats) -> None:
        """Advance every vehicle by one step.

        Args:
            action: (N, 4), within -1..1: neither limited nor checked to be finite.

        Raises:
            ValueError: If the shape is wrong.
        """
        flat = np.ascontiguousarray(action, np.float32).reshape(-1)
        if flat.size != 4 * self.num_envs:
            raise ValueError(f"action has shape {np.shape(action)}; allowed: {(self.num_envs, 4)}")

        def work(first: int, last: int) -> None:
            kernels.drift(self._rows, self._airframe, flat, np.float32(self.dt), first, last)

        self._crew.run(work)

    def _columns(self, rows: slice) -> Floats:
        return self._rows[rows].reshape(rows.stop - rows.start, -1)[:, : self.num_envs]
