"""The episode table: one row per episode of which at least one step is stored.

A row of the table is also a row of the ring's side table, where the episode's newest state lies: the one its newest
step led to, and once it has ended its true final state. The row is taken when an episode begins and given back when its
last step is overwritten.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypedDict

import numpy as np

from telic.replay.errors import DtypeError, UnknownNameError, did_you_mean
from telic.replay.kernels import ENDED, FIRST

# Columns, int64. BEGIN and STOP are generations: rows of the ring counted from its first one ever.
STREAM = 0
BEGIN = 1  # Generation of the first step that was ever stored, or `UNUSED`.
EARLIER = 2  # How many steps the episode had before it; if that is unknown, 1.
STOP = 3  # Generation after the last step, or `OPEN`.
NUMBER = 4  # How many episodes of the ring had begun before this one.
SOURCE = 5  # Place in the list of names.
TASK = 6  # Place in the list of names.
SEED = 7
POLICY_VERSION = 8
INTERVENTION = 9
WIDTH = 10
# The columns from here on say where an episode is from: they are copied from its stream when it begins.
TAGS = SOURCE

UNUSED = -1
OPEN = np.iinfo(np.int64).max


class Tag(NamedTuple):
    """Where an episode is from.

    Attributes:
        source: What made it, such as ``sim``, ``robot-3`` or ``demonstrations``.
        task: Name of the task.
        seed: Seed of its world; -1 if unknown.
        policy_version: Which version of the policy acted; -1 if unknown.
        intervention: Whether a person took over.
    """

    source: str = ""
    task: str = ""
    seed: int = -1
    policy_version: int = -1
    intervention: bool = False


class Tags(TypedDict, total=False):
    """Some fields of a `Tag`."""

    source: str
    task: str
    seed: int
    policy_version: int
    intervention: bool


def check_tags(tags: Mapping[str, Any]) -> dict[str, str | int | bool]:
    """The same tags, after checking their names and types.

    Raises:
        ReplayError: It names the tag, and what is allowed.
    """
    unset = Tag()._asdict()
    for name, value in tags.items():
        if name not in unset:
            raise UnknownNameError(f"an episode has no tag {name!r}; {did_you_mean(name, unset)}")
        kind = type(unset[name])
        # A bool is an int to Python, but not a seed.
        fits = (
            isinstance(value, (int, np.integer)) and not isinstance(value, bool)
            if kind is int
            else isinstance(value, kind)
        )
        if not fits:
            raise DtypeError(f"tag {name!r} is {value!r}; it must be {kind.__name__}")
    return dict(tags)


def empty_table(rows: int) -> np.ndarray:
    """A table without episodes, (rows, WIDTH) int64."""
    table = np.zeros((rows, WIDTH), np.int64)
    table[:, BEGIN] = UNUSED
    return table


def unknown() -> np.ndarray:
    """The columns from TAGS on of an episode of which nothing is known."""
    tags = np.zeros(WIDTH, np.int64)
    tags[[SEED, POLICY_VERSION]] = -1
    return tags[TAGS:]


def table_of_marks(flags: np.ndarray, streams: int, head: int, written: int) -> np.ndarray:
    """The table of episodes of which nothing is known but the marks of their slots, ordered by stream, then time.

    Args:
        flags: Of the rows that hold data, (count * streams,) uint8; see `kernels`.
        streams: How many slots are a row.
        head: The row that is written next.
        written: How many rows were ever written.
    """
    count = len(flags) // streams
    # Stream-major and in the order of time, so that every episode is one stretch.
    order = np.arange(head - count, head) % max(count, 1)
    marks = flags.reshape(count, streams)[order].T.ravel()
    last = (marks & ENDED) > 0
    last[count - 1 :: max(count, 1)] = True
    stop = np.flatnonzero(last) + 1
    start = np.concatenate([[0], stop[:-1]])[: len(stop)].astype(np.int64)
    table = np.zeros((len(start), WIDTH), np.int64)
    table[:, TAGS:] = unknown()
    table[:, STREAM] = start // max(count, 1)
    oldest = written - count - table[:, STREAM] * count
    table[:, BEGIN] = start + oldest
    table[:, EARLIER] = (marks[start] & FIRST) == 0
    table[:, STOP] = np.where(marks[stop - 1] & ENDED, stop + oldest, OPEN)
    table[np.lexsort((table[:, STREAM], table[:, BEGIN])), NUMBER] = np.arange(len(table))
    return table


class Names:
    """A list of distinct strings, so that a table of numbers can name them."""

    def __init__(self, names: tuple[str, ...] = ("",)) -> None:
        """Begin with these names."""
        self._names = list(names)
        self._places = {name: place for place, name in enumerate(names)}

    def place(self, name: str) -> int:
        """Where a name is in the list; it is added if it is new."""
        if name not in self._places:
            self._places[name] = len(self._names)
            self._names.append(name)
        return self._places[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def at(self, places: np.ndarray) -> np.ndarray:
        """The names at some places, an array of strings."""
        return np.array(self._names)[places]
