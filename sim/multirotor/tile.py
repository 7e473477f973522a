"""The stages of a control step, for one tile: `LANES` neighbouring vehicles.

The world keeps one long row per number. A kernel works on a tile of them at a time: a small array with one row per
number, which stays in the fastest cache. The loops over lanes have neighbouring data, so that LLVM turns the scalar
equations of motion into vector instructions. Every tile is whole (the world pads its rows), so that each vehicle goes
through the same instructions wherever it stands and however many threads there are.

What LLVM needs, found by measuring (64 lanes pay the fixed costs of a row better than 32, and 128 leave the cache): a
loop that computes touches the tile only, whose row length is a constant; a loop that copies has a length that is known
only at run time (``rows.shape[2]``), or it would be unrolled into scalar moves.
"""

# ruff: noqa: ANN001, ANN201

import numpy as np
from numba import njit

from telic.sim.multirotor import dynamics
from telic.sim.multirotor.dynamics import FAST, Airframe, State
from telic.sim.multirotor.noise import NOISE_DRAWS, random_words, six_gaussians
from telic.sim.multirotor.signals import ROWS, TILE_ROWS

LANES = 64

tile_stage = njit(error_model="numpy", fastmath=FAST, forceinline=True)

ROTATION = ROWS["rotation"].start
ACTION = ROWS["previous_action"].start
FORCE = ROWS["disturbance_force"].start
TORQUE = ROWS["disturbance_torque"].start
REFERENCE = ROWS["reference_position"].start
REFERENCE_VELOCITY = ROWS["reference_velocity"].start
REFERENCE_ACCELERATION = ROWS["reference_acceleration"].start
HEADING = ROWS["reference_heading"].start
REFERENCE_END = ROWS["reference_heading"].stop
VELOCITY = ROWS["velocity"].start
POSITION_ERROR = ROWS["position_error"].start
VELOCITY_ERROR = ROWS["velocity_error"].start
ATTITUDE = ROWS["attitude"].start
AHEAD = ROWS["acceleration_ahead"].start
REFERENCE_ROWS = REFERENCE_END - REFERENCE

# What decides the random numbers of a vehicle besides the key: rows of the array `clock` (3, tiles, LANES).
VEHICLE, EPISODE, STEP = 0, 1, 2

# Below the signals, a tile holds the numbers of its airframes, and then the noise.
BODY = TILE_ROWS
BODY_ROWS = len(Airframe._fields)
NOISE = BODY + BODY_ROWS


@tile_stage
def recall(tile, rows, first, last, b):
    """Read the stored rows ``first...last-1`` of tile b."""
    for f in range(first, last):
        for i in range(rows.shape[2]):
            tile[f, i] = rows[f, b, i]


@tile_stage
def keep(tile, rows, first, last, b):
    """Write the stored rows ``first...last-1`` of tile b."""
    for f in range(first, last):
        for i in range(rows.shape[2]):
            rows[f, b, i] = tile[f, i]


@tile_stage
def embody(tile, airframes, b):
    """Read the numbers of the airframes of tile b."""
    for f in range(BODY_ROWS):
        for i in range(airframes.shape[2]):
            tile[BODY + f, i] = airframes[f, b, i]


@tile_stage
def command(tile, action, b):
    """Read the actions of tile b from a flat array (N * 4,); vehicles that only fill the tile get 0."""
    first = b * LANES
    count = min(LANES, action.size // 4 - first)
    # Flat, so that LLVM knows the stride and reads the four commands of eight vehicles by shuffling registers.
    for i in range(count):
        k = 4 * (first + i)
        tile[ACTION, i], tile[ACTION + 1, i] = action[k], action[k + 1]
        tile[ACTION + 2, i], tile[ACTION + 3, i] = action[k + 2], action[k + 3]
    for i in range(count, LANES):
        tile[ACTION, i], tile[ACTION + 1, i] = np.float32(0.0), np.float32(0.0)
        tile[ACTION + 2, i], tile[ACTION + 3, i] = np.float32(0.0), np.float32(0.0)


@tile_stage
def move(tile, dt):
    """Advance the state by one step of dt [s] under the action and the disturbance in the tile."""
    for i in range(LANES):
        body = Airframe(
            tile[BODY, i], tile[BODY + 1, i], tile[BODY + 2, i], tile[BODY + 3, i], tile[BODY + 4, i],
            tile[BODY + 5, i], tile[BODY + 6, i], tile[BODY + 7, i], tile[BODY + 8, i], tile[BODY + 9, i],
            tile[BODY + 10, i], tile[BODY + 11, i], tile[BODY + 12, i], tile[BODY + 13, i], tile[BODY + 14, i],
            tile[BODY + 15, i], tile[BODY + 16, i], tile[BODY + 17, i], tile[BODY + 18, i], tile[BODY + 19, i],
            tile[BODY + 20, i], tile[BODY + 21, i], tile[BODY + 22, i], tile[BODY + 23, i], tile[BODY + 24, i],
            tile[BODY + 25, i], tile[BODY + 26, i], tile[BODY + 27, i], tile[BODY + 28, i], tile[BODY + 29, i],
        )  # fmt: skip
        state = State(
            tile[0, i], tile[1, i], tile[2, i], tile[3, i], tile[4, i], tile[5, i], tile[6, i], tile[7, i],
            tile[8, i], tile[9, i], tile[10, i], tile[11, i], tile[12, i], tile[13, i], tile[14, i], tile[15, i],
            tile[16, i],
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
def follow(tile, table, start, clock, b):
    """Look up the reference at each vehicle's own time."""
    last = table.shape[0] - 1
    for i in range(LANES):
        time = min(start[b, i] + np.int32(clock[STEP, b, i]), last)
        for f in range(REFERENCE_ROWS):
            tile[REFERENCE + f, i] = table[time, f]


@tile_stage
def derive(tile):
    """Compute the rotation matrix and the signals relative to the reference."""
    for i in range(LANES):
        xx, xy, xz, yx, yy, yz, zx, zy, zz = dynamics.rotation_matrix(tile[3, i], tile[4, i], tile[5, i], tile[6, i])
        c, s = tile[HEADING, i], tile[HEADING + 1, i]
        tile[ROTATION, i], tile[ROTATION + 1, i], tile[ROTATION + 2, i] = xx, xy, xz
        tile[ROTATION + 3, i], tile[ROTATION + 4, i], tile[ROTATION + 5, i] = yx, yy, yz
        tile[ROTATION + 6, i], tile[ROTATION + 7, i], tile[ROTATION + 8, i] = zx, zy, zz
        tile[ATTITUDE, i], tile[ATTITUDE + 3, i] = turn_back(xx, yx, c, s)
        tile[ATTITUDE + 1, i], tile[ATTITUDE + 4, i] = turn_back(xy, yy, c, s)
        tile[ATTITUDE + 2, i], tile[ATTITUDE + 5, i] = turn_back(xz, yz, c, s)
        tile[ATTITUDE + 6, i], tile[ATTITUDE + 7, i], tile[ATTITUDE + 8, i] = zx, zy, zz

        x, y = tile[0, i] - tile[REFERENCE, i], tile[1, i] - tile[REFERENCE + 1, i]
        tile[POSITION_ERROR, i], tile[POSITION_ERROR + 1, i] = turn_back(x, y, c, s)
        tile[POSITION_ERROR + 2, i] = tile[2, i] - tile[REFERENCE + 2, i]
        x = tile[VELOCITY, i] - tile[REFERENCE_VELOCITY, i]
        y = tile[VELOCITY + 1, i] - tile[REFERENCE_VELOCITY + 1, i]
        tile[VELOCITY_ERROR, i], tile[VELOCITY_ERROR + 1, i] = turn_back(x, y, c, s)
        tile[VELOCITY_ERROR + 2, i] = tile[VELOCITY + 2, i] - tile[REFERENCE_VELOCITY + 2, i]
        x, y = tile[REFERENCE_ACCELERATION, i], tile[REFERENCE_ACCELERATION + 1, i]
        tile[AHEAD, i], tile[AHEAD + 1, i] = turn_back(x, y, c, s)
        tile[AHEAD + 2, i] = tile[REFERENCE_ACCELERATION + 2, i]


@dynamics.device
def turn_back(x, y, c, s):
    """Return the horizontal components of Rz(-yaw) (x, y), for the cosine and sine of the yaw."""
    return c * x + s * y, c * y - s * x


@tile_stage
def tick(clock, b):
    """Count a step."""
    for i in range(clock.shape[2]):
        clock[STEP, b, i] += np.uint32(1)


@tile_stage
def roll_noise(tile, count, key, clock, b):
    """Fill the first ``count`` noise rows of the tile, six rows from each four random words."""
    for k in range(0, count, 6):
        row = NOISE + k
        for i in range(LANES):
            draw = np.uint32(clock[STEP, b, i] * np.uint32(NOISE_DRAWS)) + np.uint32(k // 6)
            words = random_words(key, clock[VEHICLE, b, i], clock[EPISODE, b, i], draw)
            tile[row, i], tile[row + 1, i], tile[row + 2, i], tile[row + 3, i], tile[row + 4, i], tile[row + 5, i] = (
                six_gaussians(words[0], words[1], words[2], words[3])
            )


@tile_stage
def emit(tile, source, noise, std, scale, clip, out, first, b):
    """Write rows of the tile to rows ``first...`` of an observation: plus noise, times scale, clipped."""
    for k in range(source.shape[0]):
        row, noise_row, spread, factor, bound = source[k], noise[k], std[k], scale[k], clip[k]
        for i in range(out.shape[2]):
            value = (tile[row, i] + spread * tile[noise_row, i]) * factor
            out[first + k, b, i] = min(max(value, -bound), bound)


@tile_stage
def judge(tile, half_width, episode_steps, memory, b):
    """Record which episodes have ended. A number that is not finite ends its episode."""
    for i in range(LANES):
        inside = (
            (abs(tile[POSITION_ERROR, i]) <= half_width)
            & (abs(tile[POSITION_ERROR + 1, i]) <= half_width)
            & (abs(tile[POSITION_ERROR + 2, i]) <= half_width)
        )
        late = np.int32(memory.clock[STEP, b, i]) >= episode_steps
        memory.terminated[b, i] = not inside
        memory.truncated[b, i] = inside & late
        memory.ended[b, i] = (not inside) | late
