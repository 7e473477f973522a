"""Why episodes failed, as plain data, and in words for whoever writes the next reward."""

from collections.abc import Iterator
from dataclasses import dataclass

from telic.control.analysis.drift import Drift
from telic.control.analysis.tenths import TENTHS
from telic.control.analysis.terms import TermStory


@dataclass(frozen=True)
class Cause:
    """What ended some of the episodes that failed.

    Attributes:
        what: In words, such as ``base_height below 0.14 m``.
        episodes: How many.
        earliest_s: When the first of them ended [s].
        median_s: Half of them had ended then [s].
        latest_s: When the last of them ended [s].
    """

    what: str
    episodes: int
    earliest_s: float
    median_s: float
    latest_s: float


@dataclass(frozen=True)
class Typical:
    """The failed episode that is most like the others of the commonest cause.

    Attributes:
        episode: Its number among all that were looked at, from 0.
        dataset: In which of the replays it is, from 0.
        first_slot: Slot of its first step there.
        source: Who acted; empty if that is not known.
        seconds: How long it lasted [s].
        total: Its undiscounted return.
    """

    episode: int
    dataset: int
    first_slot: int
    source: str
    seconds: float
    total: float


@dataclass(frozen=True)
class FailureSummary:
    """Why episodes failed.

    Attributes:
        episodes: How many whole episodes were looked at.
        successes: How many of them succeeded.
        causes: What ended the others, the commonest first.
        terms: What the reward's terms did where the commonest cause ended the episode.
        drifts: Which numbers went away there.
        typical: The failure to look at; None if there is none.
    """

    episodes: int
    successes: int
    causes: tuple[Cause, ...] = ()
    terms: tuple[TermStory, ...] = ()
    drifts: tuple[Drift, ...] = ()
    typical: Typical | None = None

    def text(self) -> str:
        """The summary in plain words, for people and for language models."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.successes} of {self.episodes} episodes succeeded."
        if not self.causes:
            return
        yield "What ended the others:"
        for cause in self.causes:
            yield f"- {cause.episodes}: {cause.what}, after {_times(cause)}"
        main = self.causes[0]
        if self.terms or self.drifts:
            yield f"Where it ended with {main.what}:"
        for term in self.terms:
            yield f"- {_term_text(term, main.median_s)}"
        for drift in self.drifts:
            yield f"- {_drift_text(drift, main.median_s)}"
        if self.typical is not None:
            source = f" by {self.typical.source}" if self.typical.source else ""
            yield (
                f"The typical failure is episode {self.typical.episode}{source}: "
                f"{self.typical.seconds:.3g} s, return {self.typical.total:.4g}."
            )


def _times(cause: Cause) -> str:
    if cause.earliest_s == cause.latest_s:
        return f"{cause.median_s:.3g} s"
    return f"{cause.median_s:.3g} s ({cause.earliest_s:.3g} to {cause.latest_s:.3g} s)"


def _when(tenth: int, seconds: float) -> str:
    return f"from {tenth / TENTHS:.0%} of the episode on (about {tenth / TENTHS * seconds:.2g} s)"


def _term_text(story: TermStory, seconds: float) -> str:
    first, best, last = story.values[0], max(story.values), story.values[-1]
    if story.what == "constant":
        return f"term {story.term!r} is always {last:.4g}, whatever happens"
    if story.what == "dominates":
        return f"term {story.term!r} holds {story.share:.0%} of what all terms give: the others have no say"
    if story.what == "shrinks":
        return (
            f"term {story.term!r} shrinks from {best:.4g} to {last:.4g}, {_when(story.since, seconds)}; "
            f"within reach: {story.within_reach:.4g}"
        )
    return (
        f"term {story.term!r} stalls at {last:.4g} (first {first:.4g}), {_when(story.since, seconds)}; "
        f"within reach: {story.within_reach:.4g}"
    )


def _drift_text(drift: Drift, seconds: float) -> str:
    unit = "" if drift.unit == "1" else f" {drift.unit}"
    return (
        f"{drift.signal} drifts from {drift.start:.3g} to {drift.end:.3g}{unit}, {_when(drift.since, seconds)}, "
        f"in {drift.agreeing} of {drift.episodes} episodes"
    )
