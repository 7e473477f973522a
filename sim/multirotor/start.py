"""How an episode starts: the reset distribution, one vehicle at a time."""

# ruff: noqa: ANN001, ANN201, ANN202

import math

import numpy as np
from numba import njit

from telic.sim.multirotor.dynamics import FAST
from telic.sim.multirotor.noise import START_DRAWS, circle_point, random_words, six_gaussians, uniform
from telic.sim.multirotor.signals import ROWS
from telic.sim.multirotor.tile import EPISODE, REFERENCE_ROWS, VEHICLE

POSITION = ROWS["position"].start
QUATERNION = ROWS["quaternion"].start
VELOCITY = ROWS["velocity"].start
ANGULAR_VELOCITY = ROWS["angular_velocity"].start
ROTOR_SPEED = ROWS["rotor_speed"].start
ACTION = ROWS["previous_action"].start
FORCE = ROWS["disturbance_force"].start
TORQUE = ROWS["disturbance_torque"].start
REFERENCE = ROWS["reference_position"].start

# Which draw of the start serves what; each gives four numbers.
_WHEN, _WHERE, _HOW_FAST, _HOW_TURNED, _HOW_TURNING, _PUSH, _VEHICLE, _VEHICLE_TOO = (
    np.uint32(START_DRAWS + draw) for draw in range(8)
)

scalar = njit(error_model="numpy", fastmath=FAST)


@scalar
def _symmetric(bits):
    """Return a number uniform in -1..1."""
    return np.float32(2.0) * uniform(bits) - np.float32(1.0)


@scalar
def _three_symmetric(key, vehicle, episode, draw):
    a, b, c, _ = random_words(key, vehicle, episode, draw)
    return _symmetric(a), _symmetric(b), _symmetric(c)


@scalar
def rotation_angle(cube_root, angles):
    """Return a random angle [rad] of a rotation, given the cube root of a uniform number.

    The angle of a uniformly random rotation has the density (1 - cos a) / pi, so that the share of rotations by at most
    a grows with a - sin a, close to a cube. Its inverse as a function of the cube root is smooth, and comes as a table.
    """
    last = angles.shape[0] - 1
    place = cube_root * np.float32(last)
    k = min(np.int32(place), last - 1)
    return angles[k] + (place - np.float32(k)) * (angles[k + 1] - angles[k])


@scalar
def place(rows, lane, table, spread, angles, key, clock):
    """Write the first state of a new episode to a lane of a tile.

    Args:
        rows: Receives the stored rows (rows, 1, LANES).
        lane: Which lane of it.
        table: Reference by time step (times, REFERENCE_ROWS).
        spread: Half widths of position [m], velocity [m/s] and angular velocity [rad/s], share of guided episodes,
            latest start [steps], standard deviations of force [N] and torque [N m].
        angles: For `rotation_angle`.
        key: Key of the random numbers.
        clock: Vehicle and episode (3, 1, LANES).

    Returns:
        The time step of the reference at which the episode starts.
    """
    vehicle, episode = clock[VEHICLE, 0, lane], clock[EPISODE, 0, lane]
    guided_bits, start_bits, one, two = random_words(key, vehicle, episode, _WHEN)
    guided = uniform(guided_bits) <= spread[3]
    latest = np.int32(spread[4])
    start = min(np.int32(uniform(start_bits) * np.float32(latest + np.int32(1))), latest)
    first = table[min(start, table.shape[0] - 1)]
    for f in range(REFERENCE_ROWS):
        rows[REFERENCE + f, 0, lane] = first[f]

    offset = _three_symmetric(key, vehicle, episode, _WHERE)
    velocity = _three_symmetric(key, vehicle, episode, _HOW_FAST)
    angular_velocity = _three_symmetric(key, vehicle, episode, _HOW_TURNING)
    a, b, c, d = random_words(key, vehicle, episode, _PUSH)
    push = six_gaussians(a, b, c, d)
    width = np.float32(0.0) if guided else spread[0]
    for j in range(3):
        rows[POSITION + j, 0, lane] = first[j] + width * offset[j]
        rows[VELOCITY + j, 0, lane] = first[3 + j] + spread[1] * velocity[j]
        rows[ANGULAR_VELOCITY + j, 0, lane] = spread[2] * angular_velocity[j]
        rows[FORCE + j, 0, lane] = spread[5] * push[j]
        rows[TORQUE + j, 0, lane] = spread[6] * push[3 + j]
    for j in range(4):
        rows[ROTOR_SPEED + j, 0, lane] = np.float32(0.0)
        rows[ACTION + j, 0, lane] = np.float32(0.0)
    three, height, around, _ = random_words(key, vehicle, episode, _HOW_TURNED)
    # The greatest of three uniform numbers is distributed like the cube root of one.
    angle = rotation_angle(max(uniform(one), uniform(two), uniform(three)), angles)
    _turn(rows, lane, np.float32(0.0) if guided else angle, _symmetric(height), _symmetric(around), first[9])
    return start


@scalar
def _turn(rows, lane, angle, height, around, yaw):
    """Write an attitude: a turn by the yaw, after one by an angle about the axis at a height and a direction / pi."""
    half = np.float32(0.5) * angle
    ring = math.sqrt(max(np.float32(0.0), np.float32(1.0) - height * height))
    around_sin, around_cos = circle_point(around)
    sin, cos = math.sin(half), math.cos(half)
    w, x, y, z = cos, ring * around_cos * sin, ring * around_sin * sin, height * sin
    yaw_cos, yaw_sin = math.cos(np.float32(0.5) * yaw), math.sin(np.float32(0.5) * yaw)
    rows[QUATERNION, 0, lane] = yaw_cos * w - yaw_sin * z
    rows[QUATERNION + 1, 0, lane] = yaw_cos * x - yaw_sin * y
    rows[QUATERNION + 2, 0, lane] = yaw_cos * y + yaw_sin * x
    rows[QUATERNION + 3, 0, lane] = yaw_cos * z + yaw_sin * w


@scalar
def vehicle_draws(key, vehicle, episode, out):
    """Write six numbers uniform in -1..1 for the randomisation of a vehicle."""
    a, b, c, d = random_words(key, vehicle, episode, _VEHICLE)
    e, f, _, _ = random_words(key, vehicle, episode, _VEHICLE_TOO)
    out[0], out[1], out[2], out[3] = _symmetric(a), _symmetric(b), _symmetric(c), _symmetric(d)
    out[4], out[5] = _symmetric(e), _symmetric(f)
