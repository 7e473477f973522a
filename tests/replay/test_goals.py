"""Goals in hindsight, against what can be looked up step by step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telic.replay.action import ActionSpec
from telic.replay.errors import ReplayError, SchemaError, StaleColumnError, UnknownNameError
from telic.replay.goals import GoalSpec
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.replay.signal import Signal

SCHEMA = Schema(
    (Signal("achieved_goal", (2,), "m"), Signal("desired_goal", (2,), "m"), Signal("clock", (), "s")),
    ActionSpec(("motor",)),
)
ROWS, STREAMS = 9, 3


class Distance:
    """Minus the distance of the goal that a step achieved from the one that was wanted."""

    fingerprint = "distance"
    inputs = ("next_achieved_goal", "desired_goal", "action")

    def terms(self, inputs):
        error = inputs["next_achieved_goal"] - inputs["desired_goal"]
        return {"near": -np.abs(error).sum(axis=-1), "effort": -inputs["action"][..., 0]}


def state(numbers, goals):
    numbers = np.asarray(numbers, np.float32)
    achieved = np.stack([numbers, -numbers], axis=-1)
    return {"achieved_goal": achieved, "desired_goal": np.asarray(goals, np.float32), "clock": numbers}


def walk(ends, steps=14, capacity=ROWS * STREAMS):
    """A replay in which no two achieved goals are the same; `ends` are the (step, stream) that truncate."""
    replay = Replay(SCHEMA, capacity, STREAMS)
    rng = np.random.default_rng(0)
    numbers, goals = np.arange(STREAMS) * 1000.0, rng.normal(size=(STREAMS, 2))
    for step in range(steps):
        truncated = np.array([(step, stream) in ends for stream in range(STREAMS)])
        action = rng.normal(size=(STREAMS, 1)).astype(np.float32)
        replay.add(state(numbers, goals), action, state(numbers + 1, goals), np.zeros(STREAMS, bool), truncated)
        numbers = numbers + np.where(truncated, 100.0, 1.0)
        goals = np.where(truncated[:, None], rng.normal(size=(STREAMS, 2)), goals)
    return replay


def later(replay, slot):
    """What was achieved after a step and those that follow in its episode."""
    found = []
    for column in replay.slots().T:
        if slot in column:
            for at in column[list(column).index(slot) :]:
                step = replay.read(np.array([at]))
                found.append(step.next_signals["achieved_goal"][0])
                if step.terminated[0] or step.truncated[0]:
                    break
    return found


ENDS = st.sets(st.tuples(st.integers(0, 13), st.integers(0, STREAMS - 1)), max_size=12)


@settings(max_examples=40, deadline=None)
@given(ends=ENDS, choice=st.sampled_from(["future", "final"]), n=st.integers(1, 4), seed=st.integers(0, 99))
def test_goals_are_achieved_later_in_the_same_episode_and_rewards_are_for_them(ends, choice, n, seed):
    replay, reward, gamma = walk(ends), Distance(), 0.9
    batch = replay.sample_goals(
        40, reward=reward, rng=np.random.default_rng(seed), goals=GoalSpec(choice=choice), n_step=n, gamma=gamma
    )
    plain = replay.at(batch.index, reward=reward, n_step=n, gamma=gamma)
    for i, slot in enumerate(batch.index):
        goal = batch.signals["desired_goal"][i]
        assert np.array_equal(goal, batch.next_signals["desired_goal"][i])
        if not batch.relabelled[i]:
            assert np.array_equal(goal, plain.signals["desired_goal"][i])
            assert batch.reward[i] == plain.reward[i]
            continue
        achieved = later(replay, slot)
        allowed = achieved if choice == "future" else achieved[-1:]
        assert any(np.array_equal(goal, one) for one in allowed)
        actions = [replay.read(np.array([(slot + k * STREAMS) % (ROWS * STREAMS)])).action[0, 0] for k in range(n)]
        expected = sum(gamma**k * -(np.abs(achieved[k] - goal).sum() + actions[k]) for k in range(batch.steps[i]))
        assert batch.reward[i] == pytest.approx(expected, rel=1e-5)
    for name in ("steps", "discount", "action"):
        assert np.array_equal(getattr(batch, name), getattr(plain, name))
    assert np.array_equal(batch.signals["clock"], plain.signals["clock"])


def test_the_share_of_new_goals_is_what_was_asked_for():
    replay = walk({(3, 0), (9, 1)})
    share = lambda p: replay.sample_goals(  # noqa: E731
        20_000, reward=Distance(), rng=np.random.default_rng(1), goals=GoalSpec(probability=p)
    ).relabelled.mean()
    assert share(0.0) == 0.0
    assert share(1.0) == 1.0
    # Five standard deviations of a binomial share.
    assert abs(share(0.8) - 0.8) < 5 * 0.4 / np.sqrt(20_000)


def test_future_goals_are_uniform_over_the_steps_that_are_left():
    replay = walk({(3, 0)}, steps=9)
    index = np.full(30_000, replay.slots()[0, 0])
    goals = GoalSpec(probability=1.0)
    batch = replay.goals_at(index, reward=Distance(), rng=np.random.default_rng(2), goals=goals)
    found, counts = np.unique(batch.signals["desired_goal"][:, 0], return_counts=True)
    assert found.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert np.abs(counts - 7500).max() < 5 * np.sqrt(7500)


def test_random_goals_come_from_all_steps():
    replay = walk({(3, 0), (12, 2)})
    goals = GoalSpec(choice="random", probability=1.0)
    batch = replay.sample_goals(3000, reward=Distance(), rng=np.random.default_rng(2), goals=goals)
    everything = replay.read(replay.slots().ravel()).next_signals["achieved_goal"][:, 0]
    assert set(batch.signals["desired_goal"][:, 0]) == set(everything)


def test_the_store_is_not_changed():
    replay = walk({(3, 0)})
    reward = Distance()
    replay.relabel(reward)
    before = {name: array.copy() for name, array in replay.state_dict().items()}
    replay.sample_goals(64, reward=reward, rng=np.random.default_rng(0), n_step=3)
    after = replay.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_the_same_seed_gives_the_same_goals():
    replay = walk({(3, 0)})
    one, same, other = (
        replay.sample_goals(64, reward=Distance(), rng=np.random.default_rng(seed)).signals["desired_goal"].tolist()
        for seed in (1, 1, 2)
    )
    assert one == same != other


class Blind(Distance):
    """It does not read the goal."""

    fingerprint = "blind"
    inputs = ("next_achieved_goal", "action")

    def terms(self, inputs):
        return {"far": inputs["next_achieved_goal"][..., 0]}


def test_what_cannot_be_relabelled_is_refused(tmp_path):
    replay = walk({(3, 0)})
    draw = lambda replay=replay, reward=None, **spec: replay.sample_goals(  # noqa: E731
        8, reward=reward or Distance(), rng=np.random.default_rng(0), goals=GoalSpec(**spec)
    )
    with pytest.raises(UnknownNameError, match="reads next_achieved_goal, action, but not 'desired_goal'"):
        draw(reward=Blind())
    with pytest.raises(UnknownNameError, match="no signal 'gaol'"):
        draw(desired="gaol")
    with pytest.raises(SchemaError, match=r"'clock' is float32 \(\): one cannot take the place of the other"):
        draw(achieved="clock")
    with pytest.raises(ReplayError, match="choice 'past'; allowed: future, final, random"):
        draw(choice="past")
    with pytest.raises(ReplayError, match=r"probability 1\.5"):
        draw(probability=1.5)
    replay.relabel(Distance())
    replay.save(tmp_path / "replay.safetensors")
    with pytest.raises(StaleColumnError, match="hand in the reward"):
        draw(Replay.load(tmp_path / "replay.safetensors"), reward="distance")
