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

from telic.replay.append import BEGUN
from telic.replay.column import Column
from telic.replay.episode_table import BEGIN, OPEN, STOP, STREAM, WIDTH, Names
from telic.replay.errors import FileFormatError
from telic.replay.kernels import ENDED
from telic.replay.ring import Ring
from telic.replay.schema import Schema
from telic.replay.state_v1 import upgrade

FORMAT = "telic.replay"
# Version 1 had no episode table.
VERSION = 2


def snapshot(ring: Ring, columns: Mapping[str, Column]) -> dict[str, np.ndarray]:
    """Copies of everything in a ring and its reward columns.

    Keys: ``description`` (JSON as bytes: version, schema, sizes, cursor, names, columns); per stored step and stream
    ``flags``, ``signals/NAME`` and ``action``; ``episodes``, the episode table, and for each of them ``states/NAME``,
    the state after its newest step; ``coming``, the tags of the next episode of each stream; ``columns/I`` and
    ``columns/I/TERM`` for the rewards.
    """
    filled = ring.count * ring.streams
    rows = ring.episodes()
    state = {
        "description": np.frombuffer(json.dumps(_describe(ring, columns)).encode(), np.uint8).copy(),
        "flags": ring.flags[:filled].copy(),
        "action": ring.slots["action"][:filled].copy(),
        "episodes": ring.table[rows],
        "coming": ring.coming.copy(),
    }
    for name in ring.schema.names:
        state[f"signals/{name}"] = ring.slots[name][:filled].copy()
        state[f"states/{name}"] = ring.side[name][rows]
    for i, column in enumerate(columns.values()):
        state[f"columns/{i}"] = column.total[:filled].copy()
        for term, values in column.terms.items():
            state[f"columns/{i}/{term}"] = values[:filled].copy()
    return state


def restore(state: Mapping[str, np.ndarray], like: Ring | None = None) -> tuple[Ring, dict[str, Column]]:
    """A ring and its columns from what `snapshot` returned, in this version or an older one.

    Args:
        state: The arrays.
        like: A ring of which the schema and the sizes must be the same.

    Raises:
        FileFormatError: If an array is missing or of a wrong shape or type, or the state does not fit `like`.
    """
    about = _description(state)
    try:
        if about.get("version", 1) == 1:
            state, about = upgrade(state, about)
        ring = _empty_ring(about)
        listed = [(str(column["name"]), int(column["covered"]), list(column["terms"])) for column in about["columns"]]
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, FileFormatError):
            raise
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
            if about.get("version") not in [str(version) for version in range(1, VERSION + 1)]:
                raise FileFormatError(
                    f"{path} has replay version {about.get('version')!r}, this Telic reads 1 to {VERSION}: update Telic"
                )
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except SafetensorError as error:
        raise FileFormatError(f"{path} is not a replay file, or it is damaged: {error}") from error


def _describe(ring: Ring, columns: Mapping[str, Column]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "schema": ring.schema.to_dict(),
        "rows": ring.rows,
        "streams": ring.streams,
        "head": ring.head,
        "count": ring.count,
        "written": ring.written,
        "begun": int(ring.cursor[BEGUN]),
        "names": list(ring.names),
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
    numbers = ("rows", "streams", "head", "count", "written", "begun")
    rows, streams, head, count, written, begun = (int(about[name]) for name in numbers)
    # A ring that is not full yet has been filled from row 0 on.
    possible = 0 <= count <= rows and (0 <= head < rows if count == rows else head == count) and written >= count
    if rows < 1 or streams < 1 or not possible or begun < 0:
        raise ValueError(f"{rows=}, {streams=}, {head=}, {count=}, {written=}, {begun=} contradict each other")
    ring = Ring(Schema.from_dict(about["schema"]), rows, streams)
    ring.cursor[BEGUN] = begun
    ring.place(head, count, written)
    ring.names = Names(tuple(map(str, about["names"])))
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
    ring.coming[:] = _array(state, "coming", ring.coming.shape, np.int64)
    rows = _fill_table(ring, state)
    for signal in ring.schema.signals:
        name, shape, dtype = signal.name, signal.shape, np.dtype(signal.dtype)
        ring.slots[name][:filled] = _array(state, f"signals/{name}", (filled, *shape), dtype)
        ring.side[name][rows] = _array(state, f"states/{name}", (len(rows), *shape), dtype)


def _fill_table(ring: Ring, state: Mapping[str, np.ndarray]) -> np.ndarray:
    """Put the episodes back, and return their rows, (E,)."""
    table = _array(state, "episodes", (len(state.get("episodes", ())), WIDTH), np.int64)
    oldest, length = ring.written - ring.count, np.minimum(table[:, STOP], ring.written) - table[:, BEGIN]
    if (
        not ((table[:, STREAM] >= 0) & (table[:, STREAM] < ring.streams) & (length > 0)).all()
        or (table[:, STOP] <= oldest).any()
    ):
        raise FileFormatError("'episodes' has one without a stored step, or of a stream that is not there")
    rows, slots = ring.adopt(ring.head, ring.count, ring.written, table, int(ring.cursor[BEGUN]))
    if not np.array_equal(np.sort(slots), ring.filled_slots()):
        raise FileFormatError("'episodes' does not have each stored step in one of them")
    closed = table[:, STOP] != OPEN
    ends = ring.slots_at(table[closed, STOP] - 1, table[closed, STREAM])
    if not np.array_equal(np.sort(ends), np.flatnonzero(ring.flags[: ring.filled] & ENDED)):
        raise FileFormatError("'episodes' ends in other slots than 'flags'")
    return rows


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
