"""Training under guard: it begins with a policy that was found good, and pays for going where that one does not."""

from dataclasses import dataclass, replace
from pathlib import Path

from telic.control.flights import held_out
from telic.control.guard.certificate import correlation, penalty_weight
from telic.control.guard.discriminator import Discriminator
from telic.control.guard.orpo import OrpoGuard
from telic.control.guard.penalty import OccupancyPenalty
from telic.control.guard.visits import Visits
from telic.control.make import reward_for
from telic.control.policy import PolicyWeights
from telic.control.shac import ShacConfig
from telic.control.train import TrainConfig
from telic.launch.data.make import recording_of_flights
from telic.launch.errors import UserError
from telic.launch.run import Run, reopen
from telic.launch.stages import News, policy_of, weights_of
from telic.replay.exchange.memory import replay_of
from telic.rewards.evidence import Stored, evidence
from telic.rewards.program import RewardProgram

# What of a flight tells policies apart. Actions do so too well: any other policy would look infinitely far.
_SEEN = ("position", "velocity", "rotation", "angular_velocity")
_FLIGHTS = 200
# A policy that flies already is only to be changed with care.
_CAREFUL = {"actor_learning_rate": 1e-3, "final_learning_rate": 1e-4}


@dataclass(frozen=True)
class Guarded:
    """How a training is guarded.

    Attributes:
        start: The reference policy.
        guard: What keeps near it.
    """

    start: PolicyWeights
    guard: OrpoGuard


def careful(config: TrainConfig) -> TrainConfig:
    """The configuration with smaller steps, where nobody chose them."""
    shac, usual = config.shac, ShacConfig()
    chosen = {name: rate for name, rate in _CAREFUL.items() if getattr(shac, name) == getattr(usual, name)}
    return replace(config, shac=replace(shac, **chosen))


def guarded_by(run: Run, path: Path, news: News) -> Guarded:
    """Fly a reference policy as long as training flies, and weigh the distance as the certificate asks for.

    Args:
        run: What is to be trained.
        path: Run folder of the reference policy.
        news: Told what is going on.

    Raises:
        UserError: If the reference is of another task, or the reward goes against the task's own on its visits.
    """
    reference = reopen(path)
    if reference.task.name != run.task.name or reference.task.observation_size != run.task.observation_size:
        raise UserError(f"--guard {path} is of the task {reference.task.name!r}, not of {run.task.name!r}")
    news("flying the reference")
    seconds = min(run.task.truncate_after_s, run.recipe.train.shac.episode_s)
    short = replace(run.task, truncate_after_s=seconds)
    flown = recording_of_flights(short, policy_of(reference), _FLIGHTS, held_out(run.recipe.seed), "reference", news)
    truth = reward_for(run.task)
    if not isinstance(truth, RewardProgram) or truth.success_term is None:
        raise UserError(f"the own reward of task {run.task.name!r} does not say what success is")
    visits = Visits(evidence([Stored(replay_of(flown))], truth), short.episode_steps)
    counts = visits.counts
    basis = correlation(visits.rewards(truth)[counts], visits.rewards(run.reward)[counts])
    if basis.r <= 0.0:
        raise UserError(
            f"on the visits of {path}, the reward's correlation with the task's own is {basis.r:.2f}: no distance is "
            "near enough; change the reward"
        )
    penalty = OccupancyPenalty(
        Discriminator(visits.inputs(_SEEN), _SEEN, seed=run.recipe.seed), penalty_weight(basis), "kl"
    )
    return Guarded(weights_of(reference), OrpoGuard(run.reward, penalty))
