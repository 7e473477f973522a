"""Our tasks beside Gymnasium's v5 environments: the same states and actions, step by step, 1000 steps each."""

from pathlib import Path

import gymnasium
import numpy as np
import pytest

from telic.rewards.backends import numba as numba_backend
from telic.rewards.program import load_reward
from telic.sim.scoring import Scorer
from telic.sim.tasks.registry import make_task
from telic.sim.vector_env import TaskVectorEnv

TASKS = {
    "half_cheetah": "HalfCheetah",
    "hopper": "Hopper",
    "walker2d": "Walker2d",
    "ant": "Ant",
    "humanoid": "Humanoid",
    "humanoid_standup": "HumanoidStandup",
    "swimmer": "Swimmer",
    "reacher": "Reacher",
    "pusher": "Pusher",
    "inverted_pendulum": "InvertedPendulum",
    "inverted_double_pendulum": "InvertedDoublePendulum",
}
STEPS = 1000
TOLERANCE = 1e-9
LIBRARY = Path(__file__).parents[2] / "rewards" / "library"

pytestmark = pytest.mark.filterwarnings("ignore")


def reward_of(task):
    return load_reward(LIBRARY / f"{task.reward}.py.txt", task.schema)


class Interpreted:
    """A reward program whose kernel runs in Python: the same text, without the second that it takes to compile."""

    def __init__(self, program):
        self.inputs, self.fingerprint, self.terms = program.inputs, program.fingerprint, program.terms
        self.double_kernel = numba_backend.compiled(program.row_source, np.float64).py_func


def put(world, data):
    """Move the only world to a state of Gymnasium's."""
    batch = world.engine.batch
    batch.bind("qpos")[0], batch.bind("qvel")[0] = data.qpos, data.qvel
    world.refresh()


@pytest.mark.parametrize("name", TASKS)
def test_observations_rewards_and_terminations_are_gymnasiums(name):
    task = make_task(name)
    world = task.make_world(1, threads=1)
    scorer = Scorer(Interpreted(reward_of(task)), world)
    theirs = gymnasium.make(f"{TASKS[name]}-v5").unwrapped
    rng = np.random.default_rng(7)
    low, high = task.actions.bounds
    ended = True
    for step in range(STEPS):
        if ended or step % task.episode_steps == 0:
            observation, _ = theirs.reset(seed=step)
            world.reset()
            put(world, theirs.data)
            np.testing.assert_allclose(world.observation[0], observation, rtol=0, atol=TOLERANCE)
        action = rng.uniform(low, high).astype(np.float32)
        # Gymnasium computes costs of the action in the action's type: in float64 here, as we do.
        observation, reward, ended, _, _ = theirs.step(action.astype(np.float64))
        world.step(action[None], before=scorer.before, after=scorer.after)
        np.testing.assert_allclose(world.observation[0], observation, rtol=0, atol=TOLERANCE)
        assert scorer.total[0] == pytest.approx(reward, rel=0, abs=TOLERANCE)
        assert world.terminated[0] == ended
    assert world.observation.dtype == scorer.total.dtype == np.float64


@pytest.mark.parametrize("name", TASKS)
def test_spaces_and_times_are_gymnasiums(name):
    task, spec = make_task(name), gymnasium.spec(f"{TASKS[name]}-v5")
    theirs = gymnasium.make(spec)
    assert task.observation_size == theirs.observation_space.shape[0]
    low, high = task.actions.bounds
    np.testing.assert_array_equal(low, theirs.action_space.low)
    np.testing.assert_array_equal(high, theirs.action_space.high)
    assert task.dt == pytest.approx(theirs.unwrapped.dt) and task.episode_steps == spec.max_episode_steps


@pytest.mark.parametrize("name", TASKS)
def test_starts_are_distributed_as_gymnasiums(name):
    task, count = make_task(name), 300
    world = task.make_world(count, seed=3, threads=1)
    theirs = gymnasium.make(f"{TASKS[name]}-v5").unwrapped
    starts = []
    for seed in range(count):
        theirs.reset(seed=seed)
        starts.append(np.concatenate([theirs.data.qpos, theirs.data.qvel]))
    batch = world.engine.batch
    ours, starts = np.concatenate([batch.bind("qpos"), batch.bind("qvel")], axis=1), np.array(starts)
    mean, spread = starts.mean(axis=0), starts.std(axis=0)
    assert (np.abs(ours.mean(axis=0) - mean) <= 0.35 * spread + 1e-12).all()
    np.testing.assert_allclose(ours.std(axis=0), spread, rtol=0.25, atol=1e-12)
    # The fourth moment tells a uniform distribution (1.8) from a normal one (3).
    drawn = spread > 1e-9
    moments = [((x[:, drawn] - x[:, drawn].mean(0)) ** 4).mean(0) / x[:, drawn].std(0) ** 4 for x in (ours, starts)]
    assert np.abs(moments[0] - moments[1]).mean() < 0.4


@pytest.mark.parametrize("name", ["half_cheetah", "hopper"])
def test_compiled_rewards_in_a_vector_are_gymnasiums(name):
    task = make_task(name)
    env = TaskVectorEnv(task, 2, reward_of(task), seed=0, threads=1)
    theirs = gymnasium.make(f"{TASKS[name]}-v5").unwrapped
    env.reset(seed=1)
    theirs.reset(seed=1)
    batch = env.world.engine.batch
    theirs.set_state(batch.bind("qpos")[1].copy(), batch.bind("qvel")[1].copy())
    rng = np.random.default_rng(0)
    for _ in range(15):
        actions = rng.uniform(-1.0, 1.0, (2, task.actions.size)).astype(np.float32)
        _, rewards, *_ = env.step(actions)
        _, reward, ended, _, _ = theirs.step(actions[1].astype(np.float64))
        assert rewards.dtype == np.float64
        assert rewards[1] == pytest.approx(reward, rel=0, abs=TOLERANCE)
        if ended:
            break
