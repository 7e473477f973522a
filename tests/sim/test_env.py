"""The single environment passes the checkers of Gymnasium and of Stable-Baselines3."""

import warnings

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from telic.sim.env import TaskEnv
from telic.sim.tasks.registry import make_task
from telic.sim.vector_env import TaskVectorEnv


class Still:
    """A reward for any task: the first signal near zero."""

    fingerprint = "still"

    def __init__(self, signal):
        self.inputs = (signal,)

    def terms(self, inputs):
        values = inputs[self.inputs[0]]
        return {"still": -np.abs(values).reshape(len(values), -1).sum(axis=1)}


@pytest.mark.parametrize("name", ["hover", "cartpole"])
def test_gymnasium_accepts_its_pictures(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # An observation without bounds is what a position is, and no spec is registered here.
        warnings.filterwarnings("ignore", message=".*(infinity|spec|normalized).*")
        task = make_task(name)
        check_env(TaskEnv(task, Still(task.schema[0].name), render_mode="rgb_array"))


def test_it_flies_as_the_first_of_a_vector(near):
    single, vector = TaskEnv(make_task("hover"), near), TaskVectorEnv(make_task("hover"), 3, near)
    one, _ = single.reset(seed=5)
    many, _ = vector.reset(seed=5)
    np.testing.assert_array_equal(one, many[0])
    rng = np.random.default_rng(0)
    for _ in range(10):
        actions = rng.uniform(-1, 1, (3, 4)).astype(np.float32)
        one, reward, terminated, truncated, info = single.step(actions[0])
        many, rewards, *ends, infos = vector.step(actions)
        np.testing.assert_array_equal(one, many[0])
        assert reward == rewards[0]
        assert (terminated, truncated) == (ends[0][0], ends[1][0])
        assert info["reward_terms"]["place"] == infos["reward_terms"]["place"][0]


def test_an_episode_ends_after_its_time(near):
    env = TaskEnv(make_task("hover", duration_s=0.03), near, seed=1)
    env.reset()
    ends = [env.step(np.zeros(4, np.float32))[2:4] for _ in range(3)]
    assert ends == [(False, False), (False, False), (False, True)]


def test_pictures_follow_the_flight(near):
    env = TaskEnv(make_task("track"), near, seed=1, render_mode="rgb_array")
    env.reset()
    first = env.render()
    for _ in range(5):
        env.step(np.zeros(4, np.float32))
    second = env.render()
    assert first.shape == second.shape == (360, 640, 3) and first.dtype == np.uint8
    assert (first != second).any()
    env.close()


def test_without_a_render_mode_there_is_no_picture(near):
    env = TaskEnv(make_task("hover"), near)
    env.reset()
    assert env.render() is None
    with pytest.raises(ValueError, match=r"render_mode is 'human'; allowed: None or \['rgb_array'\]"):
        TaskEnv(make_task("hover"), near, render_mode="human")
