"""A reward evaluated on every step of a world, by the threads that step it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from telic.replay.reward import Reward, kernel_of
from telic.sim.compiled import compiled
from telic.sim.multirotor.kernels import transpose
from telic.sim.multirotor.signals import SIGNALS
from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.suggest import did_you_mean

Floats = NDArray[np.float32]

_kernel = compiled(nogil=True, error_model="numpy")


@_kernel
def _add(terms, out, first, last):  # noqa: ANN001, ANN202
    """Write the sum of each row of terms (N, terms)."""
    for i in range(first, last):
        total = terms[i, 0]
        for j in range(1, terms.shape[1]):
            total += terms[i, j]
        out[i] = total


class Scorer:
    """Collects what a reward reads, before and after a step, and evaluates it.

    Attributes:
        reward: The reward.
        total: Reward of the latest step (N,): a live array.
    """

    def __init__(self, reward: Reward, world: MultirotorWorld) -> None:
        """Prepare to score the steps of a world.

        Raises:
            ValueError: If the reward reads something that the world does not have.
        """
        self.reward, self._world = reward, world
        self._kernel = kernel_of(reward)
        self._inputs: dict[str, Floats] = {}
        self._before: list[Callable[[int, int], None]] = []
        self._after: list[Callable[[int, int], None]] = []
        for name in reward.inputs:
            self._add_input(name)
        self.total = np.zeros(world.num_envs, np.float32)
        self._names = tuple(reward.terms(self._shaped()))
        self._columns = np.zeros((world.num_envs, len(self._names)), np.float32)

    def _add_input(self, name: str) -> None:
        """Allocate an input (N, size) and say when it is read."""
        world = self._world
        if name == "terminated":
            out = self._inputs[name] = np.zeros((world.num_envs, 1), np.float32)

            def read(first: int, last: int) -> None:
                out[first:last, 0] = world.terminated[first:last]

            self._after.append(read)
            return
        # The action as it was applied, within its limits, is the previous action of the state that it led to.
        later = name == "action" or name.startswith("next_")
        stored = "previous_action" if name == "action" else name.removeprefix("next_")
        if stored not in world.signals:
            known = [*world.signals, *(f"next_{signal}" for signal in world.signals), "action", "terminated"]
            raise ValueError(f"the reward reads {name!r}, which the world does not have{did_you_mean(name, known)}")
        rows, out = world.rows(stored), np.zeros((world.num_envs, SIGNALS[stored].size), np.float32)
        self._inputs[name] = out
        # So that its first evaluation, which asks for the names of the terms, sees a state and not zeros.
        transpose(rows, out, 0, world.num_envs)
        (self._after if later else self._before).append(lambda first, last: transpose(rows, out, first, last))

    def before(self, first: int, last: int) -> None:
        """Read what vehicles ``first...last-1`` are before the step."""
        for read in self._before:
            read(first, last)

    def after(self, first: int, last: int) -> None:
        """Read what they are after the step, and evaluate the compiled form of the reward, if it has one."""
        for read in self._after:
            read(first, last)
        if self._kernel is not None:
            self._kernel(tuple(array[first:last] for array in self._inputs.values()), self._columns[first:last])
            _add(self._columns, self.total, first, last)

    def finish(self) -> None:
        """Evaluate a reward that has no compiled form, and check the result.

        Raises:
            ValueError: If the reward of a vehicle is not finite, with the term and its value.
        """
        if self._kernel is None:
            for column, values in enumerate(self.reward.terms(self._shaped()).values()):
                self._columns[:, column] = values
            _add(self._columns, self.total, 0, len(self.total))
        if not np.isfinite(self.total).all():
            self._refuse()

    def terms(self) -> dict[str, Floats]:
        """Return a copy of the terms of the latest step by name, each (N,)."""
        return dict(zip(self._names, np.ascontiguousarray(self._columns.T), strict=True))

    def clear(self, ids: NDArray[np.bool_]) -> None:
        """Forget the rewards of vehicles that were not stepped but reset."""
        self.total[ids] = 0.0
        self._columns[ids] = 0.0

    def _shaped(self) -> dict[str, NDArray[np.float32]]:
        """Return the inputs with the shapes of their signals, (N, ...)."""
        return {name: array.reshape(len(array), *_shape(name)) for name, array in self._inputs.items()}

    def _refuse(self) -> None:
        # A reward program says more about the culprit than we can.
        self.reward.terms(self._shaped())
        vehicle = int(np.flatnonzero(~np.isfinite(self.total))[0])
        values = ", ".join(f"{name} = {value}" for name, value in zip(self._names, self._columns[vehicle], strict=True))
        raise ValueError(f"the reward of vehicle {vehicle} is not finite: {values}")


def _shape(name: str) -> tuple[int, ...]:
    """Return the shape of one sample of a reward's input."""
    if name == "terminated":
        return ()
    return SIGNALS["previous_action" if name == "action" else name.removeprefix("next_")].shape
