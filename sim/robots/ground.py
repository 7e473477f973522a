"""Uneven ground: smooth random bumps, the same for the same seed."""

import numpy as np
from numpy.typing import NDArray

HALF_WIDTH = 6.0  # Half the length of a side [m].
_CELLS = 121
_BUMP_WIDTH = 0.15  # Standard deviation of the filter that makes noise smooth [m].


def bumpy_ground(roughness: float, seed: int) -> NDArray[np.float64]:
    """Return heights (rows, columns) along y and x on a square of 2 `HALF_WIDTH`, from zero to `roughness`.

    Args:
        roughness: Height of the highest point above the lowest [m].
        seed: Any whole number of at least 0.
    """
    from scipy.ndimage import gaussian_filter

    noise = np.random.default_rng(seed).standard_normal((_CELLS, _CELLS))
    cell = 2.0 * HALF_WIDTH / (_CELLS - 1)
    smooth = gaussian_filter(noise, _BUMP_WIDTH / cell)
    return roughness * (smooth - smooth.min()) / np.ptp(smooth)


def highest_around(
    heights: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64], radius: float
) -> NDArray[np.float64]:
    """Return the highest point of the ground within a square around each of some points (n,) [m].

    Args:
        heights: From `bumpy_ground`.
        x: Of the points (n,) [m].
        y: Of the points (n,) [m].
        radius: Half the length of the square's side [m].
    """
    from scipy.ndimage import maximum_filter

    cell = 2.0 * HALF_WIDTH / (_CELLS - 1)
    tops = maximum_filter(heights, size=2 * int(np.ceil(radius / cell)) + 1)
    row, column = (np.clip(np.rint((place + HALF_WIDTH) / cell).astype(int), 0, _CELLS - 1) for place in (y, x))
    return tops[row, column]
