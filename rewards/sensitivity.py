"""What a reward listens to: how much each signal moves each term on stored data."""

from collections.abc import Mapping

import numpy as np

from telic.rewards.error import RewardError
from telic.rewards.program import RewardProgram


def sensitivity(
    program: RewardProgram, stored: Mapping[str, np.ndarray], rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    """How far each term moves when one signal is taken from other stored steps, in shares of the reward's spread.

    This is permutation importance (L. Breiman, "Random forests", 2001) of a known function: it needs no derivative, and
    so sees comparisons and branches too.

    Args:
        program: The reward.
        stored: What it reads, (N, ...) each; what it remembers as well.
        rng: Source of the permutations.

    Returns:
        For each term, the mean absolute change over the standard deviation of the reward, by signal; NaN where the term
        is not finite for a mixture of stored steps.
    """
    terms = program.terms(stored)
    spread = float(np.std(sum(values.astype(np.float64) for values in terms.values()))) or 1.0
    found: dict[str, dict[str, float]] = {name: {} for name in program.term_names}
    for signal in program.inputs:
        order = rng.permutation(len(stored[signal]))
        try:
            moved = program.terms({**stored, signal: stored[signal][order]})
        except RewardError:
            moved = {name: np.full_like(values, np.nan) for name, values in terms.items()}
        for name, values in terms.items():
            found[name][signal] = float(np.abs(moved[name] - values).mean(dtype=np.float64)) / spread
    return found


def without_effect(found: Mapping[str, Mapping[str, float]], stored: Mapping[str, np.ndarray]) -> list[str]:
    """The signals that vary in the stored data and still move no term."""
    signals = next(iter(found.values()), {})
    return [
        signal
        for signal in signals
        if np.ptp(stored[signal], axis=0).any() and all(moves[signal] == 0.0 for moves in found.values())
    ]
