"""The episode table of a store."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from telic.replay.kernels import TERMINATED, TRUNCATED
from telic.replay.store.segments import Tags
from telic.replay.store.view import CUT, View


@dataclass(frozen=True)
class StoredEpisodes:
    """The episodes of a store, E of them, in the order of its slots.

    Attributes:
        writer: Name of each episode's writer, (E,) str.
        stream: Stream of that writer, (E,) int64.
        first: Slot of its first stored step, (E,) int64; ``store.read(np.arange(first, first + length))`` is all of it.
        length: How many of its steps are stored there, (E,) int64.
        terminated: Whether it ended for good, (E,) bool.
        truncated: Whether it was cut although it could have gone on, (E,) bool. Neither: it is not finished yet, or its
            writer died and was not started again.
        whole: Whether it is there from its beginning to its end, (E,) bool.
    """

    writer: np.ndarray
    stream: np.ndarray
    first: np.ndarray
    length: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    whole: np.ndarray
    _tags: Sequence[str] = field(repr=False)

    def __len__(self) -> int:
        return len(self.first)

    def tags(self, episode: int) -> Tags:
        """What is known of an episode beside its steps: the tags of its first step."""
        return json.loads(self._tags[episode])

    def tag(self, name: str, default: Any = None) -> np.ndarray:
        """One tag of all episodes, that of the first step of each, (E,); `default` where it is not given."""
        return np.array(_values(self._tags, name, default))


def step_tag(view: View, tags: Sequence[Sequence[str]], name: str, default: Any) -> np.ndarray:
    """One tag of all steps of a view, (steps,); `tags` as for `episodes_of`."""
    values = np.array(_values(_texts(view.segments, tags), name, default))
    return np.repeat(values, view.segments["length"])


def _values(texts: Sequence[str], name: str, default: Any) -> list[Any]:
    """One tag out of each JSON text."""
    known: dict[str, Tags] = {text: json.loads(text) for text in set(texts)}
    return [known[text].get(name, default) for text in texts]


def _texts(segments: np.ndarray, tags: Sequence[Sequence[str]]) -> list[str]:
    """The tags of some segments, JSON each."""
    return [tags[int(writer)][int(place)] for writer, place in zip(segments["writer"], segments["tags"], strict=True)]


def episodes_of(view: View, writers: Sequence[str], tags: Sequence[Sequence[str]]) -> StoredEpisodes:
    """The episode table of a view.

    Args:
        view: The steps.
        writers: The writers' names, by number.
        tags: What the tags of each writer's segments refer to, JSON each.
    """
    first = np.flatnonzero(~np.append(False, view.joined[:-1])) if view.rows else np.zeros(0, np.int64)
    last = np.append(first[1:], len(view.segments))[: len(first)] - 1
    begin, mark = view.segments[first], view.mark[last]
    truncated = (mark & (TRUNCATED | CUT)) == TRUNCATED
    terminated = (mark & TERMINATED) > 0
    stop = np.append(view.slot[first[1:]], view.rows)[: len(first)]
    return StoredEpisodes(
        writer=np.array(writers)[begin["writer"]] if writers else np.zeros(0, np.str_),
        stream=begin["stream"].astype(np.int64),
        first=view.slot[first],
        length=stop - view.slot[first],
        terminated=terminated,
        truncated=truncated,
        whole=(begin["start"] == 0) & (terminated | truncated),
        _tags=_texts(begin, tags),
    )
