"""How an episode starts: the reset distribution, one vehicle at a time."""

# ruff: noqa: ANN001, ANN201, ANN202

import math

import numpy as np

from telic.sim.multirotor.noise import START_DRAWS, gaussians, random_words, uniform
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
def _words(seed, vehicle, episode, draw):
    return random_words(seed, vehicle, episode, START_DRAWS + draw)


@tile_stage
def _symmetric(bits):
    """Return a number uniform in -1..1."""
    return np.float32(2.0) * uniform(bits) - np.float32(1.0)


@tile_stage
def _three_symmetric(seed, vehicle, episode, draw):
    a, b, c, _ = _words(seed, vehicle, episode, draw)
    return _symmetric(a), _symmetric(b), _symmetric(c)


@tile_stage
def _three_gaussian(seed, vehicle, episode, draw):
    a, b, c, d = _words(seed, vehicle, episode, draw)
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
def place(rows, table, start, spread, seed, episode, b, i, vehicle):
    """Write the first state of a new episode to lane i of tile b.

    Args:
        rows: Stored rows (rows, tiles, LANES).
        table: Reference by time step (times, REFERENCE_ROWS).
        start: Receives the time step of the reference at which the episode starts (tiles, LANES).
        spread: Largest angle [rad], half widths of position [m], velocity [m/s] and angular velocity [rad/s], share of
            guided episodes, latest start [steps], standard deviations of force [N] and torque [N m].
        seed: Key of the random numbers.
        episode: Number of the episode of this vehicle.
        b: Tile.
        i: Lane.
        vehicle: Index of the vehicle, the second key.
    """
    guided_bits, start_bits, _, _ = _words(seed, vehicle, episode, _WHEN)
    guided = uniform(guided_bits) <= spread[4]
    start[b, i] = min(np.int32(uniform(start_bits) * (spread[5] + np.float32(1.0))), np.int32(spread[5]))
    first = table[min(start[b, i], table.shape[0] - 1)]
    for f in range(REFERENCE_ROWS):
        rows[REFERENCE + f, b, i] = first[f]

    offset = _three_symmetric(seed, vehicle, episode, _WHERE)
    velocity = _three_symmetric(seed, vehicle, episode, _HOW_FAST)
    angular_velocity = _three_symmetric(seed, vehicle, episode, _HOW_TURNING)
    force = _three_gaussian(seed, vehicle, episode, _PUSH)
    torque = _three_gaussian(seed, vehicle, episode, _TWIST)
    width = np.float32(0.0) if guided else spread[1]
    for j in range(3):
        rows[POSITION + j, b, i] = first[j] + width * offset[j]
        rows[VELOCITY + j, b, i] = first[3 + j] + spread[2] * velocity[j]
        rows[ANGULAR_VELOCITY + j, b, i] = spread[3] * angular_velocity[j]
        rows[FORCE + j, b, i] = spread[6] * force[j]
        rows[TORQUE + j, b, i] = spread[7] * torque[j]
    for j in range(4):
        rows[ROTOR_SPEED + j, b, i] = np.float32(0.0)
        rows[ACTION + j, b, i] = np.float32(0.0)
    _turn(rows, 0.0 if guided else spread[0], first[9], seed, episode, b, i, vehicle)


@tile_stage
def _turn(rows, largest, yaw, seed, episode, b, i, vehicle):
    """Write a random attitude: a turn by the yaw, after a random turn of at most ``largest`` about a random axis."""
    angle_bits, height_bits, around_bits, _ = _words(seed, vehicle, episode, _HOW_TURNED)
    angle = rotation_angle(float(uniform(angle_bits)), float(largest))
    height = 2.0 * uniform(height_bits) - 1.0
    around = 2.0 * math.pi * uniform(around_bits)
    ring = math.sqrt(max(0.0, 1.0 - height * height)) * math.sin(0.5 * angle)
    w, x, y, z = math.cos(0.5 * angle), ring * math.cos(around), ring * math.sin(around), height * math.sin(0.5 * angle)
    c, s = math.cos(0.5 * yaw), math.sin(0.5 * yaw)
    rows[QUATERNION, b, i] = c * w - s * z
    rows[QUATERNION + 1, b, i] = c * x - s * y
    rows[QUATERNION + 2, b, i] = c * y + s * x
    rows[QUATERNION + 3, b, i] = c * z + s * w


@tile_stage
def vehicle_draws(seed, vehicle, episode, out):
    """Write six numbers uniform in -1..1 for the randomisation of a vehicle."""
    a, b, c, d = _words(seed, vehicle, episode, _VEHICLE)
    e, f, _, _ = _words(seed, vehicle, episode, _VEHICLE + 1)
    out[0], out[1], out[2], out[3] = _symmetric(a), _symmetric(b), _symmetric(c), _symmetric(d)
    out[4], out[5] = _symmetric(e), _symmetric(f)
