"""One writer's folder, as a reader sees it: which chunks there are, and which of them are no good."""

import logging
import os
from pathlib import Path

import numpy as np

from telic.replay.schema import Schema
from telic.replay.store.chunk import Chunk, map_chunk
from telic.replay.store.errors import CorruptChunkError
from telic.replay.store.index import CHUNK, Index, read_index

SUFFIX = ".safetensors"

_log = logging.getLogger(__name__)


def chunk_path(folder: Path, number: int) -> Path:
    """Where a writer's chunk of this number is."""
    return folder / f"{number:06d}{SUFFIX}"


def chunk_numbers(folder: Path) -> list[int]:
    """The numbers of the chunk files in a folder, rising."""
    stems = (name.removesuffix(SUFFIX) for name in os.listdir(folder) if name.endswith(SUFFIX))  # noqa: PTH208
    return sorted(int(stem) for stem in stems if stem.isdecimal())


class Shelf:
    """The chunks of one writer that a reader has taken note of.

    A chunk under its final name is whole, unless the disk or someone else damaged it. What a writer's index lists was
    whole once and is checked again when it is first read, but for the last chunk; what is newer is checked when it is
    taken. A damaged last chunk is left out. A damaged one between others stays, so that it cannot go unnoticed: reading
    its steps is an error, and reading others is not.

    Attributes:
        name: The writer's name.
        folder: Its folder.
        chunks: What is taken, (C,) of `CHUNK`.
        segments: Of these chunks, in their order, (E,) of `SEGMENT`.
        tags: What the segments' places of tags refer to, JSON each.
        problems: What is wrong with which file.
        dropped: The files that were left out at the end.
    """

    def __init__(self, folder: Path, schema: Schema, fingerprint: str, *, verify: bool = False) -> None:
        """Take note of all chunks.

        Args:
            folder: The writer's folder.
            schema: Of the store.
            fingerprint: Of the schema.
            verify: Check every chunk now, and leave out all that are damaged.
        """
        self.name = folder.name
        self.folder = folder
        self.problems: dict[Path, str] = {}
        self.dropped: list[Path] = []
        self._schema = schema
        self._fingerprint = fingerprint
        index = Index.empty() if verify else read_index(folder, fingerprint)
        self.chunks, self.segments, self.tags = index.chunks, index.segments, index.tags
        self.indexed = len(self.chunks)
        numbers = chunk_numbers(folder)
        if numbers[-1:] <= self.chunks["number"][-1:].tolist():
            self._drop_damaged_end()
        self._take(numbers, keep_damaged=not verify)

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return int(self.chunks["steps"].sum())

    @property
    def index(self) -> Index:
        """All that is taken, to be kept beside the chunks."""
        return Index(self.chunks, self.segments, self.tags)

    def path(self, number: int) -> Path:
        """Where the chunk of this number is."""
        return chunk_path(self.folder, number)

    def refresh(self) -> int:
        """Take note of chunks that were added; returns how many."""
        before = len(self.chunks)
        self._take(chunk_numbers(self.folder), keep_damaged=True)
        return len(self.chunks) - before

    def add(self, taken: list[tuple[int, Chunk]]) -> None:
        """Take chunks, given with their numbers, that are known to be whole and come after all others."""
        if not taken:
            return
        rows = [
            (number, chunk.steps, len(chunk.segments), chunk.file.identity, chunk.file.about["time"])
            for number, chunk in taken
        ]
        self.chunks = np.concatenate([self.chunks, np.array(rows, CHUNK)])
        self.segments = np.concatenate([self.segments, *(self._adopt(chunk) for _, chunk in taken)])

    def _take(self, numbers: list[int], *, keep_damaged: bool) -> None:
        """Take the chunks that are newer than the newest that is taken."""
        newest = int(self.chunks["number"][-1]) if len(self.chunks) else 0
        taken: list[tuple[int, Chunk]] = []
        damaged: list[tuple[Path, str]] = []
        for number in (number for number in numbers if number > newest):
            path = self.path(number)
            try:
                chunk = map_chunk(path, self._schema, self._fingerprint)
            except CorruptChunkError as error:
                damaged.append((path, str(error)))
                continue
            try:
                chunk.file.verify()
            except CorruptChunkError as error:
                damaged.append((path, str(error)))
                if keep_damaged and number != numbers[-1]:
                    taken.append((number, chunk))
                continue
            taken.append((number, chunk))
        end = self.path(taken[-1][0] if taken else newest)
        for path, problem in damaged:
            if path > end:
                self._drop(path, problem)
            else:
                self._report(path, problem)
        self.add(taken)

    def _drop_damaged_end(self) -> None:
        """Leave out the last chunks as far as they are damaged or missing."""
        while len(self.chunks):
            path = self.path(int(self.chunks["number"][-1]))
            try:
                chunk = map_chunk(path, self._schema, self._fingerprint)
                chunk.file.verify()
                if chunk.file.identity == self.chunks["identity"][-1]:
                    return
                problem = f"{path} is another chunk than the index says"
            except CorruptChunkError as error:
                problem = str(error)
            self._drop(path, problem)
            self.segments = self.segments[: len(self.segments) - int(self.chunks["segments"][-1])]
            self.chunks = self.chunks[:-1]
            self.indexed = 0

    def _adopt(self, chunk: Chunk) -> np.ndarray:
        """The chunk's segments, pointing to the tags of all chunks."""
        segments = chunk.segments.copy()
        segments["tags"] += len(self.tags)
        self.tags += chunk.file.about["tags"]
        return segments

    def _drop(self, path: Path, problem: str) -> None:
        if path not in self.dropped:
            self.dropped.append(path)
        self._report(path, f"{problem}; left out")

    def _report(self, path: Path, problem: str) -> None:
        if self.problems.get(path) != problem:
            self.problems[path] = problem
            _log.warning("%s", problem)
