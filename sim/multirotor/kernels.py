"""What a world does to a range of tiles; any split of the tiles over threads gives the same bits."""

# ruff: noqa: ANN001, ANN201

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from telic.sim.compiled import compiled
from telic.sim.multirotor import dynamics, noise, signals
from telic.sim.multirotor import start as beginning
from telic.sim.multirotor import tile as stage
from telic.sim.multirotor.dynamics import FAST
from telic.sim.multirotor.signals import FLIGHT_ROWS, STATE_ROWS, STORED_ROWS
from telic.sim.multirotor.start import place, vehicle_draws
from telic.sim.multirotor.tile import LANES, NOISE

SOURCES = (dynamics, noise, signals, beginning, stage)
kernel = compiled(*SOURCES, error_model="numpy", fastmath=FAST, nogil=True)

Floats = NDArray[np.float32]


class Memory(NamedTuple):
    """All that changes, in tiles of `LANES` vehicles.

    Attributes:
        rows: Stored signals (rows, tiles, LANES), see `telic.sim.multirotor.signals`.
        airframes: (30, tiles, LANES), or (30, 1, LANES) where all vehicles are alike.
        clock: Index of the vehicle, number of its episode, steps since its start (3, tiles, LANES).
        start: Time step of the reference at which the episode started (tiles, LANES).
        terminated: (tiles, LANES).
        truncated: (tiles, LANES).
        ended: For either reason (tiles, LANES).
        tape: Observations (rows, tiles, LANES); the present one is a window of its rows.
    """

    rows: Floats
    airframes: Floats
    clock: NDArray[np.uint32]
    start: NDArray[np.int32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    ended: NDArray[np.bool_]
    tape: Floats


class Rules(NamedTuple):
    """All that does not change.

    Attributes:
        table: Reference by time step (times, 12); one row where nothing moves.
        spread: Numbers of the reset distribution, see `telic.sim.multirotor.start.place`.
        angles: Angles of random rotations, see `telic.sim.multirotor.start.rotation_angle`.
        dt: Length of a step [s].
        half_width: Of the cube outside of which an episode is lost [m].
        episode_steps: Steps until truncation.
        key: Of the random numbers.
    """

    table: Floats
    spread: Floats
    angles: Floats
    dt: np.float32
    half_width: np.float32
    episode_steps: int
    key: np.uint32


class View(NamedTuple):
    """An observation: one entry per number that is written anew at each step, which excludes the older history.

    Attributes:
        source: Row of the tile.
        noise: Row of the tile with the noise to add.
        std: Standard deviation of the noise.
        scale: Factor after the noise.
        clip: Largest absolute value.
        noise_rows: How many noise rows the tile needs, a multiple of six.
        shift: Size of one sample of the history, by which the window moves down the tape at each step; 0 without one.
        size: Length of the observation.
    """

    source: NDArray[np.int64]
    noise: NDArray[np.int64]
    std: Floats
    scale: Floats
    clip: Floats
    noise_rows: int
    shift: int
    size: int


@kernel
def limit(action, out):
    """Copy actions, limited to -1..1, and return whether all of them are finite."""
    wrong = 0
    one = np.float32(1.0)
    for i in range(action.size):
        value = action[i]
        # Only NaN and infinities do not give 0 here.
        wrong += value - value != np.float32(0.0)
        out[i] = min(max(value, -one), one)
    return wrong == 0


@kernel
def advance(memory, rules, view, action, window, first, last):
    """Step the vehicles of tiles ``first...last-1`` under flat actions (N * 4,) and observe them."""
    rows, table = memory.rows, rules.table
    tile = np.empty((NOISE + view.noise_rows, LANES), np.float32)
    alike, still = memory.airframes.shape[1] == 1, table.shape[0] == 1
    if alike:
        stage.embody(tile, memory.airframes, 0)
    if still:
        stage.follow(tile, table, memory.start, memory.clock, first)
    for b in range(first, last):
        stage.recall(tile, rows, 0, FLIGHT_ROWS, b)
        if not alike:
            stage.embody(tile, memory.airframes, b)
        stage.command(tile, action, b)
        stage.move(tile, rules.dt)
        stage.tick(memory.clock, b)
        if not still:
            stage.follow(tile, table, memory.start, memory.clock, b)
            stage.keep(tile, rows, stage.REFERENCE, stage.REFERENCE_END, b)
        stage.derive(tile)
        stage.judge(tile, rules.half_width, rules.episode_steps, memory, b)
        stage.keep(tile, rows, 0, STATE_ROWS, b)
        stage.keep(tile, rows, stage.ROTATION, stage.REFERENCE, b)
        stage.roll_noise(tile, view.noise_rows, rules.key, memory.clock, b)
        stage.emit(tile, view.source, view.noise, view.std, view.scale, view.clip, memory.tape, window, b)


@kernel
def rewind(tape, view, window, first, last):
    """Copy the history of the observation at the end of the tape to where the one in ``window`` continues it."""
    # From the end, as the two overlap.
    for k in range(view.size - view.shift - 1, -1, -1):
        for b in range(first, last):
            for i in range(tape.shape[2]):
                tape[window + view.shift + k, b, i] = tape[k, b, i]


@kernel
def drift(rows, airframe, action, dt, first, last):
    """Step the vehicles of tiles ``first...last-1`` and nothing else; action is flat (N * 4,)."""
    tile = np.empty((NOISE, LANES), np.float32)
    stage.embody(tile, airframe, 0)
    for b in range(first, last):
        stage.recall(tile, rows, 0, FLIGHT_ROWS, b)
        stage.command(tile, action, b)
        stage.move(tile, dt)
        stage.keep(tile, rows, 0, STATE_ROWS, b)


@kernel
def observe(rows, clock, rules, view, out, window, first, last):
    """Write the observations of tiles ``first...last-1`` for the stored state to rows ``window...`` of out."""
    tile = np.empty((NOISE + view.noise_rows, LANES), np.float32)
    for b in range(first, last):
        stage.recall(tile, rows, 0, STORED_ROWS, b)
        stage.derive(tile)
        stage.keep(tile, rows, stage.ROTATION, stage.ACTION, b)
        stage.roll_noise(tile, view.noise_rows, rules.key, clock, b)
        stage.emit(tile, view.source, view.noise, view.std, view.scale, view.clip, out, window, b)


@kernel
def restart(memory, rules, view, chosen, finals, window, first, last):
    """Start new episodes for the chosen vehicles of tiles ``first...last-1``; how the old ones ended stays on record.

    The chosen are gathered in a tile of their own, so that they are observed by the same instructions as all others.

    Args:
        memory: What changes.
        rules: What does not.
        view: The observation.
        chosen: Which vehicles (tiles, LANES).
        finals: Receives the last observation of the old episodes (N, size), where it has N rows.
        window: First row of the present observation on the tape.
        first: First tile.
        last: Tile after the last.
    """
    rows = np.zeros((STORED_ROWS, 1, LANES), np.float32)
    clock = np.zeros((3, 1, LANES), np.uint32)
    seen = np.empty((view.source.shape[0], 1, LANES), np.float32)
    # Not literals, for which Numba would compile the functions below once more.
    zero, one = np.int64(0), np.int64(1)
    count = zero
    for b in range(first, last):
        for i in range(LANES):
            if not chosen[b, i]:
                continue
            memory.clock[stage.EPISODE, b, i] += np.uint32(1)
            memory.clock[stage.STEP, b, i] = np.uint32(0)
            for k in range(3):
                clock[k, 0, count] = memory.clock[k, b, i]
            memory.start[b, i] = place(rows, count, rules.table, rules.spread, rules.angles, rules.key, clock)
            count += 1
            if count == LANES:
                observe(rows, clock, rules, view, seen, zero, zero, one)
                begin(memory, view, rows, clock, seen, count, finals, window)
                count = zero
    observe(rows, clock, rules, view, seen, zero, zero, one)
    begin(memory, view, rows, clock, seen, count, finals, window)


@kernel
def begin(memory, view, rows, clock, seen, count, finals, window):
    """Write the first ``count`` lanes of a tile of new episodes to where they belong."""
    new = view.source.shape[0]
    tape = memory.tape
    for lane in range(count):
        vehicle = int(clock[stage.VEHICLE, 0, lane])
        b, i = vehicle // LANES, vehicle % LANES
        for f in range(STORED_ROWS):
            memory.rows[f, b, i] = rows[f, 0, lane]
        if vehicle < finals.shape[0]:
            for k in range(view.size):
                finals[vehicle, k] = tape[window + k, b, i]
        for k in range(new):
            tape[window + k, b, i] = seen[k, 0, lane]
        # As if the newest sample of the history had always been so.
        for k in range(new, view.size, max(view.shift, 1)):
            for j in range(view.shift):
                tape[window + k + j, b, i] = seen[new - view.shift + j, 0, lane]


@kernel
def draw_vehicles(key, ids, clock, out):
    """Write six numbers uniform in -1..1 for each of the vehicles ``ids`` to out (n, 6); clock is (3, N)."""
    for k in range(ids.shape[0]):
        vehicle_draws(key, clock[stage.VEHICLE, ids[k]], clock[stage.EPISODE, ids[k]], out[k])
