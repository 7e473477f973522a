"""Statistics of LeRobot datasets: per episode, and of all episodes together."""

from collections.abc import Mapping, Sequence

import numpy as np

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}

# By name, arrays of the shape of one sample; `count` has shape (1,).
Statistics = dict[str, np.ndarray]


def statistics_of(columns: Mapping[str, np.ndarray]) -> dict[str, Statistics]:
    """Statistics of each feature over the steps of an episode.

    Args:
        columns: (T, *shape) per feature, where a scalar has the shape (1,).
    """
    # All numbers side by side: one pass per statistic instead of one per feature.
    parts = [values.reshape(len(values), -1).astype(np.float64) for values in columns.values()]
    numbers = np.concatenate(parts, axis=1)
    found = {
        "min": numbers.min(axis=0),
        "max": numbers.max(axis=0),
        "mean": numbers.mean(axis=0),
        "std": numbers.std(axis=0),
        **dict(zip(QUANTILES, np.quantile(numbers, list(QUANTILES.values()), axis=0), strict=True)),
    }
    statistics, begin = {}, 0
    for (key, values), part in zip(columns.items(), parts, strict=True):
        mine = slice(begin, begin + part.shape[1])
        statistics[key] = {name: value[mine].reshape(values.shape[1:]) for name, value in found.items()}
        statistics[key]["count"] = np.array([len(numbers)])
        begin = mine.stop
    return statistics


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
