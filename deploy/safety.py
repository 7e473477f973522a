"""The safety filter: the last step before the actuators, the same bits in Python and in C.

Whatever comes in, what goes out is finite, inside the contract's range, and no further from the command that was last
sent than the rate limit allows. ``deploy/c/policy_safety.c`` is its twin on the robot.
"""

from dataclasses import dataclass
from enum import IntFlag

import numpy as np

from telic.deploy.contract import Contract


class SafetyStatus(IntFlag):
    """Status bits, the same in C. The first seven are faults: the command is not obeyed."""

    OK = 0
    COMMAND_NOT_FINITE = 1
    INPUT_NOT_FINITE = 2
    INPUT_STALE = 4
    POSITION_LIMIT = 8
    TILT_LIMIT = 16
    VELOCITY_LIMIT = 32
    ANGULAR_VELOCITY_LIMIT = 64
    FAULT = 127
    CLIPPED = 128
    RATE_LIMITED = 256


@dataclass(frozen=True)
class SafetyLimits:
    """What the filter enforces, as float32 numbers; both twins are made from it.

    Attributes:
        low: Smallest action, shape (actions,).
        high: Largest action, shape (actions,).
        safe: Sent on a fault, shape (actions,).
        step: Largest change of an action in one step; the largest float for no limit.
        least: Smallest allowed input, shape (inputs,).
        greatest: Largest allowed input, shape (inputs,).
        fault: The `SafetyStatus` bit that an input outside raises, shape (inputs,), uint32.
        timeout_us: Oldest allowed inputs.
    """

    low: np.ndarray
    high: np.ndarray
    safe: np.ndarray
    step: np.float32
    least: np.ndarray
    greatest: np.ndarray
    fault: np.ndarray
    timeout_us: int

    @classmethod
    def of(cls, contract: Contract) -> "SafetyLimits":
        """Read the limits from a contract."""
        largest = np.finfo(np.float32).max
        greatest = np.full(contract.inputs_size, largest)
        least = -greatest
        fault = np.zeros(contract.inputs_size, np.uint32)
        start = {term.signal: sum(t.size for t in contract.inputs[:i]) for i, term in enumerate(contract.inputs)}
        limits = contract.fault
        for signal, limit, bit in (
            ("position_error", limits.position_limit, SafetyStatus.POSITION_LIMIT),
            ("velocity_error", limits.velocity_limit, SafetyStatus.VELOCITY_LIMIT),
            ("angular_velocity", limits.angular_velocity_limit, SafetyStatus.ANGULAR_VELOCITY_LIMIT),
        ):
            if limit is not None:
                place = slice(start[signal], start[signal] + 3)
                least[place], greatest[place], fault[place] = -np.float32(limit), np.float32(limit), bit
        if limits.tilt_limit_deg is not None:
            upright = start["attitude"] + 8  # The cosine of the tilt: body z on world z.
            least[upright], fault[upright] = np.cos(np.radians(limits.tilt_limit_deg)), SafetyStatus.TILT_LIMIT
        rate = contract.action.rate_limit
        return cls(
            low=np.array(contract.action.low, np.float32),
            high=np.array(contract.action.high, np.float32),
            safe=np.array(limits.safe_action, np.float32),
            step=np.float32(largest if rate is None else rate / contract.rates.execution_hz),
            least=least,
            greatest=greatest,
            fault=fault,
            timeout_us=round(limits.input_timeout_s * 1e6),
        )


class SafetyFilter:
    """Makes any command safe to send, at the contract's execution rate.

    Args:
        contract: Its limits, rates and fault behaviour.
        batch: How many vehicles.
    """

    def __init__(self, contract: Contract, batch: int = 1) -> None:
        self.limits = SafetyLimits.of(contract)
        self.batch = batch
        self._initial = np.array(contract.action.initial, np.float32)
        self.reset()

    def reset(self, sent: np.ndarray | None = None) -> None:
        """Forget all faults.

        Args:
            sent: What the actuators do now, shape (B, actions), any bits; None for the contract's initial action.
        """
        now = np.broadcast_to(self._initial if sent is None else sent, (self.batch, len(self._initial)))
        now = np.where(np.isfinite(now), now, self.limits.safe).astype(np.float32)
        self.sent = _clip(now, self.limits.low, self.limits.high)
        self._held = np.zeros(self.batch, np.uint32)

    def step(self, command: np.ndarray, inputs: np.ndarray, age_us: int) -> tuple[np.ndarray, np.ndarray]:
        """One step at the execution rate.

        Args:
            command: What the policy wants, shape (B, actions), any bits.
            inputs: The contract's signals in its order, without the history, shape (B, inputs_size), any bits.
            age_us: Time since the inputs were measured [us].

        Returns:
            What to send, shape (B, actions), float32, and `SafetyStatus` bits, shape (B,).
        """
        limits = self.limits
        command, inputs = np.asarray(command, np.float32), np.asarray(inputs, np.float32)
        status = self._envelope(inputs)
        if not 0 <= age_us <= limits.timeout_us:
            status |= np.uint32(SafetyStatus.INPUT_STALE)
        status |= _bit(~np.isfinite(command), SafetyStatus.COMMAND_NOT_FINITE)

        is_fault = (status & np.uint32(SafetyStatus.FAULT)) != 0
        wanted = np.where(is_fault[:, None], limits.safe, command)
        clipped = _clip(wanted, limits.low, limits.high)
        stepped = _clip(clipped, self.sent - limits.step, self.sent + limits.step)
        self.sent = _clip(stepped, limits.low, limits.high)
        status |= _bit(clipped != wanted, SafetyStatus.CLIPPED)
        status |= _bit(stepped != clipped, SafetyStatus.RATE_LIMITED)
        return self.sent.copy(), status

    def _envelope(self, inputs: np.ndarray) -> np.ndarray:
        finite = np.isfinite(inputs)
        outside = finite & ((inputs < self.limits.least) | (inputs > self.limits.greatest))
        self._held |= np.bitwise_or.reduce(np.where(outside, self.limits.fault, np.uint32(0)), axis=1)
        return self._held | _bit(~finite, SafetyStatus.INPUT_NOT_FINITE)


def _clip(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Limit by the same two comparisons as in C; zeros keep their sign."""
    above = np.where(values < low, low, values)
    return np.where(above > high, high, above)


def _bit(rows: np.ndarray, bit: SafetyStatus) -> np.ndarray:
    return np.where(rows.any(axis=1), np.uint32(bit), np.uint32(0))
