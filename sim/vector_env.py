"""Tasks as native Gymnasium vector environments."""

from typing import Any

import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from telic.replay.reward import Reward
from telic.sim.scoring import Scorer
from telic.sim.world import AnyTask, Watcher

Array = NDArray[Any]


class TaskVectorEnv(VectorEnv[Array, NDArray[np.float32], Array]):
    """Many episodes of one task at once, stepped by compiled kernels or by MuJoCo's batch.

    With the default autoreset mode ``SAME_STEP``, an episode that ends is started again in the same step: the returned
    observation is the first of the new episode, and the last of the old one is in ``info["final_obs"]``.

    A simulation that breaks down truncates its own episode only: ``info["diverged"]`` (N,) says which, and the world
    keeps what is known about it.

    Attributes:
        task: The task.
        world: The world; its signals say more than the observations.
        watchers: Who else looks at every step, before it and after it, when no ended episode has begun anew yet.
    """

    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(
        self,
        task: AnyTask,
        num_envs: int,
        reward: Reward,
        seed: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
        copy: bool = True,
        threads: int | None = None,
    ) -> None:
        """Create the environments.

        Args:
            task: What to do.
            num_envs: How many episodes to run at once.
            reward: What to reward; its terms are in ``info["reward_terms"]``.
            seed: Seed of all episodes; drawn from the system by default. ``reset(seed=...)`` sets another.
            autoreset_mode: What happens when an episode ends.
            copy: Return fresh arrays. Without, all of them are live views, which the next step overwrites, and
                ``final_obs`` is one array (N, observation) of which only the masked rows mean something.
            threads: Number of threads; by default all processors, fewer for few environments.

        Raises:
            ValueError: If a number is out of its range, or the reward reads what the task does not have.
        """
        self.task, self.num_envs, self._copy = task, num_envs, copy
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {**type(self).metadata, "autoreset_mode": self.autoreset_mode}
        self.render_mode = None
        self.single_observation_space = observation_space(task)
        self.single_action_space = action_space(task)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.world = task.make_world(num_envs, fresh_seed() if seed is None else seed, threads)
        self._scorer = Scorer(reward, self.world)
        self.watchers: list[Watcher] = []
        self._ended = np.zeros(num_envs, np.bool_)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Start new episodes.

        Args:
            seed: Start afresh with episode 0 of this seed.
            options: ``{"reset_mask": (N,) bool}`` restarts only some.

        Raises:
            ValueError: If the seed or the mask is not allowed, or both are given.
        """
        if isinstance(seed, list):
            raise ValueError("seed is a list; allowed: one whole number, from which every environment derives its own")
        super().reset(seed=seed)
        mask = (options or {}).get("reset_mask")
        if mask is not None and seed is not None:
            raise ValueError("seed and reset_mask were both given; a seed restarts all environments")
        if seed is not None:
            self.world.reseed(seed)
        else:
            self.world.reset(mask)
        self._scorer.restart(mask)
        self._ended[... if mask is None else mask] = False
        return self._observation(), {}

    def step(self, actions: ArrayLike) -> tuple[Array, Array, Array, Array, dict[str, Any]]:
        """Advance all environments by one control period.

        Returns:
            Observations (N, observation), rewards (N,), terminated (N,), truncated (N,), info.

        Raises:
            ValueError: If an action is not finite or has the wrong shape, or, with autoreset disabled, if an ended
                episode was not reset.
        """
        world, scorer = self.world, self._scorer
        if self.autoreset_mode == AutoresetMode.DISABLED and self._ended.any():
            env = int(np.flatnonzero(self._ended)[0])
            raise ValueError(
                f'the episode of environment {env} has ended; call reset(options={{"reset_mask": ...}}) first'
            )
        if self.autoreset_mode == AutoresetMode.SAME_STEP:
            finals = world.step_and_restart(actions, before=self._before, after=self._after)
            scorer.check()
            info: dict[str, Any] = {"reward_terms": self._terms(), **self._finals(finals)}
        else:
            world.step(actions, before=self._before, after=self._after)
            scorer.check()
            if self.autoreset_mode == AutoresetMode.NEXT_STEP and self._ended.any():
                world.reset(self._ended)
                scorer.clear(self._ended)
            info = {"reward_terms": self._terms()}
        if world.diverged.any():
            info["diverged"] = world.diverged.copy()
        self._ended[:] = world.ended
        reward, terminated, truncated = map(self._own, (scorer.total, world.terminated, world.truncated))
        return self._observation(), reward, terminated, truncated, info

    def _before(self, first: int, last: int) -> None:
        self._scorer.before(first, last)
        for watcher in self.watchers:
            watcher.before(first, last)

    def _after(self, first: int, last: int) -> None:
        self._scorer.after(first, last)
        for watcher in self.watchers:
            watcher.after(first, last)

    def _own(self, array: Array) -> Array:
        return array.copy() if self._copy else array

    def _terms(self) -> dict[str, Array]:
        return {name: self._own(values) for name, values in self._scorer.terms().items()}

    def _observation(self) -> Array:
        observation = self.world.observation
        # In the order of the world's memory, column after column: five times as fast as row after row.
        return observation.copy(order="K") if self._copy else observation

    def _finals(self, rows: Array) -> dict[str, Any]:
        """Return the last observations of the ended episodes, in the form of Gymnasium's own vector environments."""
        ended = self.world.ended
        if not ended.any():
            return {}
        if not self._copy:
            return {"final_obs": rows, "_final_obs": ended}
        observations = np.full(self.num_envs, None, dtype=object)
        for env, observation in zip(np.flatnonzero(ended), rows[ended], strict=True):
            observations[env] = observation
        return {"final_obs": observations, "_final_obs": ended.copy()}


def observation_space(task: AnyTask) -> Box:
    """Return the space of the policy's observation."""
    return Box(-np.inf, np.inf, (task.observation_size,), np.dtype(task.dtype).type)


def action_space(task: AnyTask) -> Box:
    """Return the space of the action."""
    low, high = task.actions.bounds
    return Box(low, high, dtype=np.float32)


def fresh_seed() -> int:
    """Return a seed from the system's entropy."""
    return int(np.random.SeedSequence().generate_state(1)[0])
