"""How an episode starts: the reset distribution, one vehicle at a time."""

# ruff: noqa: ANN001, ANN201, ANN202

import math

import numpy as np

from telic.sim.multirotor.noise import START_DRAWS, circle_point, gaussians, random_words, uniform
from telic.sim.multirotor.signals import ROWS
from telic.sim.multirotor.tile import REFERENCE_ROWS, tile_stage

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
_WHEN, _WHERE, _HOW_FAST, _HOW_TURNED, _HOW_TURNING, _PUSH, _TWIST, _VEHICLE = 0, 1, 2, 3, 4, 5, 6, 7


@tile_stage
def _words(key, vehicle, episode, draw):
    return random_words(key, vehicle, episode, START_DRAWS + draw)


@tile_stage
def _symmetric(bits):
    """Return a number uniform in -1..1."""
    return np.float32(2.0) * uniform(bits) - np.float32(1.0)


@tile_stage
def _three_symmetric(key, vehicle, episode, draw):
    a, b, c, _ = _words(key, vehicle, episode, draw)
    return _symmetric(a), _symmetric(b), _symmetric(c)


@tile_stage
def _three_gaussian(key, vehicle, episode, draw):
    a, b, c, d = _words(key, vehicle, episode, draw)
    x, y = gaussians(a, b)
    z, _ = gaussians(c, d)
    return x, y, z


@tile_stage
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


@tile_stage
def place(tile, lane, table, spread, key, vehicle, episode):
    """Write the first state of a new episode to a lane of a tile.

    Args:
        tile: Receives the stored rows.
        lane: Which lane of it.
        table: Reference by time step (times, REFERENCE_ROWS).
        spread: Largest angle [rad], half widths of position [m], velocity [m/s] and angular velocity [rad/s], share of
            guided episodes, latest start [steps], standard deviations of force [N] and torque [N m].
        key: Key of the random numbers.
        vehicle: Index of the vehicle.
        episode: Number of its episode.

    Returns:
        The time step of the reference at which the episode starts.
    """
    guided_bits, start_bits, _, _ = _words(key, vehicle, episode, _WHEN)
    guided = uniform(guided_bits) <= spread[4]
    latest = np.int32(spread[5])
    start = min(np.int32(uniform(start_bits) * np.float32(latest + np.int32(1))), latest)
    first = table[min(start, table.shape[0] - 1)]
    for f in range(REFERENCE_ROWS):
        tile[REFERENCE + f, lane] = first[f]

    offset = _three_symmetric(key, vehicle, episode, _WHERE)
    velocity = _three_symmetric(key, vehicle, episode, _HOW_FAST)
    angular_velocity = _three_symmetric(key, vehicle, episode, _HOW_TURNING)
    force = _three_gaussian(key, vehicle, episode, _PUSH)
    torque = _three_gaussian(key, vehicle, episode, _TWIST)
    width = np.float32(0.0) if guided else spread[1]
    for j in range(3):
        tile[POSITION + j, lane] = first[j] + width * offset[j]
        tile[VELOCITY + j, lane] = first[3 + j] + spread[2] * velocity[j]
        tile[ANGULAR_VELOCITY + j, lane] = spread[3] * angular_velocity[j]
        tile[FORCE + j, lane] = spread[6] * force[j]
        tile[TORQUE + j, lane] = spread[7] * torque[j]
    for j in range(4):
        tile[ROTOR_SPEED + j, lane] = np.float32(0.0)
        tile[ACTION + j, lane] = np.float32(0.0)
    _turn(tile, lane, np.float32(0.0) if guided else spread[0], first[9], key, vehicle, episode)
    return start


@tile_stage
def _turn(tile, lane, largest, yaw, key, vehicle, episode):
    """Write a random attitude: a turn by the yaw, after a random turn of at most ``largest`` about a random axis."""
    angle_bits, height_bits, around_bits, _ = _words(key, vehicle, episode, _HOW_TURNED)
    half = np.float32(0.5 * rotation_angle(float(uniform(angle_bits)), float(largest)))
    height = _symmetric(height_bits)
    ring = math.sqrt(max(np.float32(0.0), np.float32(1.0) - height * height))
    around_sin, around_cos = circle_point(_symmetric(around_bits))
    sin, cos = math.sin(half), math.cos(half)
    w, x, y, z = cos, ring * around_cos * sin, ring * around_sin * sin, height * sin
    yaw_cos, yaw_sin = math.cos(np.float32(0.5) * yaw), math.sin(np.float32(0.5) * yaw)
    tile[QUATERNION, lane] = yaw_cos * w - yaw_sin * z
    tile[QUATERNION + 1, lane] = yaw_cos * x - yaw_sin * y
    tile[QUATERNION + 2, lane] = yaw_cos * y + yaw_sin * x
    tile[QUATERNION + 3, lane] = yaw_cos * z + yaw_sin * w


@tile_stage
def vehicle_draws(key, vehicle, episode, out):
    """Write six numbers uniform in -1..1 for the randomisation of a vehicle."""
    a, b, c, d = _words(key, vehicle, episode, _VEHICLE)
    e, f, _, _ = _words(key, vehicle, episode, _VEHICLE + 1)
    out[0], out[1], out[2], out[3] = _symmetric(a), _symmetric(b), _symmetric(c), _symmetric(d)
    out[4], out[5] = _symmetric(e), _symmetric(f)
