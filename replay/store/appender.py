"""The appender: rings in memory become chunks in one writer's folder."""

import logging
import re
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from telic.replay.errors import ReplayError
from telic.replay.ring import Ring
from telic.replay.schema import Schema
from telic.replay.store.chunk import Chunk, Steps, map_chunk, pack_chunk
from telic.replay.store.cut import Position, cut
from telic.replay.store.durable import naming_full_disk, sync_folder, write_whole
from telic.replay.store.errors import StoreFullError
from telic.replay.store.index import write_index
from telic.replay.store.lock import WriterLock
from telic.replay.store.segments import Tags, tags_text
from telic.replay.store.shelf import Shelf, chunk_numbers, chunk_path

# Chunks are cut at about this size, so that checking one takes milliseconds.
CHUNK_BYTES = 4 << 20
# The index is rewritten when it lacks so many chunks, and this share of them.
INDEX_LAG = 64
INDEX_SHARE = 16
# Where a writer puts a damaged chunk whose number it takes.
DAMAGED = "damaged"

_log = logging.getLogger(__name__)


class Appender:
    """Writes steps of some parallel streams, given as generations of rings, to a folder of its own.

    Attributes:
        written: How many steps are on disk, in all chunks of this folder.
    """

    def __init__(self, writers: Path, name: str, schema: Schema, fingerprint: str, streams: int) -> None:
        """Become the one writer of a folder, and clear away what a killed one left half done.

        Args:
            writers: Where the folders of all writers are.
            name: Of this one and its folder.
            schema: Of the store.
            fingerprint: Of the schema.
            streams: How many there are.

        Raises:
            ReplayError: If the name cannot be a folder's.
            WriterBusyError: If the folder has a writer.
        """
        if not re.fullmatch(r"\w[\w.+-]{0,99}", name):
            raise ReplayError(
                f"writer name {name!r}; allowed: up to 100 letters, digits and '_.+-', none of '.+-' first"
            )
        self._folder = writers / name
        self._schema = schema
        self._fingerprint = fingerprint
        with naming_full_disk(self._folder):
            _make_folder(self._folder)
            self._lock = WriterLock(self._folder)
            for leftover in self._folder.glob(".*.tmp"):
                leftover.unlink()
            self._shelf = Shelf(self._folder, schema, fingerprint)
            _set_aside(self._shelf.dropped)
        self._number = max(chunk_numbers(self._folder), default=0) + 1
        self._fresh: list[tuple[int, Chunk]] = []
        self._position = Position.start(streams, int(self._shelf.segments["episode"].max(initial=-1)) + 1)
        self.written = self._shelf.steps
        self._tags: dict[str, int] = {tags_text({}): 0}
        self._tags_now = np.zeros(streams, np.int32)
        self._tags_coming: list[tuple[int, int | slice, int]] = []

    def tag(self, tags: Tags, generation: int, stream: int | None = None) -> None:
        """Give tags to the steps from a generation on, of one stream or of all."""
        place = self._tags.setdefault(tags_text(tags), len(self._tags))
        self._tags_coming.append((generation, slice(None) if stream is None else stream, place))

    def skip(self) -> None:
        """Say that steps were left out: what comes next does not go on where the last chunk ended."""
        self._position = Position.start(len(self._tags_now), self._position.next_episode)

    def parts(self, ring: Ring, first: int, stop: int) -> Iterable[tuple[int, int]]:
        """The generations from `first` to before `stop` in parts of the size of a chunk."""
        rows = max(1, CHUNK_BYTES // (ring.slots.itemsize * ring.streams))
        return ((start, min(start + rows, stop)) for start in range(first, stop, rows))

    def append(self, ring: Ring, first: int, stop: int) -> None:
        """Write the generations from `first` to before `stop` as one chunk; durable when this returns.

        Raises:
            StoreFullError: If the disk has no room. Nothing is written then, and the same call may be made again.
        """
        if not self._lock.held:
            raise ReplayError(
                f"the writer of {self._folder} is closed, or belongs to another process than this: open one of your own"
            )
        tags = self._tags_of(first, stop)
        steps, position = cut(ring, first, stop, self._position, tags)
        path = chunk_path(self._folder, self._number)
        write_whole(path, pack_chunk(*self._with_own_tags(steps), self._fingerprint, self.written))
        self._fresh.append((self._number, map_chunk(path, self._schema, self._fingerprint)))
        self._position, self._tags_now = position, tags[-1]
        self._tags_coming = [coming for coming in self._tags_coming if coming[0] >= stop]
        self._number += 1
        self.written += len(steps)
        if len(self._fresh) >= max(INDEX_LAG, self._shelf.indexed // INDEX_SHARE):
            self._write_index()

    def close(self) -> None:
        """Let others write to the folder."""
        if self._lock.held:
            self._write_index()
            self._lock.release()

    def _tags_of(self, first: int, stop: int) -> np.ndarray:
        """Places of the tags of some generations, (stop - first, streams) int32."""
        tags = np.repeat(self._tags_now[None], stop - first, axis=0)
        for generation, stream, place in self._tags_coming:
            tags[max(generation - first, 0) :, stream] = place
        return tags

    def _with_own_tags(self, steps: Steps) -> tuple[Steps, list[str]]:
        """The steps, pointing to no more tags than they have, and these tags."""
        used, places = np.unique(steps.segments["tags"], return_inverse=True)
        steps.segments["tags"] = places
        every = list(self._tags)
        return steps, [every[place] for place in used]

    def _write_index(self) -> None:
        self._shelf.add(self._fresh)
        self._fresh.clear()
        if self._shelf.indexed == len(self._shelf.chunks):
            return
        try:
            write_index(self._folder, self._shelf.index, self._fingerprint)
            self._shelf.indexed = len(self._shelf.chunks)
        except StoreFullError as error:
            _log.warning("the index of %s is not up to date, which only makes opening slower: %s", self._folder, error)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)


def _set_aside(paths: list[Path]) -> None:
    """Move damaged chunks away from the numbers that come next; nothing is ever deleted."""
    for path in paths:
        aside = path.parent / DAMAGED
        aside.mkdir(exist_ok=True)
        target = aside / f"{path.stem}-{time.time_ns()}{path.suffix}"
        path.rename(target)
        _log.warning("moved %s to %s", path, target)
        sync_folder(aside)
        sync_folder(path.parent)
