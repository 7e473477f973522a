"""The vector environment, against Gymnasium's conventions and against the world that it runs."""

from dataclasses import replace

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics

from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.task import Disturbance, UprightWithin
from telic.sim.tasks.registry import make_task
from telic.sim.vector_env import TaskVectorEnv

SHORT = replace(make_task("hover"), truncate_after_s=0.05)
CALM = replace(SHORT, disturbance=Disturbance(0.0, 0.0), reset=UprightWithin(0.0, 0.0, 0.0, 0.0))


def hold(env):
    return np.full((env.num_envs, 4), env.task.vehicle.hover_action, np.float32)


def test_spaces_hold_what_is_returned(near):
    env = TaskVectorEnv(make_task("track"), 6, near, seed=1)
    observation, info = env.reset(seed=3)
    assert observation in env.observation_space and info == {}
    env.action_space.seed(0)
    for _ in range(3):
        observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        assert observation in env.observation_space
        assert reward.shape == (6,) and reward.dtype == np.float32
        assert terminated.dtype == truncated.dtype == np.bool_
    assert env.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP


def test_rewards_are_of_the_state_before_and_the_action(near):
    env, world = TaskVectorEnv(SHORT, 50, near, seed=2), MultirotorWorld(SHORT, 50, seed=2)
    rng = np.random.default_rng(0)
    for _ in range(4):
        action = rng.uniform(-1.5, 1.5, (50, 4)).astype(np.float32)
        inputs = {name: world.signals[name].copy() for name in ("position", "velocity")}
        world.step(action)
        inputs |= {
            "action": np.clip(action, -1, 1),
            "next_position": world.signals["position"].copy(),
            "terminated": world.terminated.astype(np.float32),
        }
        expected = near.terms(inputs)
        _, reward, *_, info = env.step(action)
        for name, values in expected.items():
            np.testing.assert_allclose(info["reward_terms"][name], values, atol=1e-6)
        np.testing.assert_allclose(reward, sum(expected.values()), atol=1e-5)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_compiled_reward_gives_the_same(near, compiled_near, threads):
    plain, compiled = (TaskVectorEnv(SHORT, 300, reward, seed=4, threads=threads) for reward in (near, compiled_near))
    rng = np.random.default_rng(1)
    for _ in range(12):
        action = rng.uniform(-1, 1, (300, 4)).astype(np.float32)
        one, two = plain.step(action), compiled.step(action)
        np.testing.assert_array_equal(one[0], two[0])
        np.testing.assert_allclose(one[1], two[1], atol=1e-5)
        for name, values in one[4]["reward_terms"].items():
            np.testing.assert_allclose(two[4]["reward_terms"][name], values, atol=1e-5)


def test_same_step_returns_the_first_of_the_new_and_keeps_the_last_of_the_old(near):
    env = TaskVectorEnv(SHORT, 4, near, seed=5)
    twin = MultirotorWorld(SHORT, 4, seed=5)
    for step in range(1, 6):
        observation, _, terminated, truncated, info = env.step(hold(env))
        twin.step(hold(env))
        assert ("final_obs" in info) == (step == 5)
    assert truncated.all() and not terminated.any()
    for row, last in zip(info["final_obs"], twin.observation, strict=True):
        np.testing.assert_array_equal(row, last)
    twin.reset(truncated)
    np.testing.assert_array_equal(observation, twin.observation)
    assert info["_final_obs"].all()


def test_next_step_resets_one_step_later_and_ignores_that_action(near):
    env = TaskVectorEnv(SHORT, 3, near, seed=6, autoreset_mode=AutoresetMode.NEXT_STEP)
    for _ in range(5):
        last, _, _, truncated, info = env.step(hold(env))
    assert truncated.all() and "final_obs" not in info
    first, reward, terminated, truncated, info = env.step(hold(env))
    np.testing.assert_array_equal(reward, 0.0)
    assert not terminated.any() and not truncated.any()
    np.testing.assert_array_equal(first[:, 18:], 0.0)
    assert (first[:, :3] != last[:, :3]).all()
    assert all((values == 0.0).all() for values in info["reward_terms"].values())
    np.testing.assert_array_equal(env.world.steps, 0)


def test_disabled_waits_for_the_user(near):
    env = TaskVectorEnv(SHORT, 3, near, seed=7, autoreset_mode="Disabled")
    for _ in range(5):
        *_, truncated, _ = env.step(hold(env))
    assert truncated.all()
    with pytest.raises(ValueError, match=r"environment 0 has ended; call reset"):
        env.step(hold(env))
    env.reset(options={"reset_mask": np.array([True, True, False])})
    with pytest.raises(ValueError, match=r"environment 2 has ended"):
        env.step(hold(env))
    env.reset(options={"reset_mask": np.array([False, False, True])})
    env.step(hold(env))


def test_copies_last_and_views_do_not(near):
    copies, views = TaskVectorEnv(SHORT, 3, near, seed=8), TaskVectorEnv(SHORT, 3, near, seed=8, copy=False)
    kept, _ = copies.reset(seed=1)
    before = kept.copy()
    copies.step(hold(copies))
    np.testing.assert_array_equal(kept, before)
    seen, _ = views.reset(seed=1)
    assert np.shares_memory(seen, views.world.observation)
    np.testing.assert_array_equal(seen, before)
    one, two = copies.step(hold(copies)), views.step(hold(views))
    views.reset(seed=1), copies.reset(seed=1)
    one, two = copies.step(hold(copies)), views.step(hold(views))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


def test_seeds_decide_everything(near):
    env = TaskVectorEnv(make_task("hover"), 5, near)
    first, _ = env.reset(seed=9)
    later, _ = env.reset()
    again, _ = env.reset(seed=9)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(env.reset()[0], later)
    assert (env.reset(seed=10)[0][:, :18] != first[:, :18]).all()
    one, two = (TaskVectorEnv(make_task("hover"), 5, near).reset()[0] for _ in range(2))
    assert (one[:, :18] != two[:, :18]).any()


def test_gymnasium_wrappers_work_on_it(compiled_near):
    env = DictInfoToList(RecordEpisodeStatistics(TaskVectorEnv(SHORT, 3, compiled_near, seed=1)))
    env.reset(seed=0)
    for _ in range(5):
        *_, infos = env.step(np.zeros((3, 4), np.float32))
    assert [info["episode"]["l"] for info in infos] == [5, 5, 5]
    assert set(infos[0]["reward_terms"]) == {"place", "still", "effort", "climb", "lost"}
    assert infos[1]["final_obs"].shape == (146,)


def test_a_reward_that_reads_what_there_is_not_is_refused(near):
    near.inputs = ("positon",)
    with pytest.raises(ValueError, match=r"reads 'positon', which the world does not have; did you mean 'position'"):
        TaskVectorEnv(SHORT, 2, near)


def test_a_reward_that_is_not_finite_is_refused_with_the_term(near):
    class Broken:
        inputs = ("position",)
        fingerprint = "broken"

        def terms(self, inputs):
            x = inputs["position"][..., 0]
            return {"fine": x, "bad": np.full_like(x, np.inf)}

    env = TaskVectorEnv(SHORT, 2, Broken(), seed=1)
    with (
        np.errstate(divide="ignore"),
        pytest.raises(ValueError, match=r"reward of world 0 is not finite: .*bad = -?inf"),
    ):
        env.step(hold(env))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda env: env.step(np.full((2, 4), np.nan)), r"action m1 of vehicle 0 is nan"),
        (lambda env: env.reset(seed=[1, 2]), r"seed is a list"),
        (lambda env: env.reset(seed=1, options={"reset_mask": np.ones(2, bool)}), r"both given"),
        (lambda env: env.reset(options={"reset_mask": np.ones(3, bool)}), r"ids is bool \(3,\)"),
    ],
)
def test_bad_calls_are_refused_with_the_reason(near, call, message):
    env = TaskVectorEnv(SHORT, 2, near)
    with pytest.raises(ValueError, match=message):
        call(env)
