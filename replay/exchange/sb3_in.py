"""Replay buffers of Stable-Baselines3 as recordings.

A buffer is read from the live object, never from its file: that is a pickle, which runs whatever code is in it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from gymnasium import spaces

from telic.replay.errors import FileFormatError, SchemaError
from telic.replay.exchange.checks import as_type, checked, flags, vector
from telic.replay.exchange.flat import flat_episodes
from telic.replay.exchange.foreign import as_float32, foreign_actions, limits_of
from telic.replay.exchange.recording import Episode, Recording, Report
from telic.replay.exchange.space import Place, key_of, signals_of
from telic.replay.exchange.steps import Steps
from telic.replay.schema import Schema
from telic.replay.signal import Signal

if TYPE_CHECKING:
    from stable_baselines3.common.buffers import ReplayBuffer

WAY_OUT = """load it in a program of your own, if you trust it, and hand over the live buffer:

    model = SAC("MlpPolicy", env); model.load_replay_buffer("buffer.pkl")
    from telic.replay.exchange.memory import replay_of
    from telic.replay.exchange.sb3_in import read_sb3
    replay_of(read_sb3(model.replay_buffer)).save("buffer.safetensors")"""


def refuse_pickle(path: str | Path) -> NoReturn:
    """Refuse a buffer's file.

    Raises:
        FileFormatError: Always, with the way out.
    """
    raise FileFormatError(
        f"{path}: Stable-Baselines3 saves its buffers as pickles, which run code when they are opened, and Telic opens "
        f"none; {WAY_OUT}"
    )


def read_sb3(buffer: "ReplayBuffer", *, scaled_actions: bool = True) -> Recording:
    """Read a replay buffer, environment after environment, each in the order of time.

    Args:
        buffer: The live object, such as ``model.replay_buffer``.
        scaled_actions: Its actions are scaled to -1 to 1, as Stable-Baselines3 stores them, and become the
            environment's again. Turn this off for a buffer that was filled by hand with the environment's actions.

    Raises:
        FileFormatError: If this is a path.
        ReplayError: If the buffer holds what a replay cannot.
    """
    if isinstance(buffer, str | Path):
        refuse_pickle(buffer)
    where = f"{type(buffer).__name__} of Stable-Baselines3"
    report = Report(where)
    observed = signals_of(buffer.observation_space, where)
    space = buffer.action_space
    if not isinstance(space, spaces.Box):
        raise SchemaError(f"{where}: the action space is {space}; Telic's actions are vectors of numbers, as in a Box")
    rows = _rows(buffer)
    action, limits = _actions(buffer, space, rows, scaled_actions, where, report)
    schema = Schema(tuple(observed.values()), foreign_actions(action.shape[2], *limits))
    if not getattr(buffer, "handle_timeout_termination", False):
        report.note("the buffer does not tell time limits from terminations: every end is taken for a termination")
    return Recording(schema, _episodes(buffer, observed, rows, action, where, report), report)


def _rows(buffer: "ReplayBuffer") -> np.ndarray:
    """Rows of the ring that hold data, oldest first."""
    size, head = buffer.buffer_size, buffer.pos
    # Without next observations of its own, the row at the head is half overwritten: it holds the newest observation.
    spared = int(getattr(buffer, "optimize_memory_usage", False))
    return (np.arange(head + spared, head + size) % size) if buffer.full else np.arange(head)


def _actions(
    buffer: "ReplayBuffer", space: spaces.Box, rows: np.ndarray, scaled: bool, where: str, report: Report
) -> tuple[np.ndarray, tuple[Any, Any]]:
    """The environment's actions (rows, environments, actuators), and their limits."""
    stored = checked(buffer.actions[rows], "actions", where, (len(rows), buffer.n_envs, None))
    low, high = space.low.reshape(-1), space.high.reshape(-1)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        flat = stored.reshape(-1, stored.shape[2])
        limits = limits_of(flat.min(axis=0), flat.max(axis=0), report) if len(flat) else (-1.0, 1.0)
        return as_float32(stored, "actions", report), limits
    if scaled and not ((low == -1.0).all() and (high == 1.0).all()):
        stored = low + 0.5 * (stored + 1.0) * (high - low)
    return as_float32(stored, "actions", report), (low, high)


def _episodes(
    buffer: "ReplayBuffer",
    observed: Mapping[Place, Signal],
    rows: np.ndarray,
    action: np.ndarray,
    where: str,
    report: Report,
) -> Iterator[Episode]:
    states = _states(buffer.observations, observed, rows, "observations", where)
    # A buffer with `optimize_memory_usage` has none.
    stored = getattr(buffer, "next_observations", None)
    following = None if stored is None else _states(stored, observed, rows, "next_observations", where)
    for env in range(buffer.n_envs):
        place = f"{where}, environment {env}"
        done = flags(buffer.dones[rows, env], "dones", place, len(rows))
        timeout = flags(buffer.timeouts[rows, env], "timeouts", place, len(rows))
        rewards = vector(buffer.rewards[rows, env], "rewards", place, len(rows))
        steps = Steps(
            {name: values[:, env] for name, values in states.items()},
            action[:, env],
            done & ~timeout,
            timeout,
            as_float32(rewards, "rewards", report),
        )
        after = None if following is None else {name: values[:, env] for name, values in following.items()}
        yield from flat_episodes(steps, after, report)


def _states(
    stored: Any, observed: Mapping[Place, Signal], rows: np.ndarray, key: str, where: str
) -> dict[str, np.ndarray]:
    """States (rows, environments, *shape) by signal."""
    found = {}
    for place, signal in observed.items():
        values = stored[place[0]][rows] if place else stored[rows]
        name = f"{key}/{key_of(place)}" if place else key
        array = checked(values, name, where, (len(rows), None, *values.shape[2:]))
        found[signal.name] = as_type(array.reshape(*array.shape[:2], *signal.shape), signal.dtype, name, where)
    return found
