"""Stable-Baselines3's PPO, SAC and TD3 on any world: from environments to a policy that Telic can carry."""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from torch import nn

from telic.control.baselines.term_means import TermMeans
from telic.control.baselines.weights import FastTanh, policy_weights
from telic.control.flights import HELD_OUT_SEEDS
from telic.control.policy import PolicyWeights
from telic.control.train import own_threads_only

Algorithm = Literal["sb3-ppo", "sb3-sac", "sb3-td3"]
# What is asked of a policy while it is trained: figures for the row of the history.
Probe = Callable[[PolicyWeights], Mapping[str, Any]]
MODEL = "sb3_model.zip"

# Episodes over which the history averages.
_WINDOW = 100


@dataclass(frozen=True)
class Sb3Config:
    """How to train with Stable-Baselines3. What is not here is as its authors set it.

    Attributes:
        steps: Control steps over all environments.
        num_envs: Environments that step together.
        seed: Of everything random.
        hidden: Widths of the hidden layers, of the actor and of the critic.
        learning_rate: Of the optimiser.
        gamma: Discount per control step.
        normalise: PPO: scale observations and rewards by their running moments.
        rollout: PPO: steps of each environment between updates.
        batch: Transitions in a gradient step.
        epochs: PPO: passes over each rollout.
        entropy: PPO: weight of the entropy.
        learning_starts: SAC and TD3: random steps before the first update.
        report_every: Steps per row of the history.
    """

    steps: int = 200_000
    num_envs: int = 8
    seed: int = 0
    hidden: tuple[int, ...] = (64, 64)
    learning_rate: float = 3e-4
    gamma: float = 0.99
    normalise: bool = True
    rollout: int = 256
    batch: int = 256
    epochs: int = 10
    entropy: float = 0.0
    learning_starts: int = 1000
    report_every: int = 5000

    def __post_init__(self) -> None:
        for name in ("steps", "num_envs", "rollout", "batch", "epochs", "report_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: 1 and more")
        if not 0 <= self.seed < HELD_OUT_SEEDS:
            raise ValueError(f"seed is {self.seed}; allowed: 0 to {HELD_OUT_SEEDS - 1}, those above are for evaluation")
        if not 0.0 < self.gamma <= 1.0:
            raise ValueError(f"gamma is {self.gamma}; allowed: more than 0, at most 1")


@dataclass(frozen=True)
class Sb3Result:
    """What training gave.

    Attributes:
        model: The Stable-Baselines3 model.
        weights: Its policy as Telic carries it. That of SAC has `fast_tanh` in place of the last tanh.
        history: Rows of the history, in order.
        seconds: Wall-clock.
        steps: Control steps, over all environments.
    """

    model: Any
    weights: PolicyWeights
    history: list[dict[str, Any]] = field(repr=False)
    seconds: float
    steps: int


def train_sb3(
    env: VectorEnv,
    algorithm: Algorithm = "sb3-ppo",
    config: Sb3Config | None = None,
    folder: Path | None = None,
    progress: Callable[[Mapping[str, Any]], None] | None = None,
    probe: Probe | None = None,
    begin: Callable[[Any], object] | None = None,
) -> Sb3Result:
    """Train a policy.

    Args:
        env: Environments with the autoreset mode ``SAME_STEP``; their number is what counts, not that of the
            configuration.
        algorithm: Which learner.
        config: How.
        folder: Where the model goes as ``sb3_model.zip``, for those who go on with Stable-Baselines3. Telic reads only
            the weights, as loading that file runs whatever code is in it.
        progress: Called with every row of the history: step, seconds, over the latest 100 episodes return, length
            and share of successes, and since the last row the mean of each reward term, where the world tells.
        probe: Asked about the policy before every row; what it finds is in the row too.
        begin: Called with the model before it learns, such as to fill its replay buffer.

    Raises:
        ImportError: If Stable-Baselines3 is not installed, with the line that installs it.
        ValueError: If the algorithm cannot act in this world.
    """
    from stable_baselines3.common.vec_env import VecMonitor, VecNormalize

    from telic.control.baselines.sb3_env import Sb3VecEnv

    config = config or Sb3Config()
    if algorithm not in get_args(Algorithm):
        raise ValueError(f"algorithm is {algorithm!r}; allowed: {', '.join(get_args(Algorithm))}")
    if algorithm != "sb3-ppo" and not isinstance(env.single_action_space, spaces.Box):
        raise ValueError(f"{algorithm} needs actions that are numbers, not {env.single_action_space}; use sb3-ppo")
    stepped = Sb3VecEnv(env, normalised_actions=True)
    venv = VecMonitor(stepped)
    if algorithm == "sb3-ppo" and config.normalise:
        venv = VecNormalize(venv, gamma=config.gamma)
    model = _model(algorithm, config, venv)
    if algorithm == "sb3-td3":
        _carry_fast_tanh(model)
    if begin is not None:
        begin(model)
    history: list[dict[str, Any]] = []
    carried = partial(policy_weights, model, approximate_tanh=algorithm == "sb3-sac")
    start = time.perf_counter()
    with own_threads_only():
        asked = None if probe is None else lambda: probe(carried())
        model.learn(config.steps, callback=_recorder(config, history, stepped, start, progress, asked))
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        model.save(folder / MODEL)
    return Sb3Result(
        model=model,
        weights=carried(),
        history=history,
        seconds=time.perf_counter() - start,
        steps=model.num_timesteps,
    )


def _model(algorithm: Algorithm, config: Sb3Config, venv: Any) -> Any:
    """Return an untrained model."""
    import stable_baselines3
    from stable_baselines3.common.noise import NormalActionNoise

    common = {
        "policy": "MlpPolicy",
        "env": venv,
        "learning_rate": config.learning_rate,
        "gamma": config.gamma,
        "batch_size": min(config.batch, config.rollout * venv.num_envs),
        "seed": config.seed,
        "device": "cpu",
    }
    widths = list(config.hidden)
    if algorithm == "sb3-ppo":
        return stable_baselines3.PPO(
            **common,
            n_steps=config.rollout,
            n_epochs=config.epochs,
            ent_coef=config.entropy,
            policy_kwargs={"net_arch": {"pi": widths, "vf": widths}, "activation_fn": FastTanh},
        )
    off_policy = {
        "buffer_size": min(1_000_000, config.steps),
        "learning_starts": config.learning_starts,
        # One gradient step for each environment step, however many environments there are.
        "train_freq": 1,
        "gradient_steps": -1,
        "policy_kwargs": {"net_arch": widths},
    }
    if algorithm == "sb3-sac":
        return stable_baselines3.SAC(**common, **off_policy)
    actuators = venv.action_space.shape[0]
    noise = NormalActionNoise(np.zeros(actuators), 0.1 * np.ones(actuators))
    return stable_baselines3.TD3(**common, **off_policy, action_noise=noise)


def _carry_fast_tanh(model: Any) -> None:
    """Let TD3's actors end in the tanh that Telic's exports have, so that the policy is carried exactly."""
    for actor in (model.actor, model.actor_target):
        if not isinstance(actor.mu[-1], nn.Tanh):
            raise ValueError(f"TD3's actor ends in {actor.mu[-1]}; expected Tanh")
        actor.mu[-1] = FastTanh()


def _recorder(
    config: Sb3Config,
    history: list[dict[str, Any]],
    stepped: Any,
    start: float,
    progress: Callable[[Mapping[str, Any]], None] | None,
    probe: Callable[[], Mapping[str, Any]] | None,
) -> Any:
    """Return a callback that keeps the history."""
    from stable_baselines3.common.callbacks import BaseCallback

    class Recorder(BaseCallback):
        """Averages the latest episodes, and writes a row now and then."""

        def __init__(self) -> None:
            super().__init__()
            self._successes: deque[float] = deque(maxlen=_WINDOW)
            self._terms = TermMeans()
            self._next: float = min(config.report_every, config.steps)

        def _on_step(self) -> bool:
            self._terms.add(stepped.info)
            for info in self.locals["infos"]:
                success = info.get("is_success", info.get("success"))
                if "episode" in info and success is not None:
                    self._successes.append(float(success))
            if self.num_timesteps >= self._next:
                # The last rollout goes beyond the steps that were asked for: one row at these is the last.
                is_last = self.num_timesteps >= config.steps
                self._next = math.inf if is_last else min(self._next + config.report_every, config.steps)
                self._report()
            return True

        def _report(self) -> None:
            episodes = self.model.ep_info_buffer or ()
            row: dict[str, Any] = {"step": self.num_timesteps, "seconds": time.perf_counter() - start}
            if episodes:
                row["reward"] = float(np.mean([episode["r"] for episode in episodes]))
                row["episode_steps"] = float(np.mean([episode["l"] for episode in episodes]))
            if self._successes:
                row["success_fraction"] = float(np.mean(self._successes))
            if terms := self._terms.take():
                row["terms"] = terms
            if probe is not None:
                row |= probe()
            history.append(row)
            if progress is not None:
                progress(row)

    return Recorder()
