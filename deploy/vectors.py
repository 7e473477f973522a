"""What every target is asked in a proof: recorded observations, edge cases, and a flight of the two-rate executor."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from telic.control.policy import PolicyWeights
from telic.deploy.contract import Contract
from telic.deploy.reference import RATE_INTERVALS, ReferenceExecutor, ReferencePolicy, envelope, history_at

RECORDED = 1024  # Recorded observations in a proof.
HEADER_WORDS = 4  # What the harness says before its answers.


class Operation(IntEnum):
    """What the harness does with a record; the same numbers as in ``harness.c``."""

    EVALUATE = 0
    STEP = 1
    RESET = 2


@dataclass(frozen=True)
class Vector:
    """One operation. `values` is a full observation for EVALUATE, the inputs for STEP, empty for RESET."""

    operation: Operation
    values: np.ndarray
    now_us: int = 0
    measured_us: int = 0


@dataclass(frozen=True)
class Answers:
    """What a target said, as bits.

    Attributes:
        actions: (N, actions) uint32, the bits of float32.
        status: (N,) uint32.
        counts: (N,) uint32, raw counts of the board's counter, or 0.
        self_test: Result of the embedded self-test; 0 is success.
        empty_count: Count of an empty region.
        stack_bytes: Depth of the stack of one step, or 0.
        state_bytes: Size of the caller's state.
    """

    actions: np.ndarray
    status: np.ndarray
    counts: np.ndarray
    self_test: int
    empty_count: int
    stack_bytes: int
    state_bytes: int


def proof_vectors(contract: Contract, observations: np.ndarray) -> list[Vector]:
    """Everything that is asked in a proof; the same for the same contract and recordings.

    Args:
        contract: Of the policy.
        observations: Recorded policy inputs, shape (K, observation_size); the first `RECORDED` are used.
    """
    rng = np.random.default_rng(2026)
    recorded = np.asarray(observations, np.float32)[:RECORDED]
    edges = [*_edge_cases(contract, recorded), *_random(contract, max(64, RECORDED - len(recorded)), rng)]
    evaluations = [Vector(Operation.EVALUATE, values) for values in (*recorded, *edges)]
    return evaluations + executor_flight(contract, recorded)


def _edge_cases(contract: Contract, recorded: np.ndarray) -> list[np.ndarray]:
    """Resets, limits, and numbers that are no numbers."""
    bounds = contract.bounds()
    size = contract.observation_size
    reset = recorded[0].copy()
    if contract.history:
        reset[contract.slice("previous_action")] = np.tile(
            np.array(contract.action.initial, np.float32), contract.history
        )
    signs = np.where(np.arange(size) % 2, np.float32(-1), np.float32(1))
    tiny = np.finfo(np.float32).smallest_subnormal
    cases = [
        reset,
        np.zeros(size),
        np.full(size, -0.0),
        bounds,
        -bounds,
        bounds * signs,
        2 * bounds,
        -2 * bounds * signs,
    ]
    cases += [
        np.full(size, tiny),
        np.full(size, -tiny),
        signs * np.float32(1e-40),
        np.full(size, 3e38),
        signs * np.float32(-3e38),
    ]
    cases += [np.full(size, value) for value in (np.nan, np.inf, -np.inf)]
    for place in {0, size // 2, size - 1, contract.inputs_size - 1}:
        for bits in (0x7FC00000, 0xFFC00001, 0x7F800001, 0x7F800000, 0xFF800000):
            case = recorded[place % len(recorded)].view(np.uint32).copy()
            case[place] = bits
            cases.append(case.view(np.float32))
    return [np.asarray(case, np.float32) for case in cases] + _one_at_a_limit(contract, recorded[0])


def _one_at_a_limit(contract: Contract, observation: np.ndarray) -> list[np.ndarray]:
    cases = []
    bounds = contract.bounds()
    for place in range(contract.observation_size - contract.history * contract.action.size):
        for sign in (-1, 1):
            case = observation.copy()
            case[place] = sign * np.nextafter(bounds[place], np.float32(np.inf))
            cases.append(case)
    return cases


def _random(contract: Contract, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Uniform within the bounds: far from any flight."""
    bounds = contract.bounds()
    return list((rng.uniform(-1, 1, (count, contract.observation_size)) * bounds).astype(np.float32))


def executor_flight(contract: Contract, recorded: np.ndarray) -> list[Vector]:
    """Steps of the executor: a regular flight, then everything that goes wrong with clocks and sensors.

    Args:
        contract: Of the policy.
        recorded: Policy inputs, shape (K, observation_size); the measured part is used.
    """
    at, kept = history_at(contract), contract.history * contract.action.size
    inputs = np.concatenate([recorded[:, :at], recorded[:, at + kept :]], axis=1)
    period = 1_000_000 // contract.rates.execution_hz
    flight = _Flight(inputs, period)
    flight.regular(300)
    for factor in (1.0, 1.5, 0.5, 2.0, 3.0, 0.7, 12.0, 1.0, 1.0, 4.6, 1.0):  # Jitter, and steps that were missed.
        flight.step(interval_us=round(factor * period))
    flight.step(interval_us=0)  # Time stands still, then goes back.
    flight.step(interval_us=-3 * period)
    timeout = round(contract.fault.input_timeout_s * 1e6)
    for age_us in (timeout, timeout + 1, -1):  # Just fresh, just stale, from the future.
        flight.step(age_us=age_us)
    for value in (np.nan, np.inf, -np.inf):
        flight.step(values=np.full(contract.inputs_size, value, np.float32))
    flight.regular(7)
    for values in _envelope_cases(contract, inputs[0]):
        flight.step(values=values)
        flight.regular(3)  # The fault stays.
        flight.reset()
        flight.regular(6)
    for factor in (1.6, 1.0):  # A wrong rate, then the right one, each seen by the mean of many intervals.
        for _ in range(RATE_INTERVALS + 1):
            flight.step(interval_us=round(factor * period))
    return flight.vectors


def _envelope_cases(contract: Contract, inputs: np.ndarray) -> list[np.ndarray]:
    position_at, greatest, upright_at, least = envelope(contract)
    cases = []
    if position_at is not None:
        cases += [inputs.copy(), inputs.copy()]
        cases[-2][position_at] = greatest
        cases[-1][position_at] = -np.nextafter(greatest, np.float32(np.inf))
    if upright_at is not None:
        cases += [inputs.copy(), inputs.copy()]
        cases[-2][upright_at] = least
        cases[-1][upright_at] = np.nextafter(least, np.float32(-np.inf))
    return cases


class _Flight:
    """Collects steps on a clock that starts beyond 32 bits."""

    def __init__(self, inputs: np.ndarray, period_us: int) -> None:
        self.vectors: list[Vector] = []
        self._inputs = inputs
        self._period_us = period_us
        self._now_us = 2**33 + 12345

    def step(self, interval_us: int | None = None, age_us: int = 0, values: np.ndarray | None = None) -> None:
        self._now_us += self._period_us if interval_us is None else interval_us
        recorded = self._inputs[len(self.vectors) % len(self._inputs)]
        inputs = recorded if values is None else values
        self.vectors.append(Vector(Operation.STEP, inputs, self._now_us, self._now_us - age_us))

    def regular(self, steps: int) -> None:
        for _ in range(steps):
            self.step()

    def reset(self) -> None:
        self.vectors.append(Vector(Operation.RESET, np.zeros(0, np.float32)))


def encode(vectors: list[Vector], contract: Contract) -> bytes:
    """The file that the harness reads."""
    records = np.zeros((len(vectors), 5 + contract.observation_size), "<u4")
    for record, vector in zip(records, vectors, strict=True):
        times = (vector.now_us, vector.measured_us)
        record[:5] = (vector.operation, *(word for time in times for word in (time & 0xFFFFFFFF, time >> 32)))
        record[5 : 5 + len(vector.values)] = vector.values.view(np.uint32)
    return records.tobytes()


def decode(results: bytes, vectors: list[Vector], contract: Contract) -> Answers:
    """Read what the harness wrote.

    Raises:
        ValueError: If it wrote more or less than one answer for each vector.
    """
    expected = 4 * (HEADER_WORDS + len(vectors) * (2 + contract.action.size))
    if len(results) != expected:
        raise ValueError(f"the harness wrote {len(results)} bytes; expected {expected}")
    words = np.frombuffer(results, "<u4")
    self_test, empty_count, stack_bytes, state_bytes = (int(word) for word in words[:HEADER_WORDS])
    answers = words[HEADER_WORDS:].reshape(len(vectors), 2 + contract.action.size)
    return Answers(answers[:, 2:], answers[:, 0], answers[:, 1], self_test, empty_count, stack_bytes, state_bytes)


def reference_answers(weights: PolicyWeights, contract: Contract, vectors: list[Vector]) -> Answers:
    """What every target must say."""
    policy = ReferencePolicy(weights, contract)
    executor = ReferenceExecutor(policy)
    actions = np.zeros((len(vectors), contract.action.size), np.float32)
    status = np.zeros(len(vectors), np.uint32)
    evaluated = [i for i, vector in enumerate(vectors) if vector.operation == Operation.EVALUATE]
    if evaluated:
        actions[evaluated], status[evaluated] = policy.evaluate(np.stack([vectors[i].values for i in evaluated]))
    for i, vector in enumerate(vectors):
        if vector.operation == Operation.STEP:
            actions[i], status[i] = (
                x[0] for x in executor.step(vector.now_us, vector.measured_us, vector.values[None])
            )
        elif vector.operation == Operation.RESET:
            executor.reset()
    nothing = np.zeros(len(vectors), np.uint32)
    return Answers(actions.view(np.uint32), status, nothing, 0, 0, 0, 0)
