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
def rotation_angle(share, largest):
    """Return the angle [rad] below which lies this share of all rotations by at most ``largest``.

    The angle of a uniformly random rotation has the density (1 - cos a) / pi, so the share up to a is
    (a - sin a) / (largest - sin largest); solved for a by Newton's method. Same distribution as drawing uniform
    rotations until one is small enough, without the loop.
    """
    target = share * (largest - math.sin(largest))
    angle = largest * share ** (1.0 / 3.0)
    for _ in range(8):
        slope = 1.0 - math.cos(angle)
        if slope < 1e-12:
            break
        change = (angle - math.sin(angle) - target) / slope
        angle -= change
        if abs(change) < 1e-6:
            break
    return min(max(angle, 0.0), largest)


@scalar
def place(rows, lane, table, spread, key, clock):
    """Write the first state of a new episode to a lane of a tile.

    Args:
        rows: Receives the stored rows (rows, 1, LANES).
        lane: Which lane of it.
        table: Reference by time step (times, REFERENCE_ROWS).
        spread: Largest angle [rad], half widths of position [m], velocity [m/s] and angular velocity [rad/s], share of
            guided episodes, latest start [steps], standard deviations of force [N] and torque [N m].
        key: Key of the random numbers.
        clock: Vehicle and episode (3, 1, LANES).

    Returns:
        The time step of the reference at which the episode starts.
    """
    vehicle, episode = clock[VEHICLE, 0, lane], clock[EPISODE, 0, lane]
    guided_bits, start_bits, _, _ = random_words(key, vehicle, episode, _WHEN)
    guided = uniform(guided_bits) <= spread[4]
    latest = np.int32(spread[5])
    start = min(np.int32(uniform(start_bits) * np.float32(latest + np.int32(1))), latest)
    first = table[min(start, table.shape[0] - 1)]
    for f in range(REFERENCE_ROWS):
        rows[REFERENCE + f, 0, lane] = first[f]

    offset = _three_symmetric(key, vehicle, episode, _WHERE)
    velocity = _three_symmetric(key, vehicle, episode, _HOW_FAST)
    angular_velocity = _three_symmetric(key, vehicle, episode, _HOW_TURNING)
    a, b, c, d = random_words(key, vehicle, episode, _PUSH)
    push = six_gaussians(a, b, c, d)
    width = np.float32(0.0) if guided else spread[1]
    for j in range(3):
        rows[POSITION + j, 0, lane] = first[j] + width * offset[j]
        rows[VELOCITY + j, 0, lane] = first[3 + j] + spread[2] * velocity[j]
        rows[ANGULAR_VELOCITY + j, 0, lane] = spread[3] * angular_velocity[j]
        rows[FORCE + j, 0, lane] = spread[6] * push[j]
        rows[TORQUE + j, 0, lane] = spread[7] * push[3 + j]
    for j in range(4):
        rows[ROTOR_SPEED + j, 0, lane] = np.float32(0.0)
        rows[ACTION + j, 0, lane] = np.float32(0.0)
    _turn(rows, lane, np.float32(0.0) if guided else spread[0], first[9], key, vehicle, episode)
    return start


@scalar
def _turn(rows, lane, largest, yaw, key, vehicle, episode):
    """Write a random attitude: a turn by the yaw, after a random turn of at most ``largest`` about a random axis."""
    angle_bits, height_bits, around_bits, _ = random_words(key, vehicle, episode, _HOW_TURNED)
    half = np.float32(0.5 * rotation_angle(float(uniform(angle_bits)), float(largest)))
    height = _symmetric(height_bits)
    ring = math.sqrt(max(np.float32(0.0), np.float32(1.0) - height * height))
    around_sin, around_cos = circle_point(_symmetric(around_bits))
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
