"""Success, as a reward program says it, of episodes while they run."""

import numpy as np
from numpy.typing import NDArray

from telic.rewards.program import RewardProgram
from telic.sim.world import World


class Judge:
    """Says of every world whether its episode would be a success if it ended now.

    Its methods `before` and `after` are hooks of a world's step, as success may read the state before it.
    """

    def __init__(self, program: RewardProgram, world: World) -> None:
        """Prepare to judge.

        Raises:
            ValueError: If the program does not say what success is.
        """
        if program.success_term is None:
            raise ValueError("the reward program has no function success; add one, as a curriculum has to know")
        self._program, self._world = program, world
        self._past = {name: world.signals[name].copy() for name in program.success_inputs if name in world.signals}

    def before(self, first: int, last: int) -> None:
        """Copy what success reads of the state before the step."""
        for name, copy in self._past.items():
            copy[first:last] = self._world.signals[name][first:last]

    def after(self, first: int, last: int) -> None:
        """Do nothing: the state after the step is read when somebody asks."""

    def __call__(self) -> NDArray[np.bool_]:
        """Return whether the present episodes are a success (N,)."""
        world = self._world
        after = {f"next_{name}": values for name, values in world.signals.items()}
        terminated = world.terminated.astype(np.float32)
        found = self._program.success({**self._past, **after, "action": world.action, "terminated": terminated})
        return np.zeros(world.num_envs, np.bool_) if found is None else found
