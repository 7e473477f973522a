"""The true reward and success beside those of the reward that is trained with."""

from types import SimpleNamespace

import numpy as np
import pytest

from telic.control.guard.witness import SUCCESS, TRUE_REWARD, FlightWitness, WorldWitness, can_witness
from telic.control.make import make_vec, reward_for
from telic.control.shac import ShacConfig
from telic.control.train import TrainConfig, train
from telic.rewards.program import parse_reward
from telic.sim.tasks.registry import make_task

LOW = '''"""Be low."""


def reward(position):
    return {"low": -position[2]}
'''
REMEMBERS = '''"""Rise."""


def memory(position, highest=0.0 * metre):
    return {"highest": maximum(highest, position[2])}


def reward(highest, next_highest):
    return {"progress": next_highest - highest}


def success(position):
    return position[2] > 1.0
'''


def test_a_flight_s_history_has_the_task_s_own_reward_and_success():
    task = make_task("hover")
    truth, config = reward_for(task), TrainConfig(2, report_every=1, shac=ShacConfig(num_envs=16, horizon=64))
    seen = []

    def measure(learner):
        replay = learner.replay
        newest = replay.read(replay.slots()[-64:].ravel())
        seen.append(truth.total(newest.inputs(truth.inputs)).mean())
        return FlightWitness(truth)(learner)

    history = train(task, parse_reward(LOW, task.schema), config, measure=measure).history
    assert [row[TRUE_REWARD] for row in history] == pytest.approx(seen)
    assert all(row[TRUE_REWARD] != pytest.approx(row["reward"]) for row in history)
    assert 0.0 <= history[-1][SUCCESS] <= 1.0


def test_its_success_is_that_of_ends_by_time():
    task = make_task("hover")
    truth = reward_for(task)
    shac = ShacConfig(num_envs=16, horizon=64)
    near, ended = [], []

    def watch(learner):
        replay = learner.replay
        steps = replay.read(replay.slots()[-64:].ravel())
        over = steps.terminated | steps.truncated
        distance = np.linalg.norm(steps.signals["position"] - steps.signals["reference_position"], axis=-1)
        near.append(int((over & steps.truncated & (distance < 0.2)).sum()))
        ended.append(int(over.sum()))

    config = TrainConfig(4, report_every=4, shac=shac)
    history = train(task, truth, config, after_update=watch, measure=FlightWitness(truth)).history
    assert history[-1][SUCCESS] == pytest.approx(sum(near) / sum(ended))


def test_a_world_s_witness_adds_up_whole_episodes():
    task = make_task("cartpole")
    truth = reward_for(task)
    env = make_vec("cartpole", 6, truth, seed=3)
    witness = WorldWitness(truth, env.world)
    env.watchers.append(witness)
    env.reset(seed=3)
    rng, returns, ended, running = np.random.default_rng(0), [], 0, np.zeros(6)
    for _ in range(task.episode_steps + 5):
        _, reward, terminated, truncated, _ = env.step(rng.uniform(-1, 1, env.action_space.shape).astype(np.float32))
        running += reward
        over = terminated | truncated
        returns += running[over].tolist()
        running[over] = 0.0
        ended += int(over.sum())
    found = witness()
    assert ended >= 6
    assert found[TRUE_REWARD] == pytest.approx(np.mean(returns), rel=1e-5)
    assert 0.0 <= found[SUCCESS] <= 1.0
    assert witness() == {}


def test_its_success_is_what_the_truth_says_at_the_end():
    found = {}
    for name, action in (("rests", 0.0), ("pushes", 1.0)):
        env = make_vec("acrobot", 4, RESTS, seed=0)
        witness = WorldWitness(RESTS, env.world)
        env.watchers.append(witness)
        env.reset(seed=0)
        for _ in range(env.task.episode_steps):
            env.step(np.full(env.action_space.shape, action, np.float32))
        found[name] = witness()[SUCCESS]
    assert found == {"rests": 1.0, "pushes": 0.0}


RESTS = parse_reward(
    '''"""Do nothing."""


def reward(action):
    return {"rest": -square(action[0])}


def success(action):
    return abs(action[0]) < 0.5
''',
    make_task("acrobot").schema,
)


def test_who_cannot_be_asked_of_single_steps_is_no_witness():
    task = make_task("hover")
    assert can_witness(reward_for(task))
    assert not can_witness(parse_reward(LOW, task.schema))
    assert not can_witness(parse_reward(REMEMBERS, task.schema))
    assert not can_witness(SimpleNamespace())
