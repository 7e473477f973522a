"""The MuJoCo world: many simulations of the same task, each in its own episode."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from telic.sim.mujoco.actuators import delays
from telic.sim.mujoco.begin import Beginning
from telic.sim.mujoco.commands import Commands
from telic.sim.mujoco.controls import Controls
from telic.sim.mujoco.draws import Integers
from telic.sim.mujoco.ends import Ends
from telic.sim.mujoco.engine import Divergence, Engine
from telic.sim.mujoco.pushes import Pushes
from telic.sim.mujoco.randomise import Randomiser
from telic.sim.mujoco.reading import Signals
from telic.sim.mujoco.signals import readings_of
from telic.sim.mujoco.sources import Elapsed, PreviousAction
from telic.sim.mujoco.task import MujocoTask
from telic.sim.mujoco.view import View
from telic.sim.threads import available_threads
from telic.sim.world import Hook, Mask

Array = NDArray[Any]


@dataclass(frozen=True)
class Snapshot:
    """All that a world needs to continue from an earlier moment.

    Attributes:
        arrays: Copies of all that changes, by name (N, ...).
        parts: The same of the parts that keep their own.
    """

    arrays: Mapping[str, Array]
    parts: Mapping[str, Mapping[str, Array]]


class MujocoWorld:
    """Many simulations of a task on MuJoCo's batch. See `telic.sim.world.World` for what every world offers.

    A simulation that breaks down (a number that is not finite, or one of MuJoCo's warnings) ends its own episode only,
    as truncated: its signals stay those before the step, and its state is kept in `divergences`.

    Attributes:
        task: What is done.
        num_envs: Number of simulations N.
        seed: Key of all random numbers.
        engine: The simulations.
        signals: Signals by name (N, ...): live views.
        view: What the policies see.
        randomiser: How the models differ.
        steps: Control steps since the start of each episode (N,).
        episodes: The number of each world's episode (N,).
        terminated: Which episodes are over for good (N,): lost, or done.
        truncated: Which episodes are cut, although they could go on (N,).
        ended: Which episodes are over for either reason (N,).
        diverged: Which episodes are over because the simulation broke down in the latest step (N,).
    """

    def __init__(self, task: MujocoTask, num_envs: int, seed: int = 0, threads: int | None = None) -> None:
        """Make the simulations and start their first episodes.

        Args:
            task: What to do.
            num_envs: Number of simulations.
            seed: Any whole number of at least 0.
            threads: Number of threads; by default all processors.

        Raises:
            TaskError: If the task names what its model does not have.
            ValueError: If a number is out of its range.
        """
        if num_envs < 1:
            raise ValueError(f"num_envs is {num_envs}; allowed: at least 1")
        if threads is not None and threads < 1:
            raise ValueError(f"threads is {threads}; allowed: at least 1, or None for all processors")
        _check_seed(seed)
        self.task, self.num_envs, self.seed = task, num_envs, seed
        readings = readings_of(task)
        threads = available_threads() if threads is None else threads
        self.engine = Engine(task, [reading for _, reading in readings], num_envs, threads)
        batch, model = self.engine.batch, self.engine.model
        self._controls = Controls(task, batch)
        self._elapsed = np.zeros((num_envs, 1))
        self.steps, self.episodes = np.zeros(num_envs, np.int64), np.zeros(num_envs, np.int64)
        self.diverged = np.zeros(num_envs, np.bool_)
        self.commands = Commands(task, num_envs, seed)
        self._reader = Signals(task, readings, self.engine, self._own())
        self.signals = self._reader.views
        columns = self._reader.columns
        self._dt = task.dt
        self._ends = Ends(task.terminate, columns, num_envs, task.episode_steps)
        self.terminated, self.truncated, self.ended = self._ends.terminated, self._ends.truncated, self._ends.ended
        self.view = View(task.observation, columns, task.dt, num_envs, seed, task.dtype)
        self._critic = View(task.privileged, columns, task.dt, num_envs, seed, task.dtype)
        self._critic_is_old = True
        self._beginning = Beginning(task, batch, seed)
        self.randomiser = Randomiser((*task.randomisation, *delays(task.actuators)), batch, seed)
        self.pushes = Pushes(task.pushes, model, task.dt, num_envs, seed)
        self._qvel, self._xfrc = batch.bind("qvel"), batch.bind("xfrc_applied")
        self._everybody = np.arange(num_envs)
        self._finals = np.zeros((0, task.observation_size), task.dtype)
        self.reseed(seed)

    def _own(self) -> dict[str, Array]:
        """Return what the world itself keeps, by the name of the signal that shows it (N, size)."""
        own: dict[str, Array] = dict(self.commands.values)
        for source in self.task.signals:
            if isinstance(source, PreviousAction):
                own[source.name] = self._controls.action
            elif isinstance(source, Elapsed):
                own[source.name] = self._elapsed
        return own

    def flat(self, name: str) -> Array:
        """Return the live view (N, size) of a signal."""
        return self._reader.rows[:, self._reader.columns[name]]

    @property
    def action(self) -> NDArray[np.float32]:
        """The latest actions (N, actuators), within their limits: a live view."""
        return self._controls.action

    @property
    def observation(self) -> Array:
        """What the policies see (N, observation size): a live view."""
        return self.view.out

    @property
    def privileged(self) -> Array:
        """What a critic sees (N, privileged size): a live view."""
        if self._critic_is_old:
            self._critic.update(self._reader.rows, self._everybody, self.episodes, self.steps)
            self._critic_is_old = False
        return self._critic.out

    @property
    def elapsed_s(self) -> NDArray[np.floating]:
        """Time since the start of each episode (N,) [s]."""
        return self.steps * self._dt

    @property
    def divergences(self) -> tuple[Divergence, ...]:
        """The latest simulations that broke down, with their states."""
        return tuple(self.engine.divergences)

    @property
    def episode_values(self) -> dict[str, Array]:
        """What was drawn for the present episodes, for their records (N, ...)."""
        return {
            **self.randomiser.values,
            **self.view.sensors.episode_values(),
            **self.pushes.episode_values(),
            **self.commands.values,
        }

    def reseed(self, seed: int) -> None:
        """Start all worlds afresh, with episode 0 of another seed.

        Raises:
            ValueError: If the seed is negative.
        """
        _check_seed(seed)
        self.seed = seed
        for part in (self._beginning, self.commands, self.randomiser, self.pushes, self.view.sensors):
            part.reseed(seed)
        self.episodes[:] = -1
        self.reset()

    def reset(self, ids: Mask | None = None) -> None:
        """Start new episodes.

        Args:
            ids: Which worlds (N,) bool; all by default.

        Raises:
            ValueError: If the mask has another shape or type.
        """
        chosen = self._everybody if ids is None else np.flatnonzero(self._checked_mask(ids))
        self._begin(chosen)
        self._ends.clear(chosen)
        self.diverged[chosen] = False

    def _begin(self, worlds: Integers) -> None:
        """Start new episodes of some worlds (n,); how the old ones ended stays on record."""
        if not len(worlds):
            return
        self.episodes[worlds] += 1
        self.steps[worlds] = 0
        self._elapsed[worlds] = 0.0
        episodes = self.episodes[worlds]
        self.commands.begin(worlds, episodes)
        told = {name: values[worlds] for name, values in self.commands.values.items()}
        self.randomiser.draw(worlds, episodes, told)
        self.engine.reset(worlds, self._beginning.keyframe)
        self._controls.begin(worlds)
        self._beginning.apply(worlds, episodes, self._controls.first, told)
        for name, values in told.items():
            self.commands.values[name][worlds] = values
        self.pushes.begin(worlds, episodes, self._xfrc)
        self._look(worlds)

    def step(self, action: ArrayLike, before: Hook | None = None, after: Hook | None = None) -> None:
        """Advance every world by one control period.

        An episode that has ended goes on until it is reset.

        Args:
            action: (N, actuators), limited to the action spec's range.
            before: Called with ``(0, N)`` before anything moves.
            after: Called in the same way when all have moved and been observed.

        Raises:
            ValueError: If the shape is wrong or a number is not finite; nothing has then changed.
        """
        self._controls.take(action)
        if before is not None:
            before(0, self.num_envs)
        self.pushes.apply(self.episodes, self.steps, self._qvel, self._xfrc)
        broken = self.engine.step()
        self.diverged[:] = False if broken is None else broken
        self.steps += 1
        np.multiply(self.steps[:, None], self._dt, out=self._elapsed)
        self.commands.advance(self.episodes, self.steps)
        # The signals of a simulation that broke down stay those before the step.
        self._reader.update(None if broken is None else np.flatnonzero(~broken))
        if (name := self._reader.unfit()) is not None:
            raise ValueError(f"signal {name!r} of task {self.task.name!r} is not finite, though the simulation is")
        self.view.update(self._reader.rows, self._everybody, self.episodes, self.steps)
        self._critic_is_old = True
        self._ends.find(self._reader.rows, self.steps, self.diverged)
        if after is not None:
            after(0, self.num_envs)

    def step_and_restart(self, action: ArrayLike, before: Hook | None = None, after: Hook | None = None) -> Array:
        """Advance every world as `step` does, then start new episodes where one has ended.

        How the old ones ended stays on record in `terminated` and `truncated` until the next step.

        Returns:
            (N, observation_size): the last observations of the episodes that have ended, in their own rows; a live
            array, whose other rows mean nothing.
        """
        if not len(self._finals):
            self._finals = np.zeros((self.num_envs, self.task.observation_size), self.task.dtype)
        self.step(action, before, after)
        if self.ended.any():
            over = np.flatnonzero(self.ended)
            self._finals[over] = self.view.out[over]
            self._begin(over)
        return self._finals

    def refresh(self, ids: Mask | None = None) -> None:
        """Make signals and observations follow a state that was written into the simulations, as at a start.

        Args:
            ids: Which worlds (N,) bool; all by default.

        Raises:
            ValueError: If the mask has another shape or type.
        """
        self._look(self._everybody if ids is None else np.flatnonzero(self._checked_mask(ids)))

    def _look(self, worlds: Integers) -> None:
        """See some worlds (n,) for the first time in their episode."""
        self.engine.forward(worlds)
        self._reader.update(None if len(worlds) == self.num_envs else worlds)
        self.view.begin(self._reader.rows, worlds, self.episodes, self.steps)
        self._critic_is_old = True

    def snapshot(self) -> Snapshot:
        """Copy all that changes, to `restore` later."""
        arrays = {name: array.copy() for name, array in self._arrays().items()}
        return Snapshot(arrays, {name: part.snapshot() for name, part in self._parts().items()})

    def restore(self, snapshot: Snapshot, ids: Mask | None = None) -> None:
        """Go back to an earlier moment; what follows is then the same, bit for bit.

        Args:
            snapshot: From a world of the same task, size and seed.
            ids: Which worlds (N,) bool; all by default.

        Raises:
            ValueError: If the snapshot is of a world of another size or task, or the mask is not allowed.
        """
        chosen = self._everybody if ids is None else np.flatnonzero(self._checked_mask(ids))
        arrays = self._arrays()
        for name, mine in arrays.items():
            theirs = snapshot.arrays.get(name)
            if theirs is None or theirs.shape != mine.shape:
                shape = "nothing" if theirs is None else theirs.shape
                raise ValueError(f"the snapshot is of another world: {name} is {shape} instead of {mine.shape}")
        for name, part in self._parts().items():
            part.restore(snapshot.parts[name], chosen)
        for name, mine in arrays.items():
            mine[chosen] = snapshot.arrays[name][chosen]
        # What the engine derives from the state follows; the signals are those of the snapshot.
        self.engine.forward(chosen)
        for name in ("state", "rows", "observation"):
            arrays[name][chosen] = snapshot.arrays[name][chosen]
        self._critic_is_old = True

    def _arrays(self) -> dict[str, Array]:
        """Return all that changes and is kept here, by name (N, ...)."""
        return {
            "state": self.engine.batch.state,
            "rows": self._reader.rows,
            "observation": self.view.out,
            "action": self._controls.action,
            "elapsed": self._elapsed,
            "steps": self.steps,
            "episodes": self.episodes,
            "terminated": self.terminated,
            "truncated": self.truncated,
            "ended": self.ended,
            "diverged": self.diverged,
            **{f"command {name}": values for name, values in self.commands.values.items()},
        }

    def _parts(self) -> dict[str, Any]:
        """Return the parts that keep what changes themselves."""
        return {"randomiser": self.randomiser, "sensors": self.view.sensors, "pushes": self.pushes}

    def _checked_mask(self, ids: Mask) -> Mask:
        mask = np.asarray(ids)
        if mask.dtype != np.bool_ or mask.shape != (self.num_envs,):
            raise ValueError(f"ids is {mask.dtype} {mask.shape}; allowed: a bool array of shape ({self.num_envs},)")
        return mask


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise ValueError(f"seed is {seed}; allowed: whole numbers of at least 0")
