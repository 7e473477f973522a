"""Stable-Baselines3's PPO learns the robot tasks through the adapter."""

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

from telic.control.baselines.learner import Sb3Config, train_sb3
from telic.control.controller import PolicyController
from telic.control.make import make_vec, reward_for
from telic.control.returns import task_returns
from telic.sim.tasks.registry import make_task

# The configurations of benchmarks/sb3_robots.py.
CARTPOLE = Sb3Config(steps=50_000, num_envs=16, rollout=64, learning_rate=1e-3)
AGV = Sb3Config(steps=320_000, num_envs=32, rollout=128, batch=512, epochs=8, learning_rate=5e-4, hidden=(128, 128))


class Still:
    """Does nothing."""

    def __init__(self, size):
        self.size = size

    def reset(self, ids=None):
        pass

    def act(self, observation, signals=None):
        return np.zeros((len(observation), self.size), np.float32)


def success(task, controller):
    return task_returns(task, controller, reward_for(task, None), episodes=100).succeeded.mean()


def learned(task, config):
    result = train_sb3(make_vec(task, num_envs=config.num_envs, seed=config.seed), config=config)
    return PolicyController(result.weights)


@pytest.mark.slow
def test_ppo_learns_to_balance_the_pole():
    task = make_task("cartpole")
    assert success(task, Still(task.actions.size)) < 0.05
    assert success(task, learned(task, CARTPOLE)) > 0.9


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ppo_learns_to_cross_the_warehouse():
    task = make_task("agv")
    assert success(task, Still(task.actions.size)) < 0.05
    assert success(task, learned(task, AGV)) > 0.5


def test_ppo_trains_on_every_kind_of_robot():
    """A few updates: spaces, dtypes and ends are as the learner wants them."""
    for name in ("quadruped_arm", "arm_pick", "agv"):
        task = make_task(name)
        controller = learned(task, Sb3Config(steps=128, num_envs=4, rollout=16, epochs=1))
        action = controller.act(np.zeros((2, task.observation_size), np.float32))
        assert action.shape == (2, task.actions.size) and np.isfinite(action).all()
