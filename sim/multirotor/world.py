"""The multirotor world: many vehicles that fly the same task, each in its own episode."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from telic.sim.multirotor import kernels
from telic.sim.multirotor.parameters import SCALABLE, airframe, airframes
from telic.sim.multirotor.signals import ROWS, SIGNALS, STATE_ROWS, STORED, STORED_ROWS
from telic.sim.multirotor.tile import LANES, NOISE
from telic.sim.task import Observe, Task
from telic.sim.threads import Crew, available_threads
from telic.sim.vehicle import GRAVITY

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Hook = Callable[[int, int], None]

# How many steps the tape of observations runs before its window is copied back to the end.
TAPE_STEPS = 32

# Below this number of vehicles a second thread costs more than it brings.
VEHICLES_PER_THREAD = 512


@dataclass(frozen=True)
class Snapshot:
    """All that a world needs to continue from an earlier moment."""

    rows: Floats
    airframes: Floats
    window: Floats
    start: NDArray[np.int32]
    elapsed: NDArray[np.int32]
    episode: NDArray[np.int32]
    terminated: Mask
    truncated: Mask


class MultirotorWorld:
    """Many multirotors in structure of arrays, stepped by compiled kernels.

    Every random number depends only on (seed, vehicle, episode, step), so results are the same bits for any number of
    threads, and a vehicle flies the same episodes in a batch of 1 and of 10 000.

    The arrays in `signals`, and `observation`, are live views: a step overwrites them. Copy what must last.

    Attributes:
        task: What is flown.
        num_envs: Number of vehicles N.
        seed: Key of all random numbers.
        signals: Stored signals by name, (N, ...) float32 views.
    """

    def __init__(self, task: Task, num_envs: int, seed: int = 0, threads: int | None = None) -> None:
        """Create the vehicles and start their first episodes.

        Args:
            task: What to fly.
            num_envs: Number of vehicles.
            seed: Any whole number of at least 0.
            threads: Number of threads; by default all processors, fewer for small batches.

        Raises:
            ValueError: If a number is out of its range.
        """
        if num_envs < 1:
            raise ValueError(f"num_envs is {num_envs}; allowed: at least 1")
        if threads is not None and threads < 1:
            raise ValueError(f"threads is {threads}; allowed: at least 1, or None for all processors")
        self.task, self.num_envs = task, num_envs
        tiles = -(-num_envs // LANES) | 1
        wanted = max(1, min(available_threads(), num_envs // VEHICLES_PER_THREAD)) if threads is None else threads
        self._crew = Crew(tiles, wanted)
        self._allocate(tiles)
        self._table = reference_table(task)
        self._spread = _spread(task)
        self._view, self._noise_rows = _view(task.observation)
        self._privileged_view, _ = _view(task.privileged)
        self.signals: Mapping[str, NDArray[np.float32]] = MappingProxyType(
            {signal.name: self._signal(signal.name) for signal in STORED}
        )
        self.reseed(seed)

    def _allocate(self, tiles: int) -> None:
        task = self.task
        last = task.observation[-1]
        # The window of an observation moves down the tape by one sample of the history per step, so that the older
        # samples stay where they are.
        self._shift = last.size // last.history if last.history > 1 else 0
        self._tape_end = self._shift * TAPE_STEPS
        self._window = self._tape_end
        self._rows = np.zeros((STORED_ROWS, tiles, LANES), np.float32)
        self._tape = np.zeros((self._tape_end + task.observation_size, tiles, LANES), np.float32)
        self._privileged = np.zeros((task.privileged_size, tiles, LANES), np.float32)
        self._privileged_is_old = True
        nominal = airframe(task.vehicle, task.dt)[:, None, None]
        self._randomised = any(task.randomisation.ranges)
        # Vehicles that are all alike share one tile of parameters.
        copies = tiles if self._randomised else 1
        self._airframes = np.ascontiguousarray(np.broadcast_to(nominal, (nominal.shape[0], copies, LANES)))
        self._start = np.zeros((tiles, LANES), np.int32)
        self._elapsed = np.zeros((tiles, LANES), np.int32)
        self._episode = np.zeros((tiles, LANES), np.int32)
        self._terminated = np.zeros((tiles, LANES), np.bool_)
        self._truncated = np.zeros((tiles, LANES), np.bool_)

    def _signal(self, name: str) -> NDArray[np.float32]:
        signal = SIGNALS[name]
        rows = self._rows[ROWS[name]].reshape(signal.size, -1)[:, : self.num_envs]
        return (
            rows.T.reshape(self.num_envs, *signal.shape) if len(signal.shape) < 2 else _matrix_view(rows, signal.shape)
        )

    def rows(self, name: str) -> Floats:
        """Return the memory of a signal (size, N or more): a live view, one row per number."""
        return self._rows[ROWS[name]].reshape(SIGNALS[name].size, -1)

    def reseed(self, seed: int) -> None:
        """Start all vehicles afresh, with episode 0 of another seed.

        Raises:
            ValueError: If the seed is negative.
        """
        if seed < 0:
            raise ValueError(f"seed is {seed}; allowed: whole numbers of at least 0")
        self.seed = seed
        self._key = np.uint32(np.random.SeedSequence(seed).generate_state(1)[0])
        self._episode[:] = -1
        self.reset()

    def reset(self, ids: Mask | None = None) -> None:
        """Start new episodes.

        Args:
            ids: Which vehicles (N,) bool; all by default.

        Raises:
            ValueError: If the mask has another shape or type.
        """
        chosen = np.ones_like(self._terminated)
        if ids is not None:
            chosen[:] = False
            chosen.reshape(-1)[: self.num_envs] = self._mask(ids)
        view, size = self._view, self.task.observation_size

        def work(first: int, last: int) -> None:
            kernels.restart(
                self._rows, chosen, self._table, self._spread, self._start, self._elapsed, self._episode,
                self._terminated, self._truncated, self._tape, self._window, view, self._noise_rows,
                self._key, first, last,
            )  # fmt: skip
            if self._shift:
                newest = view[0].shape[0] - self._shift
                kernels.fill_history(chosen, self._tape, self._window, newest, self._shift, size, first, last)

        self._crew.run(work)
        self._privileged_is_old = True
        if self._randomised:
            self._draw_vehicles(np.flatnonzero(chosen.reshape(-1)))

    def _draw_vehicles(self, ids: NDArray[np.intp]) -> None:
        draws = np.empty((len(ids), len(SCALABLE)), np.float32)
        kernels.draw_vehicles(self._key, ids, self._episode.reshape(-1), draws)
        factors = 1.0 + draws.astype(np.float64) * self.task.randomisation.ranges
        scale: dict[str, NDArray[np.float64]] = dict(zip(SCALABLE, factors.T, strict=True))
        self._airframes.reshape(-1, self._episode.size)[:, ids] = airframes(self.task.vehicle, self.task.dt, scale)

    def step(self, action: Floats, before: Hook | None = None, after: Hook | None = None) -> None:
        """Advance every vehicle by one control period.

        An episode that has ended flies on until it is reset.

        Args:
            action: (N, 4), limited to -1..1.
            before: Called by each thread for its own vehicles ``first...last-1`` before they move.
            after: Called in the same way when they have moved and been observed.

        Raises:
            ValueError: If the shape is wrong or a number is not finite; nothing has then changed.
        """
        action = self._checked(action)
        if self._shift:
            if self._window == 0:
                size = self.task.observation_size - self._shift
                self._tape[self._tape_end + self._shift :] = self._tape[:size]
                self._window = self._tape_end
            else:
                self._window -= self._shift

        def work(first: int, last: int) -> None:
            vehicles = first * LANES, min(last * LANES, self.num_envs)
            if before is not None:
                before(*vehicles)
            kernels.advance(
                self._rows, self._airframes, action, self._table, self._start, self._elapsed, self._episode,
                self._terminated, self._truncated, self._tape, self._window, self._view, self._noise_rows,
                np.float32(self.task.dt), np.float32(self.task.terminate.half_width), self.task.episode_steps,
                self._key, first, last,
            )  # fmt: skip

            if after is not None:
                after(*vehicles)

        self._crew.run(work)
        self._privileged_is_old = True

    def _checked(self, action: ArrayLike) -> Floats:
        names = self.task.actions.names
        array = np.ascontiguousarray(action, np.float32)
        if array.shape != (self.num_envs, len(names)):
            raise ValueError(f"action has shape {array.shape}; allowed: {(self.num_envs, len(names))}")
        if not kernels.all_finite(array.reshape(-1)):
            env, actuator = np.argwhere(~np.isfinite(array))[0]
            raise ValueError(
                f"action {names[actuator]} of vehicle {env} is {array[env, actuator]}; allowed: finite numbers, "
                f"limited to -1..1"
            )
        return array

    @property
    def observation(self) -> Floats:
        """What the policies see (N, observation_size): a live view."""
        rows = self._tape[self._window : self._window + self.task.observation_size]
        return rows.reshape(rows.shape[0], -1)[:, : self.num_envs].T

    def copy_observation(self) -> Floats:
        """Return a copy of what the policies see (N, observation_size), one row after the other."""
        out = np.empty((self.num_envs, self.task.observation_size), np.float32)
        rows = self._tape[self._window : self._window + self.task.observation_size].reshape(out.shape[1], -1)
        self._crew.run(
            lambda first, last: kernels.transpose(rows, out, first * LANES, min(last * LANES, self.num_envs))
        )
        return out

    @property
    def privileged(self) -> Floats:
        """What a critic sees (N, privileged_size): a live view."""
        if self._privileged_is_old:
            self._observe(self._privileged, 0, self._privileged_view, 0)
            self._privileged_is_old = False
        return self._privileged.reshape(self._privileged.shape[0], -1)[:, : self.num_envs].T

    @property
    def terminated(self) -> Mask:
        """Which episodes are lost (N,)."""
        return self._terminated.reshape(-1)[: self.num_envs]

    @property
    def truncated(self) -> Mask:
        """Which episodes are over without being lost (N,)."""
        return self._truncated.reshape(-1)[: self.num_envs]

    @property
    def elapsed_s(self) -> Floats:
        """Time since the start of each episode (N,) [s]."""
        return self.steps * np.float32(self.task.dt)

    @property
    def steps(self) -> NDArray[np.int32]:
        """Steps since the start of each episode (N,)."""
        return self._elapsed.reshape(-1)[: self.num_envs]

    @property
    def instant(self) -> NDArray[np.int32]:
        """Row of the `reference_table` at which each vehicle is (N,)."""
        return self._start.reshape(-1)[: self.num_envs] + self.steps

    @property
    def state(self) -> Floats:
        """Copy of the states (N, 17): p world, q (w, x, y, z), v world, w body, rotor speeds normalised to -1..1."""
        return np.ascontiguousarray(self._rows[:STATE_ROWS].reshape(STATE_ROWS, -1)[:, : self.num_envs].T)

    @property
    def disturbance(self) -> Floats:
        """Copy of the disturbances (N, 6): force [N] world frame, torque [N m] body frame."""
        rows = self._rows[ROWS["disturbance_force"].start : ROWS["disturbance_torque"].stop]
        return np.ascontiguousarray(rows.reshape(6, -1)[:, : self.num_envs].T)

    @property
    def airframes(self) -> Floats:
        """Copy of the numbers of each vehicle (N, 30), as in `telic.sim.multirotor.dynamics.Airframe`."""
        rows = np.broadcast_to(self._airframes, (self._airframes.shape[0], *self._elapsed.shape))
        return np.ascontiguousarray(rows.reshape(rows.shape[0], -1)[:, : self.num_envs].T)

    def set_state(self, state: ArrayLike, disturbance: ArrayLike | None = None, ids: Mask | None = None) -> None:
        """Move vehicles to other states. Their actions before, episodes and clocks stay; observations follow.

        Args:
            state: (N, 17) as in `state`.
            disturbance: (N, 6) as in `disturbance`; unchanged by default.
            ids: Which vehicles (N,) bool; all by default.

        Raises:
            ValueError: If a shape is wrong or a number is not finite.
        """
        chosen = np.ones(self.num_envs, np.bool_) if ids is None else self._mask(ids)
        self._write("state", state, slice(0, STATE_ROWS), chosen)
        if disturbance is not None:
            rows = slice(ROWS["disturbance_force"].start, ROWS["disturbance_torque"].stop)
            self._write("disturbance", disturbance, rows, chosen)
        self._observe(self._tape, self._window, self._view, self._noise_rows)
        self._privileged_is_old = True

    def _write(self, name: str, values: ArrayLike, rows: slice, chosen: Mask) -> None:
        array = np.asarray(values, np.float32)
        expected = (self.num_envs, rows.stop - rows.start)
        if array.shape != expected:
            raise ValueError(f"{name} has shape {array.shape}; allowed: {expected}")
        if not np.isfinite(array[chosen]).all():
            raise ValueError(f"{name} holds numbers that are not finite")
        self._rows[rows].reshape(expected[1], -1)[:, : self.num_envs][:, chosen] = array[chosen].T

    def _observe(self, out: Floats, window: int, view: tuple[NDArray, ...], noise_rows: int) -> None:
        """Write the observations of the stored state to rows ``window...`` of out."""

        def work(first: int, last: int) -> None:
            kernels.observe(
                self._rows, self._elapsed, self._episode, out, window, view, noise_rows, self._key, first, last
            )

        self._crew.run(work)

    def snapshot(self) -> Snapshot:
        """Copy all that changes, to `restore` later."""
        return Snapshot(
            self._rows.copy(),
            self._airframes.copy(),
            self._tape[self._window : self._window + self.task.observation_size].copy(),
            self._start.copy(),
            self._elapsed.copy(),
            self._episode.copy(),
            self._terminated.copy(),
            self._truncated.copy(),
        )

    def restore(self, snapshot: Snapshot, ids: Mask | None = None) -> None:
        """Go back to an earlier moment; what follows is then the same, bit for bit.

        Args:
            snapshot: From a world of the same task, size and seed.
            ids: Which vehicles (N,) bool; all by default.
        """
        chosen = np.zeros_like(self._terminated)
        chosen.reshape(-1)[: self.num_envs] = True if ids is None else self._mask(ids)
        window = self._tape[self._window : self._window + self.task.observation_size]
        pairs = [
            (self._rows, snapshot.rows),
            (window, snapshot.window),
            (self._start, snapshot.start),
            (self._elapsed, snapshot.elapsed),
            (self._episode, snapshot.episode),
            (self._terminated, snapshot.terminated),
            (self._truncated, snapshot.truncated),
        ]
        if self._randomised:
            pairs.append((self._airframes, snapshot.airframes))
        for mine, theirs in pairs:
            if mine.shape != theirs.shape:
                raise ValueError(f"the snapshot is of another world: shape {theirs.shape} instead of {mine.shape}")
            mine[..., chosen] = theirs[..., chosen]
        self._privileged_is_old = True

    def _mask(self, ids: Mask) -> Mask:
        mask = np.asarray(ids)
        if mask.dtype != np.bool_ or mask.shape != (self.num_envs,):
            raise ValueError(f"ids is {mask.dtype} {mask.shape}; allowed: a bool array of shape ({self.num_envs},)")
        return mask


def _matrix_view(rows: Floats, shape: tuple[int, ...]) -> Floats:
    """Return rows (9, N) as a view (N, 3, 3)."""
    row, column = rows.strides
    return np.lib.stride_tricks.as_strided(rows, (rows.shape[1], *shape), (column, shape[1] * row, row))


def reference_table(task: Task) -> Floats:
    """Sample the reference at every step that an episode can reach.

    Returns:
        (times, 12): position, velocity, acceleration, yaw, and cosine and sine of the yaw; one row where nothing moves.
    """
    steps = task.episode_steps + round(task.reset.along_s / task.dt)
    position, velocity, acceleration, yaw = task.reference.sample(np.arange(steps + 2) * task.dt)
    heading = [yaw, np.cos(yaw), np.sin(yaw)]
    table = np.concatenate([position, velocity, acceleration, np.stack(heading, axis=1)], axis=1).astype(np.float32)
    return table[:1] if (table == table[0]).all() else np.ascontiguousarray(table)


def _spread(task: Task) -> Floats:
    """Return the numbers of the reset distribution, in the order of `start.place`."""
    reset, weight = task.reset, task.vehicle.mass * GRAVITY
    return np.array(
        [
            math.radians(reset.degrees),
            reset.position,
            reset.velocity,
            reset.angular_velocity,
            reset.guided,
            round(reset.along_s / task.dt),
            weight * task.disturbance.force_std_mg,
            weight * task.disturbance.torque_std_mg,
        ],
        np.float32,
    )


def _view(items: tuple[Observe, ...]) -> tuple[tuple[NDArray, ...], int]:
    """Return what `tile.emit` needs, one entry per number of the observation: source row, noise row, std, scale, clip.

    Also the number of noise rows, a multiple of four. Of a history only the newest sample is written anew.
    """
    source, noise, std, scale, clip = [], [], [], [], []
    noisy = 0
    for item in items:
        rows = ROWS[item.signal]
        for row in range(rows.start, rows.stop):
            source.append(row)
            noise.append(NOISE + noisy if item.noise else row)
            noisy += bool(item.noise)
            std.append(item.noise)
            scale.append(item.scale)
            clip.append(math.inf if item.clip is None else item.clip)
    arrays = (np.array(source), np.array(noise), *(np.array(x, np.float32) for x in (std, scale, clip)))
    return arrays, -(-noisy // 4) * 4
