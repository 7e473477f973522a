"""Fly a window: every vehicle observes, acts and moves for T steps; ended episodes start anew."""

from concurrent.futures import Executor

import numpy as np
from numba import njit

from telic.control.window.data import ACTION_SIZE, Fleet, Floats, Network, Rules, Sensing, Starts, Window
from telic.control.window.network import activate
from telic.control.window.sensors import SENSOR_SIZE, sense
from telic.sim.multirotor.dynamics import FAST, Airframe, State, load_from_wrench, step

kernel = njit(error_model="numpy", fastmath=FAST, nogil=True, cache=True)


@kernel
def as_state(row: Floats) -> State:
    """The 17 numbers of a row by name."""
    return State(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8],
        row[9], row[10], row[11], row[12], row[13], row[14], row[15], row[16],
    )  # fmt: skip


@kernel
def store_state(s: State, row: Floats) -> None:
    """Write a state as 17 numbers."""
    row[0], row[1], row[2], row[3], row[4], row[5], row[6] = s.px, s.py, s.pz, s.qw, s.qx, s.qy, s.qz
    row[7], row[8], row[9], row[10], row[11], row[12] = s.vx, s.vy, s.vz, s.wx, s.wy, s.wz
    row[13], row[14], row[15], row[16] = s.n1, s.n2, s.n3, s.n4


@kernel
def observe(sensors: Floats, noise: Floats, tape: Floats, newest: int, sensing: Sensing, observation: Floats) -> None:
    """Fill an observation: noisy sensors, then the actions on the tape from the newest on."""
    size = sensing.index.shape[0]
    for k in range(size):
        value = (sensors[sensing.index[k]] + sensing.noise[k] * noise[k]) * sensing.scale[k]
        observation[k] = min(max(value, -sensing.clip[k]), sensing.clip[k])
    for slot in range((observation.shape[0] - size) // ACTION_SIZE):
        for rotor in range(ACTION_SIZE):
            observation[size + ACTION_SIZE * slot + rotor] = tape[newest + slot, rotor]


@kernel
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
    body: Airframe,
) -> None:
    """Fill `window` with T steps from where `fleet` is, and leave `fleet` where they end.

    Args:
        pool: Threads for the chunks to run on.
        window: Filled.
        fleet: Read and updated.
        starts: Initial conditions for episodes that begin within the window.
        noise: (C, T, n, K) standard normal numbers.
        network: The policy.
        sensing: What it sees.
        rules: The task.
        body: The vehicle.
    """

    def chunk(c: int) -> None:
        fly_chunk(c, window, fleet, starts, noise, network, sensing, rules, body)

    list(pool.map(chunk, range(len(window.state))))


@kernel
def fly_chunk(c, window, fleet, starts, noise, network, sensing, rules, body):  # noqa: ANN001, ANN201
    """`fly` for the chunk c."""
    steps, vehicles = window.state.shape[1:3]
    sensors = np.empty(SENSOR_SIZE, np.float32)
    taken = np.zeros(vehicles, np.int64)
    window.state[c, 0] = fleet.state[c]
    window.tape[c, :, steps:] = fleet.tape[c]
    for t in range(steps):
        for i in range(vehicles):
            window.wrench[c, t, i] = fleet.wrench[c, i]
            window.instant[c, t, i] = fleet.instant[c, i]
            sense(window.state[c, t, i], rules.reference[fleet.instant[c, i]], sensors)
            observe(sensors, noise[c, t, i], window.tape[c, i], steps - t, sensing, window.observation[c, t, i])
        np.dot(window.observation[c, t], network.weights[0], window.pre_activation[0][c, t])
        activate(window.pre_activation[0][c, t], network.biases[0], window.activation[0][c, t])
        for layer in range(1, len(network.weights)):
            z = window.pre_activation[layer][c, t]
            np.dot(window.activation[layer - 1][c, t], network.weights[layer], z)
            activate(z, network.biases[layer], window.activation[layer][c, t])
        for i in range(vehicles):
            _advance(window, fleet, starts, taken, sensors, rules, body, c, t, i)
    fleet.tape[c] = window.tape[c, :, : fleet.tape.shape[2]]


@kernel
def _advance(window, fleet, starts, taken, sensors, rules, body, c, t, i):  # noqa: ANN001, ANN202
    """Move one vehicle by one step, and put it at a new start if its episode ended."""
    steps = window.state.shape[1]
    action, after = window.activation[len(window.activation) - 1][c, t, i], window.after[c, t, i]
    wrench = window.wrench[c, t, i]
    window.tape[c, i, steps - 1 - t] = action
    load = load_from_wrench(wrench[0], wrench[1], wrench[2], wrench[3], wrench[4], wrench[5], body)
    store_state(
        step(as_state(window.state[c, t, i]), action[0], action[1], action[2], action[3], load, body, rules.dt), after
    )
    following = fleet.instant[c, i] + 1
    if following >= rules.reference.shape[0]:
        following = rules.loop
    window.following[c, t, i] = following
    sense(after, rules.reference[following], sensors)
    terminated = outside(sensors, rules.half_width)
    age = fleet.age[c, i] + 1
    truncated = age >= rules.max_steps and not terminated
    window.terminated[c, t, i], window.truncated[c, t, i] = terminated, truncated

    state = window.state[c, t + 1, i] if t + 1 < steps else fleet.state[c, i]
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
