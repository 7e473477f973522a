"""A task's vehicles as a learner flies them: many side by side, window after window."""

from dataclasses import replace

import numpy as np

from telic.control.window.data import ACTION_SIZE, Fleet, Floats, Rules, Sensing, Starts, Window
from telic.control.window.rotation import rotation_rows
from telic.control.window.sensors import SENSORS
from telic.replay.schema import Schema
from telic.sim.multirotor.dynamics import Airframe
from telic.sim.multirotor.kernels import Memory
from telic.sim.multirotor.parameters import SCALABLE, airframe, airframes
from telic.sim.multirotor.rules import reference_table
from telic.sim.multirotor.world import MultirotorWorld, Snapshot
from telic.sim.task import Task, size_of

# Initial conditions ready per vehicle and window; leaving the cube takes longer than a quarter of a window.
STARTS_PER_WINDOW = 4

# Where stored signals stand in the 17 numbers of a state, and in a row of the reference table.
IN_STATE = {
    "position": slice(0, 3),
    "velocity": slice(7, 10),
    "angular_velocity": slice(10, 13),
    "rotor_speed": slice(13, 17),
}
IN_REFERENCE = {
    "reference_position": slice(0, 3),
    "reference_velocity": slice(3, 6),
    "reference_acceleration": slice(6, 9),
    "reference_yaw": 9,
}


# What each part of the observation is divided by before the policy sees it: the size that matters close to the
# reference, where a flight spends its time, and not the spread at its start. Powers of two: the division is exact.
RELEVANT_SIZE = {
    "position_error": 1 / 32,  # [m]
    "attitude": 1 / 8,
    "velocity_error": 1 / 8,  # [m/s]
    "angular_velocity": 1 / 2,  # [rad/s]
    "acceleration_ahead": 1 / 4,  # [m/s^2]
    "previous_action": 1.0,
}


class FleetError(ValueError):
    """A task that this learner cannot fly."""


class FlightFleet:
    """The vehicles of a task, in chunks, and what the window kernels need to know of it.

    Args:
        task: What to fly.
        num_envs: Vehicles, N.
        chunks: Groups that fly on threads of their own, C.
        episode_s: Flights are cut after this time, or the task's own if that is shorter [s].
        seed: Of the initial conditions.

    Raises:
        FleetError: If the policy sees what the kernels cannot differentiate.
    """

    def __init__(self, task: Task, num_envs: int, chunks: int, episode_s: float, seed: int) -> None:
        # Short flights must begin anywhere along a moving reference to see all of it.
        task = replace(task, reset=replace(task.reset, along_s=task.truncate_after_s))
        self.task = task
        self.shape = (chunks, num_envs // chunks)
        self.num_envs = num_envs
        self.schema = Schema(task.schema, task.actions)
        self.sensing, self.history = sensing_of(task)
        self.rules = Rules(
            reference=reference_table(task),
            half_width=np.float32(task.terminate.half_width),
            max_steps=min(task.episode_steps, max(1, round(episode_s / task.dt))),
            initial_action=task.actions.initial_action[0],
            dt=np.float32(task.dt),
        )
        self.observation_std = np.concatenate(
            [np.full(size_of(item), RELEVANT_SIZE[item.signal] * item.scale, np.float32) for item in task.observation]
        )
        self.bodies = np.ascontiguousarray(
            np.broadcast_to(airframe(task.vehicle, task.dt), (*self.shape, len(Airframe._fields)))
        )
        self.sampler = MultirotorWorld(task, num_envs * STARTS_PER_WINDOW, seed)
        starts = self.draw_starts()
        # Vehicles begin at different ages, so that their episodes do not all end in the same window.
        age = np.arange(num_envs, dtype=np.int32).reshape(self.shape) * self.rules.max_steps // num_envs
        self.vehicles = Fleet(
            state=starts.state[:, :, 0].copy(),
            wrench=starts.wrench[:, :, 0].copy(),
            instant=starts.instant[:, :, 0].copy(),
            age=age.astype(np.int32),
            tape=np.full((*self.shape, self.history, ACTION_SIZE), self.rules.initial_action, np.float32),
        )

    def draw_starts(self) -> Starts:
        """New initial conditions, by the task's own reset distribution."""
        self.sampler.reset()
        lead = (*self.shape, STARTS_PER_WINDOW)
        return Starts(
            self.sampler.state.reshape(*lead, -1),
            self.sampler.disturbance.reshape(*lead, -1),
            self.sampler.instant.reshape(lead),
        )

    def draw_bodies(self, rng: np.random.Generator) -> None:
        """Vary the vehicles anew, by the task's domain randomisation, if it has any.

        Between two windows and not only between episodes: one more change that a policy must cope with.
        """
        ranges = self.task.randomisation.ranges
        if not any(ranges):
            return
        factors = 1.0 + rng.uniform(-1.0, 1.0, (self.num_envs, len(ranges))) * ranges
        scale: dict[str, np.ndarray] = dict(zip(SCALABLE, factors.T, strict=True))
        self.bodies[:] = airframes(self.task.vehicle, self.task.dt, scale).T.reshape(self.bodies.shape)

    def signals(self, window: Window) -> dict[str, Floats]:
        """The stored signals before each step, and after the last: (T + 1, N, *shape)."""
        vehicles = self.vehicles
        newest = self.sensing.index.size
        return self._stored(
            self._with_last(window.state, vehicles.state),
            self._with_last(window.wrench, vehicles.wrench),
            self._with_last(window.instant, vehicles.instant),
            self._with_last(window.observation[..., newest : newest + ACTION_SIZE], vehicles.tape[:, :, 0]),
        )

    def signals_after(self, window: Window, which: np.ndarray) -> dict[str, Floats]:
        """The stored signals that some steps led to, before any reset: (E, *shape).

        Args:
            window: What was flown.
            which: (T, C, n) bool.
        """
        return self._stored(window.after[which], window.wrench[which], window.following[which], window.action[which])

    def _with_last(self, steps: np.ndarray, last: np.ndarray) -> np.ndarray:
        return np.concatenate([steps, last[None]]).reshape(len(steps) + 1, self.num_envs, *steps.shape[3:])

    def _stored(self, state: Floats, wrench: Floats, instant: np.ndarray, previous_action: Floats) -> dict[str, Floats]:
        lead = state.shape[:-1]
        rotation = np.empty((*lead, 3, 3), np.float32)
        rotation_rows(state.reshape(-1, state.shape[-1]), rotation.reshape(-1, 9))
        reference = self.rules.reference[np.minimum(instant, len(self.rules.reference) - 1)]
        return {
            "position": state[..., IN_STATE["position"]],
            "velocity": state[..., IN_STATE["velocity"]],
            "rotation": rotation,
            "angular_velocity": state[..., IN_STATE["angular_velocity"]],
            "rotor_speed": state[..., IN_STATE["rotor_speed"]],
            "disturbance_force": wrench[..., :3],
            "disturbance_torque": wrench[..., 3:],
            **{name: reference[..., where] for name, where in IN_REFERENCE.items()},
            "previous_action": previous_action,
        }

    def state_dict(self) -> dict[str, np.ndarray]:
        """What changes from window to window, as plain arrays."""
        return {
            **{f"vehicles.{name}": array for name, array in self.vehicles._asdict().items()},
            **{f"sampler.{name}": array for name, array in self.sampler.snapshot().memory._asdict().items()},
        }

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Become the fleet that `state_dict` was called on."""
        for name, array in self.vehicles._asdict().items():
            array[:] = state[f"vehicles.{name}"]
        fields = {name.removeprefix("sampler."): array for name, array in state.items() if name.startswith("sampler.")}
        self.sampler.restore(Snapshot(Memory(**fields)))


def sensing_of(task: Task) -> tuple[Sensing, int]:
    """How the policy sees, for the kernels, and how many past actions it sees.

    Raises:
        FleetError: If the observation is not sensors followed by an unscaled history of actions.
    """
    *sensors, last = task.observation
    if last.signal != "previous_action" or last.scale != 1.0 or last.noise or last.clip is not None:
        raise FleetError(
            f"the observation ends with {last}; this learner needs a plain history of actions there, such as "
            "Observe('previous_action', history=32)"
        )
    index, scale, clip, noise = [], [], [], []
    for item in sensors:
        if item.signal not in SENSORS:
            raise FleetError(f"this learner cannot see {item.signal!r}; allowed: {', '.join(SENSORS)}")
        rows = range(SENSORS[item.signal].start, SENSORS[item.signal].stop)
        index += rows
        scale += [item.scale] * len(rows)
        clip += [np.inf if item.clip is None else item.clip] * len(rows)
        noise += [item.noise] * len(rows)
    numbers = (np.array(values, np.float32) for values in (scale, clip, noise))
    return Sensing(np.array(index), *numbers), last.history
