"""Minari datasets: loaded by Minari itself, of nested spaces, and broken."""

import json

import gymnasium as gym
import minari
import numpy as np
import pytest
from gymnasium import spaces
from minari.data_collector.episode_buffer import EpisodeBuffer

from telic.replay.errors import FileFormatError, NonFiniteError, ReplayError, SchemaError
from telic.replay.exchange.memory import RECORDED, replay_of
from telic.replay.exchange.minari_in import read_minari
from telic.replay.exchange.minari_out import write_minari


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    return tmp_path


def foreign(root, observation_space, observations, steps=3, action_space=None, **changes):
    """A dataset of one episode that Minari made."""
    ends = np.zeros((2, steps), bool)
    ends[1, -1] = True
    episode = {
        "observations": observations,
        "actions": np.zeros((steps, 2), np.float32),
        "rewards": np.ones(steps),
        "terminations": ends[0],
        "truncations": ends[1],
    }
    minari.create_dataset_from_buffers(
        "foreign/set-v0",
        [EpisodeBuffer(**{**episode, **changes})],
        observation_space=observation_space,
        action_space=action_space or spaces.Box(-1, 1, (2,), np.float32),
    )
    return root / "foreign" / "set-v0"


def test_minari_loads_what_we_write(recorded, schemas, root):
    sent = recorded(schemas["plain"])
    write_minari(sent, root / "ours" / "set-v1", dataset_id="ours/set-v1")
    dataset = minari.load_dataset("ours/set-v1")
    assert (dataset.total_episodes, dataset.total_steps) == (5, 15)
    assert dataset.observation_space == spaces.Box(-np.inf, np.inf, (4,), np.float64)
    for episode, data in zip(sent.episodes, dataset.iterate_episodes(), strict=True):
        np.testing.assert_array_equal(data.observations, episode.signals["observation"])
        assert (data.terminations[-1], data.truncations[-1]) == (episode.terminated, episode.truncated)


def test_an_environment_recorded_with_minari_ends_up_in_a_replay(root):
    env = gym.make("Pendulum-v1", max_episode_steps=20)
    buffers = [fly(env, seed) for seed in range(2)]
    minari.create_dataset_from_buffers("pendulum-v0", buffers, env="Pendulum-v1")
    recording = read_minari("pendulum-v0")
    replay = replay_of(recording)
    table = replay.episodes(RECORDED)
    assert table.length.tolist() == [20, 20] and table.truncated.all() and not table.terminated.any()
    assert recording.schema.actions.high == (2.0,)
    np.testing.assert_array_equal(
        replay.read(np.array([19])).next_signals["observation"][0], buffers[0].observations[-1]
    )
    assert "rewards rounded from float64 to float32" in recording.report.notes


def fly(env, seed):
    """An episode of random actions, as Minari's own recorder keeps it."""
    env.action_space.seed(seed)
    observations, actions, rewards, truncations = [env.reset(seed=seed)[0]], [], [], []
    while not (truncations and truncations[-1]):
        actions.append(env.action_space.sample())
        observation, reward, _, truncated, _ = env.step(actions[-1])
        observations.append(observation)
        rewards.append(reward)
        truncations.append(truncated)
    terminations = [False] * len(rewards)
    return EpisodeBuffer(None, seed, None, observations, actions, rewards, terminations, truncations)


def test_nested_observations_become_signals(root):
    space = spaces.Dict(
        {
            "achieved_goal": spaces.Box(-1, 1, (2,), np.float64),
            "deep": spaces.Dict({"class": spaces.Discrete(5)}),
            "two": spaces.Tuple((spaces.MultiBinary(3), spaces.Box(0, 255, (2, 2), np.uint8))),
        }
    )
    observations = {
        "achieved_goal": np.full((4, 2), 0.5),
        "deep": {"class": np.arange(4)},
        "two": (np.ones((4, 3), np.int8), np.full((4, 2, 2), 7, np.uint8)),
    }
    replay = replay_of(read_minari(foreign(root, space, observations)))
    assert replay.schema.names == ("achieved_goal", "deep_class", "two_0", "two_1")
    found = replay.read(np.array([2]))
    assert found.next_signals["deep_class"].tolist() == [3] and found.signals["two_1"][0].tolist() == [[7, 7], [7, 7]]


BOX = spaces.Box(-np.inf, np.inf, (1,), np.float64)


def states(count):
    return np.arange(count, dtype=np.float64)[:, None]


def test_marks_inside_an_episode_split_it(root):
    marks = np.array([False, True, False])
    recording = read_minari(foreign(root, BOX, states(4), terminations=marks))
    table = replay_of(recording).episodes()
    assert table.length.tolist() == [2, 1] and table.terminated.tolist() == [True, False]
    assert "end mark inside an episode: split there" in recording.report.notes


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"observations": states(3)}, ReplayError, r"'observations/observation' has shape \(3, 1\)"),
        ({"rewards": np.array([1.0, np.nan, 1.0])}, NonFiniteError, "episode 0: 'rewards' of step 1 is nan"),
        ({"actions": np.zeros((3, 5), np.float32)}, ReplayError, "'actions' has shape"),
        ({"terminations": np.zeros(2, bool)}, ReplayError, "'terminations'"),
    ],
)
def test_broken_episodes_are_refused_with_the_key(root, changes, error, told):
    path = foreign(root, BOX, **{"observations": states(4), **changes})
    with pytest.raises(error, match=told):
        replay_of(read_minari(path))


def test_discrete_actions_and_texts_are_refused(root):
    path = foreign(root, BOX, states(4), action_space=spaces.Discrete(2), actions=np.zeros(3, np.int64))
    with pytest.raises(SchemaError, match=r"Discrete\(2\)"):
        read_minari(path)


def test_a_dataset_that_names_an_environment_only_is_refused_unopened(root, monkeypatch):
    path = foreign(root, BOX, states(4))
    file = path / "data" / "metadata.json"
    metadata = json.loads(file.read_text())
    del metadata["observation_space"]
    file.write_text(json.dumps({**metadata, "env_spec": "{}"}))
    monkeypatch.setattr(gym, "make", lambda *_: pytest.fail("an environment of unknown origin was made"))
    with pytest.raises(FileFormatError, match="'observation_space'"):
        read_minari(path)


@pytest.mark.parametrize("share", [0.0, 0.4, 0.9])
def test_torn_files_are_refused(root, recorded, share):
    write_minari(recorded(), root / "set-v0")
    file = root / "set-v0" / "data" / "main_data.hdf5"
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(FileFormatError, match="set-v0"):
        replay_of(read_minari(root / "set-v0"))


@pytest.mark.parametrize("text", ["", "[]", '{"observation_space": 3}', "{"])
def test_a_damaged_description_is_refused(root, recorded, text):
    write_minari(recorded(), root / "set-v0")
    (root / "set-v0" / "data" / "metadata.json").write_text(text)
    with pytest.raises(FileFormatError, match=r"metadata\.json"):
        read_minari(root / "set-v0")


def test_names_without_a_version_are_refused(root, recorded):
    with pytest.raises(ReplayError, match="hover-v0"):
        write_minari(recorded(), root / "set")
