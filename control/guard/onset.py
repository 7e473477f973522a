"""The onset of over-optimisation: from where on training gains proxy but loses what was meant.

Goodhart's law in training curves: optimised further, the proxy goes on rising while the true measure turns and falls
(Gao, Schulman and Hilton 2023, Scaling Laws for Reward Model Overoptimization, arXiv 2210.10760). The turning point is
that of the unimodal curve, first rising, then falling, which is nearest to the true measure in least squares:

    f* = argmin_f  sum_i (y_i - f_i)^2   with  f_1 <= ... <= f_k >= ... >= f_n  for some k

Whether the fall is more than noise is tested against a constant, which of all curves that never fall looks most like
falling: the fall from the best window to the last one must be larger than nearly all falls that noise shows by itself.
The noise is taken for autoregressive, e_i = rho e_{i-1} + w_i, since histories average over episodes that they share.
Its two numbers come from second differences, which see no trend:

    Var(y_{i+k} - 2 y_i + y_{i-k}) = sigma^2 (6 - 8 rho^k + 2 rho^{2k})
"""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.signal import lfilter

from telic.rewards.ranking import Interval

# Longer histories are averaged down to this many rows: the search for the turn grows with their square.
MOST_ROWS = 240
# The normal distribution's standard deviation, in median absolute deviations.
PER_MEDIAN = 1.4826
# More correlation than this cannot be told from a trend.
MOST_CORRELATION = 0.95

Kind = Literal["none", "over-optimisation", "unnoticed", "collapse"]


@dataclass(frozen=True)
class OnsetConfig:
    """What counts as a fall.

    Attributes:
        window: Share of the history over which both curves are averaged when they are compared.
        confidence: That a fall is no noise; also of the intervals.
        relevant: A fall by less than this does not matter, in the units of the true measure.
        fewest: Rows without which nothing can be told.
        resamples: Draws of the noise.
    """

    window: float = 0.1
    confidence: float = 0.99
    relevant: float = 0.0
    fewest: int = 12
    resamples: int = 500

    def __post_init__(self) -> None:
        if not (0.0 < self.window <= 0.25 and 0.5 < self.confidence < 1.0 and self.relevant >= 0.0):
            raise ValueError(
                f"window {self.window}, confidence {self.confidence}, relevant {self.relevant}; allowed: above 0 up to "
                "0.25, between 0.5 and 1, at least 0"
            )
        if self.fewest < 8 or self.resamples < 100:
            raise ValueError(f"fewest {self.fewest}, resamples {self.resamples}; allowed: at least 8, at least 100")


@dataclass(frozen=True)
class Onset:
    """How proxy and true measure went together in one training.

    Attributes:
        kind: ``none``: the true measure did not fall. Where it did: ``over-optimisation``: the proxy rose meanwhile;
            ``unnoticed``: the proxy neither rose nor fell; ``collapse``: both fell.
        at: Where the true measure turned, in the units of `steps`; None where it did not fall.
        best: The true measure in its best window.
        last: The true measure in the last window.
        drop: Best minus last.
        proxy_gain: What the proxy gained between these windows.
    """

    kind: Kind
    at: float | None
    best: float
    last: float
    drop: Interval
    proxy_gain: Interval


def find_onset(
    steps: np.ndarray, proxy: np.ndarray, truth: np.ndarray, config: OnsetConfig | None = None, seed: int = 0
) -> Onset:
    """Look for over-optimisation in the history of a training.

    Args:
        steps: Where each row stands, rising, (T,).
        proxy: What was optimised, (T,).
        truth: What was meant, such as the share of successes, (T,). Rows where either is NaN are left out.
        config: What counts as a fall.
        seed: Of the draws.

    Raises:
        ValueError: If the shapes differ, or there are too few rows to tell.
    """
    config = config or OnsetConfig()
    steps, proxy, truth = (np.asarray(values, np.float64) for values in (steps, proxy, truth))
    if not steps.shape == proxy.shape == truth.shape or steps.ndim != 1:
        raise ValueError(f"steps {steps.shape}, proxy {proxy.shape} and truth {truth.shape}; needed: (T,) each")
    known = np.isfinite(proxy) & np.isfinite(truth)
    if known.sum() < config.fewest:
        raise ValueError(f"{known.sum()} rows with both measures; needed: {config.fewest} to tell a fall from noise")
    steps, proxy, truth = (_condensed(values[known]) for values in (steps, proxy, truth))
    window = max(2, round(config.window * len(steps)))
    rng = np.random.default_rng(seed)

    _, turn = unimodal(truth)
    means = _means(truth, window)
    best = int(np.argmax(means[:-window]))
    noise = _noise(noise_of(truth), len(truth), config.resamples, rng)
    drop = _interval(means[best] - means[-1], _between(noise, best, window), config.confidence)
    falls = drop.value > max(np.quantile(_largest_falls(noise, window), config.confidence), config.relevant)
    # Early on, a proxy that is learned fast bends so much that it looks like noise.
    late = noise_of(proxy[min(best, len(proxy) - config.fewest) :])
    proxy_noise = _noise(late, len(proxy), config.resamples, rng)
    gain = _interval(_between(proxy, best, window), _between(proxy_noise, best, window), config.confidence)
    return Onset(
        kind=_kind(gain) if falls else "none",
        at=float(steps[turn]) if falls else None,
        best=float(means[best]),
        last=float(means[-1]),
        drop=drop,
        proxy_gain=gain,
    )


def unimodal(values: np.ndarray) -> tuple[np.ndarray, int]:
    """The nearest curve that first rises and then falls, (T,), and the last row of its top."""
    best, fitted = np.inf, values
    for top in range(len(values)):
        # The top belongs to the rising part; what falls begins after it.
        rising, falling = _rising(values[: top + 1]), -_rising(-values[top + 1 :])
        error = np.sum((values[: top + 1] - rising) ** 2) + np.sum((values[top + 1 :] - falling) ** 2)
        if error < best and (not len(falling) or falling[0] <= rising[-1]):
            best, fitted = error, np.concatenate([rising, falling])
    return fitted, int(np.flatnonzero(fitted == fitted.max())[-1])


def _rising(values: np.ndarray) -> np.ndarray:
    """The nearest curve that never falls."""
    return isotonic_regression(values).x if len(values) else values


def noise_of(values: np.ndarray) -> tuple[float, float]:
    """Standard deviation and correlation of neighbours of the noise on a curve (T,), whatever its trend."""
    # A kink, as where the curve turns, is in 2 of 8 of these differences at most, and their median does not see it.
    far = max(2, len(values) // 10)
    near_variance, far_variance = _second_difference(values, 1), _second_difference(values, far)
    if far_variance == 0.0 or near_variance == 0.0:
        return sqrt(max(near_variance, far_variance) / 6.0), 0.0
    rho, variance = 0.0, far_variance / 6.0
    for _ in range(5):
        # From the difference over one row, sigma^2 (6 - 8 rho + 2 rho^2), solved for rho.
        rho = min(max(0.0, 2.0 - sqrt(1.0 + near_variance / (2.0 * variance))), MOST_CORRELATION)
        variance = far_variance / (6.0 - 8.0 * rho**far + 2.0 * rho ** (2 * far))
    return sqrt(variance), rho


def _second_difference(values: np.ndarray, lag: int) -> float:
    """Variance of the second difference, by its median: a few sharp turns of the curve do not count."""
    difference = values[2 * lag :] - 2.0 * values[lag:-lag] + values[: -2 * lag]
    return float(PER_MEDIAN * np.median(np.abs(difference))) ** 2


def _noise(size: tuple[float, float], rows: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of a standard deviation and correlation, (draws, rows)."""
    sigma, rho = size
    drawn = rng.normal(0.0, sigma, (draws, rows))
    drawn[:, 1:] *= sqrt(1.0 - rho**2)
    return np.asarray(lfilter([1.0], [1.0, -rho], drawn, axis=-1))


def _largest_falls(curves: np.ndarray, window: int) -> np.ndarray:
    """The fall of each curve (draws, T) from its best window to the last one, (draws,)."""
    means = _means(curves, window)
    return means[:, :-window].max(axis=1) - means[:, -1]


def _between(values: np.ndarray, best: int, window: int) -> np.ndarray:
    """What curves (..., T) gain from one window to the last, (...,)."""
    means = _means(values, window)
    return means[..., -1] - means[..., best]


def _interval(value: float | np.ndarray, errors: np.ndarray, confidence: float) -> Interval:
    low, high = np.quantile(errors - errors.mean(), [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0])
    return Interval(float(value), float(value + low), float(value + high))


def _means(values: np.ndarray, window: int) -> np.ndarray:
    """Means of all windows of neighbouring rows, (..., T - window + 1)."""
    return np.lib.stride_tricks.sliding_window_view(values, window, axis=-1).mean(axis=-1)


def _kind(gain: Interval) -> Kind:
    if gain.low > 0.0:
        return "over-optimisation"
    return "collapse" if gain.high < 0.0 else "unnoticed"


def _condensed(values: np.ndarray) -> np.ndarray:
    """At most `MOST_ROWS` rows, each the mean of some neighbours."""
    parts = np.array_split(values, min(len(values), MOST_ROWS))
    return np.array([part.mean() for part in parts])
