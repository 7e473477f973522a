"""A task as a single Gymnasium environment."""

from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from numpy.typing import ArrayLike, NDArray

from telic.replay.reward import Reward
from telic.sim.painter import Frame, painter_for
from telic.sim.scoring import Scorer
from telic.sim.vector_env import action_space, fresh_seed, observation_space
from telic.sim.world import AnyTask


class TaskEnv(gymnasium.Env[NDArray[Any], NDArray[np.float32]]):
    """One episode of a task at a time. For training, `telic.sim.vector_env.TaskVectorEnv` is much faster.

    Attributes:
        task: The task.
        world: The world, with one simulation.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 100}  # noqa: RUF012

    def __init__(
        self, task: AnyTask, reward: Reward, seed: int | None = None, render_mode: Literal["rgb_array"] | None = None
    ) -> None:
        """Create the environment.

        Args:
            task: What to do.
            reward: What to reward; its terms are in ``info["reward_terms"]``.
            seed: Seed of all episodes; drawn from the system by default. ``reset(seed=...)`` sets another.
            render_mode: ``rgb_array`` to draw pictures with `render`.

        Raises:
            ValueError: If the reward reads what the task does not have, or the render mode is unknown.
        """
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode is {render_mode!r}; allowed: None or {self.metadata['render_modes']}")
        self.task, self.render_mode = task, render_mode
        self.metadata = {**type(self).metadata, "render_fps": round(1.0 / task.dt)}
        self.observation_space: Box = observation_space(task)
        self.action_space: Box = action_space(task)
        self.world = task.make_world(1, fresh_seed() if seed is None else seed, threads=1)
        self._scorer = Scorer(reward, self.world)
        self._painter = None if render_mode is None else painter_for(task, self.world)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Start a new episode; with a seed, episode 0 of that seed."""
        super().reset(seed=seed)
        if seed is not None:
            self.world.reseed(seed)
        else:
            self.world.reset()
        self._scorer.restart()
        if self._painter is not None:
            self._painter.restart()
        return self.world.observation[0].copy(), {}

    def step(self, action: ArrayLike) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """Advance by one control period.

        Returns:
            Observation, reward, terminated, truncated, info. Where the simulation broke down, ``info["diverged"]`` is
            True, and the episode is truncated.

        Raises:
            ValueError: If the action is not finite or has the wrong shape.
        """
        world, scorer = self.world, self._scorer
        world.step(np.asarray(action, np.float32)[None], before=scorer.before, after=scorer.after)
        scorer.check()
        info: dict[str, Any] = {"reward_terms": {name: float(values[0]) for name, values in scorer.terms().items()}}
        if world.diverged[0]:
            info["diverged"] = True
        if self._painter is not None:
            self._painter.follow()
        ended = bool(world.terminated[0]), bool(world.truncated[0])
        return world.observation[0].copy(), float(scorer.total[0]), *ended, info

    def render(self) -> Frame | None:
        """Draw what happens (360, 640, 3); None without a render mode.

        Raises:
            NoGraphicsError: If this machine cannot draw.
        """
        return None if self._painter is None else self._painter.draw()

    def close(self) -> None:
        """Give the graphics memory back."""
        if self._painter is not None:
            self._painter.close()
