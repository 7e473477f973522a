"""A reward that remembers: the same online, relabelled, on disk, and step by step."""

import numpy as np
import pytest

from telic.control.make import make_vec
from telic.replay.errors import ReplayError
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.replay.store.store import Store
from telic.rewards.memory import scan
from telic.rewards.program import parse_reward
from telic.sim.tasks.registry import make_task

PROGRAMS = {
    "cartpole": '''"""Stay up, the longer in a row the better."""
def memory(pole_direction, held=0.0):
    return {"held": where(pole_direction[0] > 0.97, held + 1.0, 0.0)}
def reward(held, pole_velocity, action):
    return {"held": 0.01 * held, "effort": -0.1 * square(norm(action))}
''',
    "hover": '''"""Come nearer than ever before."""
def memory(next_position, next_reference_position, nearest=2.0 * metre, steps=0.0):
    return {"nearest": minimum(nearest, norm(next_position - next_reference_position)), "steps": steps + 1.0}
def reward(nearest, next_nearest, next_steps, terminated):
    return {"progress": nearest - next_nearest, "time": -0.001 * next_steps, "fall": -1.0 * terminated}
''',
}
WORLDS, STEPS = 6, 260


def lived(name, mode, **parameters):
    """Online rewards (T, N), the replay of the same steps, and the program."""
    task = make_task(name, **parameters)
    reward = parse_reward(PROGRAMS[name], task.schema)
    env = make_vec(task, WORLDS, reward, seed=1, autoreset_mode=mode)
    replay = Replay(Schema(task.schema, task.actions), WORLDS * STEPS, WORLDS)
    rng = np.random.default_rng(0)
    rewards = []
    before, after, taken = {}, {}, np.zeros((WORLDS, task.actions.size), np.float32)

    class Watch:
        def before(self, first, last):
            for signal, values in env.world.signals.items():
                before.setdefault(signal, np.empty_like(values))[first:last] = values[first:last]

        def after(self, first, last):
            for signal, values in env.world.signals.items():
                after.setdefault(signal, np.empty_like(values))[first:last] = values[first:last]
            taken[first:last] = env.world.action[first:last]

    env.watchers.append(Watch())
    env.reset(seed=1)
    for _ in range(STEPS):
        low, high = task.actions.bounds
        _, online, terminated, truncated, _ = env.step(rng.uniform(low, high, (WORLDS, task.actions.size)))
        rewards.append(online)
        replay.add(before, taken, after, terminated, truncated)
    return np.array(rewards), replay, reward


@pytest.fixture(scope="module", params=["cartpole", "hover"])
def life(request):
    return lived(request.param, "SameStep", duration_s=0.8)


def test_relabelled_rewards_are_those_online(life):
    online, replay, reward = life
    assert replay.episodes().whole.sum() > 3 * WORLDS
    column = replay.relabel(reward, keep_terms=True)
    assert np.abs(column.total[replay.slots()] - online).max() <= 1e-6
    assert set(column.terms) == set(reward.term_names)


def test_step_by_step_scan_agrees(life):
    online, replay, reward = life
    slots = replay.slots()
    facts = [replay.read(row).inputs(reward.inputs) for row in slots]
    inputs = {name: np.stack([step[name] for step in facts]) for name in reward.inputs}
    ended = np.stack([replay.read(row).terminated | replay.read(row).truncated for row in slots])
    first = np.concatenate([np.ones((1, WORLDS), bool), ended[:-1]])
    terms, _ = scan(reward, inputs, first)
    assert np.abs(sum(terms.values()) - online).max() <= 1e-6


def test_memory_is_carried_from_update_to_update(life):
    online, replay, reward = life
    part = Replay(replay.schema, len(replay), WORLDS)
    for row in replay.slots():
        step = replay.read(row)
        part.add(step.signals, step.action, step.next_signals, step.terminated, step.truncated)
        part.relabel(reward)
    assert np.abs(part.column(reward).total[part.slots()] - online).max() <= 1e-6


def test_full_ring_and_loaded_column_go_on(life):
    online, replay, reward = life
    ring = Replay(replay.schema, 60 * WORLDS, WORLDS)
    slots = replay.slots()
    for number, row in enumerate(slots):
        step = replay.read(row)
        ring.add(step.signals, step.action, step.next_signals, step.terminated, step.truncated)
        if number % 7 == 0:
            ring.relabel(reward)
    kept = ring.column(reward).total[ring.slots()]
    assert np.abs(kept - online[-60:]).max() <= 1e-6
    again = Replay(replay.schema, 60 * WORLDS, WORLDS)
    again.load_state_dict(ring.state_dict())
    again.relabel(reward)
    assert np.array_equal(again.column(reward).total[again.slots()], kept)


def test_episode_over_several_chunks_of_a_store_is_one(life, tmp_path):
    _, replay, reward = life
    store = Store.create(tmp_path / "store", replay.schema)
    with store.writer("worlds", streams=WORLDS, commit_every=64) as writer:
        for row in replay.slots():
            step = replay.read(row)
            writer.add(step.signals, step.action, step.next_signals, step.terminated, step.truncated)
    store = Store.open(tmp_path / "store", "append")
    assert len(list((tmp_path / "store").rglob("*.safetensors"))) > 5
    column = store.relabel(reward)
    returns = store.mapped().episodes(reward.fingerprint)
    expected = replay.episodes(reward)
    assert sorted(returns.returns[returns.whole]) == pytest.approx(sorted(expected.returns[expected.whole]), abs=1e-4)
    assert column.missing == 0
    with pytest.raises(ReplayError, match="only the sum is kept"):
        store.relabel(reward, keep_terms=True)


def test_reset_in_the_middle_of_an_episode_begins_anew():
    task = make_task("cartpole")
    reward = parse_reward(PROGRAMS["cartpole"], task.schema)
    env = make_vec(task, 3, reward, seed=0)
    rest = np.zeros((3, 1), np.float32)
    env.reset(seed=0)
    fresh = [env.step(rest)[1] for _ in range(8)]
    assert (np.diff(fresh, axis=0) > 0.0).any()
    env.reset(seed=0)
    assert np.array_equal([env.step(rest)[1] for _ in range(8)], fresh)
    env.reset(options={"reset_mask": np.array([True, False, False])})
    after = env.step(rest)[1]
    assert after[0] < after[1]


def test_next_step_autoreset_begins_anew():
    task = make_task("cartpole", duration_s=0.2)
    reward = parse_reward(PROGRAMS["cartpole"], task.schema)
    env = make_vec(task, 2, reward, seed=0, autoreset_mode="NextStep")
    env.reset(seed=0)
    rewards = np.array([env.step(np.zeros((2, 1), np.float32))[1] for _ in range(22)])
    # Ten steps, one reset without a reward, ten steps.
    assert (rewards[10] == 0.0).all()
    assert (rewards[0] == 0.0).all() and (rewards[11] == 0.0).all()
    assert rewards[12] == pytest.approx(rewards[1])
