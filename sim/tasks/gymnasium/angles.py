"""Sines and cosines of joint angles, as signals."""

import numpy as np
from numpy.typing import NDArray

from telic.sim.mujoco.sources import Computed


def sines(name: str, angles: str, count: int) -> Computed:
    """Return the signal of the sines of another signal's angles."""
    return Computed(name, _sine, (angles,), (count,), description=f"sines of {angles}")


def cosines(name: str, angles: str, count: int) -> Computed:
    """Return the signal of the cosines of another signal's angles."""
    return Computed(name, _cosine, (angles,), (count,), description=f"cosines of {angles}")


def _sine(out: NDArray[np.floating], angle: NDArray[np.floating]) -> None:
    np.sin(angle, out=out)


def _cosine(out: NDArray[np.floating], angle: NDArray[np.floating]) -> None:
    np.cos(angle, out=out)
