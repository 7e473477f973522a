"""Prove that the exported Crazyflie controller is the generated one and compiles without a warning."""

import tempfile
from pathlib import Path

from telic.deploy.contract import Contract
from telic.deploy.crazyflie.check import check_crazyflie
from telic.deploy.crazyflie.export import write_crazyflie
from telic.deploy.generate_c import CSource
from telic.deploy.proofs import Proof
from telic.deploy.toolchain import ToolFailedError, ToolMissingError

_CLAIM = "The Crazyflie controller is the generated one and compiles for the firmware without a warning"


def crazyflie_proof(folder: Path, contract: Contract, program: CSource) -> Proof:
    """Compile what the contract and the program generate, if the exported folder holds the same bytes.

    Args:
        folder: The exported ``crazyflie`` folder.
        contract: Of the policy.
        program: The policy in C.
    """
    with tempfile.TemporaryDirectory(prefix="telic-crazyflie-") as temporary:
        generated = Path(temporary) / "crazyflie"
        (Path(temporary) / "policy.h").write_text(program.header, encoding="utf-8")
        (Path(temporary) / "policy.c").write_text(program.source, encoding="utf-8")
        try:
            write_crazyflie(contract, Path(temporary), generated)
            changed = _changed(folder, generated)
            if changed:
                return Proof(
                    "crazyflie", _CLAIM, "failed", f"{changed} is not what this version generates; export again"
                )
            compiled = check_crazyflie(generated)
        except ToolMissingError as error:
            return Proof("crazyflie", _CLAIM, "not possible", str(error), error.remedy)
        except (ToolFailedError, ValueError) as error:
            return Proof("crazyflie", _CLAIM, "failed", str(error))
    return Proof("crazyflie", _CLAIM, "passed", ", ".join(compiled))


def _changed(folder: Path, generated: Path) -> str:
    """Name the first file that is missing, additional, or different; empty if there is none."""
    names = {path.relative_to(root) for root in (folder, generated) for path in root.rglob("*") if path.is_file()}
    for name in sorted(names):
        ours, theirs = generated / name, folder / name
        if not ours.is_file() or not theirs.is_file() or ours.read_bytes() != theirs.read_bytes():
            return str(name)
    return ""
