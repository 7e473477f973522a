"""The stages of a run on a robot's task, each a function from a run to what it found."""

from typing import Any

from telic.control.returns import task_returns
from telic.control.without_learning import without_learning
from telic.launch.baseline import BaselineRun, controller_of, evaluate_baseline, train_baseline
from telic.launch.baseline_export import export_baseline
from telic.launch.errors import UserError
from telic.launch.film import Shot, shoot
from telic.launch.folder import read_json, write_json
from telic.launch.policy_export import prove_policy
from telic.launch.recorder import record_episodes
from telic.launch.report.robot_page import render
from telic.launch.report.story import read_run_story
from telic.launch.stage import Found, News, Stage
from telic.launch.viewer.cast import player_for
from telic.replay.reward import Reward
from telic.sim.film import write_film
from telic.sim.gl import NoGraphicsError
from telic.sim.world import AnyTask

# What is evaluated, filmed and recorded: never an episode of training.
EVALUATION_SEED, FILM_SEED, RECORDING_SEED = 0, 1, 2
_STORED_ROBOTS, _STORED_STEPS = 16, 500
_BASELINES = {"resting": "doing nothing", "random": "random actions", "scripted": "a script that sees all signals"}


def _task_of(run: BaselineRun) -> tuple[AnyTask, Reward]:
    if run.task is None or run.reward is None:
        raise UserError(f"{run.baseline.world} is no Telic task; telic train and telic eval are for it")
    return run.task, run.reward


def evaluate_policy(run: BaselineRun, news: News) -> Found:
    """Run held-out episodes with the policy, and with all who have learned nothing."""
    task, reward = _task_of(run)
    episodes = int(run.folder.config["episodes"])
    found = evaluate_baseline(run, episodes, EVALUATION_SEED)
    baselines = {}
    for name, controller in without_learning(task, EVALUATION_SEED).items():
        news(name)
        figures = task_returns(task, controller, reward, episodes, EVALUATION_SEED)
        baselines[_BASELINES.get(name, name)] = figures.as_dict()
    write_json(run.folder.evaluation, {**found, "baselines": baselines})
    news(f"{episodes} held-out episodes, return {found['return_mean']:.4g}")
    return {}


def record_policy(run: BaselineRun, news: News) -> Found:
    """Keep what happens under the policy, for `telic data` and `telic reward`."""
    task, _ = _task_of(run)
    steps = min(_STORED_STEPS, task.episode_steps)
    replay = record_episodes(task, controller_of(run), RECORDING_SEED, _STORED_ROBOTS, steps)
    replay.save(run.folder.transitions)
    news(f"{len(replay):,} transitions")
    return {}


def film_policy(run: BaselineRun, news: News) -> Found:
    """Film an episode of the policy; a machine that cannot draw leaves it out, and the report says so."""
    path, shot = run.folder.video, Shot(seconds=float(run.folder.config["film_s"]))
    player = player_for(str(run.folder.path), None, FILM_SEED)
    try:
        write_film(path, shoot(player, shot, news), shot.fps)
    except NoGraphicsError as error:
        path.unlink(missing_ok=True)
        news(f"left out: {error}")
        return {"note": str(error)}
    finally:
        player.close()
    return {"note": "One episode of the policy, and the next where it is over early."}


def export_policy(run: BaselineRun, news: News) -> Found:
    """Write the policy for every target that can carry it; a task that no contract can carry is said."""
    try:
        files = export_baseline(run, run.folder.export, None, news)
    except UserError as error:
        news(f"left out: {error}")
        return {"files": 0, "note": str(error)}
    return {"files": len(files), "note": ""}


def verify_export(run: BaselineRun, news: News) -> Found:
    """Prove on this machine what can be proven here."""
    if not run.folder.stages["export"]["files"]:
        news("left out: nothing was exported")
        run.folder.proofs.unlink(missing_ok=True)
        return {}
    prove_policy(run.folder, news)
    return {}


def write_report(run: BaselineRun, news: News) -> Found:
    """Write the page to look at."""
    run.folder.report.write_text(render(read_run_story(run.folder)), encoding="utf-8")
    news(str(run.folder.report))
    return {}


ROBOT_STAGES: tuple[Stage[BaselineRun], ...] = (
    Stage("train", train_baseline),
    Stage("evaluate", evaluate_policy),
    Stage("record", record_policy),
    Stage("video", film_policy),
    Stage("export", export_policy),
    Stage("verify", verify_export),
    Stage("report", write_report),
)


def robot_summary(run: BaselineRun) -> dict[str, Any]:
    """What a finished run found, for ``--json``."""
    folder = run.folder
    evaluation, train = read_json(folder.evaluation), folder.stages["train"]
    proofs = read_json(folder.proofs) if folder.proofs.is_file() else None
    return {
        "task": run.baseline.world,
        "return_mean": evaluation["return_mean"],
        "success_fraction": evaluation["success_fraction"],
        "success_interval": evaluation["success_interval"],
        "lost_fraction": evaluation["lost_fraction"],
        "random_return_mean": evaluation["baselines"]["random actions"]["return_mean"],
        "export_note": folder.stages["export"]["note"],
        "proofs_passed": proofs and proofs["all_passed"],
        "proofs_failed": 0 if proofs is None else sum(proof["status"] == "failed" for proof in proofs["proofs"]),
        "proofs_not_possible": 0 if proofs is None else len(proofs["not_possible"]),
        "bit_exact": proofs and proofs["bit_exact"],
        "train_s": train["train_s"],
        "steps": train["steps"],
        "stage_s": {name: stage["seconds"] for name, stage in folder.stages.items()},
        "run_dir": str(folder.path),
        "report": str(folder.report),
        "export": str(folder.export) if folder.export.is_dir() else None,
    }
