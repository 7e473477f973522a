"""A Gymnasium vector environment as Stable-Baselines3 wants one: PPO, SAC and TD3 train on Telic's worlds.

    from stable_baselines3 import PPO
    model = PPO("MlpPolicy", sb3_env(telic.make_vec("cartpole", num_envs=8)))

Stable-Baselines3 has one flag ``done`` per step. What a learner needs to tell a failure from a time limit travels in
the info of the step: ``TimeLimit.truncated`` is true where the episode ended by time alone, and
``terminal_observation`` is the last observation, from which the learner bootstraps.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

try:
    from stable_baselines3.common.vec_env import VecEnv, VecMonitor
except ImportError as error:
    raise ImportError(
        "training with Stable-Baselines3 needs the library: pip install 'telic[baselines]'", name=error.name
    ) from error

Indices = int | Iterable[int] | None


def sb3_env(env: VectorEnv) -> VecEnv:
    """Make an environment for a Stable-Baselines3 model, which logs the return and the length of each episode.

    Args:
        env: Environments that step together, such as ``telic.make_vec("cartpole", num_envs=8)``, with the autoreset
            mode ``SAME_STEP``.

    Raises:
        ValueError: If the autoreset mode is another.
    """
    return VecMonitor(Sb3VecEnv(env))


class Sb3VecEnv(VecEnv):
    """The adapter without the log of episodes.

    Attributes:
        env: What is stepped.
        info: Of the latest step, as `env` gave it: ``info["reward_terms"]`` has the terms of a Telic reward.
    """

    def __init__(self, env: VectorEnv, normalised_actions: bool = False) -> None:
        """Wrap environments.

        Args:
            env: Environments that step together.
            normalised_actions: Let the learner's actions lie in -1..1, whatever the limits of the environments are.

        Raises:
            ValueError: If the autoreset mode of `env` is not ``SAME_STEP``, or an action without limits is to be
                normalised.
        """
        mode = env.metadata.get("autoreset_mode")
        if mode != AutoresetMode.SAME_STEP:
            raise ValueError(
                f"the environments have the autoreset mode {getattr(mode, 'name', mode)}; allowed: SAME_STEP, since "
                "Stable-Baselines3 wants the first observation of the next episode from the step that ends one: "
                "make them with autoreset_mode=AutoresetMode.SAME_STEP"
            )
        self.env = env
        self.info: Mapping[str, Any] = {}
        self._actions: NDArray[Any] = np.empty(0)
        space = env.single_action_space
        self._limits: tuple[NDArray[Any], NDArray[Any]] | None = None
        if normalised_actions and isinstance(space, Box):
            if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
                raise ValueError(f"the actions have no limits: {space}; actions in -1..1 cannot be mapped to them")
            if (space.low != -1.0).any() or (space.high != 1.0).any():
                self._limits = space.low, space.high
            space = Box(-1.0, 1.0, space.shape, np.float32)
        super().__init__(env.num_envs, env.single_observation_space, space)

    def reset(self) -> Any:
        """Start new episodes; after `seed`, those of the seed.

        Returns:
            Observations (N, ...), or a mapping of them.
        """
        # Both Telic's and Gymnasium's environments derive the seeds of all N from one.
        observation, info = self.env.reset(seed=self._seeds[0], options=self._options[0] or None)
        self.info = info
        self.reset_infos = [_of(info, env) for env in range(self.num_envs)]
        self._reset_seeds()
        self._reset_options()
        return observation

    def step_async(self, actions: NDArray[Any]) -> None:
        """Take the actions (N, ...) of the next step."""
        if self._limits is not None:
            low, high = self._limits
            actions = low + 0.5 * (actions + 1.0) * (high - low)
        self._actions = actions

    def step_wait(self) -> tuple[Any, NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Make the step.

        Returns:
            Observations (N, ...), where an episode ended those of the next one; rewards (N,); done (N,); and one info
            for each environment.
        """
        observation, reward, terminated, truncated, info = self.env.step(self._actions)
        self.info = info
        done = terminated | truncated
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for env in map(int, np.flatnonzero(done)):
            infos[env] = {
                **_of(info.get("final_info", {}), env),
                "terminal_observation": info["final_obs"][env],
                "TimeLimit.truncated": bool(truncated[env] and not terminated[env]),
            }
        # The learner adds to the rewards in place.
        return observation, np.array(reward, np.float32), done, infos

    def close(self) -> None:
        """Close the environments."""
        self.env.close()

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """Return a picture of each environment."""
        pictures = self.env.render()
        return [None] * self.num_envs if pictures is None else [np.asarray(picture) for picture in pictures]

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """Return an attribute of the environments, once per environment."""
        return [getattr(owner, attr_name) for owner in self._owners(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Set an attribute of the environments."""
        for owner in self._owners(indices):
            setattr(owner, attr_name, value)

    def env_method(self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any) -> list:
        """Call a method of the environments, once per environment."""
        return [getattr(owner, method_name)(*method_args, **method_kwargs) for owner in self._owners(indices)]

    def env_is_wrapped(self, wrapper_class: type, indices: Indices = None) -> list[bool]:
        """Return which environments are wrapped in a class."""
        return [_has_layer(owner, wrapper_class) for owner in self._owners(indices)]

    def _owners(self, indices: Indices) -> list[Any]:
        """Return what holds the attributes of each environment: itself, or the batch where there is but one."""
        singles = getattr(self.env.unwrapped, "envs", None)
        return [self.env if singles is None else singles[index] for index in self._get_indices(indices)]


def _has_layer(env: Any, wrapper_class: type) -> bool:
    """Return whether a wrapper is among those around an environment."""
    while env is not None:
        if isinstance(env, wrapper_class):
            return True
        env = getattr(env, "env", None)
    return False


def _of(info: Mapping[str, Any], env: int) -> dict[str, Any]:
    """Return one environment's part of an info whose entries have a mask of who set them, as Gymnasium's have."""
    part = {}
    for key, values in info.items():
        mask = info.get(f"_{key}")
        if key.startswith("_") or mask is None or not mask[env]:
            continue
        part[key] = _of(values, env) if isinstance(values, Mapping) else values[env]
    return part
