"""The arrays that a window reads and fills. Named tuples, because Numba kernels take them as they are."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]
Flags = NDArray[np.bool_]

STATE_SIZE = 17
WRENCH_SIZE = 6
ACTION_SIZE = 4


class Sensing(NamedTuple):
    """What the policy sees of the sensor vector, and how.

    Attributes:
        index: (K,) entries of the sensor vector, in the observation's order.
        scale: (K,) factors.
        clip: (K,) symmetric limits after scaling; infinity for none.
        noise: (K,) standard deviations, before scaling.
    """

    index: NDArray[np.int64]
    scale: Floats
    clip: Floats
    noise: Floats


class Rules(NamedTuple):
    """What a window needs to know of the task.

    Attributes:
        reference: (rows, 12) the reference at each control step, from `telic.sim.multirotor.world.reference_table`; it
            stands still at the last row.
        half_width: Of the cube around the reference that must not be left [m].
        max_steps: Length of an episode at which it is truncated.
        initial_action: What fills the action history at a reset.
        dt: Length of a control step [s].
    """

    reference: Floats
    half_width: np.float32
    max_steps: int
    initial_action: np.float32
    dt: np.float32


class Network(NamedTuple):
    """The policy's layers: weights (inputs, outputs) and biases (outputs,)."""

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]


class Fleet(NamedTuple):
    """C chunks of n vehicles between two windows; arrays are (C, n, ...).

    Attributes:
        state: 17 numbers as in `telic.sim.multirotor.dynamics.State`.
        wrench: Disturbance force [N], world frame, and torque [N m], body frame.
        instant: Row of the reference.
        age: Steps since the start of the episode.
        tape: (C, n, H, 4) the last actions, newest first.
    """

    state: Floats
    wrench: Floats
    instant: Integers
    age: Integers
    tape: Floats


class Starts(NamedTuple):
    """Initial conditions to draw on when episodes end: arrays (C, n, R, ...), taken in turn."""

    state: Floats
    wrench: Floats
    instant: Integers


class Window(NamedTuple):
    """Everything that happened in T steps; arrays are (T, C, n, ...) unless said.

    Attributes:
        state: Before the step.
        after: After the step and before any reset.
        wrench: Disturbance during the step.
        instant: Row of the reference before the step.
        following: Row of the reference after the step.
        observation: As the policy saw it, with noise.
        pre_activation: z of each layer.
        activation: Output of each layer; the last is the action.
        tape: (C, n, T + H, 4) actions in reverse order of time, so that the newest come first: the action of step t is
            at T - 1 - t.
        terminated: The step left the permitted space.
        truncated: The step ended the episode's time, and did not terminate it.
    """

    state: Floats
    after: Floats
    wrench: Floats
    instant: Integers
    following: Integers
    observation: Floats
    pre_activation: tuple[Floats, ...]
    activation: tuple[Floats, ...]
    tape: Floats
    terminated: Flags
    truncated: Flags

    @property
    def action(self) -> Floats:
        """(T, C, n, 4)."""
        return self.activation[-1]


class Gradient(NamedTuple):
    """Gradients of an objective, arrays (T, C, n, ...): given for the first four, found for `pre_activation`.

    Attributes:
        state: With respect to the state before each step, directly.
        after: With respect to the state after each step, directly.
        action: With respect to each action, directly.
        previous_action: With respect to the action before each step's own, directly.
        pre_activation: With respect to z of each layer, through everything that follows.
    """

    state: Floats
    after: Floats
    action: Floats
    previous_action: Floats
    pre_activation: tuple[Floats, ...]


def empty_window(
    steps: int, chunks: int, vehicles: int, observation: int, widths: Sequence[int], history: int
) -> Window:
    """Room for a window, to be filled by `telic.control.window.forward.fly`."""

    def room(*shape: int) -> Floats:
        return np.zeros((steps, chunks, vehicles, *shape), np.float32)

    return Window(
        state=room(STATE_SIZE),
        after=room(STATE_SIZE),
        wrench=room(WRENCH_SIZE),
        instant=room().astype(np.int32),
        following=room().astype(np.int32),
        observation=room(observation),
        pre_activation=tuple(room(width) for width in widths),
        activation=tuple(room(width) for width in widths),
        tape=np.zeros((chunks, vehicles, steps + history, ACTION_SIZE), np.float32),
        terminated=room().astype(np.bool_),
        truncated=room().astype(np.bool_),
    )


def empty_gradient(window: Window) -> Gradient:
    """Room for the gradients of a window."""
    return Gradient(
        state=np.zeros_like(window.state),
        after=np.zeros_like(window.after),
        action=np.zeros_like(window.action),
        previous_action=np.zeros_like(window.action),
        pre_activation=tuple(np.zeros_like(z) for z in window.pre_activation),
    )
