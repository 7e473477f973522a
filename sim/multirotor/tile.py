"""The stages of a control step, for one tile: `LANES` neighbouring vehicles.

The world keeps one long row per number. A kernel works on a tile of them at a time: a small array with one row per
number, which stays in the fastest cache. The loops over lanes have a fixed length and neighbouring data, so that LLVM
turns the scalar equations of motion into vector instructions. Every tile is whole (the world pads its rows), so that
each vehicle goes through the same instructions wherever it stands and however many threads there are.
"""

# ruff: noqa: ANN001, ANN201

import numpy as np
from numba import njit

from telic.sim.multirotor import dynamics
from telic.sim.multirotor.dynamics import FAST, Airframe, State
from telic.sim.multirotor.noise import DRAWS_PER_STEP, gaussians, threefry
from telic.sim.multirotor.signals import ROWS, STORED_ROWS, TILE_ROWS

LANES = 32

tile_stage = njit(error_model="numpy", fastmath=FAST, nogil=True, cache=True)

ROTATION = ROWS["rotation"].start
ACTION = ROWS["previous_action"].start
FORCE = ROWS["disturbance_force"].start
TORQUE = ROWS["disturbance_torque"].start
REFERENCE = ROWS["reference_position"].start
REFERENCE_VELOCITY = ROWS["reference_velocity"].start
REFERENCE_ACCELERATION = ROWS["reference_acceleration"].start
HEADING = ROWS["reference_heading"].start
VELOCITY = ROWS["velocity"].start
POSITION_ERROR = ROWS["position_error"].start
VELOCITY_ERROR = ROWS["velocity_error"].start
ATTITUDE = ROWS["attitude"].start
AHEAD = ROWS["acceleration_ahead"].start
REFERENCE_ROWS = ROWS["reference_heading"].stop - REFERENCE


@tile_stage
def recall(tile, rows, b):
    """Read all stored rows of tile b."""
    for f in range(STORED_ROWS):
        for i in range(LANES):
            tile[f, i] = rows[f, b, i]


@tile_stage
def keep(tile, rows, b):
    """Write all stored rows of tile b."""
    for f in range(STORED_ROWS):
        for i in range(LANES):
            rows[f, b, i] = tile[f, i]


@tile_stage
def command(tile, action, b):
    """Read the actions (N, 4) of tile b, limited to -1..1; vehicles that only fill the tile get 0."""
    first = b * LANES
    count = min(LANES, action.shape[0] - first)
    for i in range(LANES):
        for j in range(4):
            value = action[first + i, j] if i < count else np.float32(0.0)
            tile[ACTION + j, i] = min(max(value, np.float32(-1.0)), np.float32(1.0))


@tile_stage
def move(tile, airframes, b, dt):
    """Advance the state by one step of dt [s] under the action and the disturbance in the tile."""
    p = airframes[:, b if airframes.shape[1] > 1 else 0]
    for i in range(LANES):
        body = Airframe(
            p[0, i], p[1, i], p[2, i], p[3, i], p[4, i], p[5, i], p[6, i], p[7, i], p[8, i], p[9, i],
            p[10, i], p[11, i], p[12, i], p[13, i], p[14, i], p[15, i], p[16, i], p[17, i], p[18, i], p[19, i],
            p[20, i], p[21, i], p[22, i], p[23, i], p[24, i], p[25, i], p[26, i], p[27, i], p[28, i], p[29, i],
        )  # fmt: skip
        state = State(
            tile[0, i], tile[1, i], tile[2, i], tile[3, i], tile[4, i], tile[5, i], tile[6, i], tile[7, i], tile[8, i],
            tile[9, i], tile[10, i], tile[11, i], tile[12, i], tile[13, i], tile[14, i], tile[15, i], tile[16, i],
        )  # fmt: skip
        load = dynamics.load_from_wrench(
            tile[FORCE, i], tile[FORCE + 1, i], tile[FORCE + 2, i],
            tile[TORQUE, i], tile[TORQUE + 1, i], tile[TORQUE + 2, i], body,
        )  # fmt: skip
        after = dynamics.step(
            state, tile[ACTION, i], tile[ACTION + 1, i], tile[ACTION + 2, i], tile[ACTION + 3, i], load, body, dt
        )
        tile[0, i], tile[1, i], tile[2, i] = after.px, after.py, after.pz
        tile[3, i], tile[4, i], tile[5, i], tile[6, i] = after.qw, after.qx, after.qy, after.qz
        tile[7, i], tile[8, i], tile[9, i] = after.vx, after.vy, after.vz
        tile[10, i], tile[11, i], tile[12, i] = after.wx, after.wy, after.wz
        tile[13, i], tile[14, i], tile[15, i], tile[16, i] = after.n1, after.n2, after.n3, after.n4


@tile_stage
def follow(tile, table, start, elapsed, b):
    """Look up the reference at each vehicle's own time."""
    last = table.shape[0] - 1
    for i in range(LANES):
        time = min(start[b, i] + elapsed[b, i], last)
        for f in range(REFERENCE_ROWS):
            tile[REFERENCE + f, i] = table[time, f]


@tile_stage
def derive(tile):
    """Compute the rotation matrix and the signals relative to the reference."""
    for i in range(LANES):
        r = dynamics.rotation_matrix(tile[3, i], tile[4, i], tile[5, i], tile[6, i])
        c, s = tile[HEADING, i], tile[HEADING + 1, i]
        for j in range(9):
            tile[ROTATION + j, i] = r[j]
        # The rows of Rz(-yaw) R.
        for j in range(3):
            tile[ATTITUDE + j, i] = c * r[j] + s * r[3 + j]
            tile[ATTITUDE + 3 + j, i] = c * r[3 + j] - s * r[j]
            tile[ATTITUDE + 6 + j, i] = r[6 + j]
        x, y = tile[0, i] - tile[REFERENCE, i], tile[1, i] - tile[REFERENCE + 1, i]
        tile[POSITION_ERROR, i] = c * x + s * y
        tile[POSITION_ERROR + 1, i] = c * y - s * x
        tile[POSITION_ERROR + 2, i] = tile[2, i] - tile[REFERENCE + 2, i]
        x = tile[VELOCITY, i] - tile[REFERENCE_VELOCITY, i]
        y = tile[VELOCITY + 1, i] - tile[REFERENCE_VELOCITY + 1, i]
        tile[VELOCITY_ERROR, i] = c * x + s * y
        tile[VELOCITY_ERROR + 1, i] = c * y - s * x
        tile[VELOCITY_ERROR + 2, i] = tile[VELOCITY + 2, i] - tile[REFERENCE_VELOCITY + 2, i]
        x, y = tile[REFERENCE_ACCELERATION, i], tile[REFERENCE_ACCELERATION + 1, i]
        tile[AHEAD, i] = c * x + s * y
        tile[AHEAD + 1, i] = c * y - s * x
        tile[AHEAD + 2, i] = tile[REFERENCE_ACCELERATION + 2, i]


@tile_stage
def roll_noise(tile, count, seed, episode, elapsed, b):
    """Fill the first ``count`` (even) noise rows of the tile, two rows from each pair of random numbers."""
    for k in range(0, count, 2):
        for i in range(LANES):
            draw = np.uint32(np.uint32(elapsed[b, i]) * np.uint32(DRAWS_PER_STEP) + np.uint32(k >> 1))
            bits = threefry(seed, np.uint32(b * LANES + i), np.uint32(episode[b, i]), draw)
            tile[TILE_ROWS + k, i], tile[TILE_ROWS + k + 1, i] = gaussians(bits[0], bits[1])


@tile_stage
def emit(tile, source, noise, std, scale, clip, out, first, b):
    """Write rows of the tile to rows ``first...`` of an observation: plus noise, times scale, clipped."""
    for k in range(source.shape[0]):
        row, noise_row, spread, factor, bound = source[k], noise[k], std[k], scale[k], clip[k]
        for i in range(LANES):
            value = (tile[row, i] + spread * tile[noise_row, i]) * factor
            out[first + k, b, i] = min(max(value, -bound), bound)


@tile_stage
def judge(tile, half_width, episode_steps, elapsed, terminated, truncated, b):
    """Decide which episodes have ended. A number that is not finite ends its episode."""
    for i in range(LANES):
        inside = (
            (abs(tile[POSITION_ERROR, i]) <= half_width)
            and (abs(tile[POSITION_ERROR + 1, i]) <= half_width)
            and (abs(tile[POSITION_ERROR + 2, i]) <= half_width)
        )
        terminated[b, i] = not inside
        truncated[b, i] = inside and elapsed[b, i] >= episode_steps
