"""The library: all chunks of a store in one list, mapped into memory when they are first read."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path
from typing import Any

import numpy as np

from telic.replay.ring import row_type
from telic.replay.schema import Schema
from telic.replay.store import kernels
from telic.replay.store.chunk import Chunk, map_chunk
from telic.replay.store.errors import CorruptChunkError
from telic.replay.store.shelf import Shelf

# Linux lets a process map 65530 files by default.
MOST_MAPPED = 30_000


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
        self._fingerprint = fingerprint
        self.problems: dict[Path, str] = {}
        fields = (*schema.signals, schema.action)
        self._names = [f"signals/{name}" for name in schema.names] + ["action"]
        self._after = [f"after/{name}" for name in schema.names]
        places: Any = self.row.fields
        self._size = np.array([places[field.name][0].itemsize for field in fields], np.int64)
        self._offset = np.array([places[field.name][1] for field in fields], np.int64)
        self._paths: list[Path] = []
        self._identity = np.zeros(0, np.uint32)
        self.steps = np.zeros(0, np.int64)
        self._chunks: dict[int, Chunk] = {}
        self._address = np.zeros((0, len(self._names) + len(self._after)), np.int64)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._paths)

    def add(self, shelf: Shelf, first: int) -> None:
        """Put the chunks of a shelf from the first-th on at the end of the list."""
        chunks = shelf.chunks[first:]
        paths = [shelf.path(number) for number in chunks["number"].tolist()]
        with self._lock:
            self._paths += paths
            self._identity = np.concatenate([self._identity, chunks["identity"]])
            self.steps = np.concatenate([self.steps, chunks["steps"]])
            unmapped = np.zeros((len(paths), self._address.shape[1]), np.int64)
            self._address = np.concatenate([self._address, unmapped])

    def path(self, place: int) -> Path:
        """The file of a chunk."""
        return self._paths[place]

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

    def rows(self, places: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """States and actions, row rows[i] of chunk places[i], packed as (B,)."""
        return self._copy(places, slice(0, len(self._names)), kernels.gather, (rows,), len(rows))

    def stretches(self, places: np.ndarray, rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """States and actions, lengths[i] rows of chunk places[i] from rows[i] on, packed as (sum of lengths,)."""
        return self._copy(places, slice(0, len(self._names)), kernels.unroll, (rows, lengths), int(lengths.sum()))

    def after(self, places: np.ndarray, segments: np.ndarray) -> np.ndarray:
        """The states after segments[i] of chunk places[i], packed as (B,); without actions."""
        return self._copy(places, slice(len(self._names), None), kernels.gather, (segments,), len(segments))

    def _copy(
        self, places: np.ndarray, fields: slice, kernel: Callable[..., None], which: tuple[np.ndarray, ...], count: int
    ) -> np.ndarray:
        out = np.zeros(count, self.row)
        packed = out.view(np.uint8).reshape(count, self.row.itemsize)
        with self._lock:
            self._map(places)
            address = self._address[:, fields]
            width = address.shape[1]
            columns = (np.ascontiguousarray(column) for column in (places, *which))
            kernel(*columns, address, self._size[:width], self._offset[:width], packed)
        return out

    def _map(self, places: np.ndarray) -> None:
        """Map the chunks at these places that are not mapped yet."""
        missing = np.unique(places[self._address[places, -1] == 0])
        if len(missing) == 0:
            return
        if len(self._chunks) + len(missing) > MOST_MAPPED:
            self._chunks.clear()
            self._address[:] = 0
            missing = np.unique(places)
        # Checksums are computed without the interpreter's lock.
        with ThreadPoolExecutor(min(len(missing), cpu_count() or 1)) as pool:
            found = pool.map(self._open, missing.tolist())
            for place, chunk in zip(missing.tolist(), found, strict=True):
                self._chunks[place] = chunk
                self._address[place] = [chunk.tensor(name).ctypes.data for name in (*self._names, *self._after)]

    def _open(self, place: int) -> Chunk:
        path = self._paths[place]
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
