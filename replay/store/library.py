"""The library: all chunks of a store in one list, mapped into memory when they are first read."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from telic.replay.schema import Schema
from telic.replay.storage import row_type
from telic.replay.store import kernels
from telic.replay.store.chunk import Chunk, map_chunk
from telic.replay.store.errors import CorruptChunkError
from telic.replay.store.segments import SEGMENT
from telic.replay.store.shelf import Shelf, chunk_path

# Linux lets a process map 65530 files by default.
MOST_MAPPED = 30_000
# Chunks that are worth a thread each.
LARGE_BYTES = 1 << 20


# A segment and where it is: `writer` by number, `chunk` by its place in the library, `row` and `number` are its first
# row and its own number in that chunk, `time` is when the chunk was written [s since 1970].
PLACED = np.dtype(
    [
        *((name, SEGMENT[name]) for name in SEGMENT.names or ()),
        ("writer", np.int32),
        ("chunk", np.int64),
        ("row", np.int64),
        ("number", np.int64),
        ("time", np.float64),
    ]
)


class Tables(NamedTuple):
    """Where the segments of a view are, (E,) int64 each but for `hint`; see `kernels`."""

    slot: np.ndarray
    hint: np.ndarray
    chunk: np.ndarray
    row: np.ndarray
    number: np.ndarray


class Library:
    """Chunks by their place in the order in which they became known.

    A chunk's checksums are compared when it is first read. Reading is safe from several threads.

    Attributes:
        schema: Signals and action.
        row: The structured type of a packed row.
        steps: How many steps each chunk has, (C,) int64.
        problems: The damaged files that were met.
    """

    def __init__(self, schema: Schema, fingerprint: str) -> None:
        """Begin with no chunks."""
        self.schema = schema
        self.row = row_type(schema)
        self.steps = np.zeros(0, np.int64)
        self.problems: dict[Path, str] = {}
        self._fingerprint = fingerprint
        fields = (*schema.signals, schema.action)
        self._names = [f"signals/{name}" for name in schema.names] + ["action"]
        self._names += [f"after/{name}" for name in schema.names]
        places: Any = self.row.fields
        self._size = np.array([places[field.name][0].itemsize for field in fields], np.int64)
        self._offset = np.array([places[field.name][1] for field in fields], np.int64)
        self._folders: list[Path] = []
        self._folder = np.zeros(0, np.int64)
        self._number = np.zeros(0, np.int64)
        self._identity = np.zeros(0, np.uint32)
        self._chunks: dict[int, Chunk] = {}
        self._address = np.zeros((0, len(self._names)), np.int64)
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self.steps)

    def add(self, shelf: Shelf, first: int, writer: int) -> np.ndarray:
        """Put the chunks of a shelf from the first-th on at the end of the list.

        Returns:
            Their segments, (E,) of `PLACED`.
        """
        chunks = shelf.chunks[first:]
        place = len(self)
        with self._lock:
            self._folder = np.concatenate([self._folder, np.full(len(chunks), len(self._folders))])
            self._folders.append(shelf.folder)
            self._number = np.concatenate([self._number, chunks["number"]])
            self._identity = np.concatenate([self._identity, chunks["identity"]])
            self.steps = np.concatenate([self.steps, chunks["steps"]])
            unmapped = np.zeros((len(chunks), len(self._names)), np.int64)
            self._address = np.concatenate([self._address, unmapped])
        segments = shelf.segments[int(shelf.chunks["segments"][:first].sum()) :]
        return _placed(segments, chunks, place, writer)

    def path(self, place: int) -> Path:
        """The file of a chunk."""
        return chunk_path(self._folders[self._folder[place]], int(self._number[place]))

    def identity(self, place: int) -> int:
        """The checksum over a chunk's checksums."""
        return int(self._identity[place])

    def chunk(self, place: int) -> Chunk:
        """A chunk, whole.

        Raises:
            CorruptChunkError: If it is not; the message names the file.
        """
        with self._lock:
            self._map(np.array([place]))
            return self._chunks[place]

    def gather(self, places: np.ndarray, tables: Tables) -> np.ndarray:
        """States and actions at some places, packed as (B,): slots, or -1 - the segment after which the state is.

        Raises:
            CorruptChunkError: If a chunk that is needed is damaged.
        """
        # Zeros, because the bytes between fields are copied by whoever keeps rows.
        out = np.zeros(len(places), self.row)
        packed = out.view(np.uint8).reshape(-1, self.row.itemsize)
        with self._lock:
            while not kernels.gather(places, *tables, self._address, self._size, self._offset, packed):
                slots = np.searchsorted(tables.slot, places, side="right") - 1
                self._map(np.unique(tables.chunk[np.where(places < 0, -1 - places, slots)]))
        return out

    def unroll(self, chunk: np.ndarray, row: np.ndarray, length: np.ndarray, out: np.ndarray) -> None:
        """Copy states and actions, length[i] rows of chunk[i] from row[i] on, to packed rows one after the other.

        Raises:
            CorruptChunkError: If a chunk that is needed is damaged.
        """
        packed = out.view(np.uint8).reshape(-1, self.row.itemsize)
        with self._lock:
            self._map(np.unique(chunk))
            chunk, row, length = (np.ascontiguousarray(column) for column in (chunk, row, length))
            kernels.unroll(chunk, row, length, self._address, self._size, self._offset, packed)

    def _map(self, places: np.ndarray) -> None:
        """Map the chunks at these places, given in order, as far as they are not mapped yet."""
        missing = places[self._address[places, 0] == 0]
        if len(self._chunks) + len(missing) > MOST_MAPPED:
            self._chunks.clear()
            self._address[:] = 0
            missing = places
        for place, chunk in zip(missing.tolist(), self._open_all(missing), strict=True):
            self._chunks[place] = chunk
            self._address[place] = [chunk.tensor(name).ctypes.data for name in self._names]

    def _open_all(self, places: np.ndarray) -> Iterable[Chunk]:
        if self.steps[places].sum() * self.row.itemsize < LARGE_BYTES * len(places) or len(places) < 2:
            return map(self._open, places.tolist())
        # Checksums of large chunks are computed without the interpreter's lock.
        with ThreadPoolExecutor(min(len(places), cpu_count() or 1)) as pool:
            return pool.map(self._open, places.tolist())

    def _open(self, place: int) -> Chunk:
        path = self.path(place)
        try:
            chunk = map_chunk(path, self.schema, self._fingerprint)
            if chunk.file.identity != self._identity[place]:
                raise CorruptChunkError(f"{path} is not the chunk that it was when the store was opened")
            chunk.file.verify()
        except CorruptChunkError as error:
            self.problems[path] = str(error)
            raise CorruptChunkError(
                f"{error}. The other chunks can be read; open the store with verify=True to leave damaged ones out"
            ) from error
        return chunk


def _placed(segments: np.ndarray, chunks: np.ndarray, place: int, writer: int) -> np.ndarray:
    """The segments of some chunks, the first of which has a place in the library, (E,) of `PLACED`."""
    placed = np.zeros(len(segments), PLACED)
    for field in SEGMENT.names or ():
        placed[field] = segments[field]
    which = np.repeat(np.arange(len(chunks)), chunks["segments"])
    begin = np.cumsum(chunks["segments"]) - chunks["segments"]
    before = np.cumsum(segments["length"]) - segments["length"]
    placed["writer"] = writer
    placed["chunk"] = place + which
    placed["row"] = before - before[begin][which]
    placed["number"] = np.arange(len(segments)) - begin[which]
    placed["time"] = chunks["time"][which]
    return placed
