"""Rotation matrices of many states, and the way back for gradients."""

from telic.control.window.data import Floats
from telic.sim.compiled import compiled
from telic.sim.multirotor import adjoint, dynamics
from telic.sim.multirotor.adjoint import rotation_vjp
from telic.sim.multirotor.dynamics import FAST, rotation_matrix

kernel = compiled(adjoint, dynamics, error_model="numpy", fastmath=FAST, nogil=True)


@kernel
def rotation_rows(state: Floats, rotation: Floats) -> None:
    """Fill body-to-world rotations (B, 9), row by row, from states (B, 17)."""
    for row in range(state.shape[0]):
        matrix = rotation_matrix(state[row, 3], state[row, 4], state[row, 5], state[row, 6])
        for index in range(9):
            rotation[row, index] = matrix[index]


@kernel
def rotation_rows_vjp(state: Floats, g_rotation: Floats, g_state: Floats) -> None:
    """Add to g_state (B, 17) the gradient that comes through the rotations, whose own is g_rotation (B, 9)."""
    for row in range(state.shape[0]):
        g = g_rotation[row]
        by_quaternion = rotation_vjp(
            state[row, 3], state[row, 4], state[row, 5], state[row, 6],
            (g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7], g[8]),
        )  # fmt: skip
        for index in range(4):
            g_state[row, 3 + index] += by_quaternion[index]
