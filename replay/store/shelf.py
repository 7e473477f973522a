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
    stems = [name.removesuffix(SUFFIX) for name in os.listdir(folder)]  # noqa: PTH208
    return sorted([int(stem) for stem in stems if stem.isdecimal()])


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
        if not any(number > self._newest for number in numbers[-1:]):
            self._forget_damaged_end()
        for number in sorted({*index.chunks["number"].tolist()}.difference(numbers)):
            self._report(number, f"{self.path(number)} is missing")
        self._take(numbers, keep_damaged=not verify)

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return int(self.chunks["steps"].sum())

    @property
    def index(self) -> Index:
        """All that is taken, to be kept beside the chunks."""
        return Index(self.chunks, self.segments, self.tags)

    @property
    def _newest(self) -> int:
        """The number of the last chunk that is taken; 0 before the first."""
        return int(self.chunks["number"][-1]) if len(self.chunks) else 0

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
        found: list[tuple[int, Chunk]] = []
        damaged: dict[int, str] = {}
        newest = self._newest
        for number in (number for number in numbers if number > newest):
            try:
                chunk = map_chunk(self.path(number), self._schema, self._fingerprint)
                found.append((number, chunk))
                chunk.file.verify()
            except CorruptChunkError as error:
                damaged[number] = str(error)
        end = max((number for number, _ in found if number not in damaged), default=0)
        left_out = {number for number in damaged if number > end or not keep_damaged}
        self.add([(number, chunk) for number, chunk in found if number not in left_out])
        self.dropped = [self.path(number) for number in damaged if number > end]
        for number, problem in damaged.items():
            self._report(number, problem)

    def _forget_damaged_end(self) -> None:
        """Strike the last chunks off as far as they are damaged or missing."""
        while len(self.chunks):
            try:
                chunk = map_chunk(self.path(self._newest), self._schema, self._fingerprint)
                chunk.file.verify()
                if chunk.file.identity == self.chunks["identity"][-1]:
                    return
            except CorruptChunkError as error:
                _log.debug("%s", error)
            self.segments = self.segments[: len(self.segments) - int(self.chunks["segments"][-1])]
            self.chunks = self.chunks[:-1]
            self.indexed = 0

    def _adopt(self, chunk: Chunk) -> np.ndarray:
        """The chunk's segments, pointing to the tags of all chunks."""
        segments = chunk.segments.copy()
        segments["tags"] += len(self.tags)
        self.tags += chunk.file.about["tags"]
        return segments

    def _report(self, number: int, problem: str) -> None:
        kept = number in self.chunks["number"]
        problem = f"{problem}; {'reading its steps is an error' if kept else 'left out'}"
        if self.problems.get(self.path(number)) != problem:
            self.problems[self.path(number)] = problem
            _log.warning("%s", problem)
