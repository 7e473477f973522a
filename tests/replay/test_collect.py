"""The collector with Gymnasium's own vector environment in each of its modes, and a world that counts."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import given, settings
from hypothesis import strategies as st

from telic.replay.collect import Collector, RecordedReward, schema_of
from telic.replay.errors import MissingSignalError, ReplayError, SchemaError
from telic.replay.replay import Replay

WORLDS = 3


class Counting(gym.Env):
    """Every observation says which world, episode and step it is from; the reward is the number of the step."""

    action_space = gym.spaces.Box(-2.0, 2.0, (1,), np.float32)

    def __init__(self, world, lengths, parts):
        box = gym.spaces.Box(-np.inf, np.inf, (3,), np.float64)
        clock = gym.spaces.Box(0, 100, (1,), np.int64)
        self.observation_space = gym.spaces.Dict({"place": box, "clock": clock}) if parts else box
        self._world, self._lengths, self._parts = world, lengths, parts
        self._episode = -1

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._episode += 1
        self._step = 0
        return self._observation(), {}

    def step(self, action):
        self._step += 1
        over = self._step == self._lengths[self._episode % len(self._lengths)]
        terminated = over and self._episode % 2 == 0
        return self._observation(), float(self._step), terminated, over and not terminated, {}

    def _observation(self):
        place = np.array([self._world, self._episode, self._step], np.float64)
        return {"place": place, "clock": np.array([self._step])} if self._parts else place


def collect(mode, lengths, steps, parts=False, capacity=3000, copy=True):
    makers = [lambda i=i: Counting(i, lengths[i], parts) for i in range(WORLDS)]
    env = SyncVectorEnv(makers, autoreset_mode=mode, copy=copy)
    collector = Collector(env, capacity, reward_signal="reward")
    collector.reset(seed=0)
    for step in range(steps):
        collector.step(np.full((WORLDS, 1), step / 1000, np.float32))
    return collector.replay


@settings(max_examples=25, deadline=None)
@given(
    mode=st.sampled_from(list(AutoresetMode)),
    lengths=st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=3), min_size=WORLDS, max_size=WORLDS),
    steps=st.integers(1, 30),
    parts=st.booleans(),
    copy=st.booleans(),
)
def test_exactly_the_steps_that_were_made_are_stored(mode, lengths, steps, parts, copy):
    replay = collect(mode, lengths, steps, parts, copy=copy)
    name = "place" if parts else "observation"
    for world in range(WORLDS):
        # What a counting world does when it is left alone.
        expected = []
        episode, left = 0, steps
        while left > 0:
            length = lengths[world][episode % len(lengths[world])]
            expected += [(episode, step, step == length) for step in range(1, min(length, left) + 1)]
            # In next-step mode a reset takes a call.
            left -= length + (mode == AutoresetMode.NEXT_STEP)
            episode += 1
        slots = replay.slots()[:, world]
        found = replay.read(slots[slots >= 0])
        episodes, numbers, over = (np.array(column) for column in zip(*expected, strict=True))
        assert np.array_equal(found.signals[name][:, 1], episodes)
        assert np.array_equal(found.signals[name][:, 2], numbers - 1)
        assert np.array_equal(found.next_signals[name], np.stack([np.full(len(numbers), world), episodes, numbers], 1))
        assert np.array_equal(found.terminated, over & (episodes % 2 == 0))
        assert np.array_equal(found.truncated, over & (episodes % 2 == 1))
        assert np.array_equal(replay.relabel(RecordedReward("reward")).total[slots[slots >= 0]], numbers)
        assert np.array_equal(found.signals["reward"], numbers - 1)
        if parts:
            assert np.array_equal(found.next_signals["clock"][:, 0], numbers)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_full_store_of_each_mode_reads_like_any_other(mode):
    replay = collect(mode, [[3], [4, 2], [5]], 60, capacity=60)
    batch = replay.sample(500, reward=RecordedReward("reward"), rng=np.random.default_rng(0), n_step=3, gamma=1.0)
    place, after = batch.signals["observation"], batch.next_signals["observation"]
    assert np.array_equal(place[:, :2], after[:, :2])
    assert np.array_equal(after[:, 2] - place[:, 2], batch.steps)
    assert np.array_equal(
        batch.reward, [sum(range(int(a) + 1, int(b) + 1)) for a, b in zip(place[:, 2], after[:, 2], strict=True)]
    )
    assert len(np.unique(batch.index)) == len(replay)


def test_the_gaps_of_next_step_resets_are_no_transitions():
    replay = collect(AutoresetMode.NEXT_STEP, [[2], [2], [9]], 9)
    assert (replay.slots() == -1).sum() == 6
    assert len(replay) == 3 * 9 - 6
    gap = int(np.setdiff1d(np.arange(27), replay.slots())[0])
    with pytest.raises(ReplayError, match=f"slot {gap} is a gap"):
        replay.read(np.array([gap]))
    values = np.arange(len(replay), dtype=np.float32)
    column = replay.add_column("given", values)
    assert np.array_equal(column.total[np.sort(replay.slots()[replay.slots() >= 0])], values)


def test_a_reset_in_between_cuts_the_episodes():
    env = SyncVectorEnv([lambda i=i: Counting(i, [9], False) for i in range(WORLDS)])
    collector = Collector(env, 100)
    collector.reset(seed=0)
    for _ in range(2):
        collector.step(np.zeros((WORLDS, 1), np.float32))
    collector.reset()
    collector.step(np.zeros((WORLDS, 1), np.float32))
    assert collector.replay.episodes().truncated.tolist() == [True, False] * WORLDS


def test_an_environment_that_does_not_say_how_it_resets_is_asked():
    env = SyncVectorEnv([lambda: Counting(0, [3], False)])
    env.metadata = {}
    with pytest.raises(ReplayError, match=r"metadata\['autoreset_mode'\] is missing"):
        Collector(env, 100)
    assert Collector(env, 100, autoreset_mode="NextStep").mode == AutoresetMode.NEXT_STEP


def test_a_lost_final_observation_is_named():
    env = SyncVectorEnv([lambda: Counting(0, [1], False)])
    env.metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}
    collector = Collector(env, 100)
    collector.reset()
    with pytest.raises(MissingSignalError, match=r"worlds \[0\] ended .* no 'final_obs'"):
        collector.step(np.zeros((1, 1), np.float32))


def test_steps_before_a_reset_and_unfit_replays_are_refused():
    env = SyncVectorEnv([lambda: Counting(0, [3], False)])
    with pytest.raises(ReplayError, match="reset the collector"):
        Collector(env, 10).step(np.zeros((1, 1), np.float32))
    with pytest.raises(ReplayError, match="either the capacity of a new replay or a replay"):
        Collector(env)
    with pytest.raises(SchemaError, match="2 streams"):
        Collector(env, replay=Replay(schema_of(env), 10, 2))


def test_spaces_become_signals_and_actions():
    env = SyncVectorEnv([lambda: Counting(0, [3], True)])
    schema = schema_of(env, "reward")
    assert {signal.name: (signal.shape, signal.dtype) for signal in schema.signals} == {
        "clock": ((1,), "int64"),
        "place": ((3,), "float64"),
        "reward": ((), "float64"),
    }
    assert schema.actions.bounds[1].tolist() == [2.0]
    with pytest.raises(SchemaError, match="vectors of real numbers"):
        schema_of(gym.make_vec("CartPole-v1", num_envs=1))
