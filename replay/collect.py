"""The collector: steps a Gymnasium vector environment and writes what really happened to a replay."""

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv

from telic.replay.action import ActionSpec
from telic.replay.errors import MissingSignalError, ReplayError, SchemaError
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.replay.signal import Signal

# The signal that an observation without parts becomes.
OBSERVATION = "observation"


class Collector:
    """Stands between an agent and a vector environment, and stores every step.

    Vector environments differ in what they return when an episode ends, and say so in ``metadata["autoreset_mode"]``:

    - next step: the true final observation; the next step of that world is a reset, its action is ignored. It is no
      transition, and is not stored.
    - same step: the first observation of the next episode; the true final one is in ``info["final_obs"]``.
    - disabled: the true final observation; the collector resets the world.

    In all of them the stored next state of an episode's last step is the true final one. The reward of the environment
    is not a fact and is not stored, unless there is a signal for it.

    Attributes:
        env: The environment.
        replay: Where steps are stored, one stream for each of its worlds.
        mode: How its worlds are reset.
    """

    def __init__(
        self,
        env: VectorEnv,
        capacity: int | None = None,
        replay: Replay | None = None,
        reward_signal: str | None = None,
        autoreset_mode: AutoresetMode | str | None = None,
    ) -> None:
        """Stand before an environment.

        Args:
            env: Its observations are one array, or a dictionary of arrays.
            capacity: Of a new replay, in transitions.
            replay: An existing replay instead, with the schema that `schema_of` returns.
            reward_signal: Store the environment's own reward too, as a signal of this name: the reward on the way into
                a state, 0 in the first state of an episode. `RecordedReward` reads it.
            autoreset_mode: If the environment does not say it.

        Raises:
            ReplayError: If the environment does not say how it resets, or its spaces cannot be stored.
        """
        said = autoreset_mode if autoreset_mode is not None else env.metadata.get("autoreset_mode")
        if said is None:
            raise ReplayError(
                f"{env} does not say how its worlds are reset: metadata['autoreset_mode'] is missing. Give "
                "autoreset_mode: AutoresetMode.NEXT_STEP, SAME_STEP or DISABLED"
            )
        self.mode = AutoresetMode(said)
        self.env = env
        self._reward_signal = reward_signal
        schema = schema_of(env, reward_signal)
        if (replay is None) == (capacity is None):
            raise ReplayError("a collector needs either the capacity of a new replay or a replay")
        self.replay = Replay(schema, capacity or 0, env.num_envs) if replay is None else replay
        if self.replay.schema != schema or self.replay.num_streams != env.num_envs:
            raise SchemaError(
                f"the replay has {self.replay.num_streams} streams of {self.replay.schema}, but the environment has "
                f"{env.num_envs} worlds of {schema}"
            )
        self._state: dict[str, np.ndarray] | None = None
        self._was_reset = np.zeros(env.num_envs, np.bool_)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin new episodes in all worlds; those that were going on are cut."""
        observation, info = self.env.reset(seed=seed, options=options)
        self.replay.truncate_open()
        self._state = self._signals(observation, np.zeros(self.env.num_envs))
        self._was_reset[:] = False
        return observation, info

    def step(self, action: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step all worlds, store what happened, and return what the environment returned.

        With autoreset disabled, the worlds that ended are reset, and the returned observation is the one after it.

        Raises:
            ReplayError: If `reset` was not called, or the step cannot be stored.
        """
        if self._state is None:
            raise ReplayError("reset the collector before the first step")
        stored = np.array(action, np.float32)
        observation, reward, terminated, truncated, info = self.env.step(action)
        ended = np.asarray(terminated) | np.asarray(truncated)
        # In next-step mode, the worlds that ended in the step before were reset in this one.
        skip = self._was_reset if self.mode == AutoresetMode.NEXT_STEP else np.zeros_like(ended)
        after = self._signals(observation, reward)
        final = after
        if self.mode == AutoresetMode.SAME_STEP and ended.any():
            final = self._with_finals(after, info, np.flatnonzero(ended))
        self.replay.add(self._state, stored, final, np.asarray(terminated), np.asarray(truncated), skip=skip)
        if self.mode == AutoresetMode.DISABLED and ended.any():
            observation, info = self.env.reset(options={"reset_mask": ended})
            after = self._signals(observation, reward)
        self._was_reset = ended.copy()
        if self._reward_signal is not None:
            begun = skip if self.mode == AutoresetMode.NEXT_STEP else ended
            after[self._reward_signal] = np.where(begun, 0.0, after[self._reward_signal])
        self._state = after
        return observation, reward, terminated, truncated, info

    def _signals(self, observation: Any, reward: np.ndarray) -> dict[str, np.ndarray]:
        """Copies of what is to be stored of some states: an environment may use its arrays again."""
        parts = observation if isinstance(observation, Mapping) else {OBSERVATION: observation}
        signals = {name: np.array(value) for name, value in parts.items()}
        if self._reward_signal is not None:
            signals[self._reward_signal] = np.array(reward, np.float64)
        return signals

    def _with_finals(
        self, after: dict[str, np.ndarray], info: Mapping[str, Any], ended: np.ndarray
    ) -> dict[str, np.ndarray]:
        """The states after a step, with the true final ones in place of first ones of next episodes."""
        if "final_obs" not in info:
            raise MissingSignalError(
                f"worlds {ended.tolist()} ended and were reset in the same step, but info has no 'final_obs': the true "
                "final observation is lost"
            )
        finals, signals = info["final_obs"], {name: value.copy() for name, value in after.items()}
        for name in signals:
            for world in ended:
                if name != self._reward_signal:
                    signals[name][world] = _final(finals, name, world)
        return signals


def schema_of(env: VectorEnv, reward_signal: str | None = None) -> Schema:
    """The signals and actions of a vector environment, from its spaces.

    Raises:
        SchemaError: If a space is not made of arrays.
    """
    space, actions = env.single_observation_space, env.single_action_space
    parts = space.spaces if isinstance(space, gym.spaces.Dict) else {OBSERVATION: space}
    for name, part in parts.items():
        if not isinstance(part, gym.spaces.Box | gym.spaces.MultiBinary):
            raise SchemaError(f"observation {name!r} is {part}; only arrays (Box) and dictionaries of them are stored")
    if not isinstance(actions, gym.spaces.Box) or len(actions.shape) != 1:
        raise SchemaError(f"the action space is {actions}; stored are vectors of real numbers (a Box of one axis)")
    signals = [Signal(name, part.shape or (), dtype=str(part.dtype)) for name, part in parts.items()]
    if reward_signal is not None:
        signals.append(
            Signal(reward_signal, dtype="float64", description="The environment's reward on the way into the state.")
        )
    widest = np.finfo(np.float32)
    low, high = (np.clip(bound.astype(np.float64), widest.min, widest.max) for bound in (actions.low, actions.high))
    names = tuple(f"action_{i}" for i in range(actions.shape[0]))
    initial = np.clip(0.0, low, high)
    return Schema(tuple(signals), ActionSpec(names, "1", *(tuple(x.tolist()) for x in (low, high, initial))))


class RecordedReward:
    """The environment's own reward, where a `Collector` stored it as a signal."""

    def __init__(self, signal: str) -> None:
        """Read the signal of this name."""
        self._signal = signal

    @property
    def fingerprint(self) -> str:
        """Names the reward's column."""
        return f"recorded-{self._signal}"

    @property
    def inputs(self) -> tuple[str, ...]:
        """The reward of a step is stored with the state that it led to."""
        return (f"next_{self._signal}",)

    def terms(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """One term, (B,)."""
        return {"recorded": inputs[f"next_{self._signal}"]}


def _final(finals: Any, name: str, world: int) -> np.ndarray:
    """One part of a final observation; Gymnasium has dictionaries of arrays, and arrays of dictionaries."""
    if isinstance(finals, Mapping):
        return finals[name][world]
    return finals[world][name] if isinstance(finals[world], Mapping) else finals[world]
