"""The stages of a run, each a function from a run to what it found. Everything they hand on lies in the run folder."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from telic.control.checkpoint import CheckpointError
from telic.control.controller import Controller, PolicyController
from telic.control.evaluate import evaluate
from telic.control.fleet import FleetError
from telic.control.guard.witness import FlightWitness, can_witness
from telic.control.make import reward_for
from telic.control.pid import CascadedPid
from telic.control.policy import PolicyWeights
from telic.control.recording import Flight, record, record_observations
from telic.control.shac import DivergedError, Shac
from telic.control.tracking import track_at_periods
from telic.control.train import TrainProgress, train
from telic.launch.errors import UserError, reading
from telic.launch.folder import write_json
from telic.launch.metrics import flat, write_csv, write_tensorboard
from telic.launch.policy_export import prove_policy, write_policy
from telic.launch.recorder import record_episodes
from telic.launch.report.page import render
from telic.launch.report.story import read_story
from telic.launch.run import Run
from telic.launch.stage import Found, News, Stage
from telic.sim.gl import NoGraphicsError
from telic.sim.reference import Lissajous
from telic.sim.task import Task

# What is shown and recorded; evaluation has seed 0, so that runs can be compared with each other.
EVALUATION_SEED, FLIGHT_SEED, RECORDING_SEED = 0, 1, 2
_OBSERVATIONS = 2000
_STORED_VEHICLES, _STORED_STEPS = 16, 500
# Lap times at which figure eights are compared in the literature [s].
_LAP_TIMES_S = (5.5, 6.5)
# The key in `config.yaml` of the run whose policy guards the training.
GUARD = "guard"


def train_policy(
    run: Run, news: News, start: PolicyWeights | None = None, guard: Callable[[Shac], None] | None = None
) -> Found:
    """Train, from the last checkpoint if there is one.

    Args:
        run: What to train.
        news: Takes the latest news.
        start: A policy to begin with.
        guard: Called after every update.

    Raises:
        UserError: If the checkpoint does not fit, the learner cannot fly the task, the reward drove it to infinity, or
            the run is to be guarded and there is no guard.
    """

    def say(now: TrainProgress) -> None:
        terms = "  ".join(f"{name} {value:.2f}" for name, value in now.terms.items())
        news(f"{now.update / now.updates:.0%}  {now.step:,} steps  settled {now.settle_fraction:.0%}  {terms}")

    folder = run.folder
    if GUARD in folder.config and guard is None:
        raise UserError(f"{folder.path} is trained under guard, and what a guard learns is not kept: train anew")
    news("compiling")
    try:
        result = train(
            run.task,
            run.reward,
            run.recipe.train,
            folder.checkpoints,
            say,
            resume=True,
            start=start,
            after_update=guard,
            measure=witness(run.task),
        )
    except (CheckpointError, DivergedError, FleetError) as error:
        raise UserError(str(error)) from error
    rows = [flat(row) for row in result.history]
    result.weights.save(folder.policy)
    write_csv(folder.metrics, rows)
    shutil.rmtree(folder.tensorboard, ignore_errors=True)
    write_tensorboard(folder.tensorboard, rows)
    resumed = "" if result.resumed_at is None else f", taken up at update {result.resumed_at}"
    news(f"{result.steps:,} steps in {result.seconds:.1f} s, and {result.compile_seconds:.1f} s to compile{resumed}")
    return {"train_s": result.seconds, "compile_s": result.compile_seconds, "steps": result.steps}


def witness(task: Task) -> FlightWitness | None:
    """Who keeps the true success beside the reward that is trained with; None where the task does not say."""
    truth = reward_for(task)
    return FlightWitness(truth) if can_witness(truth) else None


def evaluate_policy(run: Run, news: News) -> Found:
    """Fly held-out episodes with the policy and with the PID baseline."""
    write_json(run.folder.evaluation, compare_with_pid(run, run.recipe.episodes, EVALUATION_SEED, news))
    return {}


def compare_with_pid(run: Run, episodes: int, seed: int, news: News) -> Found:
    """Evaluate the policy and the PID baseline on the same held-out episodes.

    Raises:
        UserError: If there is no policy yet.
    """
    figures = {}
    for name, controller in (("policy", policy_of(run)), ("PID", CascadedPid(run.task))):
        figures[name] = _figures(run, controller, episodes, seed, lambda share, name=name: news(f"{name} {share:.0%}"))
    settled = {name: f"{figure['settle_fraction']:.1%}" for name, figure in figures.items()}
    news(f"of {episodes} held-out episodes settle {settled['policy']}; with PID {settled['PID']}")
    return {"episodes": episodes, "seed": seed, "controllers": figures}


def _figures(run: Run, controller: Controller, episodes: int, seed: int, progress: Callable[[float], None]) -> Found:
    task = run.task
    figures = evaluate(task, controller, episodes, seed, progress, run.reward).as_dict()
    if not isinstance(task.reference, Lissajous):
        return figures
    others = [period for period in _LAP_TIMES_S if period != task.reference.period_s]
    for period, tracking in track_at_periods(task, controller, others, episodes, seed).items():
        name = f"tracking_rmse_at_{period:g}s"
        there = tracking.as_dict()
        figures |= {f"{name}_m": there["tracking_rmse_m"], f"{name}_p95_m": there["tracking_rmse_p95_m"]}
    return {**figures, "other_lap_times_s": others}


def record_flights(run: Run, news: News) -> Found:
    """Fly once with each controller for the plots and the video, and many times for the replay."""
    folder, task, policy = run.folder, run.task, policy_of(run)
    seconds = run.recipe.flight_s
    record(task, policy, FLIGHT_SEED, seconds).save(folder.policy_flight)
    record(task, CascadedPid(task), FLIGHT_SEED, seconds).save(folder.pid_flight)
    replay = record_episodes(task, policy, RECORDING_SEED, _STORED_VEHICLES, _STORED_STEPS)
    replay.save(folder.transitions)
    news(f"{seconds:.0f} s of flight with each controller, {len(replay):,} transitions")
    return {}


def render_video(run: Run, news: News) -> Found:
    """Film the recorded flight of the policy; a machine that cannot draw leaves it out, and the report says so."""
    with reading("flight"):
        flight = Flight.load(run.folder.policy_flight)
    from telic.sim.render import save_flight_video

    path = run.folder.video
    try:
        save_flight_video(
            path,
            run.task,
            flight.position,
            flight.quaternion,
            flight.reference_position,
            progress=lambda done, frames: news(f"frame {done} of {frames}"),
        )
    except NoGraphicsError as error:
        path.unlink(missing_ok=True)
        news(f"left out: {error}")
        return {"note": str(error)}
    news(str(path))
    return {"note": "The policy flies; blue is where it should be, orange where it has been."}


def export_policy(run: Run, news: News) -> Found:
    """Write the policy for every target that can carry it."""
    return {"files": len(write_export(run, run.folder.export, None, news))}


def write_export(run: Run, out: Path, targets: Sequence[str] | None, news: News) -> list[Path]:
    """Write a run's policy for other machines, with its contract.

    Args:
        run: Its policy is trained.
        out: Folder to write.
        targets: What to write; None for all targets that can carry the policy.
        news: Takes the latest news.

    Raises:
        UserError: If there is no policy yet, or the folder is taken by something else.
    """
    weights = weights_of(run)
    observations = record_observations(run.task, PolicyController(weights), _OBSERVATIONS, RECORDING_SEED)
    return write_policy(run.task, weights, observations, run.recipe.sentence, out, targets, news)


def verify_export(run: Run, news: News) -> Found:
    """Prove on this machine what can be proven here."""
    prove_policy(run.folder, news)
    return {}


def write_report(run: Run, news: News) -> Found:
    """Write the page to look at."""
    run.folder.report.write_text(render(read_story(run.folder)), encoding="utf-8")
    news(str(run.folder.report))
    return {}


def weights_of(run: Run) -> PolicyWeights:
    """The trained policy.

    Raises:
        UserError: If there is none yet, or its file is damaged.
    """
    if not run.folder.policy.is_file():
        raise UserError(f"{run.folder.path} has no policy yet: telic train --resume {run.folder.path}")
    with reading("policy"):
        return PolicyWeights.load(run.folder.policy)


def policy_of(run: Run) -> PolicyController:
    """The trained policy, ready to fly."""
    return PolicyController(weights_of(run))


TRAIN = Stage("train", train_policy)
EVALUATE = Stage("evaluate", evaluate_policy)
RECORD = Stage("record", record_flights)
VIDEO = Stage("video", render_video)
EXPORT = Stage("export", export_policy)
VERIFY = Stage("verify", verify_export)
REPORT = Stage("report", write_report)
STAGES = (TRAIN, EVALUATE, RECORD, VIDEO, EXPORT, VERIFY, REPORT)
