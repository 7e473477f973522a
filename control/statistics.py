"""Figures with their uncertainty: shares of episodes, and spreads over episodes."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

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
