"""What a world does to a range of tiles; any split of the tiles over threads gives the same bits."""

# ruff: noqa: ANN001, ANN201

import numpy as np

from telic.sim.compiled import compiled
from telic.sim.multirotor import dynamics, noise, signals
from telic.sim.multirotor import start as beginning
from telic.sim.multirotor import tile as stage
from telic.sim.multirotor.dynamics import FAST
from telic.sim.multirotor.signals import STATE_ROWS, STORED_ROWS
from telic.sim.multirotor.start import place, vehicle_draws
from telic.sim.multirotor.tile import LANES, NOISE

SOURCES = (dynamics, noise, signals, beginning, stage)
kernel = compiled(*SOURCES, error_model="numpy", fastmath=FAST, nogil=True)


@kernel
def all_finite(numbers):
    """Return whether all numbers (N,) are finite."""
    wrong = 0
    for i in range(numbers.size):
        # Only NaN and infinities differ from themselves after a subtraction.
        wrong += numbers[i] - numbers[i] != np.float32(0.0)
    return wrong == 0


@kernel
def advance(
    rows, airframes, action, table, start, elapsed, episode, terminated, truncated,
    tape, window, view, noise_rows, dt, half_width, episode_steps, seed, first, last,
):  # fmt: skip
    """Step the vehicles of tiles ``first...last-1`` and write their observations to the tape."""
    source, noise, std, scale, clip = view
    tile = np.empty((NOISE + noise_rows, LANES), np.float32)
    alike, still = airframes.shape[1] == 1, table.shape[0] == 1
    if alike:
        stage.embody(tile, airframes, 0)
    if still:
        stage.follow(tile, table, start, elapsed, first)
    for b in range(first, last):
        stage.recall(tile, rows, 0, STATE_ROWS, b)
        stage.recall(tile, rows, stage.FORCE, stage.REFERENCE, b)
        if not alike:
            stage.embody(tile, airframes, b)
        stage.command(tile, action, b)
        stage.move(tile, dt)
        for i in range(LANES):
            elapsed[b, i] += 1
        if not still:
            stage.follow(tile, table, start, elapsed, b)
            stage.keep(tile, rows, stage.REFERENCE, stage.REFERENCE_END, b)
        stage.derive(tile)
        stage.judge(tile, half_width, episode_steps, elapsed, terminated, truncated, b)
        stage.keep(tile, rows, 0, stage.FORCE, b)
        stage.roll_noise(tile, noise_rows, seed, episode, elapsed, b)
        stage.emit(tile, source, noise, std, scale, clip, tape, window, b)


@kernel
def observe(rows, elapsed, episode, out, window, view, noise_rows, seed, first, last):
    """Write the observations of tiles ``first...last-1`` for the stored state."""
    source, noise, std, scale, clip = view
    tile = np.empty((NOISE + noise_rows, LANES), np.float32)
    for b in range(first, last):
        observe_tile(tile, rows, elapsed, episode, out, window, source, noise, std, scale, clip, noise_rows, seed, b)


@kernel
def observe_tile(tile, rows, elapsed, episode, out, window, source, noise, std, scale, clip, noise_rows, seed, b):
    """Write the observations of one tile for the stored state, and its rotation matrices."""
    stage.recall(tile, rows, 0, STORED_ROWS, b)
    stage.derive(tile)
    stage.keep(tile, rows, stage.ROTATION, stage.ACTION, b)
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
    tile = np.empty((NOISE + noise_rows, LANES), np.float32)
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


@kernel
def transpose(rows, out, first, last):
    """Copy columns ``first...last-1`` of rows (size, N) to rows of out (N, size), in squares that fit the cache."""
    for i_0 in range(first, last, LANES):
        for j_0 in range(0, rows.shape[0], LANES):
            for i in range(i_0, min(i_0 + LANES, last)):
                for j in range(j_0, min(j_0 + LANES, rows.shape[0])):
                    out[i, j] = rows[j, i]
