"""Prove that the safety filter's C program gives the bits of `telic.deploy.safety`, here and on microcontrollers."""

import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from telic.deploy.contract import Contract
from telic.deploy.emulate import M4F, M7, Board, build_firmware, build_host, copy_support, run_firmware, run_host
from telic.deploy.generate_safety import generate_safety
from telic.deploy.proofs import Proof
from telic.deploy.safety import SafetyFilter, SafetyLimits
from telic.deploy.toolchain import ToolFailedError, ToolMissingError

OPERATIONS = 2000
_SOURCES = ("policy_safety.c", "safety_harness.c")
_TARGETS: dict[str, Board | None] = {"host": None, "m4f": M4F, "m7": M7}


@dataclass(frozen=True)
class SafetyVectors:
    """Operations of the filter, one per row.

    Attributes:
        resets: Whether the row resets the filter to `commands`, shape (N,), bool.
        ages_us: Age of the inputs, shape (N,).
        commands: Shape (N, actions), float32, any bits.
        inputs: Shape (N, inputs), float32, any bits.
    """

    resets: np.ndarray
    ages_us: np.ndarray
    commands: np.ndarray
    inputs: np.ndarray


def safety_vectors(contract: Contract, count: int = OPERATIONS) -> SafetyVectors:
    """Commands and inputs on both sides of every limit, and now and then any bits; the same for the same contract."""
    rng = np.random.default_rng(0)
    limits = SafetyLimits.of(contract)
    actions, inputs = len(limits.low), len(limits.least)
    span = limits.high - limits.low
    commands = rng.uniform(limits.low - 0.2 * span, limits.high + 0.2 * span, (count, actions)).astype(np.float32)
    # Most rows are inside the envelope, so that a latched fault is not all there is to see.
    reach = np.where(rng.random((count, 1)) < 0.05, 1.2, 0.9)
    low, high = np.maximum(limits.least, -10.0), np.minimum(limits.greatest, 10.0)
    middle = (low + high) / 2
    seen = (middle + reach * (high - low) / 2 * rng.uniform(-1, 1, (count, inputs))).astype(np.float32)
    for array in (commands, seen):
        wild = rng.random(count) < 0.05
        array[wild] = rng.integers(0, 2**32, (int(wild.sum()), array.shape[1]), np.uint32).view(np.float32)
    resets = rng.random(count) < 0.1
    resets[0] = True
    ages = rng.integers(0, limits.timeout_us + limits.timeout_us // 10, count)
    ages[::20] = limits.timeout_us + rng.integers(0, 2, len(ages[::20]))  # The oldest allowed, and one more.
    return SafetyVectors(resets, ages, commands, seen)


def reference_words(contract: Contract, vectors: SafetyVectors) -> np.ndarray:
    """Status and the bits of what is sent, as the C program answers. Shape (N, 1 + actions), uint32."""
    safety = SafetyFilter(contract)
    rows = []
    for i, reset in enumerate(vectors.resets):
        if reset:
            safety.reset(vectors.commands[i, None])
            status, sent = np.zeros(1, np.uint32), safety.sent
        else:
            sent, status = safety.step(vectors.commands[i, None], vectors.inputs[i, None], int(vectors.ages_us[i]))
        rows.append(np.concatenate([status, sent[0].view(np.uint32)]))
    return np.stack(rows)


def target_words(program: dict[str, str], board: Board | None, folder: Path, vectors: SafetyVectors) -> np.ndarray:
    """Ask the C program on a board, or on this machine where it is None.

    Args:
        program: The texts of the C files, with ``policy.h``.
        board: Target.
        folder: Empty folder for the build.
        vectors: What to ask.

    Raises:
        ToolMissingError: If the compiler or the emulator is missing.
        ToolFailedError: If it does not compile or run, or answers with too many or too few bytes.
    """
    for name, text in program.items():
        (folder / name).write_text(text, encoding="utf-8")
    copy_support(("harness.h", "safety_harness.c"), folder)
    records = b"".join(
        struct.pack("<IQ", 0 if reset else 1, age) + command.tobytes() + inputs.tobytes()
        for reset, age, command, inputs in zip(
            vectors.resets, vectors.ages_us.tolist(), vectors.commands, vectors.inputs, strict=True
        )
    )
    if board is None:
        answers = run_host(build_host(folder, _SOURCES), records)
    else:
        answers = run_firmware(board, build_firmware(board, folder, _SOURCES), records)
    words = np.frombuffer(answers, np.uint32)
    if words.size != len(vectors.resets) * (1 + vectors.commands.shape[1]):
        raise ToolFailedError(f"the safety harness answered with {len(answers)} bytes")
    return words.reshape(len(vectors.resets), -1)


def safety_proof(contract: Contract, policy_header: str) -> Proof:
    """Compare the filter on this machine, a Cortex-M4F and a Cortex-M7 with the reference.

    Args:
        contract: Its limits.
        policy_header: Text of the policy's ``policy.h``, whose sizes the filter uses.
    """
    claim = "The safety filter gives the same bits in Python, on this machine, on a Cortex-M4F and on a Cortex-M7"
    vectors = safety_vectors(contract)
    expected = reference_words(contract, vectors)
    program = {"policy.h": policy_header, **generate_safety(contract)}
    with tempfile.TemporaryDirectory(prefix="telic-safety-") as temporary:
        for name, board in _TARGETS.items():
            folder = Path(temporary) / name
            folder.mkdir()
            try:
                words = target_words(program, board, folder, vectors)
            except ToolMissingError as error:
                return Proof("safety", claim, "not possible", str(error), error.remedy)
            except (ToolFailedError, OSError) as error:
                return Proof("safety", claim, "failed", f"{name}: {error}")
            wrong = (words != expected).any(axis=1)
            if wrong.any():
                detail = f"{name}: {wrong.sum()} of {len(wrong)} operations differ, first number {np.argmax(wrong)}"
                return Proof("safety", claim, "failed", detail)
    return Proof("safety", claim, "passed", f"{OPERATIONS} operations on {', '.join(_TARGETS)}")
