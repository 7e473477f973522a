"""A policy for other machines, with the contract of the task that it was trained on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from telic.control.policy import PolicyWeights
from telic.deploy.export import export
from telic.deploy.task_contract import contract_from_task
from telic.deploy.verify import verify
from telic.launch.errors import reading
from telic.launch.folder import RunFolder, write_json
from telic.launch.stage import News
from telic.sim.mujoco.task import MujocoTask
from telic.sim.task import Task

_LONGEST_PURPOSE = 400


def write_policy(
    task: Task | MujocoTask,
    weights: PolicyWeights,
    observations: np.ndarray,
    purpose: str,
    out: Path,
    targets: Sequence[str] | None,
    news: News,
) -> list[Path]:
    """Write a policy for other machines.

    Args:
        task: What it was trained on.
        weights: The policy, in the units of the task's actions.
        observations: Recorded policy inputs, shape (K, observation_size), for the proofs.
        purpose: What it is for; cut where the contract ends.
        out: Folder to write.
        targets: What to write; None for all targets that can carry the policy.
        news: Takes the latest news.

    Returns:
        The files.

    Raises:
        UserError: If the contract cannot carry it, or the folder is taken by something else.
    """
    with reading("export"):
        contract = contract_from_task(task, weights, observations, purpose[:_LONGEST_PURPOSE])
        files = export(weights, contract, observations, out, targets, news)
    news(f"{len(files)} files in {out}, contract {contract.sha256[:12]}")
    return files


def prove_policy(folder: RunFolder, news: News) -> None:
    """Prove of a run's export what can be proven on this machine, and keep it in the folder."""
    proofs = verify(folder.export, news)
    write_json(folder.proofs, proofs.as_dict())
    passed = sum(proof.status == "passed" for proof in proofs.proofs)
    words = [f"{passed} of {len(proofs.proofs)} proofs passed"]
    words += [f"{len(proofs.failed)} FAILED"] if proofs.failed else []
    words += [f"{len(proofs.not_possible)} not possible on this machine"] if proofs.not_possible else []
    news(", ".join(words))
