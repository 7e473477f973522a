"""An environment of others, played: its MuJoCo model where it has one, else its own pictures."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Mapping
from typing import Any

import gymnasium
import mujoco
import numpy as np
from numpy.typing import NDArray

from telic.control.returns import Act
from telic.launch.viewer.player import Order, Readings
from telic.sim.puppet import Mark, Puppet

_DT_S = 1.0 / 30.0


class EnvPuppet:
    """The model of an environment that is simulated with MuJoCo."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Follow a simulation."""
        self.model, self._data = model, data

    def pose(self) -> mujoco.MjData:
        """Return the simulation itself."""
        return self._data

    def marks(self) -> tuple[Mark, ...]:
        """Return none: what matters is in the model."""
        return ()


class EnvPlayer:
    """One environment of others."""

    orders: tuple[Order, ...] = ()

    def __init__(self, env: gymnasium.Env, acts: Mapping[str, Act], title: str, seed: int = 0) -> None:
        """Begin the first episode.

        Args:
            env: What is played.
            acts: Who may act, by name: from observations (1, K) to actions; the first one begins.
            title: What people read.
            seed: Of the first episode.
        """
        self.title, self._env, self._known = title, env, dict(acts)
        self.dt = float(getattr(env.unwrapped, "dt", 0.0) or _frame_time(env))
        self.controllers = tuple(self._known)
        self._act = self._known[self.controllers[0]]
        self._observation, _ = env.reset(seed=seed)
        self.puppet: Puppet | None = puppet_of(env)
        self._episode, self._steps, self._total, self._ending = 1, 0, 0.0, ""
        self._is_over = False

    def choose(self, controller: str) -> None:
        """Let somebody else act."""
        self._act = self._known[controller]

    def order(self, given: Mapping[Order, float]) -> None:
        """Do nothing: environments of others have no commands."""

    def step(self) -> None:
        """Advance by one step; after the end of an episode, begin the next one."""
        if self._is_over:
            self.restart()
            return
        action = self._act(np.asarray(self._observation)[None])[0]
        self._observation, reward, terminated, truncated, _ = self._env.step(action)
        self._total += float(reward)
        self._steps += 1
        self._is_over = terminated or truncated
        if self._is_over:
            self._ending = "terminated" if terminated else "out of time"

    def restart(self) -> None:
        """Begin a new episode."""
        self._observation, _ = self._env.reset()
        self._episode += 1
        self._steps, self._total, self._is_over = 0, 0.0, False

    def readings(self) -> Readings:
        """Return what people read."""
        return Readings(self._episode, self._steps * self.dt, self._total, {}, self._ending)

    def picture(self) -> NDArray[np.uint8] | None:
        """Return a picture (height, width, 3) of an environment without a model."""
        frame: Any = None if self.puppet is not None or self._env.render_mode is None else self._env.render()
        return None if frame is None else np.asarray(frame, np.uint8)

    def close(self) -> None:
        """Close the environment."""
        self._env.close()


def puppet_of(env: gymnasium.Env) -> EnvPuppet | None:
    """Return the MuJoCo model of an environment; None if it is simulated with something else, or hides it."""
    inner: Any = env.unwrapped
    physics = getattr(getattr(inner, "_env", None), "physics", None)
    if physics is not None:  # dm_control, through shimmy.
        model, data = getattr(physics.model, "ptr", None), getattr(physics.data, "ptr", None)
    else:
        model, data = getattr(inner, "model", None), getattr(inner, "data", None)
    if isinstance(model, mujoco.MjModel) and isinstance(data, mujoco.MjData):
        return EnvPuppet(model, data)
    return None


def _frame_time(env: gymnasium.Env) -> float:
    """Return the time of a step as far as the environment tells [s]."""
    rate = env.metadata.get("render_fps")
    return 1.0 / rate if rate else _DT_S
