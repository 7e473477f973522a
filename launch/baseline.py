"""A run of a Stable-Baselines3 learner, on a Telic task or an environment of others: folder, training, figures."""

import shlex
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv

from telic.control.baselines.learner import MODEL, Algorithm, Sb3Config, train_sb3
from telic.control.baselines.weights import ConversionError
from telic.control.controller import Controller, PolicyController
from telic.control.guard.witness import WorldWitness, can_witness
from telic.control.make import load_reward, packaged_reward, reward_for
from telic.control.policy import PolicyWeights
from telic.control.returns import Act, Returns, environment_returns, task_returns
from telic.control.within_limits import WithinLimits
from telic.deploy.checked import convert
from telic.launch.describe import facts
from telic.launch.errors import UserError, reading
from telic.launch.folder import RunFolder, write_json
from telic.launch.metrics import flat, write_csv, write_tensorboard
from telic.launch.recipe import Recipe
from telic.launch.run import machine
from telic.replay.reward import Reward
from telic.rewards.program import parse_reward
from telic.sim.foreign import is_foreign, make_foreign_vec
from telic.sim.task import Task
from telic.sim.tasks.registry import make_task
from telic.sim.vector_env import TaskVectorEnv
from telic.sim.world import AnyTask
from telic.sim.yaml.load import TASK_FILES

News = Callable[[str], None]

# Environments of others are stepped one after the other: more at once would not be faster.
_EVALUATION_ENVIRONMENTS = 8


@dataclass(frozen=True)
class Baseline:
    """What is trained, and how.

    Attributes:
        world: Name of a task, or ``gym:`` and an id.
        algorithm: Which learner.
        config: How it learns.
        parameters: Of the task or the environment.
    """

    world: str
    algorithm: Algorithm
    config: Sb3Config = field(default_factory=Sb3Config)
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BaselineRun:
    """A run that has begun.

    Attributes:
        folder: Where everything lies.
        baseline: What is trained, and how.
        task: The task; None for an environment of others.
        reward: What is good; None for an environment of others, which brings its own.
    """

    folder: RunFolder
    baseline: Baseline
    task: AnyTask | None
    reward: Reward | None

    @property
    def weights(self) -> PolicyWeights:
        """The trained policy.

        Raises:
            UserError: If there is none yet.
        """
        if not self.folder.policy.is_file():
            raise UserError(f"{self.folder.path} has no policy: its training was interrupted; start it again")
        with reading("policy"):
            return PolicyWeights.load(self.folder.policy)

    def environments(self, number: int, seed: int) -> VectorEnv:
        """Make environments to train in.

        Raises:
            UserError: If they cannot be made.
        """
        with reading("task"):
            if self.task is None or self.reward is None:
                return make_foreign_vec(self.baseline.world, number, **self.baseline.parameters)
            return TaskVectorEnv(self.task, number, self.reward, seed)


def begin_baseline(
    baseline: Baseline,
    source: str | None,
    out: Path,
    prompt: str | None = None,
    about: Mapping[str, Any] | None = None,
) -> BaselineRun:
    """Check what is asked for, and make the run folder.

    Args:
        baseline: What is trained, and how.
        source: Of a reward program; by default that of the task's own.
        out: Where the folder is made.
        prompt: What was asked for in words; by default what the task says of itself.
        about: More for ``config.yaml``.

    Raises:
        UserError: If something is refused, or the folder cannot be made; no folder is left then.
    """
    if baseline.world.endswith(TASK_FILES):
        # The run folder is found from anywhere.
        baseline = replace(baseline, world=str(Path(baseline.world).absolute()))
    task = _task(baseline)
    if task is None and source is not None:
        raise UserError(f"{baseline.world} brings its own reward; leave out --reward")
    files = {"command.txt": f"{shlex.join(['telic', *sys.argv[1:]])}\n"}
    reward = None
    if task is not None:
        with reading("reward"):
            files["reward.py"] = source or _reward_text(task)
            reward = parse_reward(files["reward.py"], task.schema, "reward.py")
            files["prompt.txt"] = f"{prompt or task.description}\n"
    elif baseline.world:
        with reading("task"):
            make_foreign_vec(baseline.world, 1, **baseline.parameters).close()
    config = {
        **_recipe(baseline, task),
        "learner": {**asdict(baseline), "parameters": dict(baseline.parameters)},
        "created": time.strftime("%d %B %Y, %H:%M"),
        "command": files["command.txt"].strip(),
        "machine": machine(),
        **(about or {}),
    }
    name = baseline.world.removeprefix("gym:") if task is None else task.name
    slug = prompt or f"{name} {baseline.algorithm}"
    return BaselineRun(RunFolder.create(out, slug, config, files), baseline, task, reward)


def is_baseline(folder: RunFolder) -> bool:
    """Return whether a run is one of a Stable-Baselines3 learner."""
    return "learner" in folder.config


def is_flight(path: Path) -> bool:
    """Return whether a run is on a task that a multirotor flies, and that the verbs for flights work on."""
    return "sentence" in RunFolder.open(path).config


def reopen_baseline(path: Path) -> BaselineRun:
    """Open an existing run.

    Raises:
        UserError: If this is not such a run, or what is in it was damaged.
    """
    folder = RunFolder.open(path)
    with reading("config.yaml"):
        learner = folder.config["learner"]
        baseline = Baseline(
            convert(str, learner["world"], "world"),
            learner["algorithm"],
            convert(Sb3Config, learner["config"], "config"),
            dict(learner["parameters"]),
        )
    task = _task(baseline)
    if task is None:
        return BaselineRun(folder, baseline, None, None)
    with reading("reward"):
        return BaselineRun(folder, baseline, task, load_reward(folder.reward, task.schema))


def train_baseline(run: BaselineRun, news: News) -> dict[str, Any]:
    """Train, and keep the policy, the model and the history.

    Raises:
        UserError: If the library is missing, or the learner cannot act in this world.
    """

    def say(row: Mapping[str, Any]) -> None:
        parts = [f"{row['step'] / config.steps:.0%}  {row['step']:,} steps"]
        parts += [f"{name} {row[key]:.3g}" for key, name in _SHOWN.items() if key in row]
        news("  ".join(parts))

    config, folder = run.baseline.config, run.folder
    env = run.environments(config.num_envs, config.seed)
    try:
        result = train_sb3(env, run.baseline.algorithm, config, folder.checkpoints, say, _witness(run.task, env))
    except (ImportError, ConversionError, ValueError) as error:
        raise UserError(str(error)) from error
    finally:
        env.close()
    result.weights.save(folder.policy)
    rows = [flat(row) for row in result.history]
    write_csv(folder.metrics, rows)
    write_tensorboard(folder.tensorboard, rows)
    news(f"{result.steps:,} steps in {result.seconds:.1f} s; the whole model is {folder.checkpoints / MODEL}")
    return {"train_s": result.seconds, "steps": result.steps, **result.history[-1]}


def _witness(task: AnyTask | None, env: VectorEnv) -> Callable[[PolicyWeights], Mapping[str, float]] | None:
    """Who keeps the true success beside the reward that is trained with; None where nobody says what it is."""
    truth = reward_for(task) if task is not None else None
    if truth is None or not can_witness(truth) or not isinstance(env, TaskVectorEnv):
        return None
    looking = WorldWitness(truth, env.world)
    env.watchers.append(looking)
    return lambda weights: looking()


_SHOWN = {"reward": "return", "episode_steps": "length", "success_fraction": "success"}


def evaluate_baseline(run: BaselineRun, episodes: int, seed: int) -> dict[str, Any]:
    """Run held-out episodes with the policy, and keep the figures in the folder.

    Raises:
        UserError: If there is no policy yet, or it does not fit the world.
    """
    found = {"world": run.baseline.world, "algorithm": run.baseline.algorithm}
    with reading("evaluation"):
        found |= _returns(run, episodes, seed).as_dict()
    write_json(run.folder.evaluation, found)
    return found


def _returns(run: BaselineRun, episodes: int, seed: int) -> Returns:
    if run.task is not None and run.reward is not None:
        return task_returns(run.task, controller_of(run), run.reward, episodes, seed)
    env = run.environments(min(episodes, _EVALUATION_ENVIRONMENTS), seed)
    try:
        return environment_returns(env, acting(run.weights, env.single_action_space), episodes, seed)
    finally:
        env.close()


def controller_of(run: BaselineRun) -> Controller:
    """The trained policy of a run on a Telic task.

    Raises:
        UserError: If there is none yet.
    """
    if run.task is None:
        raise ValueError(f"{run.baseline.world} is no Telic task; its policy is acting(run.weights, ...)")
    return WithinLimits(PolicyController(run.weights), run.task.actions)


def acting(weights: PolicyWeights, space: spaces.Space) -> Act:
    """A policy on an environment of others, from observations to its actions."""
    controller = PolicyController(weights)
    if not isinstance(space, spaces.Discrete):
        return controller.act
    # Choices: one number for each.
    first = int(space.start)
    return lambda observation: first + np.argmax(controller.outputs(observation), axis=1)


def _task(baseline: Baseline) -> AnyTask | None:
    if is_foreign(baseline.world):
        return None
    with reading("task"):
        return make_task(baseline.world, **baseline.parameters)


def _reward_text(task: AnyTask) -> str:
    return Path(task.reward).read_text() if task.reward.endswith(".py") else packaged_reward(task.reward)


def _recipe(baseline: Baseline, task: AnyTask | None) -> dict[str, Any]:
    """What the verbs for flights want to know of a run: they work on it too."""
    if not isinstance(task, Task):
        return {}
    parameters = {name: value for name, value in baseline.parameters.items() if name != "vehicle"}
    vehicle = baseline.parameters.get("vehicle", "crazyflie")
    recipe = Recipe(sentence=task.description, task=baseline.world, parameters=parameters, vehicle=vehicle)
    return {**recipe.to_config(), "facts": facts(task)}
