"""Sensors: what is measured is late, offset, noisy, and sometimes does not come at all."""

# Arguments of the compiled functions are scalars and arrays of them.
# ruff: noqa: ANN001, ANN202

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from telic.sim.compiled import compiled
from telic.sim.mujoco.draws import Integers, gaussians, stream_key, uniforms
from telic.sim.multirotor import dynamics, noise
from telic.sim.observe import Observe

_PER_CALL = 6  # Gaussians from one call of the generator.


class Sensors:
    """Turns true signals into measured ones, row by row: ``truth`` (N, size) into what the policy's sensors say.

    A value is delayed first; then the episode's bias and fresh noise are added; where it drops out, the value measured
    the step before is shown again. All draws depend only on the seed, the world, its episode and its step.

    Attributes:
        active: Whether anything is done at all; without, `measure` need not be called.
        delay: Age of each signal's value in the present episodes [control steps] (N, signals).
        bias: Offset of each number in the present episodes (N, size).
    """

    def __init__(self, items: Sequence[tuple[int, Observe]], dt: float, num_envs: int, seed: int) -> None:
        """Make the sensors of all worlds.

        Args:
            items: For each signal in the row: how many numbers it has, and how it is observed.
            dt: Control period [s].
            num_envs: How many worlds.
            seed: Seed of all draws.
        """
        self._items = tuple(items)
        self._dt = dt
        sizes = [size for size, _ in items]
        self._signal = np.repeat(np.arange(len(items)), sizes)
        self._noise = np.repeat([item.noise for _, item in items], sizes).astype(np.float64)
        self._bias_std = np.repeat([item.bias for _, item in items], sizes).astype(np.float64)
        self._dropout = np.array([item.dropout for _, item in items], np.float64)
        self.active = any(not item.is_exact for _, item in items)
        width = len(self._signal)
        longest = max((round(item.delay_s[1] / dt) for _, item in items), default=0)
        self.delay = np.zeros((num_envs, len(items)), np.int64)
        self.bias = np.zeros((num_envs, width))
        self._past = np.zeros((num_envs, longest + 1, width))
        self._shown = np.zeros((num_envs, width))
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Draw from another seed from now on."""
        self._episode_key = stream_key(seed, "sensors of an episode")
        self._step_key = np.uint32(stream_key(seed, "sensors of a step"))

    def begin(self, truth: NDArray[np.floating], worlds: Integers, episodes: Integers) -> None:
        """Start new episodes: draw delays and biases, and let the past be as the present.

        Args:
            truth: The true values of all worlds (N, size) at the start.
            worlds: Which worlds (n,).
            episodes: The number of each one's episode (n,).
        """
        if not self.active:
            return
        lows, highs = np.array([item.delay_s for _, item in self._items]).reshape(-1, 2).T
        share = uniforms(self._episode_key, worlds, episodes, len(self._items))
        self.delay[worlds] = np.rint((lows + (highs - lows) * share) / self._dt)
        first = len(self._items)  # Behind the numbers of the delays.
        self.bias[worlds] = self._bias_std * gaussians(self._episode_key, worlds, episodes, len(self._signal), first)
        self._past[worlds] = truth[worlds, None]
        self._shown[worlds] = truth[worlds] + self.bias[worlds]

    def measure(
        self,
        truth: NDArray[np.floating],
        out: NDArray[np.floating],
        worlds: Integers,
        episodes: Integers,
        steps: Integers,
    ) -> None:
        """Measure once in every control step, and once after `begin`.

        Threads may share the work: each with its own worlds.

        Args:
            truth: The true values of all worlds (N, size).
            out: Where the measured ones go (N, size); may be ``truth`` itself.
            worlds: Which worlds (n,).
            episodes: The number of the episode of every world (N,).
            steps: Control steps since the start of the episode of every world (N,).
        """
        _measure(
            truth,
            out,
            worlds,
            episodes,
            steps,
            self._step_key,
            self._signal,
            self._noise,
            self._dropout,
            self.delay,
            self.bias,
            self._past,
            self._shown,
        )

    def episode_values(self) -> dict[str, NDArray[np.floating]]:
        """What was drawn for the present episodes, for their records: delays [s] (N,) and biases (N, size)."""
        values: dict[str, NDArray[np.floating]] = {}
        for i, (_, item) in enumerate(self._items):
            if item.delay_s[1]:
                values[f"delay:{item.signal}"] = self.delay[:, i] * self._dt
            if item.bias:
                values[f"bias:{item.signal}"] = self.bias[:, self._signal == i].copy()
        return values

    def snapshot(self) -> dict[str, NDArray[np.generic]]:
        """Copy all that changes."""
        return {name: array.copy() for name, array in self._arrays().items()}

    def restore(self, snapshot: dict[str, NDArray[np.generic]], worlds: Integers) -> None:
        """Go back to a snapshot in these worlds."""
        for name, array in self._arrays().items():
            array[worlds] = snapshot[name][worlds]

    def _arrays(self) -> dict[str, NDArray[np.generic]]:
        return {"delay": self.delay, "bias": self.bias, "past": self._past, "shown": self._shown}


@compiled(dynamics, noise, nogil=True, error_model="numpy")
def _measure(
    truth, out, worlds, episodes, steps, key, signal, noise_std, dropout, delay, bias, past, shown
):  # fmt: skip
    """See `Sensors.measure`. A ring of the latest values: step s is in slot s modulo its length."""
    slots, width = past.shape[1], past.shape[2]
    calls = (width + _PER_CALL - 1) // _PER_CALL
    for place in range(len(worlds)):
        world = worlds[place]
        step = steps[world]
        slot = step % slots
        for j in range(width):
            past[world, slot, j] = truth[world, j]
        word, episode = np.uint32(world), np.uint32(episodes[world])
        for call in range(calls):
            # Two calls of the generator a step and six numbers: one for the noise, one for the dropouts.
            draw = np.uint32(2 * (step * calls + call))
            x, y, z, w = noise.random_words(key, word, episode, draw)
            six = noise.six_gaussians(x, y, z, w)
            for k in range(_PER_CALL):
                j = call * _PER_CALL + k
                if j >= width:
                    break
                age = min(delay[world, signal[j]], step)
                seen = past[world, (step - age) % slots, j] + bias[world, j]
                shown_now = seen + noise_std[j] * six[k]
                if dropout[signal[j]] == 0.0 or step == 0 or not _drops(key, word, episode, step, signal[j], dropout):
                    shown[world, j] = shown_now
                out[world, j] = shown[world, j]


@compiled(dynamics, noise, nogil=True, error_model="numpy")
def _drops(key, word, episode, step, signal, dropout):
    """Return whether a whole signal fails to come in this step."""
    draw = np.uint32(2 * (step * len(dropout) + signal) + 1)
    x, _, _, _ = noise.random_words(key, word, episode, draw)
    return noise.uniform(x) <= dropout[signal]
