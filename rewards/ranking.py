"""How surely one group of episodes outranks another: the probability of superiority, with bootstrap intervals.

The probability of superiority is the area under the ROC curve of a classifier that tells the groups apart by the value
(H. Mann, D. Whitney, "On a test of whether one of two random variables is stochastically larger than the other", 1947).
"""

from dataclasses import dataclass

import numpy as np

# More episodes of a group than this are thinned out evenly: pairs grow with the square.
MAX_EPISODES = 1000


@dataclass(frozen=True)
class Interval:
    """An estimate and its interval.

    Attributes:
        value: The estimate.
        low: Lower end.
        high: Upper end.
    """

    value: float
    low: float
    high: float


def superiority(
    better: np.ndarray,
    worse: np.ndarray,
    rng: np.random.Generator,
    *,
    tie: float = 0.0,
    confidence: float = 0.95,
    resamples: int = 1000,
) -> Interval:
    """The probability that a random member of one group has the larger value; ties count half.

    Args:
        better: Values of the group that should be larger, (n,).
        worse: Values of the other, (m,).
        rng: Source of the resampling, which draws whole members of both groups.
        tie: Differences up to this are ties.
        confidence: Of the interval.
        resamples: Bootstrap draws.

    Raises:
        ValueError: If a group is empty.
    """
    if not len(better) or not len(worse):
        raise ValueError(f"groups of {len(better)} and {len(worse)} members cannot be compared; needed: one each")
    better, worse = _thinned(better), _thinned(worse)
    difference = better[:, None] - worse[None, :]
    won = np.where(np.abs(difference) <= tie, 0.5, difference > 0.0)
    draws = (_counts(len(better), resamples, rng) @ won * _counts(len(worse), resamples, rng)).sum(axis=1)
    return _interval(float(won.mean()), draws / won.size, confidence)


def mean_gap(
    better: np.ndarray, worse: np.ndarray, rng: np.random.Generator, *, confidence: float = 0.95, resamples: int = 1000
) -> Interval:
    """The difference of the groups' means; arguments as of `superiority`."""
    better, worse = _thinned(better), _thinned(worse)
    draws = _counts(len(better), resamples, rng) @ better / len(better)
    draws = draws - _counts(len(worse), resamples, rng) @ worse / len(worse)
    return _interval(float(better.mean() - worse.mean()), draws, confidence)


def _thinned(values: np.ndarray) -> np.ndarray:
    if len(values) <= MAX_EPISODES:
        return values
    return values[np.linspace(0, len(values) - 1, MAX_EPISODES).astype(np.int64)]


def _counts(size: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """How often each member is in each resample, (resamples, size)."""
    return rng.multinomial(size, np.full(size, 1.0 / size), resamples).astype(np.float64)


def _interval(value: float, draws: np.ndarray, confidence: float) -> Interval:
    low, high = np.quantile(draws, [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0])
    return Interval(value, float(low), float(high))
