"""Episodes against which `telic reward` measures: those of datasets, and baselines that need no policy."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from telic.launch.data.dataset import News
from telic.launch.errors import UserError, reading
from telic.sim.world import AnyTask

if TYPE_CHECKING:
    from telic.control.controller import Controller
    from telic.rewards.evidence import Evidence, Stored

# Episodes of each baseline.
_BASELINE_EPISODES = 16


def known_episodes(
    task: AnyTask,
    datasets: Sequence[Path],
    baselines: bool,
    seed: int,
    news: News,
    controllers: "Mapping[str, Controller] | None" = None,
) -> "Evidence":
    """Stored episodes, labelled by the success of the task's own reward.

    Args:
        task: What was done.
        datasets: Where the episodes are.
        baselines: Also simulate episodes in which nothing is done, and in which actions are random.
        seed: Of the baselines.
        news: Told what is being read or simulated.
        controllers: Who else acts in simulated episodes, by name.

    Raises:
        UserError: If a dataset is refused, or the task's reward does not say what success is.
    """
    from telic.control.make import reward_for
    from telic.control.without_learning import without_learning
    from telic.launch.recorder import record_episodes
    from telic.rewards.evidence import NOTHING, RANDOM, Stored, evidence
    from telic.rewards.program import RewardProgram

    stored = [_opened(path, news) for path in datasets]
    acting: dict[str, Controller] = dict(controllers or {})
    if baselines:
        ignorant = without_learning(task, seed)
        acting |= {NOTHING: ignorant["resting"], RANDOM: ignorant["random"]}
    for source, controller in acting.items():
        news(f"episodes of {source}")
        replay = record_episodes(task, controller, seed, _BASELINE_EPISODES, task.episode_steps)
        stored.append(Stored(replay, source))
    own = reward_for(task)
    if not isinstance(own, RewardProgram):
        raise UserError(f"task {task.name!r} has no reward program that says what success is")
    with reading("data"):
        return evidence(stored, own)


def _opened(path: Path, news: News) -> "Stored":
    from telic.launch.data.dataset import open_dataset
    from telic.rewards.evidence import Stored

    dataset = open_dataset(path, news)
    if dataset.store is None:
        return Stored(dataset.replay, str(dataset.about.get("policy", "")))
    episodes = dataset.store.episodes
    return Stored(dataset.replay, dict(zip(episodes.first.tolist(), map(str, episodes.tag("source", "")), strict=True)))
