"""A flight with a reward that is not quite what is meant: near the point, and the higher the better."""

from dataclasses import replace

import numpy as np
import pytest

from telic.control.controller import PolicyController
from telic.control.guard.assess import assess
from telic.control.guard.certificate import correlation, penalty_weight
from telic.control.guard.discriminator import Discriminator
from telic.control.guard.onset import find_onset
from telic.control.guard.orpo import OrpoGuard
from telic.control.guard.penalty import OccupancyPenalty
from telic.control.guard.visits import Visits
from telic.control.guard.witness import SUCCESS, FlightWitness
from telic.control.make import reward_for
from telic.control.shac import ShacConfig
from telic.control.train import TrainConfig, train
from telic.launch.data.make import recording_of_flights
from telic.replay.exchange.memory import replay_of
from telic.rewards.evidence import Stored, evidence
from telic.rewards.program import parse_reward
from telic.sim.tasks.registry import make_task

PROXY = '''"""Come near, and the higher the better."""


def reward(position, velocity, rotation, angular_velocity, reference_position):
    offset = position - reference_position
    return {
        "alive": 2.0,
        "place": -3.0 * norm(offset),
        "high": 12.0 * maximum(offset[2] - 0.3, 0.0),
        "still": -0.05 * square(norm(velocity)),
        "upright": -0.2 * (1.0 - rotation[..., 2, 2]),
        "spin": -0.005 * square(norm(angular_velocity)),
    }
'''
SEEN = ("position", "velocity", "rotation", "angular_velocity")
CAREFUL = ShacConfig(actor_learning_rate=1e-3, final_learning_rate=1e-4)
FLIGHTS = 300


def flown(task, truth, weights):
    """Many short flights of a policy, from the same starts for every policy."""
    replay = replay_of(recording_of_flights(task, PolicyController(weights), FLIGHTS, 5, "policy", lambda told: None))
    return Visits(evidence([Stored(replay)], truth), task.episode_steps)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [0, 1])
def test_unguarded_the_true_reward_falls_and_guarded_it_does_not(seed):
    task = make_task("hover")
    short = replace(task, truncate_after_s=1.5)
    true, proxy = reward_for(task), parse_reward(PROXY, task.schema)
    checked = train(task, true, TrainConfig(updates=40, seed=3 + seed)).weights
    reference = flown(short, true, checked)
    basis = correlation(reference.rewards(true)[reference.counts], reference.rewards(proxy)[reference.counts])
    assert basis.r > 0.9

    def outcome(guard):
        config = TrainConfig(updates=200, report_every=5, seed=seed, shac=CAREFUL)
        trained = train(task, proxy, config, start=checked, after_update=guard, measure=FlightWitness(true))
        return assess(proxy, true, flown(short, true, trained.weights), reference), trained.history

    blind, history = outcome(None)
    steps, rewards, successes = (
        np.array([row.get(name, np.nan) for row in history]) for name in ("step", "reward", SUCCESS)
    )
    # Success falls by half and more, and the reward does not tell of it. Where success comes back in part, as with the
    # first seed, so few rows do not surely tell the fall from correlated noise.
    fall = find_onset(steps, rewards, successes)
    assert fall.drop.value > 0.4
    assert fall.kind != "collapse"

    penalty = OccupancyPenalty(Discriminator(reference.inputs(SEEN), SEEN), penalty_weight(basis), "kl")
    guarded, _ = outcome(OrpoGuard(proxy, penalty))
    assert blind.gain.high < -0.2
    assert guarded.gain.value > 0.0
    assert guarded.gain.low > -0.1
    for found in (blind, guarded):
        assert found.gain.value >= found.certificate.bound
    # The policy that left the reference is the one of which less is certain.
    assert guarded.certificate.bound > blind.certificate.bound + 1.0
