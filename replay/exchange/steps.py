"""Steps as other formats keep them, and the episodes that are in them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from telic.replay.exchange.recording import Episode, Report, Tag

NO_FINAL_STATE = "last step of an episode that was cut: the state after it is not in the data"
HELD_FINAL_STATE = (
    "terminated episode without its final state: the state before it stands in for it. A learner's target does not "
    "read it, but a dynamics model must not learn from it"
)
SPLIT = "end mark inside an episode: split there"


@dataclass(frozen=True)
class Steps:
    """N steps of one stream, in the order of time.

    Attributes:
        signals: State at each step, (N, *shape) per signal.
        action: (N, actuators) float32.
        terminated: (N,) bool.
        truncated: (N,) bool.
        reward: (N,) float32; None if the data has none.
    """

    signals: Mapping[str, np.ndarray]
    action: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    reward: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.action)

    def __getitem__(self, part: slice) -> "Steps":
        return Steps(
            {name: values[part] for name, values in self.signals.items()},
            self.action[part],
            self.terminated[part],
            self.truncated[part],
            None if self.reward is None else self.reward[part],
        )


def episodes_of(
    steps: Steps,
    final: Mapping[str, np.ndarray] | None,
    report: Report,
    tags: Mapping[str, Tag] | None = None,
) -> Iterator[Episode]:
    """The episodes in steps that follow each other without a gap; usually one.

    Where the final state is unknown, a cut episode loses its last step, whose state then is the final one; a terminated
    episode keeps its last step, which says where the task ends.

    Args:
        steps: An end mark before the last step splits them.
        final: State after the last step, (*shape) per signal; None if the data does not say.
        report: Told of what is split, left out or stood in for.
        tags: Of each episode.
    """
    count = len(steps)
    if final is None and count:
        if steps.terminated[-1]:
            report.note(HELD_FINAL_STATE)
        else:
            report.drop(NO_FINAL_STATE)
            count -= 1
        final = {name: values[-1] for name, values in steps.signals.items()}
    if not count or final is None:
        return
    # The marks of a step that is left out hold for the one before: that is where the episode now ends.
    terminated, truncated = steps.terminated[:count].copy(), steps.truncated[:count].copy()
    terminated[-1] |= steps.terminated[-1]
    truncated[-1] |= steps.truncated[-1]
    ends = np.flatnonzero(terminated[:-1] | truncated[:-1]) + 1
    if len(ends):
        report.note(SPLIT, len(ends))
    for start, stop in pairwise([0, *ends.tolist(), count]):
        signals = {
            name: np.concatenate([values[start:stop], values[stop : stop + 1] if stop < count else final[name][None]])
            for name, values in steps.signals.items()
        }
        yield Episode(
            signals,
            steps.action[start:stop],
            bool(terminated[stop - 1]),
            bool(truncated[stop - 1]),
            None if steps.reward is None else steps.reward[start:stop],
            tags or {},
        )


def last_marked(steps: int, marked: bool) -> np.ndarray:
    """End marks of an episode, (steps,) bool: of the last step only, if of any."""
    marks = np.zeros(steps, np.bool_)
    marks[-1:] = marked
    return marks
