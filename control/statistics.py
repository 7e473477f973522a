"""Figures with their uncertainty: shares of episodes, and spreads over episodes."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from telic.rewards.ranking import Interval

# Two-sided 95 % of a normal distribution.
Z_95 = 1.959964


@dataclass(frozen=True)
class Share:
    """How many of all episodes did something.

    Attributes:
        count: Episodes that did.
        total: All episodes.
    """

    count: int
    total: int

    @classmethod
    def of(cls, flags: ArrayLike) -> "Share":
        """Count what is true among flags (N,)."""
        flags = np.asarray(flags, np.bool_)
        return cls(int(flags.sum()), flags.size)

    @property
    def fraction(self) -> float:
        """The share, 0 to 1."""
        return self.count / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """Bounds of the true share at 95 % confidence (Wilson 1927); sensible also at 0 and 1."""
        n, p, z = self.total, self.fraction, Z_95
        center = (p + z * z / (2 * n)) / (1 + z * z / n)
        reach = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        # Exact at the ends, where rounding would leave them a hair off.
        return (center - reach if self.count else 0.0), (center + reach if self.count < n else 1.0)


@dataclass(frozen=True)
class Spread:
    """How a figure differs between episodes.

    Attributes:
        mean: Over the episodes.
        std: Standard deviation, with N in the denominator.
        p95: 95 % of the episodes are at or below it.
    """

    mean: float
    std: float
    p95: float

    @classmethod
    def of(cls, values: ArrayLike) -> "Spread | None":
        """Spread of one value per episode (N,); None where there is no episode."""
        values = np.asarray(values, np.float64)
        if not values.size:
            return None
        return cls(float(values.mean()), float(values.std()), float(np.percentile(values, 95)))


def nested_mean(
    values: ArrayLike, rng: np.random.Generator, confidence: float = 0.95, resamples: int = 2000
) -> Interval:
    """The mean of what several trained policies came to, with a bootstrap interval for another training like these.

    Policies are drawn first and then the episodes of each, as policies of the same reward differ more than episodes of
    the same policy do (A. Davison, D. Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8).

    Args:
        values: One for each policy and episode (S, N); differences, where two rewards are compared on the same seeds
            and episodes.
        rng: Source of the resampling.
        confidence: Of the interval.
        resamples: Bootstrap draws.

    Raises:
        ValueError: If there is no value.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"values have shape {values.shape}; allowed: (policies, episodes), at least one of each")
    policies, episodes = values.shape
    drawn = rng.integers(policies, size=(resamples, policies))
    # How often each episode of each drawn policy is in the resample.
    counts = rng.multinomial(episodes, np.full(episodes, 1.0 / episodes), size=(resamples, policies))
    means = (counts * values[drawn]).sum(axis=2) / episodes
    low, high = np.quantile(means.mean(axis=1), [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0])
    return Interval(float(values.mean()), float(low), float(high))
