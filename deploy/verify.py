"""Prove that an exported policy is the same everywhere: NumPy, host, Cortex-M4F, Cortex-M7, ONNX Runtime."""

import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from telic.deploy.checked import ContractError
from telic.deploy.contract import Contract
from telic.deploy.crazyflie_proof import crazyflie_proof
from telic.deploy.cycles import ASSUMPTION, estimate_cycles
from telic.deploy.emulate import (
    M4F,
    M7,
    Board,
    Sizes,
    build_firmware,
    build_host,
    copy_support,
    run_firmware,
    run_host,
    sizes,
)
from telic.deploy.export import ONNX
from telic.deploy.exported import Exported, load_export
from telic.deploy.generate_c import CSource, generate_c
from telic.deploy.generate_safety import generate_safety
from telic.deploy.onnx import OnnxPolicy, OnnxPolicyError
from telic.deploy.proofs import Measured, Proof, Proofs
from telic.deploy.reference import ReferencePolicy
from telic.deploy.safety_proof import safety_proof
from telic.deploy.toolchain import ToolFailedError, ToolMissingError
from telic.deploy.vectors import Answers, Operation, Vector, decode, encode, proof_vectors, reference_answers

logger = logging.getLogger(__name__)

ONNX_TOLERANCE = 1e-5
CRAZYFLIE_HZ = 168e6
CRAZYFLIE_FLASH, CRAZYFLIE_RAM = 1024 * 1024, 128 * 1024

_SOURCES = ("policy.c", "harness.c")
_TARGETS: dict[str, tuple[str, Board | None]] = {
    "host": ("C on this machine", None),
    "m4f": (f"C on a {M4F.name} ({M4F.machine} in QEMU)", M4F),
    "m7": (f"C on a {M7.name} ({M7.machine} in QEMU)", M7),
}


@dataclass(frozen=True)
class _Asked:
    """The questions of a proof and the right answers."""

    exported: Exported
    program: CSource
    vectors: list[Vector]
    expected: Answers


def verify(directory: Path, progress: Callable[[str], None] | None = None) -> Proofs:
    """Run every proof that this machine can do.

    Args:
        directory: What `export` wrote.
        progress: Takes the latest news.

    Raises:
        ContractError: If the folder is damaged or its files do not belong together.
    """
    say = progress or (lambda _: None)
    exported = load_export(directory)
    say("reference")
    vectors = proof_vectors(exported.contract, exported.observations)
    expected = reference_answers(exported.weights, exported.contract, vectors)
    asked = _Asked(exported, generate_c(exported.weights, exported.contract), vectors, expected)
    proofs = [_golden_proof(exported), _source_proof(asked)]
    answers: dict[str, Answers] = {}
    measured_sizes: Sizes | None = None
    with tempfile.TemporaryDirectory(prefix="telic-verify-") as temporary:
        for name, (title, board) in _TARGETS.items():
            say(title)
            folder = Path(temporary) / name
            folder.mkdir()
            proof, said = _target_proof(name, asked, folder, proofs[1])
            proofs.append(proof)
            if said is not None:
                answers[name] = said
            if said is not None and board is M4F:
                measured_sizes = _sizes(folder)
    if proofs[1].status == "passed":
        say("safety filter")
        proofs.append(safety_proof(exported.contract, asked.program.header))
    say("ONNX Runtime")
    onnx_proof, onnx_error = _onnx_proof(asked)
    if (exported.folder / "crazyflie").is_dir():
        say("Crazyflie controller")
        proofs.append(crazyflie_proof(exported.folder / "crazyflie", exported.contract, asked.program))
    measured = _measure(asked, answers.get("m4f"), measured_sizes, onnx_error)
    constant = _constant_proof(asked, answers)
    return Proofs((*proofs, onnx_proof, constant, _budget_proof(asked, measured)), measured)


def _golden_proof(exported: Exported) -> Proof:
    contract = exported.contract
    observations = np.array(contract.golden.observations, np.float32)
    actions, _ = ReferencePolicy(exported.weights, contract).evaluate(observations)
    same = np.array_equal(actions.view(np.uint32), np.array(contract.golden.actions, np.float32).view(np.uint32))
    detail = f"{len(observations)} golden vectors"
    return Proof("golden", "The reference gives the contract's golden actions, bit for bit", _status(same), detail)


def _source_proof(asked: _Asked) -> Proof:
    claim = "The C files are what these weights and this contract generate"
    files = {"policy.h": asked.program.header, "policy.c": asked.program.source}
    files |= generate_safety(asked.exported.contract)
    for name, text in files.items():
        path = asked.exported.folder / name
        if not path.is_file():
            return Proof("source", claim, "not possible", f"{name} is not there", "telic export RUN --target c")
        if path.read_bytes() != text.encode():
            detail = f"{name} was changed, or written by another version of Telic; export again"
            return Proof("source", claim, "failed", detail)
    return Proof("source", claim, "passed", "same bytes")


def _target_proof(name: str, asked: _Asked, folder: Path, source: Proof) -> tuple[Proof, Answers | None]:
    title, board = _TARGETS[name]
    claim = f"{title} gives the reference's actions and status, bit for bit, and passes its self-test"
    if source.status != "passed":
        detail = "policy.c is not there" if source.status == "not possible" else "unknown code is not run"
        return Proof(name, claim, "not possible", detail, source.remedy or "telic export RUN --target c"), None
    try:
        answers = ask(asked.program, board, folder, asked.vectors, asked.exported.contract)
    except ToolMissingError as error:
        return Proof(name, claim, "not possible", str(error), error.remedy), None
    except (ToolFailedError, OSError, ValueError) as error:
        return Proof(name, claim, "failed", str(error)), None
    problem = _compare(asked, answers)
    return Proof(name, claim, _status(not problem), problem or f"{len(asked.vectors)} operations"), answers


def ask(program: CSource, board: Board | None, folder: Path, vectors: list[Vector], contract: Contract) -> Answers:
    """Build a program for a board, or for the host where it is None, and let it answer.

    Raises:
        ToolMissingError: If the compiler or the emulator is missing.
        ToolFailedError: If it does not compile or run.
        ValueError: If it answers with too many or too few bytes.
    """
    (folder / "policy.h").write_text(program.header, encoding="utf-8")
    (folder / "policy.c").write_text(program.source, encoding="utf-8")
    copy_support(("harness.c", "harness.h"), folder)
    questions = encode(vectors, contract)
    if board is None:
        results = run_host(build_host(folder, _SOURCES), questions)
    else:
        results = run_firmware(board, build_firmware(board, folder, _SOURCES), questions)
    return decode(results, vectors, contract)


def _sizes(folder: Path) -> Sizes | None:
    try:
        return sizes(folder, ["policy.o"])
    except (ToolMissingError, ToolFailedError) as error:
        logger.warning("the size of the program is not known: %s", error)
        return None


def _compare(asked: _Asked, answers: Answers) -> str:
    """The first difference from the reference, in words; empty if there is none."""
    if answers.self_test != 0:
        return f"the embedded self-test failed with {answers.self_test}"
    asks = np.array([vector.operation != Operation.RESET for vector in asked.vectors])
    wrong = (answers.actions != asked.expected.actions).any(axis=1) & asks
    wrong |= answers.status != asked.expected.status
    if not wrong.any():
        return ""
    first = int(np.argmax(wrong))
    said, right = (x.actions[first].view(np.float32).tolist() for x in (answers, asked.expected))
    return (
        f"{wrong.sum()} of {len(wrong)} operations differ; number {first} ({asked.vectors[first].operation.name}): "
        f"action {said}, expected {right}; status {answers.status[first]}, expected {asked.expected.status[first]}"
    )


def _onnx_proof(asked: _Asked) -> tuple[Proof, float | None]:
    claim = f"ONNX Runtime gives the reference's actions within {ONNX_TOLERANCE:g}"
    path = asked.exported.folder / ONNX
    if not path.is_file():
        return Proof("onnx", claim, "not possible", f"{ONNX} is not there", "telic export RUN --target onnx"), None
    rows = [i for i, vector in enumerate(asked.vectors) if vector.operation == Operation.EVALUATE]
    observations = np.stack([asked.vectors[i].values for i in rows])
    try:
        actions = OnnxPolicy(path, asked.exported.contract).act(observations)
    except (OnnxPolicyError, ContractError, OSError) as error:
        return Proof("onnx", claim, "failed", str(error)), None
    expected = asked.expected.actions[rows].view(np.float32)
    error = float(np.abs(actions - expected).max())
    return Proof("onnx", claim, _status(error <= ONNX_TOLERANCE), f"largest difference {error:.2g}"), error


def _constant_proof(asked: _Asked, answers: dict[str, Answers]) -> Proof:
    claim = "Every evaluation takes the same number of instructions, NaN and limits included"
    evaluated = _evaluated(asked)
    spans = {name: np.ptp(said.counts[evaluated]) for name, said in answers.items() if name != "host"}
    if not spans:
        return Proof("constant_instructions", claim, "not possible", "no emulated target ran", _emulator_remedy())
    detail = f"{evaluated.sum()} inputs on {', '.join(spans)}"
    # One instruction is several counts; less than one is where in an instruction the counter was read.
    boards = {"m4f": M4F, "m7": M7}
    same = all(span < boards[name].counts_per_instruction for name, span in spans.items())
    return Proof("constant_instructions", claim, _status(same), detail)


def _measure(asked: _Asked, said: Answers | None, size: Sizes | None, onnx_error: float | None) -> Measured:
    count = len(asked.vectors)
    if said is None:
        return Measured(onnx_max_error=onnx_error, vectors=count)
    instructions = np.rint((said.counts.astype(float) - said.empty_count) / M4F.counts_per_instruction).astype(int)
    evaluated = _evaluated(asked)
    per_step = int(instructions[evaluated].max())
    executor = instructions[[vector.operation == Operation.STEP for vector in asked.vectors]]
    most = int(executor.max())
    return Measured(
        instructions_per_step=per_step,
        instructions_per_executor_step=most,
        instructions_per_mac=round(per_step / asked.exported.weights.num_macs, 4),
        constant_instructions=bool(np.ptp(instructions[evaluated]) == 0),
        estimated_cycles=estimate_cycles(asked.exported.weights, most),
        cycle_assumption=ASSUMPTION,
        flash_bytes=None if size is None else size.flash,
        ram_bytes=None if size is None else size.ram + said.state_bytes,
        stack_bytes=said.stack_bytes,
        period_share=round(most * asked.exported.contract.rates.execution_hz / CRAZYFLIE_HZ, 4),
        onnx_max_error=onnx_error,
        vectors=count,
    )


def _budget_proof(asked: _Asked, measured: Measured) -> Proof:
    period_ms = 1000 / asked.exported.contract.rates.execution_hz
    claim = f"A step's instructions fit in {period_ms:g} ms at 168 MHz, and the memory in an STM32F405"
    if measured.period_share is None or measured.flash_bytes is None or measured.ram_bytes is None:
        return Proof("budget", claim, "not possible", f"{M4F.name} did not run", _emulator_remedy())
    memory = measured.ram_bytes + (measured.stack_bytes or 0)
    fits = measured.period_share < 1 and measured.flash_bytes <= CRAZYFLIE_FLASH and memory <= CRAZYFLIE_RAM
    share = f"{measured.period_share:.1%} of the period if one instruction took one clock"
    detail = f"{share}; {measured.flash_bytes} bytes of flash, {memory} of RAM"
    return Proof("budget", claim, _status(fits), detail)


def _evaluated(asked: _Asked) -> np.ndarray:
    return np.array([vector.operation == Operation.EVALUATE for vector in asked.vectors])


def _emulator_remedy() -> str:
    return "sudo apt-get install gcc-arm-none-eabi qemu-system-arm"


def _status(good: bool) -> Literal["passed", "failed"]:
    return "passed" if good else "failed"
