"""Episodes of any length as ten numbers: what happened in each tenth of an episode."""

import numpy as np

TENTHS = 10


def tenths(values: np.ndarray) -> np.ndarray:
    """The mean of each tenth of a sequence; a sequence of fewer steps gives some of them to several tenths.

    Args:
        values: (T, ...), T at least 1.

    Returns:
        (10, ...) float64.
    """
    edges = np.arange(TENTHS + 1) * len(values) // TENTHS
    # In a short sequence a tenth may hold no step of its own: it has that of the step in which it lies.
    stops = np.maximum(edges[1:], edges[:-1] + 1)
    parts = zip(edges[:-1], stops, strict=True)
    return np.stack([values[start:stop].mean(axis=0, dtype=np.float64) for start, stop in parts])


def since(profile: np.ndarray, tolerance: float) -> int:
    """The tenth after the last one that was further than this from the end of a profile (10,); 0 if none was."""
    away = np.flatnonzero(np.abs(profile - profile[-1]) > tolerance)
    return int(away[-1]) + 1 if len(away) else 0


def left(profile: np.ndarray, level: float, tolerance: float) -> int:
    """The tenth after the last one that was within this of a level, where a profile (10,) leaves it for good."""
    there = np.flatnonzero(np.abs(profile - level) <= tolerance)
    return min(int(there[-1]) + 1, TENTHS - 1) if len(there) else 0
