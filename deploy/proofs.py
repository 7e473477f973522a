"""What was proved about an exported policy, and what this machine could not prove."""

from dataclasses import dataclass
from typing import Any, Literal

BIT_EXACT_TARGETS = ("host", "m4f", "m7")


@dataclass(frozen=True)
class Proof:
    """One claim and how it stands.

    Attributes:
        name: Short name, such as ``m4f``.
        claim: What is proved, in words.
        status: ``passed``, ``failed`` or ``not possible`` on this machine.
        detail: What was seen.
        remedy: The command that makes it possible; empty otherwise.
    """

    name: str
    claim: str
    status: Literal["passed", "failed", "not possible"]
    detail: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Measured:
    """Figures of the policy on a Cortex-M4F; None where they could not be had.

    Attributes:
        instructions_per_step: Executed instructions of one evaluation of the policy, counted in the emulator.
        instructions_per_executor_step: The most that one step of the two-rate executor took.
        instructions_per_mac: The first, over the multiply-accumulates of the network.
        constant_instructions: Whether every input took the same number.
        estimated_cycles: Of the most expensive executor step; see `cycle_assumption`.
        cycle_assumption: How the cycles were estimated.
        flash_bytes: Code, weights and golden vectors.
        ram_bytes: The caller's state and static data.
        stack_bytes: Of one step.
        period_share: Instructions of the most expensive step over those that fit in one execution period at 168 MHz,
            one per clock: a count, not a time.
        onnx_max_error: Largest difference between ONNX Runtime and the reference.
        vectors: How many operations every target was asked.
    """

    instructions_per_step: int | None = None
    instructions_per_executor_step: int | None = None
    instructions_per_mac: float | None = None
    constant_instructions: bool | None = None
    estimated_cycles: int | None = None
    cycle_assumption: str = ""
    flash_bytes: int | None = None
    ram_bytes: int | None = None
    stack_bytes: int | None = None
    period_share: float | None = None
    onnx_max_error: float | None = None
    vectors: int = 0


@dataclass(frozen=True)
class Proofs:
    """Everything `telic verify` found out.

    Attributes:
        proofs: All claims.
        measured: Figures.
    """

    proofs: tuple[Proof, ...]
    measured: Measured

    @property
    def all_passed(self) -> bool:
        """Whether every proof was possible and passed."""
        return all(proof.status == "passed" for proof in self.proofs)

    @property
    def failed(self) -> tuple[Proof, ...]:
        """Claims that are wrong."""
        return tuple(proof for proof in self.proofs if proof.status == "failed")

    @property
    def not_possible(self) -> tuple[Proof, ...]:
        """Claims that this machine cannot judge, with the remedy."""
        return tuple(proof for proof in self.proofs if proof.status == "not possible")

    def passed(self, name: str) -> bool | None:
        """Whether a proof passed; None if it was not possible or not asked for."""
        statuses = {proof.name: proof.status for proof in self.proofs}
        return {"passed": True, "failed": False}.get(statuses.get(name, ""))

    def as_dict(self) -> dict[str, Any]:
        """Values that JSON can hold."""
        targets = {name: self.passed(name) for name in BIT_EXACT_TARGETS}
        return {
            "bit_exact": all(targets.values()),
            **targets,
            **vars(self.measured),
            "all_passed": self.all_passed,
            "not_possible": [
                {"name": proof.name, "detail": proof.detail, "remedy": proof.remedy} for proof in self.not_possible
            ],
            "proofs": [vars(proof) for proof in self.proofs],
        }
