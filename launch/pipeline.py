"""Carries out the stages of a run, and goes on where an earlier attempt stopped."""

from collections.abc import Sequence
from typing import Any

from telic.launch.folder import read_json
from telic.launch.progress import Progress
from telic.launch.run import Run
from telic.launch.stage import AnyRun, Stage


def carry_out(run: AnyRun, stages: Sequence[Stage[AnyRun]], progress: Progress) -> None:
    """Do the stages that are not finished, in order, and mark each one as soon as it is.

    A stage builds on those before it, so what comes after the first unfinished one is done again.
    """
    names = [stage.name for stage in stages]
    finished = run.folder.stages
    first = next((index for index, name in enumerate(names) if name not in finished), len(names))
    run.folder.forget(tuple(names[first:]))
    for stage in stages[:first]:
        progress.skipped(stage.name, "done before")
    for stage in stages[first:]:
        start = progress.clock()
        with progress.stage(stage.name) as news:
            found = stage.work(run, news)
        run.folder.finish(stage.name, {"seconds": progress.clock() - start, **found})


def summary(run: Run) -> dict[str, Any]:
    """What a finished run found, for ``--json``."""
    folder = run.folder
    evaluation, proofs, train = read_json(folder.evaluation), read_json(folder.proofs), folder.stages["train"]
    policy, pid = (evaluation["controllers"][name] for name in ("policy", "PID"))
    return {
        "settle_fraction": policy["settle_fraction"],
        "pid_settle_fraction": pid["settle_fraction"],
        "tracking_rmse_m": policy.get("tracking_rmse_m"),
        "pid_rmse_m": pid.get("tracking_rmse_m"),
        "proofs_passed": proofs["all_passed"],
        "proofs_failed": sum(proof["status"] == "failed" for proof in proofs["proofs"]),
        "proofs_not_possible": len(proofs["not_possible"]),
        "bit_exact": proofs["bit_exact"],
        "instructions_per_step": proofs["instructions_per_step"],
        "train_s": train["train_s"],
        "compile_s": train["compile_s"],
        "steps": train["steps"],
        "stage_s": {name: stage["seconds"] for name, stage in folder.stages.items()},
        "run_dir": str(folder.path),
        "report": str(folder.report),
        "export": str(folder.export),
    }
