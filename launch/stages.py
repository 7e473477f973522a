"""The stages of a run, each a function from a run to what it found. Everything they hand on lies in the run folder."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from safetensors.numpy import load_file, save_file

from telic.control.policy import PolicyWeights
from telic.control.train import TrainProgress, train
from telic.deploy.export import export
from telic.deploy.task_contract import contract_from_task
from telic.deploy.verify import verify
from telic.launch.folder import write_json
from telic.launch.metrics import flat, write_csv, write_tensorboard
from telic.launch.recorder import record_episodes, record_flight
from telic.launch.report.page import render
from telic.launch.report.story import read_story
from telic.launch.run import Run

News = Callable[[str], None]
Found = dict[str, Any]

# Seeds of a run are apart: what is evaluated and shown was never trained on.
EVALUATION_SEED, FLIGHT_SEED, RECORDING_SEED = 1_000_003, 2_000_003, 3_000_017
_RECORDED_VEHICLES, _RECORDED_STEPS = 16, 300
_SHORTEST_FLIGHT_S = 6.0
_LONGEST_PURPOSE = 400


@dataclass(frozen=True)
class Stage:
    """One part of a run.

    Attributes:
        name: Its key in ``state.json``, and what people see.
        work: Does it.
    """

    name: str
    work: Callable[[Run, News], Found]


def train_stage(run: Run, news: News) -> Found:
    """Train the policy, from the last checkpoint if there is one."""

    def say(now: TrainProgress) -> None:
        terms = "  ".join(f"{name} {value:.2f}" for name, value in now.terms.items())
        news(f"{100 * now.update / now.updates:.0f} %  {now.step:,} steps  settled {now.settle_fraction:.0%}  {terms}")

    news("compiling")
    folder = run.folder
    result = train(run.task, run.reward, run.recipe.train, folder.checkpoints, say, resume=True)
    rows = [flat(row) for row in result.history]
    result.weights.save(folder.policy)
    write_csv(folder.metrics, rows)
    shutil.rmtree(folder.tensorboard, ignore_errors=True)
    write_tensorboard(folder.tensorboard, rows)
    resumed = "" if result.resumed_at is None else f", resumed at update {result.resumed_at}"
    news(f"{result.steps:,} steps in {result.seconds:.1f} s{resumed}")
    return {"train_s": result.seconds, "compile_s": result.compile_seconds, "steps": result.steps}


def evaluate_stage(run: Run, news: News) -> Found:
    """Fly held-out episodes with the policy and with the PID baseline."""
    news("policy")
    policy = evaluate(run.task, _policy(run), run.recipe.episodes, EVALUATION_SEED)
    news("PID baseline")
    pid = evaluate(run.task, CascadedPid(run.task), run.recipe.episodes, EVALUATION_SEED)
    found = {"episodes": run.recipe.episodes, "controllers": {"policy": asdict(policy), "PID": asdict(pid)}}
    write_json(run.folder.evaluation, found)
    news(f"{policy.settle_fraction:.1%} of {run.recipe.episodes} episodes settle; PID {pid.settle_fraction:.1%}")
    return found


def record_stage(run: Run, news: News) -> Found:
    """Fly once with each controller for the plots and the video, and many times for the replay and the proofs."""
    folder, task = run.folder, run.task
    seconds = max(_SHORTEST_FLIGHT_S, task.truncate_after_s)
    for name, controller in (("policy", _policy(run)), ("pid", CascadedPid(task))):
        record_flight(task, controller, FLIGHT_SEED, seconds).save(folder.replay / f"{name}.npz")
    replay, observations = record_episodes(task, _policy(run), RECORDING_SEED, _RECORDED_VEHICLES, _RECORDED_STEPS)
    replay.save(folder.transitions)
    save_file({"observations": observations}, folder.observations)
    news(f"{seconds:.0f} s of flight, {len(replay):,} transitions in replay/")
    return {"transitions": len(replay)}


def video_stage(run: Run, news: News) -> Found:
    """Render the recorded flight."""
    try:
        render_video(...)
    except RenderError as error:
        ...


def export_stage(run: Run, news: News) -> Found:
    """Write the policy for other machines."""
    folder = run.folder
    weights = PolicyWeights.load(folder.policy)
    observations = load_file(folder.observations)["observations"]
    contract = contract_from_task(run.task, weights, observations, run.recipe.sentence[:_LONGEST_PURPOSE])
    files = export(weights, contract, observations, folder.export, progress=news)
    news(f"{len(files)} files, contract {contract.sha256[:12]}")
    return {"files": len(files), "contract": contract.sha256}


def verify_stage(run: Run, news: News) -> Found:
    """Prove on this machine what can be proven here."""
    proofs = verify(run.folder.export, news)
    write_json(run.folder.proofs, proofs.as_dict())
    passed = sum(proof.status == "passed" for proof in proofs.proofs)
    words = [f"{passed} of {len(proofs.proofs)} proven"]
    words += [f"{len(proofs.failed)} failed"] if proofs.failed else []
    words += [f"{len(proofs.not_possible)} not possible on this machine"] if proofs.not_possible else []
    news(", ".join(words))
    return {"all_passed": proofs.all_passed}


def report_stage(run: Run, news: News) -> Found:
    """Write the page to look at."""
    run.folder.report.write_text(render(read_story(run.folder)), encoding="utf-8")
    news(str(run.folder.report))
    return {}


STAGES = (
    Stage("train", train_stage),
    Stage("evaluate", evaluate_stage),
    Stage("record", record_stage),
    Stage("video", video_stage),
    Stage("export", export_stage),
    Stage("verify", verify_stage),
    Stage("report", report_stage),
)
