"""A task as a single Gymnasium environment."""

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from numpy.typing import ArrayLike, NDArray

from telic.replay.reward import Reward
from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.scoring import Scorer
from telic.sim.task import Task
from telic.sim.vector_env import action_space, fresh_seed, observation_space


class TaskEnv(gymnasium.Env[NDArray[np.float32], NDArray[np.float32]]):
    """One episode of a task at a time. For training, `telic.sim.vector_env.TaskVectorEnv` is much faster.

    Attributes:
        task: The task.
        world: The world, with one vehicle.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": [], "render_fps": 30}

    def __init__(self, task: Task, reward: Reward, seed: int | None = None) -> None:
        """Create the environment.

        Args:
            task: What to do.
            reward: What to reward; its terms are in ``info["reward_terms"]``.
            seed: Seed of all episodes; drawn from the system by default. ``reset(seed=...)`` sets another.

        Raises:
            ValueError: If the reward reads what the task does not have.
        """
        self.task = task
        self.observation_space: Box = observation_space(task)
        self.action_space: Box = action_space(task)
        self.world = MultirotorWorld(task, 1, fresh_seed() if seed is None else seed, threads=1)
        self._scorer = Scorer(reward, self.world)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Start a new episode; with a seed, episode 0 of that seed."""
        super().reset(seed=seed)
        if seed is not None:
            self.world.reseed(seed)
        else:
            self.world.reset()
        return self.world.observation[0].copy(), {}

    def step(self, action: ArrayLike) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Advance by one control period.

        Returns:
            Observation, reward, terminated, truncated, info.

        Raises:
            ValueError: If the action is not finite or has the wrong shape.
        """
        world, scorer = self.world, self._scorer
        world.step(np.asarray(action, np.float32)[None], before=scorer.before, after=scorer.after)
        scorer.check()
        info = {"reward_terms": {name: float(values[0]) for name, values in scorer.terms().items()}}
        ended = bool(world.terminated[0]), bool(world.truncated[0])
        return world.observation[0].copy(), float(scorer.total[0]), *ended, info
