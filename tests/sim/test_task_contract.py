"""One contract for every registered task, whatever it is simulated with."""

import warnings
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.env_checker import check_env as check_env_sb3

from telic.control.make import reward_for
from telic.sim.env import TaskEnv
from telic.sim.mujoco.randomise import Randomise
from telic.sim.tasks.registry import TASKS, make_task
from telic.sim.vector_env import TaskVectorEnv

N = 5
EPISODE = 6  # Control steps: short, so that worlds restart while one looks.

FLIGHTS = ("hover", "track")  # What is randomised of them is tested in test_world.py.

every_task = pytest.mark.parametrize("name", TASKS)


@cache
def task_of(name):
    return make_task(name)


@cache
def short_task(name):
    task = task_of(name)
    return replace(task, truncate_after_s=EPISODE * task.dt)


@cache
def program_of(name):
    return reward_for(task_of(name))


class Plain:
    """A reward program without its kernel, which takes a second to compile."""

    def __init__(self, program):
        self.inputs, self.fingerprint, self.terms = program.inputs, program.fingerprint, program.terms


def actions(task, step, worlds=N):
    """Random actions; those of a world depend on the step and the world only."""
    low, high = task.actions.bounds
    rows = [np.random.default_rng((step, world)).uniform(low, high) for world in range(worlds)]
    return np.array(rows, np.float32)


def live(world, first, last):
    """What happens in steps ``first...last-1``: everything that can be seen, after each step."""
    seen = []
    for step in range(first, last):
        finals = world.step_and_restart(actions(world.task, step, world.num_envs))
        seen.append(
            {
                **{name: values.copy() for name, values in world.signals.items()},
                "observation": world.observation.copy(),
                "privileged": world.privileged.copy(),
                "final": np.where(world.ended[:, None], finals, 0.0),
                "terminated": world.terminated.copy(),
                "truncated": world.truncated.copy(),
            }
        )
    return seen


def assert_same(one, other, worlds=slice(None)):
    for step, (mine, theirs) in enumerate(zip(one, other, strict=True)):
        for name, values in mine.items():
            np.testing.assert_array_equal(values[worlds], theirs[name][worlds], err_msg=f"{name} in step {step}")


@every_task
def test_it_is_what_it_says(name):
    task = task_of(name)
    assert task.name == name and task.description
    world = task.make_world(N, seed=2, threads=1)
    for step in range(2 * EPISODE):
        for signal in task.schema:
            values = world.signals[signal.name]
            assert values.shape == (N, *signal.shape) and values.dtype == signal.dtype
            assert np.isfinite(values).all(), signal.name
            np.testing.assert_array_equal(world.flat(signal.name), values.reshape(N, signal.size))
        for view, size in ((world.observation, task.observation_size), (world.privileged, task.privileged_size)):
            assert view.shape == (N, size) and view.dtype == task.dtype
            assert np.isfinite(view).all()
        assert not (world.terminated & world.truncated).any() and not world.diverged.any()
        assert ((world.terminated | world.truncated) == world.ended).all()
        world.step_and_restart(actions(task, step))
    assert set(world.signals) == {signal.name for signal in task.schema}
    low, high = task.actions.bounds
    assert (low <= task.actions.initial_action).all() and (task.actions.initial_action <= high).all()


@every_task
def test_the_seed_decides_and_neither_threads_nor_the_other_worlds(name):
    task = short_task(name)
    alone = live(task.make_world(N, seed=3, threads=1), 0, 2 * EPISODE)
    assert_same(alone, live(task.make_world(N, seed=3, threads=2), 0, 2 * EPISODE))
    fewer = live(task.make_world(2, seed=3, threads=1), 0, 2 * EPISODE)
    assert_same([{key: values[:2] for key, values in step.items()} for step in alone], fewer)
    world = task.make_world(N, seed=4, threads=1)
    assert (live(world, 0, 1)[0]["observation"] != alone[0]["observation"]).any()
    world.reseed(3)
    assert_same(alone, live(world, 0, 2 * EPISODE))


@every_task
def test_worlds_and_episodes_start_differently(name):
    world = task_of(name).make_world(N, seed=5, threads=1)
    first = world.observation.copy()
    assert len(np.unique(first, axis=0)) == N
    world.reset(np.array([True, False, True, False, False]))
    changed = (world.observation != first).any(axis=1)
    np.testing.assert_array_equal(changed, [True, False, True, False, False])


@every_task
def test_a_restored_world_goes_on_bit_for_bit(name):
    world = short_task(name).make_world(N, seed=6, threads=1)
    live(world, 0, 3)
    snapshot = world.snapshot()
    expected = live(world, 3, 3 + 2 * EPISODE)
    live(world, 50, 54)
    world.restore(snapshot)
    assert_same(expected, live(world, 3, 3 + 2 * EPISODE))
    world.restore(snapshot, np.array([True, True, False, False, False]))
    assert_same(expected, live(world, 3, 3 + 2 * EPISODE), slice(0, 2))


@every_task
def test_terms_sum_to_the_reward(name):
    env = TaskVectorEnv(short_task(name), N, Plain(program_of(name)), seed=1, threads=1)
    env.reset(seed=1)
    for step in range(2 * EPISODE):
        _, reward, _, _, info = env.step(actions(env.task, step))
        terms = info["reward_terms"]
        assert tuple(terms) == program_of(name).term_names
        assert reward.dtype == env.task.dtype and np.isfinite(reward).all()
        np.testing.assert_allclose(sum(terms.values()), reward, rtol=1e-5, atol=1e-5)


@every_task
def test_every_task_says_what_success_is(name):
    assert program_of(name).success_term is not None


@every_task
def test_returned_arrays_are_the_callers_own(name):
    env = TaskVectorEnv(short_task(name), N, Plain(program_of(name)), seed=1, threads=1)
    first, _ = env.reset(seed=1)
    kept = first.copy()
    world = env.world
    returned = [first, *env.step(actions(env.task, 0))[:4]]
    env.step(actions(env.task, 1))
    np.testing.assert_array_equal(first, kept)
    inside = [world.observation, world.terminated, world.truncated, *world.signals.values()]
    assert not any(np.shares_memory(mine, theirs) for mine in returned for theirs in inside)
    assert not any(np.shares_memory(world.observation, values) for values in world.signals.values())


@every_task
def test_gymnasium_accepts_it(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # An observation without bounds is what a position is, no spec is registered here, and torques need not be 1.
        warnings.filterwarnings("ignore", message=".*(infinity|spec|normalized).*")
        check_env(TaskEnv(task_of(name), Plain(program_of(name)), seed=0), skip_render_check=True)


@every_task
def test_stable_baselines_accepts_it(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # What SB3 recommends, actions from -1 to 1, is not what every robot takes.
        warnings.filterwarnings("ignore", message=".*(action space|Box action).*")
        check_env_sb3(TaskEnv(task_of(name), Plain(program_of(name)), seed=0), warn=True, skip_render_check=True)


@pytest.mark.parametrize("name", [name for name in TASKS if name not in FLIGHTS])
def test_what_is_randomised_differs_between_worlds_and_episodes(name):
    task = task_of(name)
    task = replace(task, randomisation=(*task.randomisation, Randomise("geom_margin", (0.0, 0.001), kind="add")))
    world = task.make_world(N, seed=7, threads=1)
    model = world.engine.model
    for label, values in world.randomiser.values.items():
        assert len(np.unique(values, axis=0)) == N, label
    margins = world.engine.batch.expanded("geom_margin").copy()
    assert len(np.unique(margins, axis=0)) == N
    assert (margins >= model.geom_margin).all() and (margins <= model.geom_margin + 0.001).all()
    world.reset()
    assert (world.engine.batch.expanded("geom_margin") != margins).any(axis=1).all()


@pytest.mark.parametrize("name", ["hover", "hopper", "cartpole"])
def test_episodes_end_and_restart_as_the_mode_says(name):
    task, reward = short_task(name), Plain(program_of(name))
    envs = {mode: TaskVectorEnv(task, N, reward, seed=8, autoreset_mode=mode, threads=1) for mode in AutoresetMode}
    firsts = {mode: env.reset(seed=8)[0] for mode, env in envs.items()}
    for step in range(EPISODE):
        results = {mode: env.step(actions(task, step)) for mode, env in envs.items()}
    same, later, disabled = (
        results[mode] for mode in (AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED)
    )
    over = disabled[3]
    assert over.any()
    last = disabled[0]
    np.testing.assert_array_equal(later[0], last)
    np.testing.assert_array_equal(np.stack(same[4]["final_obs"][over]), last[over])
    np.testing.assert_array_equal(same[4]["_final_obs"], over)
    assert (same[0][over] != last[over]).any() and (same[0][over] != firsts[AutoresetMode.SAME_STEP][over]).any()
    # The next step of a next-step restart is the first observation of the new episode, without a reward.
    again = envs[AutoresetMode.NEXT_STEP].step(actions(task, EPISODE))
    np.testing.assert_array_equal(again[0][over], same[0][over])
    assert (again[1][over] == 0.0).all() and not again[2][over].any() and not again[3][over].any()
    with pytest.raises(ValueError, match="has ended; call reset"):
        envs[AutoresetMode.DISABLED].step(actions(task, EPISODE))
    fresh, _ = envs[AutoresetMode.DISABLED].reset(options={"reset_mask": over})
    np.testing.assert_array_equal(fresh[over], same[0][over])
