"""Replay buffers of Stable-Baselines3: live ones are read, their pickles never."""

from itertools import pairwise

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from telic.replay.errors import FileFormatError, SchemaError
from telic.replay.exchange.memory import RECORDED, replay_of
from telic.replay.exchange.sb3_in import read_sb3

buffers = pytest.importorskip("stable_baselines3.common.buffers")

SPACE = spaces.Box(-np.inf, np.inf, (2,), np.float32)
ACTIONS = spaces.Box(np.float32([0.0, -4.0]), np.float32([2.0, 4.0]), dtype=np.float32)


def filled(size, steps, ends=None, envs=2, action_space=ACTIONS, **options):
    """A buffer after so many steps of some environments; `ends` maps (step, environment) to whether time ended it."""
    buffer = buffers.ReplayBuffer(size * envs, SPACE, action_space, device="cpu", n_envs=envs, **options)
    state = np.arange(envs) * 1000.0
    for step in range(steps):
        done = np.array([(step, env) in (ends or {}) for env in range(envs)])
        infos = [{"TimeLimit.truncated": bool((ends or {}).get((step, env)))} for env in range(envs)]
        action = np.full((envs, 2), step / 10.0 - 1.0)
        buffer.add(both(state), both(state + 1), action, np.full(envs, float(step)), done, infos)
        # An episode that ends goes on a hundred further: the first state of another one.
        state = np.where(done, state + 100, state + 1)
    return buffer


def both(state):
    return np.stack([state, -state], axis=1).astype(np.float32)


def test_streams_time_limits_and_final_states_come_through():
    recording = read_sb3(filled(8, 6, {(2, 0): True, (3, 1): False}))
    found = [(e.signals["observation"][:, 0].tolist(), e.terminated, e.truncated) for e in recording]
    assert found == [
        ([0, 1, 2, 3], False, True),
        ([102, 103, 104, 105], False, False),
        ([1000, 1001, 1002, 1003, 1004], True, False),
        ([1103, 1104, 1105], False, False),
    ]
    assert not recording.report.dropped


def test_a_full_buffer_is_read_from_its_oldest_step():
    replay = replay_of(read_sb3(filled(4, 7, envs=1)))
    assert replay.columns[RECORDED].total.tolist() == [3, 4, 5, 6]


def test_actions_are_the_environments_again():
    recording = read_sb3(filled(8, 3, envs=1))
    np.testing.assert_allclose(next(iter(recording)).action, [[0.0, -4.0], [0.1, -3.6], [0.2, -3.2]], atol=1e-6)
    assert recording.schema.actions.high == (2.0, 4.0)
    raw = read_sb3(filled(8, 3, envs=1), scaled_actions=False)
    np.testing.assert_allclose(next(iter(raw)).action[:, 0], [-1.0, -0.9, -0.8], atol=1e-6)


@pytest.mark.parametrize("steps", [4, 9])
def test_a_buffer_without_next_observations_loses_only_what_it_does_not_know(steps):
    buffer = filled(6, steps, {(2, 0): False}, envs=1, optimize_memory_usage=True, handle_timeout_termination=False)
    recording = read_sb3(buffer)
    for episode in recording:
        change = np.diff(episode.signals["observation"][:, 0])
        assert (change[:-1] == 1).all() and change[-1] == (0 if episode.terminated else 1)
    assert any("tell time limits" in note for note in recording.report.notes)


def test_a_learner_hands_over_its_experience():
    sb3 = pytest.importorskip("stable_baselines3")
    env = gym.make("Pendulum-v1", max_episode_steps=30)
    model = sb3.SAC("MlpPolicy", env, learning_starts=1000, buffer_size=100, seed=0)
    model.learn(70)
    table = replay_of(read_sb3(model.replay_buffer)).episodes(RECORDED)
    assert table.length.tolist() == [30, 30, 10] and table.truncated.tolist() == [True, True, False]


def test_dictionaries_become_signals():
    space = spaces.Dict({"achieved_goal": SPACE, "desired_goal": SPACE})
    buffer = buffers.DictReplayBuffer(5, space, ACTIONS, device="cpu")
    states = [{key: np.full((1, 2), step, np.float32) for key in space.spaces} for step in range(4)]
    for now, after in pairwise(states):
        buffer.add(now, after, np.zeros((1, 2)), np.zeros(1), np.zeros(1), [{}])
    replay = replay_of(read_sb3(buffer))
    assert replay.schema.names == ("achieved_goal", "desired_goal") and len(replay) == 3


def test_a_pickle_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "buffer.pkl"
    path.write_bytes(b"never read")
    with pytest.raises(FileFormatError, match=r"run code(.|\n)*load_replay_buffer"):
        read_sb3(path)


def test_discrete_actions_are_refused():
    buffer = buffers.ReplayBuffer(5, SPACE, spaces.Discrete(3), device="cpu")
    with pytest.raises(SchemaError, match=r"Discrete\(3\)"):
        read_sb3(buffer)
