"""Which signals went away during the episodes that failed, and did not where episodes succeeded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from telic.control.analysis.endings import element_text
from telic.control.analysis.tenths import left, tenths
from telic.replay.signal import Signal

# A straight line's change is 3.5 of its standard deviations; a change that is small beside the ups and downs is none.
STEADY = 1.5
# Share of the episodes that must go the same way.
AGREEING = 0.75
MOST = 6
_GIVEN = ("reference_", "command_", "goal_")
_CLOCKS = ("elapsed", "time")


@dataclass(frozen=True)
class Drift:
    """A number that goes one way in failed episodes.

    Attributes:
        signal: Its name, as in ``position[0]``, or ``position[0] - reference_position[0]``.
        unit: Its unit.
        start: Its median over the episodes, in their first tenth.
        end: The same in their last tenth.
        since: The tenth from which on it is away from where it started, from 0.
        agreeing: How many of the episodes it moved in this direction.
        episodes: How many there are.
    """

    signal: str
    unit: str
    start: float
    end: float
    since: int
    agreeing: int
    episodes: int


@dataclass(frozen=True)
class Course:
    """One episode's signals in brief.

    Attributes:
        means: The mean of each tenth by signal, (10, *shape).
        spread: Standard deviation over the steps by signal, (*shape).
    """

    means: Mapping[str, np.ndarray]
    spread: Mapping[str, np.ndarray]


def course(states: Mapping[str, np.ndarray]) -> Course:
    """The course of an episode from its states, (T, *shape) by signal."""
    return Course(
        {name: tenths(values) for name, values in states.items()},
        {name: values.std(axis=0, dtype=np.float64) for name, values in states.items()},
    )


def errors(states: Mapping[str, np.ndarray], signals: Iterable[Signal]) -> dict[str, np.ndarray]:
    """What may drift: signals, as errors where a reference is stored; neither clocks nor what the task gives."""
    found = {}
    for signal in signals:
        name = signal.name
        if name.startswith(_GIVEN) or (signal.unit == "s" and any(clock in name for clock in _CLOCKS)):
            continue
        reference = states.get(f"reference_{name}")
        is_error = reference is not None and reference.shape == states[name].shape
        found[name] = states[name] - reference if is_error else states[name]
    return found


def drifts(
    signals: Sequence[Signal], failed: Sequence[Course], succeeded: Sequence[Course], read: Iterable[str]
) -> tuple[Drift, ...]:
    """The numbers that go one way, those that somebody reads first, then the steadiest first.

    Args:
        signals: The stored signals.
        failed: Courses of failed episodes.
        succeeded: Courses of successes: what moves in these too, and as far, is no drift.
        read: Names of the signals that the reward or the task's limits read.
    """
    shapes = {signal.name: signal.shape for signal in signals}
    wanted = set(read)
    found: list[tuple[bool, float, Drift]] = []
    for signal in signals:
        # Datasets of one task may store more or less.
        if all(signal.name in each.means for each in (*failed, *succeeded)):
            is_error = shapes.get(f"reference_{signal.name}") == signal.shape
            found += [
                (signal.name not in wanted, -steadiness, drift)
                for steadiness, drift in _of_signal(signal, is_error, failed, succeeded)
            ]
    return tuple(drift for _, _, drift in sorted(found, key=lambda each: each[:2])[:MOST])


def _of_signal(
    signal: Signal, is_error: bool, failed: Sequence[Course], succeeded: Sequence[Course]
) -> Iterator[tuple[float, Drift]]:
    means = np.stack([each.means[signal.name] for each in failed]).reshape(len(failed), -1, signal.size)
    spread = np.mean([each.spread[signal.name] for each in failed], axis=0).reshape(signal.size)
    usual = np.zeros(signal.size)
    if succeeded:
        goes = [each.means[signal.name][-1] - each.means[signal.name][0] for each in succeeded]
        usual = np.median(goes, axis=0).reshape(signal.size)
    for index in map(int, np.flatnonzero(spread > 0.0)):
        change = means[:, -1, index] - means[:, 0, index]
        middle = float(np.median(change))
        agreeing = int((np.sign(change) == np.sign(middle)).sum())
        more = abs(middle - usual[index])
        steadiness = more / float(spread[index])
        # Where successes move and these do not, nothing has drifted.
        if steadiness < STEADY or abs(middle) < more / 2.0 or agreeing < AGREEING * len(failed):
            continue
        profile = np.median(means[:, :, index], axis=0)
        name = signal.name + element_text(signal.shape, index)
        yield (
            steadiness,
            Drift(
                f"{name} - reference_{name}" if is_error else name,
                signal.unit,
                float(profile[0]),
                float(profile[-1]),
                left(profile, float(profile[0]), 0.25 * abs(float(profile[-1] - profile[0]))),
                agreeing,
                len(failed),
            ),
        )
