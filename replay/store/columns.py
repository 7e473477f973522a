"""Reward columns on disk: beside each chunk one small file per reward, named by the reward's fingerprint."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from telic.replay.column import Column
from telic.replay.errors import FileFormatError, StaleColumnError, UnknownNameError, did_you_mean
from telic.replay.kernels import TERMINATED, TRUNCATED
from telic.replay.reward import Reward
from telic.replay.store import kernels
from telic.replay.store.chunk import Chunk
from telic.replay.store.durable import write_whole
from telic.replay.store.library import Library
from telic.replay.store.tensors import Mapped, map_file, pack
from telic.replay.store.view import View
from telic.replay.transition import Transitions

KIND = "telic.store.column"
FOLDER = "columns"


def column_path(chunk: Path, name: str) -> Path:
    """Where the rewards of this name, which may be any text, for the steps of a chunk are."""
    readable = re.sub(r"[^\w-]", "_", name, flags=re.ASCII)[:60]
    unique = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
    return chunk.parent / FOLDER / f"{readable}-{unique}" / chunk.name


def column_names(writer: Path) -> set[str]:
    """The names of the columns in a writer's folder."""
    names = (_name_of(folder) for folder in (writer / FOLDER).glob("*"))
    return {name for name in names if name is not None}


def _name_of(folder: Path) -> str | None:
    """The name that the files of a column say; None if none of them is whole."""
    for path in folder.glob("*.safetensors"):
        with suppress(FileFormatError):
            return map_file(path, KIND).about["reward"]
    return None


@dataclass(frozen=True)
class StoredColumn:
    """One reward's values for the steps that a view of a store shows, as far as they are on disk.

    Attributes:
        name: Fingerprint of the reward.
    """

    name: str
    _library: Library
    _view: View

    @property
    def missing(self) -> int:
        """How many steps have no value yet."""
        return sum(int(self._library.steps[place]) for place, file in self._files() if file is None)

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms that are kept for all steps."""
        kept = [set(file.tensors) - {"total"} if file else set() for _, file in self._files()]
        common = set.intersection(*kept) if kept else set()
        return tuple(sorted(name.removeprefix("terms/") for name in common))

    @property
    def total(self) -> np.ndarray:
        """The rewards, (steps,) float32, in the order of the slots.

        Raises:
            StaleColumnError: If steps are missing.
        """
        return self._values("total")

    def term(self, name: str) -> np.ndarray:
        """One term, (steps,) float32.

        Raises:
            UnknownNameError: If it is not kept.
            StaleColumnError: If steps are missing.
        """
        if name not in self.terms:
            raise UnknownNameError(f"column {self.name!r} keeps no term {name!r}; {did_you_mean(name, self.terms)}")
        return self._values(f"terms/{name}")

    def write(self, values: np.ndarray) -> None:
        """Keep given values, (steps,) float32, in the order of the slots."""
        places, begin = self._layout
        ordered = np.zeros(begin[-1], np.float32)
        kernels.move(values, self._view.slot, self._in_chunks(), self._lengths(), ordered)
        for place, low, high in zip(places.tolist(), begin[:-1], begin[1:], strict=True):
            self._write(place, {"total": ordered[low:high]})

    def score(self, reward: Reward, keep_terms: bool, progress: Callable[[int, int], None] | None) -> None:
        """Score every step that has no value yet."""
        done, every = 0, int(self._layout[1][-1])
        for place, file in self._files():
            if file is None or (keep_terms and len(file.tensors) == 1):
                chunk = self._library.chunk(place)
                column = Column(self.name, np.zeros(chunk.steps, np.float32), keep_terms=keep_terms, reward=reward)
                column.update(_ChunkSteps(chunk))  # pyright: ignore[reportArgumentType]
                terms = {f"terms/{name}": values for name, values in column.terms.items()}
                self._write(place, {"total": column.total, **terms})
            done += int(self._library.steps[place])
            if progress is not None:
                progress(done, every)

    def _values(self, tensor: str) -> np.ndarray:
        _, begin = self._layout
        values = np.zeros(begin[-1], np.float32)
        missing = 0
        for (_, file), low, high in zip(self._files(), begin[:-1], begin[1:], strict=True):
            if file is None:
                missing += high - low
            else:
                values[low:high] = file.tensors[tensor]
        if missing:
            raise StaleColumnError(
                f"reward column {self.name!r} lacks {missing} of {len(values)} steps; Store.relabel(reward) adds them"
            )
        out = np.zeros(self._view.rows, np.float32)
        kernels.move(values, self._in_chunks(), self._view.slot, self._lengths(), out)
        return out

    def _write(self, place: int, tensors: dict[str, np.ndarray]) -> None:
        path = column_path(self._library.path(place), self.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        about = {"reward": self.name, "chunk": self._library.identity(place)}
        # Not durable: rewards can be computed again, and a file that a power cut damages is recognised.
        write_whole(path, pack(KIND, tensors, about), durable=False)

    def _files(self) -> Iterator[tuple[int, Mapped | None]]:
        """The place of each chunk and the file beside it; None where there is none that fits."""
        return ((place, self._file(place)) for place in self._layout[0].tolist())

    def _file(self, place: int) -> Mapped | None:
        path = column_path(self._library.path(place), self.name)
        try:
            file = map_file(path, KIND)
            file.verify()
        except FileFormatError:
            return None
        right = file.about["reward"] == self.name and file.about["chunk"] == self._library.identity(place)
        shapes = {array.shape for array in file.tensors.values()}
        return file if right and shapes == {(int(self._library.steps[place]),)} else None

    @cached_property
    def _layout(self) -> tuple[np.ndarray, np.ndarray]:
        """The chunks of the view by their places, (C,), and where each begins when they follow each other, (C + 1,)."""
        places = np.unique(self._view.segments["chunk"])
        return places, np.concatenate([[0], np.cumsum(self._library.steps[places])])

    def _in_chunks(self) -> np.ndarray:
        """Where the steps of each segment of the view begin when its chunks follow each other, (E,) int64."""
        places, begin = self._layout
        segments = self._view.segments
        return begin[np.searchsorted(places, segments["chunk"])] + segments["row"]

    def _lengths(self) -> np.ndarray:
        return np.ascontiguousarray(self._view.segments["length"])


class _ChunkSteps:
    """The steps of one chunk, in the way in which a column reads them from a ring."""

    head = 0
    streams = 1
    gaps = 0

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk
        self.rows = self.count = self.written = chunk.steps
        self._ends = np.cumsum(chunk.segments["length"]) - 1
        self._marks = np.zeros(chunk.steps, np.uint8)
        self._marks[self._ends] = chunk.segments["mark"]

    def read(self, index: np.ndarray) -> Transitions:
        """The transitions in a span of slots."""
        span = slice(int(index[0]), int(index[-1]) + 1)
        names = [name.removeprefix("signals/") for name in self._chunk.file.tensors if name.startswith("signals/")]
        signals = {name: self._chunk.tensor(f"signals/{name}")[span] for name in names}
        marks = self._marks[span]
        return Transitions(
            signals,
            self._chunk.tensor("action")[span],
            _Following(self._chunk, self._ends, span),
            (marks & TERMINATED) > 0,
            (marks & TRUNCATED) > 0,
        )


class _Following(Mapping[str, np.ndarray]):
    """The states after a span of a chunk's steps, put together only when asked for: frames are not read in vain."""

    def __init__(self, chunk: Chunk, ends: np.ndarray, span: slice) -> None:
        self._chunk = chunk
        self._segments = slice(*np.searchsorted(ends, (span.start, span.stop)))
        self._at = ends[self._segments] - span.start
        self._span = span

    def __getitem__(self, name: str) -> np.ndarray:
        states = self._chunk.tensor(f"signals/{name}")
        following = np.empty_like(states[self._span])
        rest = states[self._span.start + 1 : self._span.stop + 1]
        following[: len(rest)] = rest
        following[self._at] = self._chunk.tensor(f"after/{name}")[self._segments]
        return following

    def __iter__(self) -> Iterator[str]:
        return (name.removeprefix("after/") for name in self._chunk.file.tensors if name.startswith("after/"))

    def __len__(self) -> int:
        return sum(1 for _ in self)
