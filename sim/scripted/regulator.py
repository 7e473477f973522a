"""The linear quadratic regulator."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_continuous_are


def linear_regulator(
    state: NDArray[np.floating],
    control: NDArray[np.floating],
    state_cost: NDArray[np.floating],
    control_cost: NDArray[np.floating],
) -> NDArray[np.floating]:
    """Return the gains K of u = -K x that minimise the integral of x' Q x + u' R u along x' = A x + B u.

    Args:
        state: A (n, n).
        control: B (n, m).
        state_cost: Q (n, n).
        control_cost: R (m, m).

    Returns:
        The gains (m, n).
    """
    value = solve_continuous_are(state, control, state_cost, control_cost)
    return np.linalg.solve(control_cost, control.T @ value)
