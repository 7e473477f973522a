"""Intervals for what is computed from episodes; whole episodes are drawn again, since their steps go together."""

from collections.abc import Callable

import numpy as np

from telic.rewards.ranking import Interval


def bootstrap(
    statistic: Callable[..., float],
    *groups: int,
    rng: np.random.Generator,
    resamples: int = 200,
    confidence: float = 0.95,
) -> Interval:
    """A statistic with its percentile interval (Efron and Tibshirani 1993, chapter 13).

    Args:
        statistic: Of how often each episode counts: one array (E,) float64 for each group of episodes.
        *groups: How many episodes each group has; groups are drawn independently.
        rng: Source of the draws.
        resamples: How many draws.
        confidence: Of the interval. Draws for which the statistic is not finite are at its lower end.
    """
    value = statistic(*(np.ones(size) for size in groups))
    drawn = [
        statistic(*(rng.multinomial(size, np.full(size, 1.0 / size)).astype(np.float64) for size in groups))
        for _ in range(resamples)
    ]
    ordered = np.sort(np.where(np.isfinite(drawn), drawn, -np.inf))
    low, high = (ordered[round(end * (resamples - 1))] for end in ((1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0))
    return Interval(float(value), float(low), float(high))
