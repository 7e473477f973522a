"""Write a policy for other machines: one folder with the contract, the weights, and a program for every target."""

import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from string import Template

import numpy as np
from safetensors.numpy import save_file

from telic.control.policy import PolicyWeights
from telic.deploy.checked import ContractError
from telic.deploy.contract import Contract, weights_sha256
from telic.deploy.crazyflie.export import write_crazyflie
from telic.deploy.crazyflie.wiring import Wiring
from telic.deploy.generate_c import generate_c
from telic.deploy.generate_safety import generate_safety
from telic.deploy.headroom import check_headroom
from telic.deploy.onnx import write_onnx
from telic.deploy.vectors import RECORDED

logger = logging.getLogger(__name__)

TARGETS = ("c", "onnx", "crazyflie")

CONTRACT, WEIGHTS, OBSERVATIONS, ONNX = "contract.json", "policy.safetensors", "observations.safetensors", "policy.onnx"


def export(
    weights: PolicyWeights,
    contract: Contract,
    observations: np.ndarray,
    out: Path,
    targets: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[Path]:
    """Write the folder `out`, whole or not at all.

    Args:
        weights: The policy.
        contract: Its contract.
        observations: Recorded policy inputs, shape (K, observation_size), for the proofs.
        out: Folder to write; an earlier export there is replaced.
        targets: Some of `TARGETS`; None for all that can carry this policy.
        progress: Takes the latest news.

    Returns:
        The files in it.

    Raises:
        ValueError: If a target is unknown, or `out` holds something other than an export.
        ContractError: If contract, weights and observations do not belong together.
    """
    say = progress or (lambda _: None)
    if targets is None:
        targets = _possible(contract, say)
    _check(weights, contract, observations, targets)
    out = Path(out).absolute()
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / CONTRACT).is_file())):
        raise ValueError(f"{out} exists and is not an export; name another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as temporary:
        folder = Path(temporary) / "new"
        folder.mkdir()
        _write(weights, contract, observations, folder, targets, say)
        if out.exists():
            out.rename(Path(temporary) / "old")
        folder.rename(out)
    return sorted(path for path in out.rglob("*") if path.is_file())


def _possible(contract: Contract, say: Callable[[str], None]) -> list[str]:
    """List the targets that can carry a policy, and say why another cannot."""
    try:
        Wiring.of(contract)
    except ContractError as error:
        logger.info("no Crazyflie controller: %s", error)
        say(f"no Crazyflie controller: {error}")
        return [target for target in TARGETS if target != "crazyflie"]
    return list(TARGETS)


def _check(weights: PolicyWeights, contract: Contract, observations: np.ndarray, targets: Sequence[str]) -> None:
    for target in targets:
        if target not in TARGETS:
            raise ValueError(f"unknown target {target!r}; allowed: {', '.join(TARGETS)}")
    if weights_sha256(weights) != contract.weights_sha256:
        raise ContractError("weights_sha256", "names other weights; draw up the contract from these")
    check_observations(observations, contract)
    check_headroom(weights, contract)


def check_observations(observations: np.ndarray, contract: Contract) -> None:
    """Refuse recordings that are not this policy's inputs.

    Raises:
        ContractError: With what is wrong.
    """
    if observations.ndim != 2 or observations.shape[1] != contract.observation_size or not len(observations):
        expected = f"(K, {contract.observation_size}) with K at least 1"
        raise ContractError("observations", f"have shape {observations.shape}; expected {expected}")
    bad = np.argwhere(~np.isfinite(observations))
    if len(bad):
        row, column = bad[0]
        raise ContractError(f"observations[{row}][{column}]", f"is {observations[row, column]}; must be finite")


def _write(
    weights: PolicyWeights,
    contract: Contract,
    observations: np.ndarray,
    folder: Path,
    targets: Sequence[str],
    say: Callable[[str], None],
) -> None:
    contract.save(folder / CONTRACT)
    weights.save(folder / WEIGHTS)
    chosen = np.linspace(0, len(observations) - 1, min(RECORDED, len(observations))).astype(int)
    save_file({"observations": np.ascontiguousarray(observations[chosen], np.float32)}, folder / OBSERVATIONS)
    if "c" in targets or "crazyflie" in targets:
        say("writing C99")
        program = generate_c(weights, contract)
        files = {"policy.h": program.header, "policy.c": program.source, **generate_safety(contract)}
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    if "onnx" in targets:
        say("writing ONNX")
        write_onnx(weights, contract, folder / ONNX)
    if "crazyflie" in targets:
        say("writing the Crazyflie controller")
        write_crazyflie(contract, folder, folder / "crazyflie")
    (folder / "README.md").write_text(_readme(contract), encoding="utf-8")
    for path in folder.rglob("*"):
        if path.is_file():
            _flush(path)


def _readme(contract: Contract) -> str:
    text = (resources.files("telic.deploy") / "c" / "README.md").read_text(encoding="utf-8")
    return Template(text).substitute(
        name=contract.name,
        vehicle=contract.robot,
        period_us=1_000_000 // contract.rates.execution_hz,
        execution_hz=contract.rates.execution_hz,
        policy_hz=contract.rates.policy_hz,
        inputs=contract.inputs_size,
        actions=contract.action.size,
        hash=contract.sha256,
    )


def _flush(path: Path) -> None:
    """Bring a file to the disk before the folder gets its name."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
