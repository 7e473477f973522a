"""The adapter to Stable-Baselines3, against an environment whose steps can be counted, and against Telic's own."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import telic

pytest.importorskip("stable_baselines3", reason="needs telic[baselines]")

from stable_baselines3 import PPO

from telic.control.baselines.sb3_env import Sb3VecEnv, sb3_env


class Counter(gymnasium.Env):
    """Observes the number of its step; fails after 3 steps of the action 0, and is out of time after 5."""

    observation_space = gymnasium.spaces.Box(0, 10, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = self.idle = 0
        return self.observe(), {}

    def step(self, action):
        self.count += 1
        self.idle += action == 0
        return self.observe(), 1.0, self.idle == 3, self.count == 5, {"count": self.count}

    def observe(self):
        return np.array([self.count], np.float32)


def counters(number, mode=AutoresetMode.SAME_STEP):
    return SyncVectorEnv([Counter] * number, autoreset_mode=mode)


def run(env, action, steps):
    env.reset()
    return [env.step(np.full(env.num_envs, action)) for _ in range(steps)]


def test_a_time_limit_is_told_from_a_failure():
    *_, (_, _, done, (info,)) = run(sb3_env(counters(1)), action=1, steps=5)
    assert done and info["TimeLimit.truncated"]
    *_, (_, _, done, (info,)) = run(sb3_env(counters(1)), action=0, steps=3)
    assert done and not info["TimeLimit.truncated"]


def test_an_episode_that_fails_and_is_out_of_time_at_once_has_failed():
    env = sb3_env(counters(1))
    env.reset()
    for action in (1, 1, 0, 0, 0):
        *_, (info,) = env.step(np.array([action]))
    assert info["TimeLimit.truncated"] is False


def test_the_step_that_ends_an_episode_has_the_last_observation_and_the_next_first_one():
    steps = run(sb3_env(counters(2)), action=1, steps=5)
    observation, _, _, infos = steps[-1]
    assert observation.tolist() == [[0.0], [0.0]]
    assert [info["terminal_observation"].tolist() for info in infos] == [[5.0], [5.0]]
    assert all(info == {} for *_, infos in steps[:-1] for info in infos)


def test_the_log_has_return_length_and_the_info_of_the_last_step():
    *_, (_, _, _, (info,)) = run(sb3_env(counters(1)), action=0, steps=3)
    assert (info["episode"]["r"], info["episode"]["l"], info["count"]) == (3.0, 3, 3)


def test_environments_that_start_again_one_step_late_are_refused():
    with pytest.raises(ValueError, match="NEXT_STEP; allowed: SAME_STEP"):
        sb3_env(counters(1, AutoresetMode.NEXT_STEP))


def test_attributes_and_methods_reach_each_environment():
    env = Sb3VecEnv(counters(2))
    env.reset()
    env.step(np.array([0, 1]))
    assert env.get_attr("idle") == [1, 0]
    assert env.env_method("observe", indices=1)[0].tolist() == [1.0]
    env.set_attr("idle", 2, indices=[1])
    assert env.get_attr("idle") == [1, 2]
    assert env.env_is_wrapped(gymnasium.wrappers.TimeLimit) == [False, False]


def test_telic_tasks_hand_over_the_last_state_of_each_episode():
    """The learner bootstraps from it: it must be the state before the restart, not after."""
    vector = telic.make_vec("hover", num_envs=8, seed=3)
    env, twin = Sb3VecEnv(vector), telic.make_vec("hover", num_envs=8, seed=3, autoreset_mode=AutoresetMode.DISABLED)
    env.reset()
    twin.reset()
    full = np.ones((8, 4), np.float32)
    for _ in range(500):
        _, _, done, infos = env.step(full)
        before, _, terminated, _, _ = twin.step(full)
        if done.any():
            break
    first = int(np.flatnonzero(done)[0])
    assert terminated[first] and not infos[first]["TimeLimit.truncated"]
    np.testing.assert_array_equal(infos[first]["terminal_observation"], before[first])


def test_the_same_seed_gives_the_same_episodes():
    env = sb3_env(telic.make_vec("hover", num_envs=2))
    starts = []
    for _ in range(2):
        env.seed(7)
        starts.append(env.reset())
    np.testing.assert_array_equal(*starts)
    assert not np.array_equal(starts[0], env.reset())


def test_ppo_trains():
    model = PPO(
        "MlpPolicy", sb3_env(telic.make_vec("hover", num_envs=2, seed=0)), n_steps=16, batch_size=16, n_epochs=1
    )
    model.learn(64)
    assert model.num_timesteps == 64
