"""HDF5 files in the style of D4RL as recordings.

    observations (N, D), actions (N, A), rewards (N,), terminals (N,), timeouts (N,), next_observations (N, D) if any

``timeouts`` are time limits, ``terminals`` true ends. The state after the last step of an episode is only in
``next_observations``; without it a cut episode loses its last step (see `steps`). Observations in a group become one
signal each.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from telic.replay.errors import FileFormatError, ReplayError, ShapeError
from telic.replay.exchange.checks import as_type, checked, flags, vector
from telic.replay.exchange.flat import flat_episodes
from telic.replay.exchange.foreign import (
    OBSERVATION,
    as_float32,
    foreign_actions,
    foreign_signal,
    identifier,
    limits_of,
)
from telic.replay.exchange.recording import Recording, Report
from telic.replay.exchange.schema_note import KEY, read_note, refuse_other_keys
from telic.replay.exchange.steps import Steps
from telic.replay.schema import Schema
from telic.replay.signal import Signal

if TYPE_CHECKING:
    import h5py

LIBRARY = "HDF5 files need the library: pip install 'telic[data]'"

_NEEDED = ("observations", "actions", "rewards", "terminals")
_READ = (*_NEEDED, "next_observations", "timeouts")


def read_hdf5(path: str | Path, *, max_episode_steps: int | None = None) -> Recording:
    """Read an HDF5 file.

    Args:
        path: The file.
        max_episode_steps: Where the file has no ``timeouts``: the length after which an episode was cut. It may be left
            out if the file has ``next_observations``, in which cuts show as jumps.

    Raises:
        FileNotFoundError: If there is no such file.
        ReplayError: If it cannot be read, or its time limits cannot be known.
        ImportError: If h5py is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise ImportError(LIBRARY, name=error.name) from error
    path = Path(path).expanduser()
    where = f"HDF5 file {path}"
    if not path.is_file():
        raise FileNotFoundError(2, "there is no such HDF5 file", str(path))
    try:
        with h5py.File(path, "r") as file:
            data = {key: _content(file, key, where) for key in _READ if key in file}
            note = read_note(file.attrs.get(KEY), where)
            others = sorted(str(key) for key in file if key not in _READ)
    except (OSError, RuntimeError, KeyError) as error:
        raise FileFormatError(f"{where} is not an HDF5 file, or it is damaged: {error}") from error
    report = Report(where)
    if others:
        report.note(f"not read: {', '.join(others)}")
    return _recording(data, note, max_episode_steps, where, report)


def _content(file: "h5py.File", key: str, where: str) -> Any:
    """An array, or a dictionary of arrays; links out of the file are not followed."""
    import h5py

    if not isinstance(file.get(key, getlink=True), h5py.HardLink):
        raise FileFormatError(f"{where}: {key!r} is a link; a data file must hold its data itself")
    item = file[key]
    if isinstance(item, h5py.Group):
        inner = {name: _content(item, name, where) for name in item}  # pyright: ignore[reportArgumentType]
        return {
            f"{name}/{leaf}" if leaf else name: values
            for name, value in inner.items()
            for leaf, values in (value.items() if isinstance(value, dict) else [("", value)])
        }
    if not isinstance(item, h5py.Dataset) or item.is_virtual or item.external:
        raise FileFormatError(f"{where}: {key!r} refers to other files; a data file must hold its data itself")
    return item[()]


def _recording(
    data: Mapping[str, Any], note: Schema | None, max_episode_steps: int | None, where: str, report: Report
) -> Recording:
    for key in _NEEDED:
        if key not in data:
            raise FileFormatError(f"{where} lacks {key!r}; of D4RL's keys it has: {', '.join(data) or 'none'}")
    count = len(vector(data["rewards"], "rewards", where, np.size(data["rewards"])))
    observed = _signals(data["observations"], "observations", count, where)
    following = None
    if "next_observations" in data:
        following = _signals(data["next_observations"], "next_observations", count, where)
        if {key: part.shape for key, part in following.items()} != {key: part.shape for key, part in observed.items()}:
            raise FileFormatError(f"{where}: 'next_observations' has other parts or shapes than 'observations'")
    actions = checked(data["actions"], "actions", where, (count, *np.shape(data["actions"])[1:]))
    action = as_float32(actions.reshape(count, -1), "actions", report)
    schema, keys = _schema(observed, action, note, where, report)
    terminated = flags(data["terminals"], "terminals", where, count)
    steps = Steps(
        _states(observed, schema, keys, "observations", where),
        action,
        terminated,
        _timeouts(data, terminated, max_episode_steps, where),
        as_float32(vector(data["rewards"], "rewards", where, count), "rewards", report),
    )
    after = None if following is None else _states(following, schema, keys, "next_observations", where)
    return Recording(schema, flat_episodes(steps, after, report), report)


def _states(
    parts: Mapping[str, np.ndarray], schema: Schema, keys: Mapping[str, str], entry: str, where: str
) -> dict[str, np.ndarray]:
    """The parts of an entry by the names of the signals, in their types."""
    return {
        name: as_type(parts[key], schema[name].dtype, f"{entry}/{key}".rstrip("/"), where) for name, key in keys.items()
    }


def _signals(value: Any, key: str, count: int, where: str) -> dict[str, np.ndarray]:
    """The arrays of an entry by the rest of their key, (count, *shape) each; the rest is empty for a lone array."""
    parts = value if isinstance(value, dict) else {"": value}
    return {
        rest: checked(array, f"{key}/{rest}".rstrip("/"), where, (count, *np.shape(array)[1:]))
        for rest, array in parts.items()
    }


def _schema(
    observed: Mapping[str, np.ndarray], action: np.ndarray, note: Schema | None, where: str, report: Report
) -> tuple[Schema, dict[str, str]]:
    """The schema, and the key of each signal."""
    if note is not None:
        keys = {name: "" if "" in observed else name for name in note.names}
        refuse_other_keys(note, {name for name, key in keys.items() if key in observed}, where)
        for name, key in keys.items():
            if observed[key].shape[1:] != note[name].shape:
                raise FileFormatError(
                    f"{where}: {name!r} has another shape than {KEY!r} says: {observed[key].shape[1:]}"
                )
        if action.shape[1] != note.actions.size:
            raise ShapeError(f"{where}: 'actions' has {action.shape[1]} numbers, {KEY!r} says {note.actions.size}")
        return note, keys
    signals: list[Signal] = []
    for key, values in observed.items():
        name = identifier(key, [signal.name for signal in signals]) if key else OBSERVATION
        signals.append(foreign_signal(f"observations/{key}".rstrip("/"), name, values.shape[1:], values.dtype, where))
    if not len(action):
        raise FileFormatError(f"{where} has no steps")
    actions = foreign_actions(action.shape[1], *limits_of(action.min(axis=0), action.max(axis=0), report))
    return Schema(tuple(signals), actions), dict(zip((signal.name for signal in signals), observed, strict=True))


def _timeouts(data: Mapping[str, Any], terminated: np.ndarray, max_episode_steps: int | None, where: str) -> np.ndarray:
    """Where a time limit cut, (N,) bool."""
    count = len(terminated)
    if "timeouts" in data:
        if max_episode_steps is not None:
            raise ReplayError(f"{where} has 'timeouts'; max_episode_steps is for files without")
        return flags(data["timeouts"], "timeouts", where, count)
    if max_episode_steps is None:
        if "next_observations" not in data:
            raise FileFormatError(
                f"{where} lacks 'timeouts' and 'next_observations', so that nothing says where time limits cut; give "
                "max_episode_steps"
            )
        return np.zeros(count, np.bool_)
    if max_episode_steps < 1:
        raise ReplayError(f"max_episode_steps is {max_episode_steps}; allowed: at least 1")
    # Steps since the last termination; every so many of them is a cut.
    ends = np.flatnonzero(terminated) + 1
    begun = np.concatenate([[0], ends])[np.searchsorted(ends, np.arange(count), side="right")]
    return (np.arange(count) - begun + 1) % max_episode_steps == 0
