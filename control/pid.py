"""A cascaded PID flight controller: the baseline that says what a learned policy is worth."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from telic.control.attitude_error import attitude_error, unit
from telic.control.controller import Floats, Mask, refuse_unfinite
from telic.control.mixer import Mixer
from telic.control.pid_gains import PidConfig, design_gains
from telic.sim.multirotor.signals import SIGNALS
from telic.sim.task import Task, size_of
from telic.sim.vehicle import GRAVITY

Array = NDArray[np.floating]

SEEN = ("position_error", "attitude", "velocity_error", "angular_velocity")

# Thrust is raised against tilt, as 1 / cos, up to this cosine; beyond it a vehicle rights itself before it lifts.
LEAST_COSINE = 0.5

# Share of the torque that the integral of the body rate may ask for.
RATE_INTEGRAL_RESERVE = 0.2

# The least lift that is asked for, so that the thrust keeps a direction [gravities].
LEAST_LIFT = 0.2


@dataclass
class _Memory:
    """What the controller remembers of N vehicles.

    Attributes:
        position_integral: Of the position error, world frame (N, 3) [m s].
        rate_integral: Of the angular velocity error, body frame (N, 3) [rad].
        climb: Vertical velocity error seen last (N,) [m/s].
        angular_velocity: Seen last (N, 3) [rad/s].
        is_new: No step was seen yet (N,).
        was_cut: The rotors could not do what was asked last (N,).
    """

    position_integral: Array
    rate_integral: Array
    climb: Array
    angular_velocity: Array
    is_new: Mask
    was_cut: Mask

    @classmethod
    def of(cls, count: int) -> "_Memory":
        """Nothing to remember of this many vehicles."""
        three, flags = (count, 3), np.zeros(count, np.bool_)
        return cls(np.zeros(three), np.zeros(three), np.zeros(count), np.zeros(three), ~flags, flags)

    def forget(self, ids: Mask) -> None:
        """Start these vehicles (N,) anew."""
        self.position_integral[ids] = self.rate_integral[ids] = 0.0
        self.is_new[ids], self.was_cut[ids] = True, False


class CascadedPid:
    """Position PI, velocity P (vertically PD), attitude P, body rate PID, and a mixer with priorities.

    The structure of the Crazyflie's and PX4's own controllers, with what a careful practitioner adds: the reference's
    velocity and acceleration fed forward, tilt before heading, limits and anti-windup in every loop, the thrust curve
    inverted. It sees the noisy observation of its task like any policy, plus the reference itself.

    All is done in the reference frame: the world turned to the heading of the reference.

    Args:
        task: What to fly; its vehicle and control period decide the gains.
        config: What is left to choose.

    Raises:
        ValueError: If the task does not show what this controller needs.
    """

    def __init__(self, task: Task, config: PidConfig | None = None) -> None:
        self.config = config or PidConfig()
        self.gains = design_gains(task.vehicle, task.dt, self.config)
        self.mixer = Mixer(task.vehicle)
        self._vehicle, self._dt = task.vehicle, task.dt
        self._inertia = np.array(task.vehicle.inertia)
        self._size = task.observation_size
        self._columns = _columns(task)
        self._memory: _Memory | None = None

    def reset(self, ids: Mask | None = None) -> None:
        """Forget the episodes of these vehicles (N,) bool; of all when None."""
        if ids is None:
            self._memory = None
        elif self._memory is not None:
            self._memory.forget(ids)

    def act(self, observation: Floats, signals: Mapping[str, Floats]) -> Floats:
        """Return actions (N, 4) in -1..1.

        Args:
            observation: (N, K), as the task's observation says.
            signals: Read for the reference's yaw and acceleration only.

        Raises:
            ValueError: If the observation has another shape than the task says, or is not finite.
        """
        seen = self._read(observation)
        memory = self._memory = self._memory or _Memory.of(len(observation))
        if len(memory.is_new) != len(observation):
            raise ValueError(
                f"observation of {len(observation)} vehicles after one of {len(memory.is_new)}; reset the controller"
            )
        yaw = signals["reference_yaw"]
        lift = self._lift(memory, seen, turned(signals["reference_acceleration"], -yaw), yaw)
        torque = self._torque(memory, seen, unit(lift))
        cosine = seen["attitude"][:, 2, 2]
        collective = self._vehicle.mass * lift[:, 2] / np.maximum(cosine, LEAST_COSINE) * (cosine > 0.0)
        thrusts, memory.was_cut = self.mixer.thrusts(collective, torque)
        memory.is_new[:] = False
        return self.mixer.actions(thrusts)

    def _read(self, observation: Floats) -> dict[str, Array]:
        """Return the sensors by name, in their units."""
        if observation.ndim != 2 or observation.shape[1] != self._size:
            raise ValueError(f"observation has shape {observation.shape}; this task shows (N, {self._size})")
        refuse_unfinite(observation)
        return {
            name: (observation[:, columns] / scale).reshape(-1, *SIGNALS[name].shape)
            for name, (columns, scale) in self._columns.items()
        }

    def _lift(self, memory: _Memory, seen: dict[str, Array], feed_forward: Array, yaw: Array) -> Array:
        """Return the wanted thrust over mass (N, 3) [m/s^2]: what gravity takes, plus the acceleration to make."""
        gains, config, dt = self.gains, self.config, self._dt
        error, velocity_error = seen["position_error"], seen["velocity_error"]
        stiffness = gains.velocity * gains.position * gains.integral
        counts = (np.abs(error) < config.integral_radius) & ~memory.was_cut[:, None]
        # The integral lives in the world frame, where wind does; a turning reference leaves it alone.
        memory.position_integral += turned(np.where(counts, error * dt, 0.0), yaw)
        bound = config.integral_limit_g * GRAVITY / stiffness
        np.clip(memory.position_integral, -bound, bound, out=memory.position_integral)

        approach = _at_most(-gains.position * error, config.speed_limit)
        acceleration = feed_forward + gains.velocity * (approach - velocity_error)
        acceleration -= stiffness * turned(memory.position_integral, -yaw)
        climb = velocity_error[:, 2]
        felt = np.where(memory.is_new, 0.0, (climb - memory.climb) / dt)
        memory.climb = climb.copy()
        acceleration[:, 2] -= gains.climb_damping * felt

        most = 4.0 * self.mixer.most / self._vehicle.mass
        up = np.clip(acceleration[:, 2] + GRAVITY, LEAST_LIFT * GRAVITY, most)
        sideways = _at_most(acceleration[:, :2], np.tan(np.radians(config.tilt_limit_deg)) * up[:, None])
        return np.concatenate([sideways, up[:, None]], axis=1)

    def _torque(self, memory: _Memory, seen: dict[str, Array], direction: Array) -> Array:
        """Return the torque (N, 3) [N m] that turns the thrust to a direction, and the vehicle to its heading."""
        gains, dt = self.gains, self._dt
        rate = seen["angular_velocity"]
        wanted = gains.attitude * attitude_error(seen["attitude"], direction)
        wanted[:, 2] = np.clip(wanted[:, 2], -self.config.yaw_rate_limit, self.config.yaw_rate_limit)
        error = wanted - rate
        memory.rate_integral += np.where(memory.was_cut[:, None], 0.0, error * dt)
        bound = RATE_INTEGRAL_RESERVE * gains.torque_reserve / gains.rate_integral
        np.clip(memory.rate_integral, -bound, bound, out=memory.rate_integral)
        # The derivative acts on what is measured, so that steps of the reference do not kick the rotors.
        felt = np.where(memory.is_new[:, None], 0.0, (rate - memory.angular_velocity) / dt)
        memory.angular_velocity = rate.copy()
        acceleration = gains.rate * error + gains.rate_integral * memory.rate_integral - gains.rate_derivative * felt
        return self._inertia * acceleration


def turned(vectors: Array, yaw: Array) -> Array:
    """Return vectors (N, 3) turned by a yaw (N,) [rad] about z."""
    cosine, sine = np.cos(yaw), np.sin(yaw)
    x, y, z = vectors.T
    return np.stack([cosine * x - sine * y, sine * x + cosine * y, z], axis=1)


def _at_most(vectors: Array, length: float | Array) -> Array:
    """Return vectors (N, d), shortened to a length, one or (N, 1)."""
    return vectors * np.minimum(1.0, length / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))


def _columns(task: Task) -> dict[str, tuple[slice, float]]:
    """Return where each sensor stands in the observation, and its scale."""
    columns, start = {}, 0
    for item in task.observation:
        if item.signal in SEEN and item.scale:
            columns[item.signal] = (slice(start, start + size_of(item)), item.scale)
        start += size_of(item)
    missing = [name for name in SEEN if name not in columns]
    if missing:
        raise ValueError(
            f"the PID needs {', '.join(missing)} in the observation of task {task.name!r}, which shows "
            f"{', '.join(item.signal for item in task.observation)}"
        )
    return columns
