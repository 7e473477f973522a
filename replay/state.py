"""The replay as plain arrays, for exact resume, and as one safetensors file.

Arrays keep the order of the ring, so that a sampler that goes on with the same random numbers draws the same batches.
Each signal is an array of its own: nothing depends on how rows are packed in memory.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from telic.replay.column import Column
from telic.replay.errors import FileFormatError
from telic.replay.ring import Ring
from telic.replay.schema import Schema

FORMAT = "telic.replay"
VERSION = 1


def snapshot(ring: Ring, columns: Mapping[str, Column]) -> dict[str, np.ndarray]:
    """Copies of everything in a ring and its reward columns.

    Keys: ``description`` (JSON as bytes: schema, sizes, cursor, columns); per stored step and stream ``flags``,
    ``signals/NAME`` and ``action``; ``ends`` (slots) and ``finals/NAME`` for the states at episode ends;
    ``pending/NAME`` for the newest state of each stream; ``columns/I`` and ``columns/I/TERM`` for the rewards.
    """
    filled = ring.count * ring.streams
    ends = np.flatnonzero(ring.final[:filled] >= 0)
    state = {
        "description": np.frombuffer(json.dumps(_describe(ring, columns)).encode(), np.uint8).copy(),
        "flags": ring.flags[:filled].copy(),
        "action": ring.slots["action"][:filled].copy(),
        "ends": ends,
    }
    for name in ring.schema.names:
        state[f"signals/{name}"] = ring.slots[name][:filled].copy()
        state[f"finals/{name}"] = ring.side[name][ring.final[ends]]
        state[f"pending/{name}"] = ring.side[name][: ring.streams].copy()
    for i, column in enumerate(columns.values()):
        state[f"columns/{i}"] = column.total[:filled].copy()
        for term, values in column.terms.items():
            state[f"columns/{i}/{term}"] = values[:filled].copy()
    return state


def restore(state: Mapping[str, np.ndarray], like: Ring | None = None) -> tuple[Ring, dict[str, Column]]:
    """A ring and its columns from what `snapshot` returned.

    Args:
        state: The arrays.
        like: A ring of which the schema and the sizes must be the same.

    Raises:
        FileFormatError: If an array is missing or of a wrong shape or type, or the state does not fit `like`.
    """
    about = _description(state)
    try:
        ring = _empty_ring(about)
        listed = [(str(column["name"]), int(column["covered"]), list(column["terms"])) for column in about["columns"]]
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(f"the replay's description is damaged: {type(error).__name__}: {error}") from error
    if like is not None:
        _refuse_other(ring, like)
    _fill(ring, state)
    columns = {}
    for i, (name, covered, terms) in enumerate(listed):
        column = Column(name, _padded(state, f"columns/{i}", ring), covered=covered, keep_terms=bool(terms))
        column.terms = {term: _padded(state, f"columns/{i}/{term}", ring) for term in terms}
        columns[name] = column
    return ring, columns


def write_file(path: Path, state: dict[str, np.ndarray]) -> None:
    """Write a state so that `path` is at every moment either the old file or the whole new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        save_file(state, temporary, {"format": FORMAT, "version": str(VERSION)})
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    # The new name is only safe from a power cut once the folder is on the disk too.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_file(path: Path) -> dict[str, np.ndarray]:
    """Read what `write_file` wrote.

    Raises:
        FileFormatError: If the file is not a replay, is damaged, or is of a newer version.
    """
    try:
        with safe_open(path, "numpy") as file:
            about = file.metadata() or {}
            if about.get("format") != FORMAT:
                raise FileFormatError(f"{path} is a safetensors file, but not a replay: it lacks format {FORMAT!r}")
            if about.get("version") != str(VERSION):
                raise FileFormatError(
                    f"{path} has replay version {about.get('version')!r}, this Telic reads {VERSION}: update Telic"
                )
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except SafetensorError as error:
        raise FileFormatError(f"{path} is not a replay file, or it is damaged: {error}") from error


def _describe(ring: Ring, columns: Mapping[str, Column]) -> dict[str, Any]:
    return {
        "schema": ring.schema.to_dict(),
        "rows": ring.rows,
        "streams": ring.streams,
        "head": ring.head,
        "count": ring.count,
        "written": ring.written,
        "columns": [
            {"name": column.name, "covered": column.covered, "terms": list(column.terms)} for column in columns.values()
        ],
    }


def _description(state: Mapping[str, np.ndarray]) -> dict[str, Any]:
    if "description" not in state:
        raise FileFormatError("the state has no array 'description': it is not what Replay.state_dict() returns")
    try:
        about = json.loads(state["description"].tobytes())
    except ValueError as error:
        raise FileFormatError(f"the replay's description is not JSON: {error}") from error
    if not isinstance(about, dict):
        raise FileFormatError("the replay's description is not a JSON object")
    return about


def _empty_ring(about: Mapping[str, Any]) -> Ring:
    """A ring with its cursor where the description says, but without facts yet."""
    rows, streams, head, count, written = (int(about[name]) for name in ("rows", "streams", "head", "count", "written"))
    # A ring that is not full yet has been filled from row 0 on.
    possible = 0 <= count <= rows and (0 <= head < rows if count == rows else head == count) and written >= count
    if rows < 1 or streams < 1 or not possible:
        raise ValueError(f"{rows=}, {streams=}, {head=}, {count=}, {written=} contradict each other")
    ring = Ring(Schema.from_dict(about["schema"]), rows, streams)
    ring.head, ring.count, ring.written = head, count, written
    return ring


def _refuse_other(ring: Ring, like: Ring) -> None:
    for what, mine, other in (
        ("signals and action", like.schema, ring.schema),
        ("number of streams", like.streams, ring.streams),
        ("capacity", like.rows * like.streams, ring.rows * ring.streams),
    ):
        if mine != other:
            raise FileFormatError(f"the state has another {what} than this replay: {other} instead of {mine}")


def _fill(ring: Ring, state: Mapping[str, np.ndarray]) -> None:
    """Put the facts back into an empty ring."""
    filled = ring.count * ring.streams
    ring.flags[:filled] = _array(state, "flags", (filled,), np.uint8)
    ring.slots["action"][:filled] = _array(state, "action", (filled, ring.schema.actions.size), np.float32)
    ends = _array(state, "ends", (len(state.get("ends", ())),), np.int64)
    if not np.array_equal(ends, ring.ends()):
        raise FileFormatError("'ends' names other slots than 'flags' marks as the ends of episodes")
    places = ring.place_finals(ends)
    ring.fresh[:] = ring.newest_ended()
    for signal in ring.schema.signals:
        name, shape, dtype = signal.name, signal.shape, np.dtype(signal.dtype)
        ring.slots[name][:filled] = _array(state, f"signals/{name}", (filled, *shape), dtype)
        ring.side[name][places] = _array(state, f"finals/{name}", (len(ends), *shape), dtype)
        ring.side[name][: ring.streams] = _array(state, f"pending/{name}", (ring.streams, *shape), dtype)


def _padded(state: Mapping[str, np.ndarray], key: str, ring: Ring) -> np.ndarray:
    values = np.zeros(len(ring.flags), np.float32)
    filled = ring.count * ring.streams
    values[:filled] = _array(state, key, (filled,), np.float32)
    return values


def _array(state: Mapping[str, np.ndarray], key: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    if key not in state:
        raise FileFormatError(f"the replay's state lacks the array {key!r}")
    array = state[key]
    if array.shape != shape or array.dtype != dtype:
        raise FileFormatError(
            f"array {key!r} is {array.dtype} {array.shape} in the replay's state, expected {np.dtype(dtype)} {shape}"
        )
    return array
