"""What a task means to the kernels: tables and arrays instead of names."""

import math

import numpy as np
from numpy.typing import NDArray

from telic.sim.multirotor.kernels import Rules, View
from telic.sim.multirotor.signals import ROWS
from telic.sim.multirotor.tile import NOISE
from telic.sim.task import Observe, Task, size_of
from telic.sim.vehicle import GRAVITY

Floats = NDArray[np.float32]


def rules_of(task: Task, seed: int) -> Rules:
    """Return what does not change while a task is flown."""
    return Rules(
        table=reference_table(task),
        spread=_spread(task),
        angles=_angles(math.radians(task.reset.degrees)),
        dt=np.float32(task.dt),
        half_width=np.float32(task.terminate.half_width),
        episode_steps=task.episode_steps,
        key=np.uint32(np.random.SeedSequence(seed).generate_state(1)[0]),
    )


def reference_table(task: Task) -> Floats:
    """Sample the reference at every step that an episode can reach.

    Returns:
        (times, 12): position, velocity, acceleration, yaw, and cosine and sine of the yaw; one row where nothing moves.
    """
    steps = task.episode_steps + round(task.reset.along_s / task.dt)
    position, velocity, acceleration, yaw = task.reference.sample(np.arange(steps + 2) * task.dt)
    heading = [yaw, np.cos(yaw), np.sin(yaw)]
    table = np.concatenate([position, velocity, acceleration, np.stack(heading, axis=1)], axis=1).astype(np.float32)
    return table[:1] if (table == table[0]).all() else np.ascontiguousarray(table)


def view_of(items: tuple[Observe, ...]) -> View:
    """Return what `tile.emit` needs to write an observation."""
    source, noise, std, scale, clip = [], [], [], [], []
    noisy = 0
    for item in items:
        rows = ROWS[item.signal]
        for row in range(rows.start, rows.stop):
            source.append(row)
            # Where there is no noise, any row serves: it is multiplied by 0. Its own is at hand, and finite.
            noise.append(NOISE + noisy if item.noise else row)
            noisy += bool(item.noise)
            std.append(item.noise)
            scale.append(item.scale)
            clip.append(math.inf if item.clip is None else item.clip)
    last = items[-1]
    return View(
        np.array(source),
        np.array(noise),
        np.array(std, np.float32),
        np.array(scale, np.float32),
        np.array(clip, np.float32),
        noise_rows=-(-noisy // 6) * 6,
        shift=size_of(last) // last.history if last.history > 1 else 0,
        size=sum(size_of(item) for item in items),
    )


def _spread(task: Task) -> Floats:
    """Return the numbers of the reset distribution, in the order of `start.place`."""
    reset, weight = task.reset, task.vehicle.mass * GRAVITY
    return np.array(
        [
            reset.position,
            reset.velocity,
            reset.angular_velocity,
            reset.guided,
            round(reset.along_s / task.dt),
            weight * task.disturbance.force_std_mg,
            weight * task.disturbance.torque_std_mg,
        ],
        np.float32,
    )


def _angles(largest: float) -> Floats:
    """Tabulate the angle [rad] below which lie c^3 of all rotations by at most ``largest``, for c in 0..1."""
    angle = np.linspace(0.0, largest, 4097)
    # a - sin a, by its series where the difference would lose its digits.
    volume = np.where(angle < 0.1, angle**3 / 6 * (1 - angle**2 / 20), angle - np.sin(angle))
    cube_root = np.cbrt(volume / volume[-1]) if largest else np.linspace(0.0, 1.0, 4097)
    return np.interp(np.linspace(0.0, 1.0, 129), cube_root, angle).astype(np.float32)
