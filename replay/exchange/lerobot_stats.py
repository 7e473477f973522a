"""Statistics of LeRobot datasets: per episode, and of all episodes together."""

from collections.abc import Mapping, Sequence

import numpy as np

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}

# By name, arrays of the shape of one sample; `count` has shape (1,).
Statistics = dict[str, np.ndarray]


def statistics_of(values: np.ndarray) -> Statistics:
    """Statistics over the steps of an episode.

    Args:
        values: (T, *shape), where a scalar has the shape (1,).
    """
    numbers = values.astype(np.float64)
    return {
        "min": numbers.min(axis=0),
        "max": numbers.max(axis=0),
        "mean": numbers.mean(axis=0),
        "std": numbers.std(axis=0),
        "count": np.array([len(numbers)]),
        **dict(zip(QUANTILES, np.quantile(numbers, list(QUANTILES.values()), axis=0), strict=True)),
    }


def together(parts: Sequence[Mapping[str, np.ndarray]]) -> Statistics:
    """Statistics of all episodes from those of each, as LeRobot adds them up: its quantiles are weighted means."""
    counts = np.array([part["count"][0] for part in parts], np.float64)
    weights = (counts / counts.sum()).reshape(-1, *(1,) * parts[0]["mean"].ndim)
    means = np.stack([part["mean"] for part in parts])
    mean = (means * weights).sum(axis=0)
    variances = np.stack([part["std"] for part in parts]) ** 2
    return {
        "min": np.min([part["min"] for part in parts], axis=0),
        "max": np.max([part["max"] for part in parts], axis=0),
        "mean": mean,
        "std": np.sqrt(((variances + (means - mean) ** 2) * weights).sum(axis=0)),
        "count": np.array([int(counts.sum())]),
        **{name: (np.stack([part[name] for part in parts]) * weights).sum(axis=0) for name in QUANTILES},
    }
