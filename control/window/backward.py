"""Carry the gradient of an objective back through a window, as `forward` flew it."""

from concurrent.futures import Executor

import numpy as np
from numba import njit

from telic.control.window import forward
from telic.control.window import network as network_code
from telic.control.window import sensors as sensors_code
from telic.control.window.data import ACTION_SIZE, STATE_SIZE, Floats, Gradient, Network, Rules, Sensing, Window
from telic.control.window.forward import as_airframe, as_state, store_state
from telic.control.window.network import activate_vjp
from telic.control.window.sensors import SENSOR_SIZE, sense_vjp
from telic.sim.compiled import compiled
from telic.sim.multirotor import adjoint, dynamics
from telic.sim.multirotor.adjoint import step_vjp
from telic.sim.multirotor.dynamics import FAST, load_from_wrench

inner = njit(error_model="numpy", fastmath=FAST, nogil=True)
kernel = compiled(
    adjoint, dynamics, forward, network_code, sensors_code, error_model="numpy", fastmath=FAST, nogil=True
)


def backpropagate(
    pool: Executor,
    window: Window,
    gradient: Gradient,
    network: Network,
    sensing: Sensing,
    rules: Rules,
    bodies: Floats,
) -> None:
    """Fill `gradient.pre_activation` from the direct gradients that `gradient` holds.

    Nothing flows across the end of an episode: a start does not depend on what went before, and neither does the action
    history that it fills.

    Args:
        pool: Threads for the chunks to run on.
        window: As `fly` left it.
        gradient: Direct gradients given, those of the pre-activations filled.
        network: The policy that flew, here with weights (outputs, inputs).
        sensing: What it saw.
        rules: The task.
        bodies: (C, n, 30) the vehicles that flew.
    """

    def chunk(c: int) -> None:
        backpropagate_chunk(c, window, gradient, network, sensing, rules, bodies)

    list(pool.map(chunk, range(window.state.shape[1])))


@kernel
def backpropagate_chunk(c, window, gradient, network, sensing, rules, bodies):  # noqa: ANN001, ANN201
    """`backpropagate` for the chunk c."""
    steps, _, vehicles, _ = window.state.shape
    depth = len(network.weights)
    g_state = np.zeros((vehicles, STATE_SIZE), np.float32)  # With respect to the state after the step at hand.
    g_tape = np.zeros((vehicles, window.tape.shape[2], ACTION_SIZE), np.float32)
    g_observation = np.zeros((vehicles, window.observation.shape[3]), np.float32)
    sensors = np.zeros(SENSOR_SIZE, np.float32)
    for reverse in range(steps):
        t = steps - 1 - reverse
        for i in range(vehicles):
            _retreat(window, gradient, g_state, g_tape, rules, bodies, c, t, i)
        for above in range(depth):
            layer = depth - 1 - above
            g = gradient.pre_activation[layer][t, c]
            activate_vjp(window.pre_activation[layer][t, c], g)
            if layer > 0:
                np.dot(g, network.weights[layer], gradient.pre_activation[layer - 1][t, c])
            else:
                np.dot(g, network.weights[0], g_observation)
        for i in range(vehicles):
            _look_back(window, g_observation[i], g_state[i], g_tape[i], sensors, sensing, rules, c, t, i)


@inner
def _retreat(window, gradient, g_state, g_tape, rules, bodies, c, t, i):  # noqa: ANN001, ANN202
    """Turn the gradient with respect to the state after a step into those by the state before and by the action."""
    steps = window.state.shape[0]
    slot = steps - 1 - t
    if window.terminated[t, c, i] or window.truncated[t, c, i]:
        g_state[i] = np.float32(0.0)
        g_tape[i, slot:] = np.float32(0.0)
    g_state[i] += gradient.after[t, c, i]
    action, wrench = window.activation[len(window.activation) - 1][t, c, i], window.wrench[t, c, i]
    body = as_airframe(bodies[c, i])
    load = load_from_wrench(wrench[0], wrench[1], wrench[2], wrench[3], wrench[4], wrench[5], body)
    by_state, by_action = step_vjp(
        as_state(window.state[t, c, i]),
        action[0], action[1], action[2], action[3],
        load, body, rules.dt, as_state(g_state[i]),
    )  # fmt: skip
    store_state(by_state, g_state[i])
    g_state[i] += gradient.state[t, c, i]
    out = gradient.pre_activation[len(gradient.pre_activation) - 1][t, c, i]
    for rotor in range(ACTION_SIZE):
        out[rotor] = by_action[rotor] + gradient.action[t, c, i, rotor] + g_tape[i, slot, rotor]
        g_tape[i, slot + 1, rotor] += gradient.previous_action[t, c, i, rotor]


@inner
def _look_back(window, g_observation, g_state, g_tape, sensors, sensing, rules, c, t, i):  # noqa: ANN001, ANN202
    """Add what comes through the observation: to the state by the sensors, to earlier actions by the history."""
    newest = window.state.shape[0] - t
    size = sensing.index.shape[0]
    sensors[:] = np.float32(0.0)
    for k in range(size):
        value = window.observation[t, c, i, k]
        if -sensing.clip[k] < value < sensing.clip[k]:
            sensors[sensing.index[k]] += sensing.scale[k] * g_observation[k]
    sense_vjp(window.state[t, c, i], rules.reference[window.instant[t, c, i]], sensors, g_state)
    for slot in range((g_observation.shape[0] - size) // ACTION_SIZE):
        for rotor in range(ACTION_SIZE):
            g_tape[newest + slot, rotor] += g_observation[size + ACTION_SIZE * slot + rotor]
