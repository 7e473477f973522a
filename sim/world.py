"""What every world offers to environments, recorders and learners, however it is simulated."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from telic.replay.action import ActionSpec
from telic.replay.signal import Signal
from telic.sim.observe import Observe

Mask = NDArray[np.bool_]

# Called for worlds ``first...last-1``.
Hook = Callable[[int, int], None]


class Watcher(Protocol):
    """Somebody who looks at every step of a world: each method is a `Hook`."""

    def before(self, first: int, last: int) -> None:
        """Look at worlds ``first...last-1`` before they move."""
        ...

    def after(self, first: int, last: int) -> None:
        """Look at them when they have moved; ended episodes have not begun anew yet."""
        ...


class World(Protocol):
    """Many simulations of one task, each in its own episode.

    Every random number depends only on the seed, the world, its episode and its step, so that results are the same bits
    for any number of threads, and world 7 lives the same episodes among 8 worlds and among 1000.

    The arrays in `signals`, and `observation`, are live views: a step overwrites them. Copy what must last.
    """

    @property
    def task(self) -> "AnyTask":
        """What is done."""
        ...

    @property
    def num_envs(self) -> int:
        """Number of worlds N."""
        ...

    @property
    def seed(self) -> int:
        """Key of all random numbers."""
        ...

    @property
    def signals(self) -> Mapping[str, NDArray[Any]]:
        """Stored signals by name (N, ...)."""
        ...

    def flat(self, name: str) -> NDArray[Any]:
        """Return the live view (N, size) of a signal."""
        ...

    @property
    def observation(self) -> NDArray[Any]:
        """What the policies see (N, observation size)."""
        ...

    @property
    def privileged(self) -> NDArray[Any]:
        """What a critic sees (N, privileged size)."""
        ...

    @property
    def action(self) -> NDArray[np.float32]:
        """The latest actions (N, actuators), within their limits."""
        ...

    @property
    def terminated(self) -> Mask:
        """Which episodes are lost (N,)."""
        ...

    @property
    def truncated(self) -> Mask:
        """Which episodes are over without being lost (N,)."""
        ...

    @property
    def ended(self) -> Mask:
        """Which episodes are over for either reason (N,)."""
        ...

    @property
    def diverged(self) -> Mask:
        """Which episodes are over because the simulation broke down in the latest step (N,)."""
        ...

    @property
    def elapsed_s(self) -> NDArray[Any]:
        """Time since the start of each episode (N,) [s]."""
        ...

    def step(self, action: ArrayLike, before: Hook | None = None, after: Hook | None = None) -> None:
        """Advance every world by one control period; an episode that has ended goes on until it is reset."""
        ...

    def step_and_restart(
        self, action: ArrayLike, before: Hook | None = None, after: Hook | None = None
    ) -> NDArray[Any]:
        """Advance every world, then start new episodes where one has ended.

        Returns:
            (N, observation size): the last observations of the ended episodes, in their own rows; a live array, whose
            other rows mean nothing.
        """
        ...

    def reset(self, ids: Mask | None = None) -> None:
        """Start new episodes, in some worlds (N,) or in all."""
        ...

    def reseed(self, seed: int) -> None:
        """Start all worlds afresh, with episode 0 of another seed."""
        ...

    def snapshot(self) -> Any:
        """Copy all that changes, to `restore` later."""
        ...

    def restore(self, snapshot: Any, ids: Mask | None = None) -> None:
        """Go back to an earlier moment; what follows is then the same, bit for bit."""
        ...


class AnyTask(Protocol):
    """What every task says about itself, whatever it is simulated with."""

    @property
    def name(self) -> str:
        """Short name."""
        ...

    @property
    def description(self) -> str:
        """One line for people."""
        ...

    @property
    def reward(self) -> str:
        """Name of the packaged reward program."""
        ...

    @property
    def dt(self) -> float:
        """Control period [s]."""
        ...

    @property
    def dtype(self) -> str:
        """Type of signals, observations and rewards."""
        ...

    @property
    def schema(self) -> tuple[Signal, ...]:
        """The signals that the world produces and a replay stores."""
        ...

    @property
    def actions(self) -> ActionSpec:
        """What a policy commands."""
        ...

    @property
    def observation(self) -> tuple[Observe, ...]:
        """What the policy sees."""
        ...

    @property
    def observation_size(self) -> int:
        """Length of the policy's observation."""
        ...

    @property
    def privileged_size(self) -> int:
        """Length of the critic's observation."""
        ...

    @property
    def episode_steps(self) -> int:
        """Steps until truncation."""
        ...

    @property
    def truncate_after_s(self) -> float:
        """When an episode is over without being lost [s]."""
        ...

    def make_world(self, num_envs: int, seed: int = 0, threads: int | None = None) -> World:
        """Make many simulations of this task."""
        ...
