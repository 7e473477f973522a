"""What the audit of a run said, kept beside its policy for whoever carries it on."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telic.launch.errors import UserError, reading
from telic.launch.folder import RunFolder, read_json, write_json

if TYPE_CHECKING:
    from telic.control.guard.audit import Audit

_FILE = "audit.json"


def keep_audit(run: Path, found: "Audit", reference: Path | None) -> dict[str, Any]:
    """Write the audit of a run's policy, and return what was written."""
    kept = {
        "verdict": found.verdict,
        "reasons": list(found.reasons),
        "checks": [
            {"name": check.name, "outcome": check.outcome, "reason": check.reason, "figures": dict(check.figures)}
            for check in found.checks
        ],
        "reference": None if reference is None else str(reference),
        "policy_sha256": _policy_sha256(run),
    }
    write_json(run / _FILE, kept)
    return kept


def heed_audit(run: Path, force: bool) -> list[str]:
    """What is to be told before the policy of a run is carried on.

    Args:
        run: The run folder.
        force: Carry it on even if the audit failed.

    Returns:
        Lines for people; none if the audit passed.

    Raises:
        UserError: If the audit failed, with its reasons, unless forced.
    """
    folder = RunFolder.open(run)
    if not folder.reward.is_file():
        return []  # An environment of others brings its own reward, which nobody audits.
    if not (run / _FILE).is_file():
        return [f"note: not audited; telic reward audit {run} looks for a reward that was gamed"]
    audit = read_json(run / _FILE)
    with reading(_FILE):
        verdict, told, policy = audit["verdict"], audit["reasons"], audit["policy_sha256"]
    if policy != _policy_sha256(run):
        return [f"note: the audit is of an earlier policy; repeat telic reward audit {run}"]
    reasons = [f"- {reason}" for reason in told]
    if verdict == "fail" and not force:
        message = "\n".join(["the audit failed:", *reasons, "export it all the same with --force"])
        raise UserError(message, {"verdict": verdict, "reasons": told})
    return [f"warning: the audit said {verdict}:", *reasons] if reasons else []


def _policy_sha256(run: Path) -> str:
    """Hash of the trained policy.

    Raises:
        UserError: If there is none yet.
    """
    path = RunFolder(run).policy
    if not path.is_file():
        raise UserError(f"{run} has no policy yet: train it first")
    return hashlib.sha256(path.read_bytes()).hexdigest()
