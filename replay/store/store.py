"""The store: a replay on disk."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from telic.replay.column import check_inputs
from telic.replay.errors import NonFiniteError, ReplayError, SchemaError, ShapeError, StaleColumnError
from telic.replay.remembering import remembers
from telic.replay.replay import Replay
from telic.replay.reward import Reward
from telic.replay.schema import Schema, check_array
from telic.replay.signal import Signal
from telic.replay.store.appender import Appender
from telic.replay.store.columns import StoredColumn, column_names
from telic.replay.store.durable import naming_full_disk, sync_folder, write_whole
from telic.replay.store.episodes import StoredEpisodes, episodes_of, step_tag
from telic.replay.store.errors import ReadOnlyError, StoreExistsError
from telic.replay.store.library import PLACED, Library
from telic.replay.store.limiter import RateLimiter
from telic.replay.store.manifest import NAME, Manifest, schema_fingerprint
from telic.replay.store.memory import Follower, fill
from telic.replay.store.shelf import Shelf
from telic.replay.store.spill import Spill
from telic.replay.store.view import View
from telic.replay.store.writer import Writer, default_commit
from telic.replay.transition import Transitions

WRITERS = "writers"

Mode = Literal["read", "append"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Problem:
    """A file of a store that is not as it should be.

    Attributes:
        path: The file.
        what: What is wrong with it, and what was done.
    """

    path: Path
    what: str


class Store:
    """A folder of transitions that only ever grows.

    Every writer has a folder of its own in it, so that writers never wait for each other, and puts its steps there in
    chunks. A reader maps the chunks into memory: opening takes milliseconds, however large the store is, and costs no
    memory. What is committed while a store is open is seen after `refresh`.

    Attributes:
        path: The folder.
        mode: ``"read"``, which never writes a byte, or ``"append"``.
        schema: Signals and action of every transition.
        about: What the maker of the store said of it.
        created: When it was made, ISO 8601, UTC.
        view: The steps as samplers read them, see `View`.
    """

    def __init__(self, path: str | Path, mode: Mode = "read", *, verify: bool = False) -> None:
        """Open a store; see `open`."""
        if mode not in ("read", "append"):
            raise ReplayError(f"mode {mode!r}; allowed: 'read', 'append'")
        manifest = Manifest.read(Path(path))
        self.path = Path(path)
        self.mode: Mode = mode
        self.schema = manifest.schema
        self.about = manifest.about
        self.created = manifest.created
        self._fingerprint = schema_fingerprint(self.schema)
        self._library = Library(self.schema, self._fingerprint)
        self._shelves: dict[str, Shelf] = {}
        self.view = View(self._library, np.zeros(0, PLACED))
        self._take_note(verify)

    @classmethod
    def create(cls, path: str | Path, schema: Schema, about: Mapping[str, Any] | None = None) -> "Store":
        """Make an empty store, and open it to append.

        Args:
            path: A folder that is not there yet, or is empty.
            schema: Signals and action of every transition.
            about: Whatever is worth knowing of it, as JSON data.

        Raises:
            StoreExistsError: If something is there already.
            DtypeError: If a signal has a type that files cannot hold.
            ReplayError: If `about` is not JSON data.
        """
        path = Path(path)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            hint = "open it with Store.open" if (path / NAME).exists() else "choose another path"
            raise StoreExistsError(f"{path} is there already, and not an empty folder: {hint}")
        content = Manifest(schema, about or {}).to_json()
        with naming_full_disk(path):
            (path / WRITERS).mkdir(parents=True, exist_ok=True)
            write_whole(path / NAME, content.encode())
            sync_folder(path.parent)
        return cls(path, "append")

    @classmethod
    def open(cls, path: str | Path, mode: Mode = "read", *, verify: bool = False) -> "Store":
        """Open a store.

        A damaged last chunk of a writer is left out and reported in `problems` and as a warning.

        Args:
            path: The folder.
            mode: ``"read"`` or ``"append"``.
            verify: Compare the checksums of all chunks now, and leave out every damaged one. By default a chunk is
                checked when it is first read.

        Raises:
            NotAStoreError: If there is no store.
            NewerFormatError: If a later version of Telic wrote it.
        """
        return cls(path, mode, verify=verify)

    def __len__(self) -> int:
        """How many transitions there are."""
        return self.view.rows

    @property
    def writers(self) -> tuple[str, ...]:
        """The names of all who have written."""
        return tuple(self._shelves)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The files that are damaged, as far as that is known."""
        found: dict[Path, str] = {}
        for shelf in self._shelves.values():
            found |= shelf.problems
        return tuple(Problem(path, what) for path, what in {**self._library.problems, **found}.items())

    @property
    def episodes(self) -> StoredEpisodes:
        """The episode table."""
        return episodes_of(self.view, self.writers, self._tags)

    def tag(self, name: str, default: Any = None) -> np.ndarray:
        """One tag of all steps, such as ``intervention``, (len(store),); `default` where it is not given."""
        return step_tag(self.view, self._tags, name, default)

    # Reading.

    def refresh(self) -> int:
        """Take note of what was committed since; returns how many steps. They follow all others."""
        before = len(self)
        self._take_note(verify=False)
        return len(self) - before

    def read(self, index: np.ndarray) -> Transitions:
        """The transitions in some slots, (B,) integers from 0 to ``len(store) - 1``.

        Raises:
            ReplayError: If a slot is out of range.
            CorruptChunkError: If a chunk that holds one of them is damaged; it names the file.
        """
        index = np.asarray(index)
        if index.ndim != 1 or index.dtype.kind not in "iu":
            raise ShapeError(f"slots must be integers of shape (B,), got {index.dtype} of shape {index.shape}")
        if len(index) and not 0 <= index.min() <= index.max() < len(self):
            raise ReplayError(f"slots reach from {index.min()} to {index.max()}; filled are 0 to {len(self) - 1}")
        return self.view.read(index.astype(np.int64))

    def mapped(self) -> Replay:
        """A replay over the files themselves: every way of sampling without loading anything first.

        It has the steps that are known now, and cannot be added to. Its reward columns are in memory, and begin with
        the complete ones on disk.
        """
        replay = Replay.over(self.view)  # pyright: ignore[reportArgumentType]
        return self._with_columns(replay, self.view)

    def replay(self, capacity: int | None = None) -> Replay:
        """A replay of one stream in memory with all transitions, or the newest, and the complete reward columns.

        Where an episode goes on elsewhere, or has no end yet, it counts as truncated; only the last one stays open.

        Args:
            capacity: Of the replay; by default just enough.

        Raises:
            CorruptChunkError: If a chunk is damaged; it names the file.
        """
        replay = Replay(self.schema, max(len(self), 1) if capacity is None else capacity)
        view = self.view.newest(replay.capacity)
        if view.rows:
            fill(replay.ring, view)
        return self._with_columns(replay, view)

    def follow(self, replay: Replay, start: int = 0) -> Follower:
        """Give a replay of one stream what is committed, whenever the follower's `update` is called.

        Args:
            replay: As empty, or as full of other things, as it is.
            start: How many steps of this store it has already: ``len(store)`` after ``store.replay(capacity)``.

        Raises:
            ReplayError: If the replay has several streams, another schema, or cannot have begun so.
        """
        return Follower(self, replay, start)

    # Rewards.

    @property
    def columns(self) -> dict[str, StoredColumn]:
        """The reward columns on disk, by fingerprint; some may not cover all steps."""
        names = set[str]().union(*(column_names(shelf.folder) for shelf in self._shelves.values()))
        return {name: StoredColumn(name, self._library, self.view) for name in sorted(names)}

    def relabel(
        self, reward: Reward, *, keep_terms: bool = False, progress: Callable[[int, int], None] | None = None
    ) -> StoredColumn:
        """Score every step that has no value under a reward yet, and keep the values beside the chunks.

        Args:
            reward: The question to be asked of the facts.
            keep_terms: Keep each term as well as their sum.
            progress: Called with the number of steps done and of all.

        Raises:
            ReadOnlyError: If the store is open for reading.
            UnknownNameError: If the reward reads what is not stored; before any work.
            NonFiniteError: If a term is not finite for some transition.
            CorruptChunkError: If a chunk is damaged; it names the file.
            ReplayError: If the terms of a reward that remembers are to be kept.
        """
        self._refuse_read_only("keep reward columns", "; mapped().relabel(reward) keeps one in memory")
        check_inputs(reward, self.schema)
        column = StoredColumn(reward.fingerprint, self._library, self.view)
        if not remembers(reward):
            column.score(reward, keep_terms, progress)
        elif keep_terms:
            raise ReplayError(f"reward {reward.fingerprint!r} remembers within an episode; of it only the sum is kept")
        elif column.missing:
            # Episodes go on from chunk to chunk: all steps are scored, in the order of time.
            column.write(Replay.over(self.view).relabel(reward).total[: len(self)])  # pyright: ignore[reportArgumentType]
        return column

    def add_column(self, name: str, values: np.ndarray) -> StoredColumn:
        """Keep rewards that came with the facts, (len(store),) float32, as a column; as `Replay.add_column`.

        Raises:
            ReplayError: If there is such a column, or the values do not fit.
        """
        self._refuse_read_only("keep reward columns")
        if name in self.columns:
            raise ReplayError(f"there is a reward column {name!r} already")
        column = StoredColumn(name, self._library, self.view)
        values = check_array(values, Signal("reward"), (len(self),))
        if not np.isfinite(values).all():
            slot = int(np.flatnonzero(~np.isfinite(values))[0])
            raise NonFiniteError(f"the reward {name!r} of slot {slot} is {values[slot]}; nothing was stored")
        column.write(values)
        return column

    # Writing.

    def writer(
        self, name: str, *, streams: int = 1, commit_every: int | None = None, limiter: RateLimiter | None = None
    ) -> Writer:
        """Append steps under a name.

        Args:
            name: Of the writer: of a process, a robot, a run. Who comes back under a name goes on in the same folder.
            streams: Parallel worlds that are written together.
            commit_every: Steps between two commits, which a crash can cost; by default 1024, or 128 per stream.
            limiter: Makes the writer wait for the learners.

        Raises:
            ReadOnlyError: If the store is open for reading.
            WriterBusyError: If a running process writes under this name.
        """
        commit_every = default_commit(streams) if commit_every is None else commit_every
        return Writer(self._appender(name, streams), self.schema, streams, commit_every, limiter)

    def spill(self, replay: Replay, name: str, *, commit_every: int | None = None) -> Spill:
        """Append, under a name, what a replay in memory holds and whatever it is given from now on.

        Args:
            replay: Its newest steps are written whenever `Spill.update` finds enough of them.
            name: Of the writer, as in `writer`.
            commit_every: Steps between two commits, as in `writer`.

        Raises:
            ReadOnlyError: If the store is open for reading.
            WriterBusyError: If a running process writes under this name.
            SchemaError: If the replay has another schema.
        """
        if replay.schema != self.schema:
            raise SchemaError("the replay has another schema than the store that it is to be written to")
        commit_every = default_commit(replay.num_streams) if commit_every is None else commit_every
        return Spill(self._appender(name, replay.num_streams), replay, commit_every)

    @property
    def _tags(self) -> list[list[str]]:
        return [shelf.tags for shelf in self._shelves.values()]

    def _appender(self, name: str, streams: int) -> Appender:
        self._refuse_read_only("write")
        return Appender(self.path / WRITERS, name, self.schema, self._fingerprint, streams)

    def _refuse_read_only(self, what: str, instead: str = "") -> None:
        if self.mode != "append":
            raise ReadOnlyError(f"{self.path} is open for reading: open it with mode='append' to {what}{instead}")

    def _with_columns(self, replay: Replay, view: View) -> Replay:
        """The same replay, which holds what the view shows, with the reward columns that cover all of it."""
        for name in self.columns:
            try:
                replay.add_column(name, StoredColumn(name, self._library, view).total)
            except StaleColumnError as error:
                _log.info("left on disk: %s", error)
        return replay

    def _take_note(self, verify: bool) -> None:
        """Extend the view by all chunks that are new."""
        arrived = []
        for folder in sorted(entry for entry in (self.path / WRITERS).glob("*") if entry.is_dir()):
            shelf = self._shelves.get(folder.name)
            before = len(shelf.chunks) if shelf else 0
            if shelf is None:
                shelf = self._shelves[folder.name] = Shelf(folder, self.schema, self._fingerprint, verify=verify)
            else:
                shelf.refresh()
            if len(shelf.chunks) > before:
                arrived.append(self._library.add(shelf, before, writer=self.writers.index(shelf.name)))
        if arrived:
            self.view = self.view.extended(np.concatenate(arrived) if len(arrived) > 1 else arrived[0])
