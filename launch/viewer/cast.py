"""Who plays what: from the words of the command line to a world and those who may act in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import gymnasium
import numpy as np
from gymnasium import spaces

from telic.control.controller import Controller, PolicyController
from telic.control.make import reward_for
from telic.control.policy import PolicyWeights
from telic.control.returns import Act
from telic.control.within_limits import WithinLimits
from telic.control.without_learning import without_learning
from telic.launch.baseline import acting, controller_of, is_baseline, is_flight, reopen_baseline
from telic.launch.errors import UserError, reading
from telic.launch.folder import RunFolder
from telic.launch.run import reopen
from telic.launch.stages import policy_of
from telic.launch.viewer.env_player import EnvPlayer, puppet_of
from telic.launch.viewer.player import Player, TaskPlayer
from telic.replay.errors import did_you_mean
from telic.replay.reward import Reward
from telic.sim.foreign import is_foreign, make_foreign
from telic.sim.tasks.registry import make_task
from telic.sim.world import AnyTask

Actor = TypeVar("Actor")


def player_for(what: str, policy: str | None, seed: int) -> Player:
    """Make what is to be played.

    Args:
        what: The path of a run, the name of a task, or ``gym:`` and an id.
        policy: Who acts first: a name, or the path of a policy's weights; by default the best that is there.
        seed: Of the episodes.

    Raises:
        UserError: If something is refused.
    """
    if is_foreign(what):
        with reading("environment"):
            return _environment(what, {}, None, policy, what, seed)
    if not Path(what).is_dir():
        with reading("task"):
            task = make_task(what)
            return _task(task, reward_for(task), {}, policy, f"{task.name}: {task.description}", seed)
    path = Path(what)
    if not is_baseline(RunFolder.open(path)) or is_flight(path):
        run = reopen(path)
        own = {"policy": policy_of(run)}
        return _task(run.task, run.reward, own, policy, f"{path.name}: {run.recipe.sentence}", seed)
    trained = reopen_baseline(path)
    learned = trained.baseline
    title = f"{path.name}: {learned.algorithm} on {learned.world}"
    if trained.task is not None and trained.reward is not None:
        return _task(trained.task, trained.reward, {"policy": controller_of(trained)}, policy, title, seed)
    with reading("environment"):
        return _environment(learned.world, learned.parameters, trained.weights, policy, title, seed)


def _task(
    task: AnyTask, reward: Reward, own: Mapping[str, Controller], policy: str | None, title: str, seed: int
) -> TaskPlayer:
    known = {**own, **without_learning(task, seed)}
    if _is_file(policy, known):
        known["file"] = WithinLimits(PolicyController(_weights(policy, task.observation_size)), task.actions)
        policy = "file"
    return TaskPlayer(task, reward, _first(known, policy), title, seed)


def _environment(
    name: str, parameters: Mapping[str, Any], own: PolicyWeights | None, policy: str | None, title: str, seed: int
) -> EnvPlayer:
    env = make_foreign(name, **parameters)
    env.reset(seed=seed)
    if puppet_of(env) is None:
        env.close()
        env = _drawing(name, parameters, seed)
    space = env.action_space
    space.seed(seed)
    known: dict[str, Act] = {} if own is None else {"policy": acting(own, space)}
    known["random"] = lambda _: np.asarray(space.sample())[None]
    if isinstance(space, spaces.Box):
        known["resting"] = lambda _: np.zeros((1, *space.shape), space.dtype)
    if _is_file(policy, known):
        known["file"] = acting(_weights(policy, spaces.flatdim(env.observation_space)), space)
        policy = "file"
    return EnvPlayer(env, _first(known, policy), title, seed)


def _drawing(name: str, parameters: Mapping[str, Any], seed: int) -> gymnasium.Env:
    """Return an environment that draws itself.

    Raises:
        UserError: If it cannot.
    """
    env = make_foreign(name, render_mode="rgb_array", **parameters)
    env.reset(seed=seed)
    try:
        env.render()
    except (gymnasium.error.Error, ImportError) as error:
        raise UserError(f"{name} cannot draw itself: {error}") from error
    return env


def _is_file(policy: str | None, known: Mapping[str, object]) -> bool:
    """Return whether a policy is meant as a path.

    Raises:
        UserError: If it is neither a path nor a known name.
    """
    if policy is None or policy in known:
        return False
    if not Path(policy).is_file():
        raise UserError(f"--policy {policy}: there is no such file, and {did_you_mean(policy, known)}")
    return True


def _weights(path: str | None, inputs: int) -> PolicyWeights:
    weights = PolicyWeights.load(Path(path or ""))
    if weights.num_inputs != inputs:
        raise UserError(f"--policy {path} reads {weights.num_inputs} numbers; this world shows {inputs}")
    return weights


def _first(known: Mapping[str, Actor], name: str | None) -> dict[str, Actor]:
    """Return those who may act, with one of them first."""
    chosen = name or next(iter(known))
    return {chosen: known[chosen], **known}
