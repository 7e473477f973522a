"""Fly a window: every vehicle observes, acts and moves for T steps; ended episodes start anew."""

from concurrent.futures import Executor

import numpy as np
from numba import njit

from telic.control.window import network as network_code
from telic.control.window import sensors as sensors_code
from telic.control.window.data import ACTION_SIZE, Fleet, Floats, Network, Rules, Sensing, Starts, Window
from telic.control.window.network import activate
from telic.control.window.sensors import SENSOR_SIZE, sense
from telic.sim.compiled import compiled
from telic.sim.multirotor import dynamics
from telic.sim.multirotor.dynamics import FAST, Airframe, State, load_from_wrench, step

inner = njit(error_model="numpy", fastmath=FAST, nogil=True)
kernel = compiled(dynamics, network_code, sensors_code, error_model="numpy", fastmath=FAST, nogil=True)


@inner
def as_state(row: Floats) -> State:
    """The 17 numbers of a row by name."""
    return State(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8],
        row[9], row[10], row[11], row[12], row[13], row[14], row[15], row[16],
    )  # fmt: skip


@inner
def as_airframe(p: Floats) -> Airframe:
    """The 30 numbers of a vehicle by name."""
    return Airframe(
        p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11], p[12], p[13], p[14],
        p[15], p[16], p[17], p[18], p[19], p[20], p[21], p[22], p[23], p[24], p[25], p[26], p[27], p[28], p[29],
    )  # fmt: skip


@inner
def store_state(s: State, row: Floats) -> None:
    """Write a state as 17 numbers."""
    row[0], row[1], row[2], row[3], row[4], row[5], row[6] = s.px, s.py, s.pz, s.qw, s.qx, s.qy, s.qz
    row[7], row[8], row[9], row[10], row[11], row[12] = s.vx, s.vy, s.vz, s.wx, s.wy, s.wz
    row[13], row[14], row[15], row[16] = s.n1, s.n2, s.n3, s.n4


@inner
def observe(sensors: Floats, noise: Floats, tape: Floats, newest: int, sensing: Sensing, observation: Floats) -> None:
    """Fill an observation: noisy sensors, then the actions on the tape from the newest on."""
    size = sensing.index.shape[0]
    for k in range(size):
        value = (sensors[sensing.index[k]] + sensing.noise[k] * noise[k]) * sensing.scale[k]
        observation[k] = min(max(value, -sensing.clip[k]), sensing.clip[k])
    for slot in range((observation.shape[0] - size) // ACTION_SIZE):
        for rotor in range(ACTION_SIZE):
            observation[size + ACTION_SIZE * slot + rotor] = tape[newest + slot, rotor]


@inner
def outside(sensors: Floats, half_width: np.float32) -> bool:
    """Whether the position error leaves the cube; a state that is not a number counts as outside."""
    inside = abs(sensors[0]) <= half_width and abs(sensors[1]) <= half_width and abs(sensors[2]) <= half_width
    return not inside


def fly(
    pool: Executor,
    window: Window,
    fleet: Fleet,
    starts: Starts,
    noise: Floats,
    network: Network,
    sensing: Sensing,
    rules: Rules,
    bodies: Floats,
) -> None:
    """Fill `window` with T steps from where `fleet` is, and leave `fleet` where they end.

    Args:
        pool: Threads for the chunks to run on.
        window: Filled.
        fleet: Read and updated.
        starts: Initial conditions for episodes that begin within the window.
        noise: (T, C, n, K) standard normal numbers.
        network: The policy.
        sensing: What it sees.
        rules: The task.
        bodies: (C, n, 30) the vehicles, as `telic.sim.multirotor.dynamics.Airframe`.
    """

    def chunk(c: int) -> None:
        fly_chunk(c, window, fleet, starts, noise, network, sensing, rules, bodies)

    list(pool.map(chunk, range(window.state.shape[1])))


@kernel
def fly_chunk(c, window, fleet, starts, noise, network, sensing, rules, bodies):  # noqa: ANN001, ANN201
    """`fly` for the chunk c."""
    steps, _, vehicles, _ = window.state.shape
    sensors = np.empty(SENSOR_SIZE, np.float32)
    taken = np.zeros(vehicles, np.int64)
    window.state[0, c] = fleet.state[c]
    window.tape[c, :, steps:] = fleet.tape[c]
    for t in range(steps):
        for i in range(vehicles):
            window.wrench[t, c, i] = fleet.wrench[c, i]
            window.instant[t, c, i] = fleet.instant[c, i]
            sense(window.state[t, c, i], rules.reference[fleet.instant[c, i]], sensors)
            observe(sensors, noise[t, c, i], window.tape[c, i], steps - t, sensing, window.observation[t, c, i])
        np.dot(window.observation[t, c], network.weights[0], window.pre_activation[0][t, c])
        activate(window.pre_activation[0][t, c], network.biases[0], window.activation[0][t, c])
        for layer in range(1, len(network.weights)):
            z = window.pre_activation[layer][t, c]
            np.dot(window.activation[layer - 1][t, c], network.weights[layer], z)
            activate(z, network.biases[layer], window.activation[layer][t, c])
        for i in range(vehicles):
            _advance(window, fleet, starts, taken, sensors, rules, bodies, c, t, i)
    fleet.tape[c] = window.tape[c, :, : fleet.tape.shape[2]]


@inner
def _advance(window, fleet, starts, taken, sensors, rules, bodies, c, t, i):  # noqa: ANN001, ANN202
    """Move one vehicle by one step, and put it at a new start if its episode ended."""
    steps = window.state.shape[0]
    action, after = window.activation[len(window.activation) - 1][t, c, i], window.after[t, c, i]
    wrench = window.wrench[t, c, i]
    window.tape[c, i, steps - 1 - t] = action
    body = as_airframe(bodies[c, i])
    load = load_from_wrench(wrench[0], wrench[1], wrench[2], wrench[3], wrench[4], wrench[5], body)
    store_state(
        step(as_state(window.state[t, c, i]), action[0], action[1], action[2], action[3], load, body, rules.dt), after
    )
    following = min(fleet.instant[c, i] + 1, rules.reference.shape[0] - 1)
    window.following[t, c, i] = following
    sense(after, rules.reference[following], sensors)
    terminated = outside(sensors, rules.half_width)
    age = fleet.age[c, i] + 1
    truncated = age >= rules.max_steps and not terminated
    window.terminated[t, c, i], window.truncated[t, c, i] = terminated, truncated

    state = window.state[t + 1, c, i] if t + 1 < steps else fleet.state[c, i]
    if terminated or truncated:
        start = taken[i] % starts.state.shape[2]
        taken[i] += 1
        state[:] = starts.state[c, i, start]
        fleet.wrench[c, i] = starts.wrench[c, i, start]
        fleet.instant[c, i] = starts.instant[c, i, start]
        fleet.age[c, i] = 0
        window.tape[c, i, steps - 1 - t :] = rules.initial_action
    else:
        state[:] = after
        fleet.instant[c, i] = following
        fleet.age[c, i] = age
