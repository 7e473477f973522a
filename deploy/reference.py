"""The policy in NumPy float32: the definition that every exported program must match to the last bit.

Every multiplication and addition rounds to float32 on its own, and every sum starts at the bias and goes through the
inputs in order. BLAS does neither, so this is slower than it could be and exact.
"""

from collections.abc import Callable
from enum import IntFlag

import numpy as np

from telic.control.policy import PolicyWeights
from telic.deploy.contract import Contract

MAGNITUDE = np.uint32(0x7FFFFFFF)
SIGN = np.uint32(0x80000000)
INFINITY = np.uint32(0x7F800000)
RATE_INTERVALS = 100


class Status(IntFlag):
    """Status bits, the same in C. The first five are faults: the action is the safe action."""

    OK = 0
    INPUT_NOT_FINITE = 1
    INPUT_STALE = 2
    TIME_BACKWARDS = 4
    POSITION_LIMIT = 8
    TILT_LIMIT = 16
    FAULT = 31
    INPUT_SATURATED = 32
    OUTPUT_LIMITED = 64
    JITTER = 128
    RATE_BIAS = 256
    NATIVE_STEP = 512


def saturate(values: np.ndarray, bound: np.ndarray | np.float32) -> np.ndarray:
    """Limit the magnitude of float32 numbers by integer comparison, so that NaN becomes the bound."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    limited = np.minimum(bits & MAGNITUDE, np.asarray(bound, np.float32).view(np.uint32))
    return ((bits & SIGN) | limited).view(np.float32)


def fast_tanh(x: np.ndarray) -> np.ndarray:
    """``x (27 + x^2) / (27 + 9 x^2)`` on [-3, 3], where it reaches 1. Every operation rounds to float32."""
    x = saturate(x, np.float32(3))
    square = x * x
    return (x * (np.float32(27) + square)) / (np.float32(27) + np.float32(9) * square)


def relu(x: np.ndarray) -> np.ndarray:
    """Positive part; negative numbers, and -0, become +0."""
    return np.where(np.signbit(x), np.float32(0), x)


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "fast_tanh": fast_tanh,
    "relu": relu,
    "identity": lambda x: x,
}


def dense(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Compute ``weight @ x + bias`` for a batch (B, inputs), summed from the bias on, input 0 first."""
    total = np.repeat(bias[None], len(x), axis=0)
    for i in range(weight.shape[1]):
        total += x[:, i, None] * weight[None, :, i]
    return total


class ReferencePolicy:
    """The exported policy on full observations.

    Args:
        weights: The policy.
        contract: Its contract.

    Raises:
        RuntimeError: If the processor is set to flush subnormal numbers.
    """

    def __init__(self, weights: PolicyWeights, contract: Contract) -> None:
        if np.float32(1e-40) * np.float32(0.5) == 0.0:
            raise RuntimeError(
                "this process flushes subnormal numbers to zero, which no target does; "
                "call torch.set_flush_denormal(False), and find the library that was compiled with -ffast-math"
            )
        self.contract = contract
        self._layers = weights.layers
        self._bounds = contract.bounds()
        normalizer = contract.normalizer
        self._mean = np.array(normalizer.mean, np.float32)
        self._inverse_std = inverse_std(contract)
        self._clip = np.float32(normalizer.clip if normalizer.clip is not None else np.finfo(np.float32).max)
        self._low, self._high = np.array(contract.action.low, np.float32), np.array(contract.action.high, np.float32)
        self._safe = np.array(contract.fault.safe_action, np.float32)

    def evaluate(self, observations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Actions (B, actions) and status bits (B,) for observations (B, observation_size), scaled as in training."""
        fault = np.zeros(len(observations), np.uint32)
        actions, status, _ = self.infer(observations, fault)
        return actions, status

    def infer(self, observations: np.ndarray, fault: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Actions, status bits and the network's output before the limits; `fault` holds faults that are known."""
        observations = np.ascontiguousarray(observations, np.float32)
        magnitude = observations.view(np.uint32) & MAGNITUDE
        status = fault.astype(np.uint32)
        status |= np.where((magnitude >= INFINITY).any(axis=1), Status.INPUT_NOT_FINITE, 0).astype(np.uint32)
        saturated = (magnitude > self._bounds.view(np.uint32)).any(axis=1)
        status |= np.where(saturated, Status.INPUT_SATURATED, 0).astype(np.uint32)

        raw = self._forward(saturate(observations, self._bounds))

        within = np.where(raw < self._low, self._low, raw)
        within = np.where(within > self._high, self._high, within)
        limited = (raw.view(np.uint32) != within.view(np.uint32)).any(axis=1)
        status |= np.where(limited, Status.OUTPUT_LIMITED, 0).astype(np.uint32)
        is_fault = (status & np.uint32(Status.FAULT)) != 0
        return np.where(is_fault[:, None], self._safe, within), status, raw

    def _forward(self, x: np.ndarray) -> np.ndarray:
        x = saturate((x - self._mean) * self._inverse_std, self._clip)
        for layer in self._layers:
            x = ACTIVATIONS[layer.activation](dense(x, layer.weight, layer.bias))
        return x


def inverse_std(contract: Contract) -> np.ndarray:
    """Float32 factor of the normaliser: one multiplication on the target instead of a division."""
    std = np.array(contract.normalizer.std, np.float32) + np.float32(contract.normalizer.eps)
    return np.float32(1) / std


class ReferenceExecutor:
    """The policy at the execution rate, with the action history of the training rate. A batch shares one clock.

    At a native step (every 10 ms for 100 Hz) the history advances; in between its newest slot is the running mean of
    the actions since then, and the others stay (facts of the L2F flight controller).

    Args:
        policy: The policy.
        batch: How many vehicles.
    """

    def __init__(self, policy: ReferencePolicy, batch: int = 1) -> None:
        self.policy = policy
        self.batch = batch
        contract = policy.contract
        self._slots = max(1, contract.history)
        self._period = 1_000_000 // contract.rates.policy_hz
        self._execution_period = 1_000_000 // contract.rates.execution_hz
        self._shortest, self._longest = interval_limits_us(contract)
        self._timeout = round(contract.fault.input_timeout_s * 1e6)
        self._scales = np.repeat(
            np.array([term.scale for term in contract.observation], np.float32),
            [term.size for term in contract.observation],
        )
        self._initial = np.array(contract.action.initial, np.float32)
        self._safe = np.array(contract.fault.safe_action, np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget the past: history at the initial action, no faults, time may start anywhere."""
        self.history = np.tile(self._initial, (self.batch, self._slots, 1))
        self._held = np.zeros(self.batch, np.uint32)
        self._last_us: int | None = None
        self._window_us = self._rate_us = self._rate_intervals = self._window_steps = 0

    def clear_faults(self) -> None:
        """Forget latched faults, and nothing else."""
        self._held[:] = 0

    def step(self, now_us: int, measured_us: int, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One control step.

        Args:
            now_us: Monotonic time [us].
            measured_us: When the inputs were measured, on the same clock [us].
            inputs: Shape (B, inputs_size): the contract's signals without the action history, in their units.

        Returns:
            Actions (B, actions) and status bits (B,).
        """
        inputs = np.ascontiguousarray(inputs, np.float32)
        if self._last_us is not None and now_us <= self._last_us:
            return np.tile(self._safe, (self.batch, 1)), self._held | np.uint32(Status.TIME_BACKWARDS)
        tick = self._tick(now_us)
        if not 0 <= now_us - measured_us <= self._timeout:
            tick |= Status.INPUT_STALE
        self._held |= self._envelope(inputs)
        status = self._held | np.uint32(tick)
        actions, status, raw = self.policy.infer(self.assemble(inputs), status)
        applied = actions
        if self.policy.contract.action.last_action == "raw":
            is_fault = (status & np.uint32(Status.FAULT)) != 0
            applied = np.where(is_fault[:, None], actions, raw)
        self._remember(applied, bool(tick & Status.NATIVE_STEP))
        return actions, status

    def assemble(self, inputs: np.ndarray) -> np.ndarray:
        """The policy's full input (B, observation_size) from the robot's signals and the history kept here."""
        at = history_at(self.policy.contract)
        kept = (
            self.history.reshape(self.batch, -1)
            if self.policy.contract.history
            else np.zeros((self.batch, 0), np.float32)
        )
        return np.concatenate([inputs[:, :at], kept, inputs[:, at:]], axis=1) * self._scales

    def _tick(self, now_us: int) -> Status:
        if self._last_us is None:
            self._last_us = self._window_us = self._rate_us = now_us
            return Status.NATIVE_STEP
        interval = now_us - self._last_us
        self._last_us = now_us
        status = Status.OK if self._shortest <= interval <= self._longest else Status.JITTER
        self._rate_intervals += 1
        if self._rate_intervals == RATE_INTERVALS:
            span = now_us - self._rate_us
            biased = not RATE_INTERVALS * self._shortest <= span <= RATE_INTERVALS * self._longest
            bias = np.uint32(Status.RATE_BIAS)
            self._held = (self._held & ~bias) | (bias if biased else np.uint32(0))
            self._rate_us, self._rate_intervals = now_us, 0
        elapsed = now_us - self._window_us + self._execution_period // 2
        if elapsed >= 2 * self._period:
            self._window_us = now_us  # Steps were missed: start again from here.
        elif elapsed >= self._period:
            self._window_us += self._period
        else:
            return status
        return status | Status.NATIVE_STEP

    def _envelope(self, inputs: np.ndarray) -> np.ndarray:
        position_at, greatest, upright_at, least = envelope(self.policy.contract)
        status = np.zeros(self.batch, np.uint32)
        with np.errstate(invalid="ignore"):
            if position_at is not None:
                errors = inputs[:, position_at : position_at + 3]
                beyond = np.isfinite(errors) & ((errors > greatest) | (errors < -greatest))
                status |= np.where(beyond.any(axis=1), Status.POSITION_LIMIT, 0).astype(np.uint32)
            if upright_at is not None:
                upright = inputs[:, upright_at]
                status |= np.where(np.isfinite(upright) & (upright < least), Status.TILT_LIMIT, 0).astype(np.uint32)
        return status

    def _remember(self, applied: np.ndarray, native: bool) -> None:
        if native:
            self.history = np.concatenate([applied[:, None], self.history[:, :-1]], axis=1)
            self._window_steps = 1
        else:
            self._window_steps += 1
            newest = self.history[:, 0]
            self.history[:, 0] = newest + (applied - newest) / np.float32(self._window_steps)


def interval_limits_us(contract: Contract) -> tuple[int, int]:
    """Shortest and longest interval between two steps that is not jitter [us]."""
    period = 1_000_000 // contract.rates.execution_hz
    slack = round(period * contract.rates.tolerance)
    return period - slack, period + slack


def history_at(contract: Contract) -> int:
    """Where the action history stands in the policy's input; after all inputs without one."""
    return contract.slice("previous_action").start if contract.history else contract.inputs_size


def envelope(contract: Contract) -> tuple[int | None, np.float32, int | None, np.float32]:
    """Place of ``position_error`` in the inputs and its limit, place of the cosine of the tilt and its least value."""
    starts = np.cumsum([0] + [term.size for term in contract.inputs])
    place = {term.signal: int(start) for term, start in zip(contract.inputs, starts, strict=False)}
    fault = contract.fault
    position_at = None if fault.position_limit is None else place["position_error"]
    upright_at = None if fault.tilt_limit_deg is None else place["attitude"] + 8
    least = np.float32(np.cos(np.radians(fault.tilt_limit_deg or 180.0)))
    return position_at, np.float32(fault.position_limit or 0.0), upright_at, least
