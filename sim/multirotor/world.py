"""The multirotor world: many vehicles that fly the same task, each in its own episode."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from telic.sim.multirotor import kernels
from telic.sim.multirotor.kernels import Memory, View
from telic.sim.multirotor.parameters import SCALABLE, airframe, airframes
from telic.sim.multirotor.rules import reference_table as reference_table
from telic.sim.multirotor.rules import rules_of, view_of
from telic.sim.multirotor.signals import ROWS, SIGNALS, STATE_ROWS, STORED, STORED_ROWS
from telic.sim.multirotor.tile import LANES, STEP
from telic.sim.task import Task
from telic.sim.threads import Crew, available_threads
from telic.sim.world import Hook, Mask

Floats = NDArray[np.float32]

# How many steps the tape of observations runs before its window is copied back to the end.
TAPE_STEPS = 32

# Below this number of vehicles a second thread costs more than it brings.
VEHICLES_PER_THREAD = 2048


@dataclass(frozen=True)
class Snapshot:
    """All that a world needs to continue from an earlier moment.

    Attributes:
        memory: Copies of all that changes; of the tape, only the window.
    """

    memory: Memory


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
        diverged: Which simulations have broken down (N,): none, as an episode is lost where a number is not finite.
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
        tiles = padded_tiles(num_envs)
        wanted = max(1, min(available_threads(), num_envs // VEHICLES_PER_THREAD)) if threads is None else threads
        self._crew = Crew(tiles, wanted)
        self._view = view_of(task.observation)
        self._critic_view = view_of(task.privileged)
        # The window of an observation moves down the tape by one sample of the history per step, so that the older
        # samples stay where they are.
        self._window = self._tape_end = self._view.shift * TAPE_STEPS
        self._randomised = any(task.randomisation.ranges)
        self._memory = self._allocate(tiles)
        self._limited = np.zeros((num_envs, task.actions.size), np.float32)
        self._finals = np.zeros((0, task.observation_size), np.float32)
        self._privileged = np.zeros((task.privileged_size, tiles, LANES), np.float32)
        self._privileged_is_old = True
        self.diverged = np.zeros(num_envs, np.bool_)
        self.signals: Mapping[str, NDArray[np.float32]] = MappingProxyType(
            {signal.name: self._signal(signal.name) for signal in STORED}
        )
        self.reseed(seed)

    def _allocate(self, tiles: int) -> Memory:
        task = self.task
        nominal = airframe(task.vehicle, task.dt)[:, None, None]
        # Vehicles that are all alike share one tile of parameters.
        copies = tiles if self._randomised else 1
        return Memory(
            rows=np.zeros((STORED_ROWS, tiles, LANES), np.float32),
            airframes=np.ascontiguousarray(np.broadcast_to(nominal, (nominal.shape[0], copies, LANES))),
            clock=np.zeros((3, tiles, LANES), np.uint32),
            start=np.zeros((tiles, LANES), np.int32),
            terminated=np.zeros((tiles, LANES), np.bool_),
            truncated=np.zeros((tiles, LANES), np.bool_),
            ended=np.zeros((tiles, LANES), np.bool_),
            tape=np.zeros((self._tape_end + task.observation_size, tiles, LANES), np.float32),
        )

    def _signal(self, name: str) -> NDArray[np.float32]:
        signal = SIGNALS[name]
        rows = self.rows(name)[:, : self.num_envs]
        if len(signal.shape) < 2:
            return rows.T.reshape(self.num_envs, *signal.shape)
        row, column = rows.strides
        return np.lib.stride_tricks.as_strided(
            rows, (self.num_envs, *signal.shape), (column, signal.shape[1] * row, row)
        )

    def flat(self, name: str) -> Floats:
        """Return the live view (N, size) of a signal."""
        return self.rows(name)[:, : self.num_envs].T

    def rows(self, name: str) -> Floats:
        """Return the memory of a signal (size, N or more): a live view, one row per number."""
        return self._memory.rows[ROWS[name]].reshape(SIGNALS[name].size, -1)

    def reseed(self, seed: int) -> None:
        """Start all vehicles afresh, with episode 0 of another seed.

        Raises:
            ValueError: If the seed is negative.
        """
        if seed < 0:
            raise ValueError(f"seed is {seed}; allowed: whole numbers of at least 0")
        self.seed = seed
        self._rules = rules_of(self.task, seed)
        vehicles, episodes, _ = self._memory.clock.reshape(3, -1)
        vehicles[:], episodes[:] = np.arange(vehicles.size), _BEFORE_THE_FIRST
        self.reset()

    def reset(self, ids: Mask | None = None) -> None:
        """Start new episodes.

        Args:
            ids: Which vehicles (N,) bool; all by default.

        Raises:
            ValueError: If the mask has another shape or type.
        """
        # Those that only fill the last tile are restarted with all the others, and never alone.
        chosen = np.ones_like(self._memory.terminated) if ids is None else self._spread_out(ids)
        no_finals = self._finals[:0]

        def work(first: int, last: int) -> None:
            kernels.restart(self._memory, self._rules, self._view, chosen, no_finals, self._window, first, last)

        self._crew.run(work)
        for record in (self._memory.terminated, self._memory.truncated, self._memory.ended):
            record[chosen] = False
        self._privileged_is_old = True
        if self._randomised:
            self._draw_airframes(chosen)

    def _draw_airframes(self, chosen: Mask) -> None:
        ids = np.flatnonzero(chosen)
        draws = np.empty((len(ids), len(SCALABLE)), np.float32)
        kernels.draw_vehicles(self._rules.key, ids, self._memory.clock.reshape(3, -1), draws)
        factors = 1.0 + draws.astype(np.float64) * self.task.randomisation.ranges
        scale: dict[str, NDArray[np.float64]] = dict(zip(SCALABLE, factors.T, strict=True))
        numbers = airframes(self.task.vehicle, self.task.dt, scale)
        self._memory.airframes.reshape(len(numbers), -1)[:, ids] = numbers

    def step(self, action: ArrayLike, before: Hook | None = None, after: Hook | None = None) -> None:
        """Advance every vehicle by one control period.

        An episode that has ended flies on until it is reset.

        Args:
            action: (N, 4), limited to -1..1.
            before: Called by each thread for its own vehicles ``first...last-1`` before they move.
            after: Called in the same way when they have moved and been observed.

        Raises:
            ValueError: If the shape is wrong or a number is not finite; nothing has then changed.
        """
        self._step(action, before, after, restart=False)

    def step_and_restart(self, action: ArrayLike, before: Hook | None = None, after: Hook | None = None) -> Floats:
        """Advance every vehicle as `step` does, then start new episodes where one has ended.

        The hook ``after`` is called in between, and is the last to see the old episodes. How they ended stays on record
        in `terminated` and `truncated` until the next step.

        Returns:
            (N, observation_size): the last observations of the episodes that have ended, in their own rows; a live
            array, whose other rows mean nothing.
        """
        if not len(self._finals):
            self._finals = np.zeros((self.num_envs, self.task.observation_size), np.float32)
        self._step(action, before, after, restart=True)
        return self._finals

    def _step(self, action: ArrayLike, before: Hook | None, after: Hook | None, restart: bool) -> None:
        self._take(action)
        memory, rules, view = self._memory, self._rules, self._view
        # The next observation stands below the present one, whose history it shares, until there is no room left.
        rewind = view.shift > 0 and self._window == 0
        window = self._window = self._tape_end if rewind else self._window - view.shift
        flat = self._limited.reshape(-1)

        def work(first: int, last: int) -> None:
            vehicles = first * LANES, min(last * LANES, self.num_envs)
            if before is not None:
                before(*vehicles)
            if rewind:
                kernels.rewind(memory.tape, view, window, first, last)
            kernels.advance(memory, rules, view, flat, window, first, last)
            if after is not None:
                after(*vehicles)
            if restart:
                kernels.restart(memory, rules, view, memory.ended, self._finals, window, first, last)

        self._crew.run(work)
        self._privileged_is_old = True
        if restart and self._randomised:
            self._draw_airframes(memory.ended)

    def _take(self, action: ArrayLike) -> None:
        """Check the actions and limit them."""
        array = np.ascontiguousarray(action, np.float32)
        if array.shape != self._limited.shape:
            raise ValueError(f"action has shape {array.shape}; allowed: {self._limited.shape}")
        if not kernels.limit(array.reshape(-1), self._limited.reshape(-1)):
            env, actuator = np.argwhere(~np.isfinite(array))[0]
            name = self.task.actions.names[actuator]
            raise ValueError(
                f"action {name} of vehicle {env} is {array[env, actuator]}; allowed: finite numbers, limited to -1..1"
            )

    @property
    def action(self) -> Floats:
        """The latest actions (N, 4) as they were applied, within their limits: a live view."""
        return self._limited

    @property
    def observation(self) -> Floats:
        """What the policies see (N, observation_size): a live view."""
        return self._window_rows()[:, : self.num_envs].T

    def _window_rows(self) -> Floats:
        return self._memory.tape[self._window : self._window + self._view.size].reshape(self._view.size, -1)

    @property
    def privileged(self) -> Floats:
        """What a critic sees (N, privileged_size): a live view."""
        if self._privileged_is_old:
            self._observe(self._privileged, 0, self._critic_view)
            self._privileged_is_old = False
        return self._privileged.reshape(self._privileged.shape[0], -1)[:, : self.num_envs].T

    def _observe(self, out: Floats, window: int, view: View) -> None:
        """Write the observations of the stored state to rows ``window...`` of out."""

        def work(first: int, last: int) -> None:
            kernels.observe(self._memory.rows, self._memory.clock, self._rules, view, out, window, first, last)

        self._crew.run(work)

    @property
    def terminated(self) -> Mask:
        """Which episodes are lost (N,): a live view."""
        return self._memory.terminated.reshape(-1)[: self.num_envs]

    @property
    def truncated(self) -> Mask:
        """Which episodes are over without being lost (N,): a live view."""
        return self._memory.truncated.reshape(-1)[: self.num_envs]

    @property
    def ended(self) -> Mask:
        """Which episodes are over for either reason (N,): a live view."""
        return self._memory.ended.reshape(-1)[: self.num_envs]

    @property
    def elapsed_s(self) -> Floats:
        """Time since the start of each episode (N,) [s]."""
        return self.steps * np.float32(self.task.dt)

    @property
    def steps(self) -> NDArray[np.int32]:
        """Steps since the start of each episode (N,): a live view."""
        return self._memory.clock[STEP].reshape(-1)[: self.num_envs].view(np.int32)

    @property
    def instant(self) -> NDArray[np.int32]:
        """Row of the `reference_table` at which each vehicle is (N,)."""
        return self._memory.start.reshape(-1)[: self.num_envs] + self.steps

    @property
    def state(self) -> Floats:
        """Copy of the states (N, 17): p world, q (w, x, y, z), v world, w body, rotor speeds normalised to -1..1."""
        return self._columns(self._memory.rows[:STATE_ROWS])

    @property
    def disturbance(self) -> Floats:
        """Copy of the disturbances (N, 6): force [N] world frame, torque [N m] body frame."""
        return self._columns(self._memory.rows[_WRENCH])

    @property
    def airframes(self) -> Floats:
        """Copy of the numbers of each vehicle (N, 30), as in `telic.sim.multirotor.dynamics.Airframe`."""
        rows = self._memory.airframes
        return self._columns(np.broadcast_to(rows, (rows.shape[0], *self._memory.start.shape)))

    def _columns(self, rows: Floats) -> Floats:
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
        chosen = np.ones(self.num_envs, np.bool_) if ids is None else self._checked_mask(ids)
        self._write("state", state, slice(0, STATE_ROWS), chosen)
        if disturbance is not None:
            self._write("disturbance", disturbance, _WRENCH, chosen)
        self._observe(self._memory.tape, self._window, self._view)
        self._privileged_is_old = True

    def _write(self, name: str, values: ArrayLike, rows: slice, chosen: Mask) -> None:
        array = np.asarray(values, np.float32)
        expected = (self.num_envs, rows.stop - rows.start)
        if array.shape != expected:
            raise ValueError(f"{name} has shape {array.shape}; allowed: {expected}")
        if not np.isfinite(array[chosen]).all():
            raise ValueError(f"{name} holds numbers that are not finite")
        self._memory.rows[rows].reshape(expected[1], -1)[:, : self.num_envs][:, chosen] = array[chosen].T

    def snapshot(self) -> Snapshot:
        """Copy all that changes, to `restore` later."""
        return Snapshot(Memory._make(array.copy() for array in self._present()))

    def restore(self, snapshot: Snapshot, ids: Mask | None = None) -> None:
        """Go back to an earlier moment; what follows is then the same, bit for bit.

        Args:
            snapshot: From a world of the same task, size and seed.
            ids: Which vehicles (N,) bool; all by default.

        Raises:
            ValueError: If the snapshot is of a world of another size or task, or the mask is not allowed.
        """
        chosen = self._spread_out(np.ones(self.num_envs, np.bool_) if ids is None else ids)
        pairs = list(zip(self._present(), snapshot.memory, strict=True))
        for mine, theirs in pairs:
            if mine.shape != theirs.shape:
                raise ValueError(f"the snapshot is of another world: shape {theirs.shape} instead of {mine.shape}")
        for mine, theirs in pairs:
            if mine.shape[-2:] == chosen.shape:
                mine[..., chosen] = theirs[..., chosen]
        self._privileged_is_old = True

    def _present(self) -> Memory:
        """Return the memory, with the window instead of the whole tape."""
        return self._memory._replace(tape=self._memory.tape[self._window : self._window + self._view.size])

    def _spread_out(self, ids: Mask) -> Mask:
        """Return a mask (tiles, LANES) from one (N,)."""
        chosen = np.zeros_like(self._memory.terminated)
        chosen.reshape(-1)[: self.num_envs] = self._checked_mask(ids)
        return chosen

    def _checked_mask(self, ids: Mask) -> Mask:
        mask = np.asarray(ids)
        if mask.dtype != np.bool_ or mask.shape != (self.num_envs,):
            raise ValueError(f"ids is {mask.dtype} {mask.shape}; allowed: a bool array of shape ({self.num_envs},)")
        return mask


# The number of the episode before episode 0: the counter of a start wraps around.
_BEFORE_THE_FIRST = 2**32 - 1

_WRENCH = slice(ROWS["disturbance_force"].start, ROWS["disturbance_torque"].stop)


def padded_tiles(num_envs: int) -> int:
    """Return how many tiles hold this many vehicles.

    An odd number, so that the rows of a world do not all fall on the same lines of the cache.
    """
    return -(-num_envs // LANES) | 1
