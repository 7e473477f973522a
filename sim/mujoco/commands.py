"""What robots are told to do: commands drawn at the start of an episode, and perhaps again in it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from telic.sim.errors import TaskError
from telic.sim.mujoco.draws import Floats, Integers, stream_key, uniforms_at
from telic.sim.mujoco.sources import Command
from telic.sim.mujoco.task import MujocoTask
from telic.sim.suggest import did_you_mean


class Commands:
    """The commands of all worlds.

    Attributes:
        values: By name (N, size): live arrays.
    """

    def __init__(self, task: MujocoTask, num_envs: int, seed: int) -> None:
        """Find the commands among the signals of a task."""
        self._sources = [source for source in task.signals if isinstance(source, Command)]
        self._bounds = [_bounds(source) for source in self._sources]
        self._every = [round(source.every_s / task.dt) if source.every_s else 0 for source in self._sources]
        sizes = [len(low) for low, _ in self._bounds]
        self.values: dict[str, NDArray[Any]] = {
            source.name: np.zeros((num_envs, size)) for source, size in zip(self._sources, sizes, strict=True)
        }
        # What is told instead of a draw; NaN where a draw is wanted.
        self._pinned = {name: np.full_like(values, np.nan) for name, values in self.values.items()}
        for number, source in enumerate(self._sources):
            before = [other.name for other in self._sources[:number] if self.values[other.name].shape[1] == 1]
            if source.scaled_by and source.scaled_by not in before:
                raise TaskError(
                    f"command {source.name!r} is scaled by {source.scaled_by!r}, which is no command of one number "
                    f"before it{did_you_mean(source.scaled_by, before)}"
                )
        self.reseed(seed)

    def pin(self, name: str, values: Floats, worlds: Integers) -> None:
        """Tell some worlds (n,) these values (n, size) from their next episode on; NaN goes back to draws.

        Raises:
            TaskError: If the task has no such command.
        """
        if name not in self._pinned:
            raise TaskError(f"the task has no command {name!r}{did_you_mean(name, self._pinned)}")
        self._pinned[name][worlds] = values

    def reseed(self, seed: int) -> None:
        """Draw from another seed from now on."""
        self._keys = [stream_key(seed, f"command {source.name}") for source in self._sources]

    def begin(self, worlds: Integers, episodes: Integers) -> None:
        """Draw the commands of new episodes, numbered (n,), of some worlds (n,)."""
        for number in range(len(self._sources)):
            self._draw(number, worlds, episodes, np.zeros(len(worlds), np.int64))

    def advance(self, episodes: Integers, steps: Integers) -> None:
        """Draw again where it is time.

        Args:
            episodes: The number of the episode of every world (N,).
            steps: Control steps since its start (N,).
        """
        for number, every in enumerate(self._every):
            if every:
                due = np.flatnonzero(steps % every == 0)
                self._draw(number, due, episodes[due], steps[due] // every)

    def _draw(self, number: int, worlds: Integers, episodes: Integers, draw: Integers) -> None:
        if not len(worlds):
            return
        source, (low, high) = self._sources[number], self._bounds[number]
        count = len(low) + 1
        shares = uniforms_at(self._keys[number], worlds, episodes, count, draw.astype(np.int64) * count)
        values = low + (high - low) * shares[:, :-1]
        values[shares[:, -1] < source.zero] = 0.0
        if source.scaled_by:
            values *= self.values[source.scaled_by][worlds]
        pinned = self._pinned[source.name][worlds]
        np.copyto(values, pinned, where=~np.isnan(pinned))
        self.values[source.name][worlds] = values


def _bounds(source: Command) -> tuple[Floats, Floats]:
    return np.atleast_1d(np.asarray(source.low, np.float64)), np.atleast_1d(np.asarray(source.high, np.float64))
