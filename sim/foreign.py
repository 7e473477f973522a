"""Other people's worlds by id: any Gymnasium environment, as Telic's learners and tools want it.

    env = make_foreign_vec("gym:HalfCheetah-v5", num_envs=8)
    env = make_foreign_vec("gym:FetchReach-v4", num_envs=8)  # gymnasium-robotics: observation and goal
    env = make_foreign_vec("gym:dm_control/cartpole-swingup-v0", num_envs=8)  # through shimmy
    env = make_foreign_vec("gym:my_package:MyEnv-v0", num_envs=8)  # imports my_package first

Observations of several parts become one row of numbers, and actions lie in -1..1. A time limit stays what Gymnasium
says it is: truncated, not terminated.
"""

import difflib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import Env, spaces
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.wrappers import FlattenObservation, RescaleAction, TimeLimit, TransformObservation
from numpy.typing import NDArray

from telic.sim.foreign_remedies import mend_dm_control, mend_gymnasium_robotics, mend_metaworld

PREFIX = "gym:"


class ForeignError(ValueError):
    """An environment that cannot be made; the message says what would help."""


@dataclass(frozen=True)
class Package:
    """A package that brings environments.

    Attributes:
        ids: Shell patterns of their ids.
        modules: What must be importable; the first one registers them.
        install: What installs it.
        mend: What it needs before it works; nothing by default.
        alias: From an id that people write to the registered one and its parameters; the same by default.
    """

    ids: tuple[str, ...]
    modules: tuple[str, ...]
    install: str
    mend: Callable[[], None] | None = None
    alias: Callable[[str], tuple[str, dict[str, Any]]] | None = None


def _metaworld_task(identity: str) -> tuple[str, dict[str, Any]]:
    """Return how Meta-World registers a single task."""
    name = identity.removeprefix("Meta-World/")
    return (identity, {}) if name[0].isupper() else ("Meta-World/MT1", {"env_name": name})


_WORLDS = "pip install 'telic[worlds]'"
PACKAGES = (
    Package(("dm_control/*",), ("shimmy", "dm_control"), _WORLDS, mend_dm_control),
    Package(
        ("Fetch*", "Hand*", "Adroit*", "AntMaze*", "PointMaze*", "FrankaKitchen*"),
        ("gymnasium_robotics",),
        _WORLDS,
        mend_gymnasium_robotics,
    ),
    Package(
        ("Meta-World/?*",),
        ("metaworld",),
        "pip install --no-deps metaworld (it asks for MuJoCo 3.3.0, which it does not need)",
        mend_metaworld,
        _metaworld_task,
    ),
    Package(("ALE/*",), ("ale_py",), "pip install ale-py"),
)


def is_foreign(name: str) -> bool:
    """Return whether a task's name is that of an environment of others."""
    return name.startswith(PREFIX)


def make_foreign(
    name: str,
    flatten: bool = True,
    time_limit: int | None = None,
    render_mode: Literal["rgb_array"] | None = None,
    **parameters: Any,
) -> Env:
    """Make one environment.

    Args:
        name: ``gym:`` and the id; with ``gym:package:id``, the package is imported first.
        flatten: Join the parts of an observation into one row, in the order of their names, and make it float32.
        time_limit: Steps until an episode is truncated; by default what the environment's makers chose.
        render_mode: ``rgb_array`` to draw pictures with ``render``.
        **parameters: For the environment.

    Raises:
        ForeignError: If there is no such environment, or a package is missing; with what would help.
    """
    identity, fixed = _registered(name)
    try:
        env = gymnasium.make(identity, render_mode=render_mode, disable_env_checker=True, **fixed, **parameters)
    except gymnasium.error.Error as error:
        raise ForeignError(f"{name} cannot be made: {error}") from error
    except ImportError as error:
        raise ForeignError(f"{name} needs {error.name or 'a package'}, which is not installed: {error}") from error
    except (TypeError, ValueError) as error:
        raise ForeignError(f"{name} refuses its parameters {fixed | parameters}: {error}") from error
    if time_limit is not None:
        env = TimeLimit(env, time_limit)
    if flatten:
        env = _one_row(env)
    return _normalised(env)


def make_foreign_vec(
    name: str,
    num_envs: int,
    autoreset_mode: AutoresetMode = AutoresetMode.SAME_STEP,
    processes: bool = False,
    flatten: bool = True,
    time_limit: int | None = None,
    **parameters: Any,
) -> VectorEnv:
    """Make many environments that step together.

    Args:
        name: ``gym:`` and the id, as for `make_foreign`.
        num_envs: How many.
        autoreset_mode: What happens when an episode ends; ``env.metadata["autoreset_mode"]`` says so to others.
        processes: One process for each environment; worth it only where a step takes more than a millisecond.
        flatten: Join the parts of an observation into one row.
        time_limit: Steps until an episode is truncated.
        **parameters: For the environment.

    Raises:
        ForeignError: If there is no such environment, or a package is missing; with what would help.
        ValueError: If `num_envs` is not positive.
    """
    if num_envs < 1:
        raise ValueError(f"num_envs is {num_envs}; allowed: at least 1")
    maker = partial(make_foreign, name, flatten, time_limit, None, **parameters)
    kind = AsyncVectorEnv if processes else SyncVectorEnv
    return kind([maker] * num_envs, autoreset_mode=autoreset_mode)


def _registered(name: str) -> tuple[str, dict[str, Any]]:
    """Return the id of an environment and the parameters that it stands for, after importing what brings it."""
    if not is_foreign(name):
        raise ForeignError(f"the environment is {name!r}; allowed: {PREFIX} and a Gymnasium id, as in {PREFIX}Ant-v5")
    package, _, identity = name.removeprefix(PREFIX).rpartition(":")
    if package:
        _import(package, f"install the package that holds {package!r}", name)
    parameters: dict[str, Any] = {}
    for known in PACKAGES:
        if any(fnmatchcase(identity, pattern) for pattern in known.ids):
            for module in known.modules:
                _import(module, known.install, name)
            if known.mend is not None:
                known.mend()
            gymnasium.register_envs(importlib.import_module(known.modules[0]))
            if known.alias is not None:
                identity, parameters = known.alias(identity)
    if identity not in gymnasium.registry:
        _refuse(identity, name)
    return identity, parameters


def _import(module: str, remedy: str, name: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise ForeignError(f"{name} needs {error.name or module}, which cannot be imported: {remedy}") from error


def _refuse(identity: str, name: str) -> None:
    """Refuse an id that is not registered, or whose version is not."""
    stem = identity.rsplit("-v", 1)[0]
    versions = [other for other in gymnasium.registry if other.rsplit("-v", 1)[0] == stem]
    if versions:
        raise ForeignError(f"{name}: there is no such version; known: {', '.join(versions)}")
    namespace = identity.rpartition("/")[0]
    inside = [other for other in gymnasium.registry if other.rpartition("/")[0] == namespace]
    if not inside:
        raise ForeignError(
            f"{name}: nothing is registered under {namespace}/; if a package of yours does so, name it: "
            f"{PREFIX}package:{identity}"
        )
    close = difflib.get_close_matches(identity, inside, n=5)
    hint = f"did you mean {', '.join(close)}?" if close else f"there are {len(inside)}, such as {inside[0]}"
    raise ForeignError(f"{name}: there is no such environment; {hint}")


def _one_row(env: Env) -> Env:
    """Join the parts of an observation; leave pictures as they are."""
    space = env.observation_space
    if isinstance(space, spaces.Box) and (
        space.dtype == np.uint8 or (len(space.shape) == 1 and space.dtype == np.float32)
    ):
        return env
    flat = FlattenObservation(env)
    row = flat.observation_space
    if not isinstance(row, spaces.Box):
        raise ForeignError(f"observations of {space} cannot be joined into one row of numbers; use flatten=False")
    # Gymnasium's own wrapper for types warns of every bound.
    narrow = spaces.Box(row.low.astype(np.float32), row.high.astype(np.float32), dtype=np.float32)
    return TransformObservation(flat, _to_float32, narrow)


def _to_float32(observation: NDArray[Any]) -> NDArray[np.float32]:
    return observation.astype(np.float32)


def _normalised(env: Env) -> Env:
    """Let actions lie in -1..1, where they have limits."""
    space = env.action_space
    if not isinstance(space, spaces.Box) or not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
        return env
    if (space.low == -1.0).all() and (space.high == 1.0).all():
        return env
    return RescaleAction(env, np.float32(-1.0), np.float32(1.0))
