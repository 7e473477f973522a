"""A task as a single Gymnasium environment."""

from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from numpy.typing import ArrayLike, NDArray

from telic.replay.reward import Reward
from telic.sim.multirotor.signals import ROWS
from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.render import TRAIL_S, Frame, Studio
from telic.sim.scoring import Scorer
from telic.sim.task import Task
from telic.sim.vector_env import action_space, fresh_seed, observation_space

RENDER_SIZE = (640, 360)


class TaskEnv(gymnasium.Env[NDArray[np.float32], NDArray[np.float32]]):
    """One episode of a task at a time. For training, `telic.sim.vector_env.TaskVectorEnv` is much faster.

    Attributes:
        task: The task.
        world: The world, with one vehicle.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 100}  # noqa: RUF012

    def __init__(
        self, task: Task, reward: Reward, seed: int | None = None, render_mode: Literal["rgb_array"] | None = None
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
        self.world = MultirotorWorld(task, 1, fresh_seed() if seed is None else seed, threads=1)
        self._scorer = Scorer(reward, self.world)
        self._studio: Studio | None = None
        self._trail: list[NDArray[np.float64]] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Start a new episode; with a seed, episode 0 of that seed."""
        super().reset(seed=seed)
        if seed is not None:
            self.world.reseed(seed)
        else:
            self.world.reset()
        self._trail = [self._position()]
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
        self._trail.append(self._position())
        ended = bool(world.terminated[0]), bool(world.truncated[0])
        return world.observation[0].copy(), float(scorer.total[0]), *ended, info

    def render(self) -> Frame | None:
        """Draw the vehicle, its path, and the path to fly: (360, 640, 3); None without a render mode.

        Raises:
            NoGraphicsError: If this machine cannot draw.
        """
        if self.render_mode is None:
            return None
        path = self._path()
        if self._studio is None:
            self._studio = Studio(self.task.vehicle, RENDER_SIZE, path)
        trail = np.array(self._trail[-round(TRAIL_S / self.task.dt) :] or [self._position()])
        goal = self.world.signals["reference_position"][0].astype(np.float64)
        quaternion = self.world.state[0, ROWS["quaternion"]].astype(np.float64)
        time = float(self.world.elapsed_s[0])
        return self._studio.shoot(self._position(), quaternion, trail, path, goal, time)

    def close(self) -> None:
        """Give the graphics memory back."""
        if self._studio is not None:
            self._studio.close()
            self._studio = None

    def _position(self) -> NDArray[np.float64]:
        return self.world.signals["position"][0].astype(np.float64)

    def _path(self) -> NDArray[np.float64]:
        """Return the whole path to fly (n, 3)."""
        time = np.arange(0.0, self.task.truncate_after_s, self.task.dt)
        return self.task.reference.sample(time).position.astype(np.float64)
