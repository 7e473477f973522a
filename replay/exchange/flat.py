"""Episodes out of a flat run of transitions, as D4RL and Stable-Baselines3 keep them.

The pitfall of such data is the state after a step: the next row holds it, but not where an episode ended, for the next
row is then the start of another episode. Only data that stores next states as well knows the final ones.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from telic.replay.exchange.recording import Episode, Report
from telic.replay.exchange.steps import Steps, episodes_of

JUMP = "jump without an end mark between two steps: taken as truncated"


def flat_episodes(steps: Steps, next_signals: Mapping[str, np.ndarray] | None, report: Report) -> Iterator[Episode]:
    """Cut a flat run into episodes; the last stays open if nothing marks its end.

    Args:
        steps: The run.
        next_signals: State that each step led to, (N, *shape) per signal; None if the data does not say.
        report: Told of what is left out, stood in for or taken for an end.
    """
    ended = steps.terminated | steps.truncated
    truncated = steps.truncated.copy()
    if next_signals is not None:
        jumps = _jumps(steps.signals, next_signals) & ~ended
        if jumps.any():
            report.note(JUMP, int(np.count_nonzero(jumps)))
        truncated |= jumps
    run = Steps(steps.signals, steps.action, steps.terminated, truncated, steps.reward)
    # What comes after the last end mark is an episode that is still open.
    stops = np.union1d(np.flatnonzero(ended | truncated) + 1, [len(run)])
    for start, stop in pairwise([0, *stops.tolist()]):
        final = None if next_signals is None else {name: values[stop - 1] for name, values in next_signals.items()}
        yield from episodes_of(run[start:stop], final, report)


def _jumps(signals: Mapping[str, np.ndarray], next_signals: Mapping[str, np.ndarray]) -> np.ndarray:
    """Where the next row does not begin in the state that a step led to, (N,) bool; never the last row."""
    jumps = np.zeros(len(next(iter(signals.values()))), np.bool_)
    for name, values in signals.items():
        differs = next_signals[name][:-1] != values[1:]
        jumps[:-1] |= differs.any(axis=tuple(range(1, differs.ndim)))
    return jumps
