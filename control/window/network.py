"""The policy's activation inside kernels: the fast tanh x (27 + x^2) / (27 + 9 x^2), held at +-1 from +-3 on."""

import numpy as np
from numba import njit

from telic.control.window.data import Floats
from telic.sim.multirotor.dynamics import FAST

inner = njit(error_model="numpy", fastmath=FAST, nogil=True)

THREE, NINE, MUCH = np.float32(3.0), np.float32(9.0), np.float32(27.0)


@inner
def activate(z: Floats, bias: Floats, out: Floats) -> None:
    """Add the bias (m,) to z (n, m) in place, and write the activation to out."""
    for row in range(z.shape[0]):
        for column in range(z.shape[1]):
            value = z[row, column] + bias[column]
            z[row, column] = value
            x = min(max(value, -THREE), THREE)
            square = x * x
            out[row, column] = x * (MUCH + square) / (MUCH + NINE * square)


@inner
def activate_vjp(z: Floats, g: Floats) -> None:
    """Multiply g (n, m) in place by the slope at z, ((9 - x^2) / (9 + 3 x^2))^2."""
    for row in range(z.shape[0]):
        for column in range(z.shape[1]):
            x = min(max(z[row, column], -THREE), THREE)
            square = x * x
            root = (NINE - square) / (NINE + THREE * square)
            g[row, column] *= root * root
