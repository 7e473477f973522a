"""Gathers what an audit looks at: a run's history, and episodes of its policy and of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from telic.control.controller import Controller
from telic.control.flights import held_out
from telic.control.guard.audit import Case
from telic.control.guard.visits import Visits
from telic.control.make import reward_for
from telic.launch.baseline import controller_of, is_flight, reopen_baseline
from telic.launch.data.dataset import News
from telic.launch.data.make import recording_of_flights
from telic.launch.errors import UserError
from telic.launch.folder import RunFolder
from telic.launch.metrics import TERM
from telic.launch.report.story import read_history
from telic.launch.reward.known import known_episodes
from telic.launch.run import reopen
from telic.launch.stages import policy_of
from telic.replay.exchange.memory import replay_of
from telic.rewards.evidence import Evidence, Stored, evidence
from telic.rewards.program import RewardProgram
from telic.sim.world import AnyTask

POLICY, REFERENCE = "policy", "reference"


@dataclass(frozen=True)
class Trained:
    """A run's policy, whichever learner made it.

    Attributes:
        folder: Of the run.
        task: What it was trained to do.
        reward: What it was trained with.
        controller: It.
    """

    folder: RunFolder
    task: AnyTask
    reward: RewardProgram
    controller: Controller


def trained(path: Path) -> Trained:
    """Open a run on a Telic task.

    Raises:
        UserError: If this is no run, its world is another library's, or it has no policy yet.
    """
    if is_flight(path):
        run = reopen(path)
        return Trained(run.folder, run.task, run.reward, policy_of(run))
    baseline = reopen_baseline(path)
    if baseline.task is None or not isinstance(baseline.reward, RewardProgram):
        raise UserError(f"{path} is a run on {baseline.baseline.world}, which brings its own reward: nothing to audit")
    return Trained(baseline.folder, baseline.task, baseline.reward, controller_of(baseline))


def gather(run: Path, reference: Path | None, datasets: Sequence[Path], episodes: int, seed: int, news: News) -> Case:
    """Fly the policies on held-out episodes, and read the rest.

    Args:
        run: The run folder.
        reference: That of a reference policy.
        datasets: More episodes of the task; without a reference policy, they are the reference.
        episodes: Held-out episodes of each policy.
        seed: Of them.
        news: Told what is going on.

    Raises:
        UserError: If a run or a dataset is refused, or they are of different tasks.
    """
    ours = trained(run)
    truth = reward_for(ours.task)
    if not isinstance(truth, RewardProgram) or truth.success_term is None:
        raise UserError(f"the own reward of task {ours.task.name!r} does not say what success is")
    stored = [_flown(ours.task, ours.controller, POLICY, episodes, seed, news)]
    if reference is not None:
        theirs = trained(reference)
        _refuse_other_task(ours, theirs, reference)
        stored.append(_flown(ours.task, theirs.controller, REFERENCE, episodes, seed, news))
    others = known_episodes(ours.task, datasets, True, seed, news)
    mine = evidence(stored[:1], truth)
    compared = evidence(stored[1:], truth) if reference is not None else _from_data(others, datasets)
    horizon = max(ours.task.episode_steps, *(int(part.length.max()) for part in (mine, compared) if part is not None))
    history = _history(ours.folder)
    return Case(
        proxy=ours.reward,
        truth=truth,
        policy=Visits(mine, horizon),
        known=evidence([*stored, *others.stored], truth),
        history={name: values for name, values in history.items() if not name.startswith(TERM)},
        terms={name.removeprefix(TERM): values for name, values in history.items() if name.startswith(TERM)},
        reference=None if compared is None else Visits(compared, horizon),
    )


def _flown(task: AnyTask, controller: Controller, source: str, episodes: int, seed: int, news: News) -> Stored:
    recording = recording_of_flights(
        task, controller, episodes, held_out(seed), source, lambda told: news(f"{source}: {told}")
    )
    return Stored(replay_of(recording), source)


def _from_data(others: Evidence, datasets: Sequence[Path]) -> Evidence | None:
    """Of some episodes, those that came from datasets, which are the first; None without any."""
    if not datasets:
        return None
    chosen = np.flatnonzero(others.part < len(datasets))
    return Evidence(
        others.stored,
        others.part[chosen],
        tuple(others.slots[row] for row in chosen),
        others.source[chosen],
        others.terminated[chosen],
        others.success[chosen],
    )


def _refuse_other_task(ours: Trained, theirs: Trained, path: Path) -> None:
    alike = ours.task.name == theirs.task.name and ours.task.observation_size == theirs.task.observation_size
    if not alike:
        raise UserError(f"--reference {path} is of the task {theirs.task.name!r}, the run of {ours.task.name!r}")


def _history(folder: RunFolder) -> dict[str, np.ndarray]:
    if not folder.metrics.is_file():
        return {}
    rows = read_history(folder.metrics)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}
