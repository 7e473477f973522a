"""When a flight counts as settled: the measure of Learning to Fly in Seconds."""

import numpy as np

SETTLE_RADIUS_M = 0.2


def settled(position: np.ndarray, reference_position: np.ndarray) -> np.ndarray:
    """Whether final positions (..., 3) [m] lie within 0.2 m of their references, (...,) bool."""
    return np.linalg.norm(position - reference_position, axis=-1) < SETTLE_RADIUS_M
