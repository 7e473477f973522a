"""A reward evaluated on every step of a world, by the threads that step it."""

import numpy as np
from numpy.typing import NDArray

from telic.replay.remembering import initial_memory, remembers, scan
from telic.replay.reward import Reward, kernel_of
from telic.sim.compiled import compiled
from telic.sim.suggest import did_you_mean
from telic.sim.world import World

Floats = NDArray[np.floating]


@compiled(nogil=True, error_model="numpy")
def _add(terms, out, first, last):  # noqa: ANN001, ANN202
    """Write the sum of each row of terms (N, terms)."""
    for i in range(first, last):
        total = terms[i, 0]
        for j in range(1, terms.shape[1]):
            total += terms[i, j]
        out[i] = total


class Scorer:
    """Reads what a reward asks for, before and after a step, and evaluates it.

    Its methods `before` and `after` are hooks for `World.step`. A reward that asks only for the present (not
    ``next_...``, not ``terminated``) is evaluated before the step, straight from the world's memory. What a reward
    remembers is kept for each world, and begins anew with each episode.

    Attributes:
        reward: The reward.
        total: Reward of the latest step (N,): a live array.
    """

    def __init__(self, reward: Reward, world: World) -> None:
        """Prepare to score the steps of a world.

        Raises:
            ValueError: If the reward reads something that the world does not have.
        """
        self.reward, self._world = reward, world
        task = world.task
        self._kernel = kernel_of(reward, task.dtype)
        self._early = not any(_comes_after(name) for name in reward.inputs)
        self._lost = np.zeros((world.num_envs, 1), task.dtype)
        # The action is float32 in every world; a reward in another type reads a copy.
        self._action = world.action if task.dtype == "float32" else np.zeros(world.action.shape, task.dtype)
        self._shapes = {signal.name: signal.shape for signal in task.schema}
        self._views = {name: self._view(name) for name in reward.inputs}
        # What a later evaluation reads of the state before the step has to be copied in time.
        self._copies = {
            name: view.copy(order="K")
            for name, view in self._views.items()
            if name in world.signals and not self._early
        }
        self.total = np.zeros(world.num_envs, task.dtype)
        self._memory = initial_memory(reward, world.num_envs) if remembers(reward) else None
        self._fresh = np.ones(world.num_envs, np.bool_)
        self._every = np.arange(world.num_envs)
        self._names = reward.term_names if remembers(reward) else tuple(reward.terms(self._shaped(self._views)))
        self._columns = np.zeros((world.num_envs, len(self._names)), task.dtype)

    def _view(self, name: str) -> Floats:
        """Return the live view (N, size) of an input of the reward."""
        world = self._world
        if name == "action":
            return self._action
        if name == "terminated":
            return self._lost
        stored = name.removeprefix("next_")
        if stored not in world.signals:
            known = [*world.signals, *(f"next_{signal}" for signal in world.signals), "action", "terminated"]
            raise ValueError(f"the reward reads {name!r}, which the world does not have{did_you_mean(name, known)}")
        return world.flat(stored)

    def before(self, first: int, last: int) -> None:
        """Read what worlds ``first...last-1`` are before the step."""
        if self._early:
            self._evaluate(first, last)
        for name, copy in self._copies.items():
            copy[first:last] = self._views[name][first:last]

    def after(self, first: int, last: int) -> None:
        """Read what they are after the step."""
        if not self._early:
            self._lost[first:last, 0] = self._world.terminated[first:last]
            self._evaluate(first, last)
        self._fresh[first:last] = self._world.terminated[first:last] | self._world.truncated[first:last]

    def _evaluate(self, first: int, last: int) -> None:
        if self._action is not self._world.action:
            self._action[first:last] = self._world.action[first:last]
        inputs = {name: self._copies.get(name, view)[first:last] for name, view in self._views.items()}
        if self._memory is not None and remembers(self.reward):
            self._columns[first:last] = scan(
                self.reward, list(inputs.values()), self._every[first:last], self._fresh[first:last], self._memory
            )
        elif self._kernel is not None:
            self._kernel(tuple(inputs.values()), self._columns[first:last])
        else:
            for column, values in enumerate(self.reward.terms(self._shaped(inputs)).values()):
                self._columns[first:last, column] = values
        _add(self._columns, self.total, first, last)

    def _shaped(self, inputs: dict[str, Floats]) -> dict[str, Floats]:
        """Return inputs (N, size) with the shapes of their signals, (N, ...)."""
        return {name: array.reshape(len(array), *self._shape(name)) for name, array in inputs.items()}

    def _shape(self, name: str) -> tuple[int, ...]:
        if name == "terminated":
            return ()
        if name == "action":
            return self._action.shape[1:]
        return self._shapes[name.removeprefix("next_")]

    def check(self) -> None:
        """Check the rewards of the latest step.

        Raises:
            ValueError: If the reward of a world is not finite, with its terms.
        """
        if np.isfinite(self.total).all():
            return
        world = int(np.flatnonzero(~np.isfinite(self.total))[0])
        values = ", ".join(f"{name} = {value}" for name, value in zip(self._names, self._columns[world], strict=True))
        raise ValueError(f"the reward of world {world} is not finite: {values}")

    def terms(self) -> dict[str, Floats]:
        """Return the terms of the latest step by name, each (N,): live views."""
        return dict(zip(self._names, self._columns.T, strict=True))

    def clear(self, ids: NDArray[np.bool_]) -> None:
        """Forget the rewards of worlds that were not stepped but reset."""
        self.total[ids] = 0.0
        self._columns[ids] = 0.0
        self.restart(ids)

    def restart(self, ids: NDArray[np.bool_] | None = None) -> None:
        """Know that worlds, by default all, begin new episodes that did not end in a step."""
        self._fresh[... if ids is None else ids] = True


def _comes_after(name: str) -> bool:
    """Whether an input is known only after the step."""
    return name == "terminated" or name.startswith("next_")
