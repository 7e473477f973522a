"""The sensor vector: a vehicle's state as seen from its reference, and the way back for gradients."""

from numba import njit

from telic.control.window.data import Floats
from telic.sim.compiled import compiled
from telic.sim.multirotor import adjoint, dynamics
from telic.sim.multirotor.adjoint import rotation_vjp
from telic.sim.multirotor.dynamics import FAST, rotation_matrix

# Where each signal stands in the sensor vector.
SENSORS = {
    "position_error": slice(0, 3),
    "attitude": slice(3, 12),
    "velocity_error": slice(12, 15),
    "angular_velocity": slice(15, 18),
    "acceleration_ahead": slice(18, 21),
}
SENSOR_SIZE = 21

inner = njit(error_model="numpy", fastmath=FAST, nogil=True)
kernel = compiled(adjoint, dynamics, error_model="numpy", fastmath=FAST, nogil=True)


@inner
def sense(state: Floats, reference: Floats, sensors: Floats) -> None:
    """Fill the sensors (21,) of a vehicle from its state (17,) and reference (12,)."""
    cos, sin = reference[10], reference[11]
    x, y = state[0] - reference[0], state[1] - reference[1]
    sensors[0], sensors[1], sensors[2] = cos * x + sin * y, cos * y - sin * x, state[2] - reference[2]
    rotation = rotation_matrix(state[3], state[4], state[5], state[6])
    for column in range(3):
        sensors[3 + column] = cos * rotation[column] + sin * rotation[3 + column]
        sensors[6 + column] = cos * rotation[3 + column] - sin * rotation[column]
        sensors[9 + column] = rotation[6 + column]
    x, y = state[7] - reference[3], state[8] - reference[4]
    sensors[12], sensors[13], sensors[14] = cos * x + sin * y, cos * y - sin * x, state[9] - reference[5]
    sensors[15], sensors[16], sensors[17] = state[10], state[11], state[12]
    x, y = reference[6], reference[7]
    sensors[18], sensors[19], sensors[20] = cos * x + sin * y, cos * y - sin * x, reference[8]


@inner
def sense_vjp(state: Floats, reference: Floats, g: Floats, g_state: Floats) -> None:
    """Add to g_state (17,) the gradient that comes through the sensors, whose own is g (21,)."""
    cos, sin = reference[10], reference[11]
    for block, row in ((0, 0), (7, 12)):
        g_state[block] += cos * g[row] - sin * g[row + 1]
        g_state[block + 1] += sin * g[row] + cos * g[row + 1]
        g_state[block + 2] += g[row + 2]
    by_rotation = (
        cos * g[3] - sin * g[6], cos * g[4] - sin * g[7], cos * g[5] - sin * g[8],
        sin * g[3] + cos * g[6], sin * g[4] + cos * g[7], sin * g[5] + cos * g[8],
        g[9], g[10], g[11],
    )  # fmt: skip
    by_quaternion = rotation_vjp(state[3], state[4], state[5], state[6], by_rotation)
    for index in range(4):
        g_state[3 + index] += by_quaternion[index]
    for index in range(3):
        g_state[10 + index] += g[15 + index]


@kernel
def sense_rows(state: Floats, reference: Floats, sensors: Floats) -> None:
    """`sense` for rows: (B, 17) and (B, 12) to (B, 21)."""
    for row in range(state.shape[0]):
        sense(state[row], reference[row], sensors[row])


@kernel
def sense_rows_vjp(state: Floats, reference: Floats, g: Floats, g_state: Floats) -> None:
    """`sense_vjp` for rows."""
    for row in range(state.shape[0]):
        sense_vjp(state[row], reference[row], g[row], g_state[row])
