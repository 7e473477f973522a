"""A flight with a reward that is not quite what is meant: to be high, because flights that fall are low."""

from dataclasses import replace

import numpy as np
import pytest

from telic.control.controller import PolicyController
from telic.control.guard.certificate import certify, chi_squared_from_ratios, correlation, penalty_weight
from telic.control.guard.discriminator import Discriminator
from telic.control.guard.orpo import OrpoGuard
from telic.control.guard.penalty import OccupancyPenalty
from telic.control.make import reward_for
from telic.control.shac import ShacConfig
from telic.control.train import TrainConfig, own_threads_only, train
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.rewards.program import parse_reward
from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.tasks.registry import make_task

PROXY = '''"""Stay up."""


def reward(position, rotation):
    return {"high": 2.0 * position[2], "upright": 0.5 * rotation[..., 2, 2]}
'''
SEEN = ("position", "velocity", "rotation", "angular_velocity")
FLIGHTS = 300


def flown(task, weights):
    """The steps of many short flights, and which of them came before the flight was lost: (steps, flights)."""
    world = MultirotorWorld(task, FLIGHTS, seed=5)
    replay = Replay(Schema(task.schema, task.actions), FLIGHTS * task.episode_steps, FLIGHTS)
    controller = PolicyController(weights)
    lost, alive = np.zeros(FLIGHTS, bool), []
    for _ in range(task.episode_steps):
        signals = {name: values.copy() for name, values in world.signals.items()}
        action = controller.act(world.observation, world.signals)
        world.step(action)
        replay.add(signals, action, world.signals, world.terminated, world.truncated)
        alive.append(~lost)
        lost |= world.terminated
        world.reset(world.terminated | world.truncated)
    return replay.read(replay.slots().ravel()), np.array(alive).ravel()


def per_step(reward, steps, alive):
    """The reward of each step; nothing after a flight was lost."""
    return reward.total(steps.inputs(reward.inputs)) * alive


def visits(steps, alive):
    return {name: values[alive] for name, values in steps.inputs(SEEN).items()}


@pytest.mark.slow
def test_unguarded_the_true_reward_falls_and_guarded_it_does_not():
    task = make_task("hover")
    short = replace(task, truncate_after_s=1.5)
    true, proxy = reward_for(task), parse_reward(PROXY, task.schema)
    careful = ShacConfig(actor_learning_rate=1e-3, final_learning_rate=1e-4)
    checked = train(task, true, TrainConfig(updates=40, seed=3)).weights
    steps, alive = flown(short, checked)
    basis = correlation(per_step(true, steps, alive), per_step(proxy, steps, alive))
    assert basis.r > 0.4
    reference = visits(steps, alive)

    def outcome(guard):
        weights = train(task, proxy, TrainConfig(updates=300, shac=careful), start=checked, after_update=guard).weights
        steps, alive = flown(short, weights)
        with own_threads_only():
            judge = Discriminator(reference, SEEN, seed=1)
            judge.learn(visits(steps, alive), 1500)
        chi2 = chi_squared_from_ratios(judge.log_ratio(visits(steps, alive)))
        certificate = certify(basis, float(per_step(proxy, steps, alive).mean()), chi2)
        return float(per_step(true, steps, alive).mean()) - basis.mean, certificate

    blind, _ = outcome(None)
    penalty = OccupancyPenalty(Discriminator(reference, SEEN), 0.3 * penalty_weight(basis), "kl")
    guarded, certificate = outcome(OrpoGuard(proxy, penalty))
    assert blind < -0.5
    assert guarded > 0.0
    assert guarded >= certificate.bound
