"""Gymnasium's and Stable-Baselines3's own checkers, on every task."""

import warnings

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env

import telic
from telic.control.baselines.sb3_env import sb3_env
from telic.sim.tasks.registry import TASKS

sb3_checker = pytest.importorskip("stable_baselines3.common.env_checker", reason="needs telic[baselines]")

# Advice that is no mistake: what may be observed of a simulation has no limits that are known, an environment that was
# not made through Gymnasium's registry has no spec, and Gymnasium v5's actions are torques.
ADVICE = ("infinity", "spec", "symmetric and normalized")


@pytest.fixture(scope="module", params=sorted(TASKS))
def env(request):
    made = telic.make(request.param, seed=0)
    yield made
    made.close()


def complaints(check):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        check()
    return [str(one.message) for one in said if not any(word in str(one.message) for word in ADVICE)]


def test_gymnasiums_checker_passes(env):
    assert complaints(lambda: check_env(env, skip_render_check=True)) == []


def test_stable_baselines3s_checker_passes(env):
    assert complaints(lambda: sb3_checker.check_env(env, warn=True, skip_render_check=True)) == []


@pytest.mark.parametrize("name", ["hover", "cartpole", "humanoid"])
def test_pictures_are_those_that_gymnasium_wants(name):
    made = telic.make(name, seed=0, render_mode="rgb_array")
    made.reset(seed=0)
    made.step(made.action_space.sample())
    gymnasium.utils.env_checker.env_render_passive_checker(made)
    made.close()


@pytest.mark.parametrize("name", ["hover", "agv", "half_cheetah"])
def test_many_environments_step_through_the_adapter(name):
    env = sb3_env(telic.make_vec(name, num_envs=2, seed=0))
    assert env.reset().shape == (2, *env.observation_space.shape)
    env.action_space.seed(0)
    observation, reward, done, infos = env.step([env.action_space.sample() for _ in range(2)])
    assert observation.shape[0] == reward.shape[0] == done.shape[0] == len(infos) == 2
