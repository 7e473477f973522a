"""Checks of a reward on data before any training: what a static check cannot see."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import permutations, product
from typing import Literal

import numpy as np

from telic.replay.signal import Signal
from telic.rewards.batch import batched
from telic.rewards.error import RewardError
from telic.rewards.invariance import invariances
from telic.rewards.mirror import Mirror
from telic.rewards.program import RewardProgram
from telic.rewards.sensitivity import sensitivity, without_effect
from telic.rewards.signals import TERMINATED, readable_signals

# A term that holds more than this share of the terms' summed spread leaves the others without a voice.
DOMINATING_SHARE = 0.95
# Back ends round differently, but not by more than this.
TOLERANCE = 1e-5
# Extreme states go this far beyond the largest stored value.
REACH = 10.0


@dataclass(frozen=True)
class Finding:
    """Something that a check found.

    Attributes:
        severity: ``error``: do not train with this reward. ``warning``: look at it.
        check: Name of the check.
        message: What was found, with values.
    """

    severity: Literal["error", "warning"]
    check: str
    message: str


@dataclass(frozen=True)
class TermStatistics:
    """How a term behaves on stored data.

    Attributes:
        name: The term.
        mean: Mean over the data.
        std: Standard deviation over the data.
        minimum: Smallest value.
        maximum: Largest value.
        share: Its part of the sum of all terms' standard deviations.
    """

    name: str
    mean: float
    std: float
    minimum: float
    maximum: float
    share: float


@dataclass(frozen=True)
class CheckReport:
    """The outcome of `check_reward`.

    Attributes:
        rows: How many stored rows were looked at.
        findings: Everything found, errors first.
        terms: Statistics of each term; empty if the terms could not be computed.
        success_share: Share of the stored rows that are a success; None without `success`.
        sensitivity: How far each signal moves each term, see `rewards.sensitivity`; by term, then signal.
        invariance: How far turning or mirroring the world, or setting the clock, changes the reward, see
            `rewards.invariance`.
    """

    rows: int
    findings: tuple[Finding, ...]
    terms: tuple[TermStatistics, ...]
    success_share: float | None
    sensitivity: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    invariance: Mapping[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether no error was found."""
        return all(finding.severity != "error" for finding in self.findings)


def check_reward(
    program: RewardProgram, batch: Mapping[str, np.ndarray], seed: int = 0, mirror: Mirror | None = None
) -> CheckReport:
    """Check a reward on stored transitions.

    Args:
        program: The reward.
        batch: Stored arrays by name, each of shape (batch..., signal...).
        seed: Decides which combinations of extreme values are tried.
        mirror: What the robot's left and right are.

    Raises:
        ValueError: If the batch is empty, or an array is missing or has the wrong shape.
    """
    stored = _rows(program, batch)
    rows = len(next(iter(stored.values())))
    if rows == 0:
        raise ValueError("a reward cannot be checked on an empty batch")
    findings = [Finding("warning", "unused", f"signal {name!r} is named but not read") for name in program.unused]
    findings += _check_inputs(stored)
    values: dict[str, np.ndarray] = {}
    moves: dict[str, dict[str, float]] = {}
    if not any(finding.severity == "error" for finding in findings):
        values = _finite_terms(program, stored, "finite", "stored data", findings)
    if values:
        extreme = _extreme_states(program, stored, np.random.default_rng(seed))
        _finite_terms(program, extreme, "extremes", "extreme states", findings)
        findings += _check_agreement(program, stored, values)
        findings += _check_gradients(program, stored, extreme)
        findings += _check_terms(_statistics(values))
        moves = sensitivity(program, stored, np.random.default_rng(seed))
        findings += [
            Finding("warning", "no effect", f"signal {name!r} is read, but moves no term on stored data")
            for name in without_effect(moves, stored)
        ]
    findings.sort(key=lambda finding: finding.severity)
    success = program.success(stored) if values else None
    return CheckReport(
        rows,
        tuple(findings),
        _statistics(values),
        None if success is None else float(success.mean()),
        moves,
        invariances(program, stored, mirror) if values else {},
    )


def _rows(program: RewardProgram, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays that the program reads, with one batch axis; what it remembers, as at the start of an episode."""
    facts, lead = batched([signal for signal in _read_signals(program) if signal not in program.remembered], batch)
    start = {
        kept.signal.name: np.broadcast_to(np.reshape(kept.initial, kept.signal.shape), (*lead, *kept.signal.shape))
        for kept in program.memory
    }
    signals = _read_signals(program)
    arrays, _ = batched(signals, {**start, **facts})
    return {signal.name: arrays[signal.name].reshape(-1, *signal.shape) for signal in signals}


def _read_signals(program: RewardProgram) -> list[Signal]:
    readable = readable_signals(program.signals)
    read = [readable[name] for name in dict.fromkeys((*program.inputs, *program.success_inputs))]
    return [*read, *program.remembered]


def _check_inputs(stored: Mapping[str, np.ndarray]) -> list[Finding]:
    findings = []
    for name, array in stored.items():
        wrong = np.argwhere(~np.isfinite(array.reshape(len(array), -1)).all(axis=1))
        if len(wrong):
            row = int(wrong[0, 0])
            findings.append(Finding("error", "inputs", f"stored {name!r} is {array[row].tolist()} at row {row}"))
    return findings


def _finite_terms(
    program: RewardProgram, inputs: Mapping[str, np.ndarray], check: str, where: str, findings: list[Finding]
) -> dict[str, np.ndarray]:
    try:
        return program.terms(inputs)
    except RewardError as error:
        findings.append(Finding("error", check, f"on {where}, line {error.line}: {error.message}"))
        return {}


def _extreme_states(
    program: RewardProgram, stored: Mapping[str, np.ndarray], rng: np.random.Generator, rows: int = 512
) -> dict[str, np.ndarray]:
    """States at the corners of what could happen: all zero, then random combinations of extreme values."""
    return {
        signal.name: np.concatenate([_neutral(signal)[None], _corners(signal, stored[signal.name], rng, rows - 1)])
        for signal in _read_signals(program)
    }


def _is_rotation(signal: Signal) -> bool:
    return signal.shape == (3, 3) and signal.unit == "1"


def _neutral(signal: Signal) -> np.ndarray:
    return (np.eye(3) if _is_rotation(signal) else np.zeros(signal.shape)).astype(np.float32)


def _corners(signal: Signal, stored: np.ndarray, rng: np.random.Generator, rows: int) -> np.ndarray:
    if _is_rotation(signal):
        turns = _quarter_turns()
        return turns[rng.integers(len(turns), size=rows)]
    if signal.name == TERMINATED.name:
        return rng.integers(2, size=rows).astype(np.float32)
    # A pure number, such as an action, is bounded by what it means; a quantity can always be larger.
    largest = 1.0 if signal.unit == "1" else REACH * max(1.0, float(np.abs(stored).max(initial=0.0)))
    return (largest * rng.integers(-1, 2, size=(rows, *signal.shape))).astype(np.float32)


def _quarter_turns() -> np.ndarray:
    """The 24 rotations (24, 3, 3) that map the axes onto the axes."""
    matrices = [
        np.diag(signs) @ np.eye(3)[list(order)]
        for order in permutations(range(3))
        for signs in product((1, -1), repeat=3)
    ]
    return np.stack([matrix for matrix in matrices if np.linalg.det(matrix) > 0]).astype(np.float32)


def _check_agreement(
    program: RewardProgram, stored: Mapping[str, np.ndarray], values: Mapping[str, np.ndarray]
) -> list[Finding]:
    """The same rows give the same values: twice, one by one, and on the fused kernel."""

    def fused(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        packed = program.pack(inputs)
        # What the program remembers stands behind the terms.
        columns = len(program.term_names) + sum(signal.size for signal in program.remembered)
        out = np.empty((len(packed[0]), columns), dtype=np.float32)
        program.kernel(packed, out)
        return dict(zip(program.term_names, out.T, strict=False))

    def one_by_one(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        singles = [program.terms({name: array[row] for name, array in inputs.items()}) for row in range(len(first))]
        return {name: np.array([single[name] for single in singles]) for name in program.term_names}

    first = next(iter(stored.values()))[:64]
    few = {name: array[:64] for name, array in stored.items()}
    expected_few = {name: array[:64] for name, array in values.items()}
    return [
        *_compare("deterministic", values, program.terms(stored), 0.0),
        *_compare("batch equals loop", expected_few, one_by_one(few), TOLERANCE),
        *_compare("back ends agree", values, fused(stored), TOLERANCE),
    ]


def _compare(
    check: str, expected: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray], tolerance: float
) -> list[Finding]:
    findings = []
    for name, values in expected.items():
        error = np.abs(values - found[name]) / np.maximum(1.0, np.abs(values))
        row = int(error.argmax())
        if error[row] > tolerance:
            findings.append(
                Finding("error", check, f"term {name!r} is {values[row]} and {found[name][row]} at row {row}")
            )
    return findings


def _check_gradients(
    program: RewardProgram, stored: Mapping[str, np.ndarray], extreme: Mapping[str, np.ndarray]
) -> list[Finding]:
    findings = []
    for where, inputs in (("stored data", stored), ("extreme states", extreme)):
        packed = program.pack(inputs)
        gradients = tuple(np.empty_like(array) for array in packed)
        program.gradient_kernel(packed, np.ones((len(packed[0]), len(program.term_names)), np.float32), gradients)
        names = (*program.inputs, *(signal.name for signal in program.remembered))
        for name, gradient in zip(names, gradients, strict=True):
            wrong = np.argwhere(~np.isfinite(gradient).all(axis=1))
            if len(wrong):
                row = int(wrong[0, 0])
                message = f"on {where}, the derivative by {name!r} is {gradient[row].tolist()} at row {row}"
                findings.append(Finding("warning", "gradient", message))
    return findings


def _statistics(values: Mapping[str, np.ndarray]) -> tuple[TermStatistics, ...]:
    exact = {name: array.astype(np.float64) for name, array in values.items()}
    spread = sum(float(array.std()) for array in exact.values()) or 1.0
    return tuple(
        TermStatistics(
            name=name,
            mean=float(array.mean()),
            std=float(array.std()),
            minimum=float(array.min()),
            maximum=float(array.max()),
            share=float(array.std()) / spread,
        )
        for name, array in exact.items()
    )


def _check_terms(terms: tuple[TermStatistics, ...]) -> list[Finding]:
    findings = []
    dead = [term for term in terms if term.std <= 1e-6 * max(1.0, abs(term.mean))]
    for term in terms:
        if term in dead:
            findings.append(
                Finding("warning", "dead term", f"term {term.name!r} is always {term.mean:.4g} on stored data")
            )
        elif len(terms) - len(dead) > 1 and term.share > DOMINATING_SHARE:
            message = f"term {term.name!r} holds {term.share:.0%} of the reward's spread on stored data"
            findings.append(Finding("warning", "dominating term", message))
    return findings
