"""What a world does to a range of tiles; any split of the tiles over threads gives the same bits."""

# ruff: noqa: ANN001, ANN201

import numpy as np
from numba import njit

from telic.sim.multirotor import tile as stage
from telic.sim.multirotor.dynamics import FAST
from telic.sim.multirotor.signals import TILE_ROWS
from telic.sim.multirotor.start import place, vehicle_draws
from telic.sim.multirotor.tile import LANES

kernel = njit(error_model="numpy", fastmath=FAST, nogil=True, cache=True)


@kernel
def all_finite(action):
    """Return whether all of the actions (N, 4) are finite."""
    total = np.float32(0.0)
    for i in range(action.shape[0]):
        for j in range(action.shape[1]):
            # A finite number times zero is zero; anything else makes the sum NaN.
            total += action[i, j] * np.float32(0.0)
    return total == np.float32(0.0)


@kernel
def advance(
    rows, airframes, action, table, start, elapsed, episode, terminated, truncated,
    tape, window, view, noise_rows, dt, half_width, episode_steps, seed, first, last,
):  # fmt: skip
    """Step the vehicles of tiles ``first...last-1`` and write their observations to the tape."""
    source, noise, std, scale, clip = view
    tile = np.empty((TILE_ROWS + noise_rows + 1, LANES), np.float32)
    for b in range(first, last):
        stage.recall(tile, rows, b)
        stage.command(tile, action, b)
        stage.move(tile, airframes, b, dt)
        for i in range(LANES):
            elapsed[b, i] += 1
        stage.follow(tile, table, start, elapsed, b)
        stage.derive(tile)
        stage.judge(tile, half_width, episode_steps, elapsed, terminated, truncated, b)
        stage.keep(tile, rows, b)
        stage.roll_noise(tile, noise_rows, seed, episode, elapsed, b)
        stage.emit(tile, source, noise, std, scale, clip, tape, window, b)


@kernel
def observe(rows, elapsed, episode, out, window, view, noise_rows, seed, first, last):
    """Write the observations of tiles ``first...last-1`` for the stored state."""
    source, noise, std, scale, clip = view
    tile = np.empty((TILE_ROWS + noise_rows + 1, LANES), np.float32)
    for b in range(first, last):
        observe_tile(tile, rows, elapsed, episode, out, window, source, noise, std, scale, clip, noise_rows, seed, b)


@kernel
def observe_tile(tile, rows, elapsed, episode, out, window, source, noise, std, scale, clip, noise_rows, seed, b):
    """Write the observations of one tile for the stored state, and its rotation matrices."""
    stage.recall(tile, rows, b)
    stage.derive(tile)
    stage.keep(tile, rows, b)
    stage.roll_noise(tile, noise_rows, seed, episode, elapsed, b)
    stage.emit(tile, source, noise, std, scale, clip, out, window, b)


@kernel
def restart(
    rows, chosen, table, spread, start, elapsed, episode, terminated, truncated,
    tape, window, view, noise_rows, seed, first, last,
):  # fmt: skip
    """Start new episodes for the chosen vehicles of tiles ``first...last-1``.

    The whole tile is observed again; the same counters give the other vehicles the same bits as before.
    """
    source, noise, std, scale, clip = view
    tile = np.empty((TILE_ROWS + noise_rows + 1, LANES), np.float32)
    for b in range(first, last):
        touched = False
        for i in range(LANES):
            if chosen[b, i]:
                touched = True
                episode[b, i] += 1
                elapsed[b, i] = 0
                terminated[b, i] = False
                truncated[b, i] = False
                place(rows, table, start, spread, seed, episode[b, i], b, i, b * LANES + i)
        if touched:
            observe_tile(
                tile, rows, elapsed, episode, tape, window, source, noise, std, scale, clip, noise_rows, seed, b
            )


@kernel
def fill_history(chosen, tape, window, newest, shift, size, first, last):
    """Repeat the newest sample of the chosen vehicles down their history, as if nothing had happened before."""
    for b in range(first, last):
        for i in range(LANES):
            if chosen[b, i]:
                for k in range(newest + shift, size):
                    tape[window + k, b, i] = tape[window + k - shift, b, i]


@kernel
def draw_vehicles(seed, ids, episode, out):
    """Write six numbers uniform in -1..1 for each of the vehicles ``ids`` to out (n, 6)."""
    for i in range(ids.shape[0]):
        vehicle_draws(seed, ids[i], episode[ids[i]], out[i])
