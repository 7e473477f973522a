"""`telic data`: looking at stored experience, making, converting and scoring it again."""

import json
import warnings

import h5py
import numpy as np
import pytest

from telic.control.ignorant import Random
from telic.launch import main as command
from telic.launch.data.make import recording_of_flights
from telic.replay.action import ActionSpec
from telic.replay.exchange.disk import recording_of_store
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.replay.signal import Signal
from telic.replay.store.store import Store
from telic.sim.tasks.registry import make_task

REWARD = '''"""Stay near."""


def reward(position, next_velocity):
    return {"place": -norm(position), "calm": -0.1 * norm(next_velocity)}


def success(position):
    return norm(position) < 0.1
'''


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store of three episodes of random actions, which nobody writes to."""
    path = tmp_path_factory.mktemp("data") / "made"
    assert command.main(["data", "make", "hover", "--episodes", "3", "--seed", "4", "--out", str(path)]) == 0
    return path


@pytest.fixture
def run(capsys):
    """Run a command that succeeds; what it prints as JSON."""

    def call(*words):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            assert command.main(["data", *map(str, words), "--json"]) == 0
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return call


@pytest.fixture
def reward(tmp_path):
    path = tmp_path / "reward.py"
    path.write_text(REWARD)
    return path


def test_what_is_made_is_whole_episodes_with_their_origin_and_the_tasks_reward(made):
    store = Store.open(made)
    assert store.episodes.whole.all() and len(store.episodes) == 3
    assert store.about == {"task": "hover", "policy": "random", "seed": 4, "fps": 100.0}
    assert store.episodes.tags(0) == {"task": "hover", "source": "random", "seed": 4}
    (column,) = store.columns.values()
    assert column.missing == 0


def test_the_same_seed_makes_the_same_bits(made, run, tmp_path):
    run("make", "hover", "--episodes", 3, "--seed", 4, "--out", tmp_path / "again.safetensors")
    again, first = Replay.load(tmp_path / "again.safetensors"), Store.open(made).replay()
    for name, array in first.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], array, name)


def test_every_world_flies_its_share_however_short_its_episodes_are():
    task = make_task("hover")
    actions = Random(task.actions, np.random.default_rng(0))
    flown = list(recording_of_flights(task, actions, 130, 0, "random", lambda _: None))
    # 64 worlds, two of which fly three episodes; each starts somewhere else.
    starts = {episode.signals["velocity"][0].tobytes() for episode in flown}
    assert len(flown) == len(starts) == 130
    assert all(episode.ended and len(episode.signals["position"]) == len(episode) + 1 for episode in flown)


def test_the_pid_controller_flies_until_time_is_up(run, tmp_path):
    found = run("make", "hover", "--policy", "pid", "--episodes", 2, "--out", tmp_path / "pid")
    assert (found["episodes"], found["transitions"]) == (2, 1000)
    assert run("info", tmp_path / "pid")["ends"] == {"terminated": 0, "truncated": 2, "both": 0, "open": 0}


@pytest.mark.parametrize("policy", ["scripted", "resting"])
def test_robots_are_recorded_too(policy, run, tmp_path):
    found = run("make", "cartpole_swing_up", "--policy", policy, "--episodes", 2, "--out", tmp_path / policy)
    assert found["episodes"] == 2
    swung = Store.open(tmp_path / policy).replay().read(np.array([-1 + found["transitions"]])).signals
    assert (swung["pole_direction"][0, 0] > 0.98) == (policy == "scripted")


def test_info_says_what_is_inside(made, run):
    facts = run("info", made)
    assert facts["kind"] == "store" and facts["episodes"] == 3
    assert facts["signals"][0] == {
        "name": "position",
        "shape": [3],
        "unit": "m",
        "frame": "world",
        "description": "position of the centre of mass",
        "dtype": "float32",
    }
    assert facts["sources"]["source"] == {"random": 3}
    (reward,) = facts["rewards"].values()
    assert sum(reward["histogram"]["episodes"]) == 3
    assert facts["bytes"] > 0 and facts["problems"] == []


def test_info_for_people_shows_signals_and_returns(made, capsys):
    assert command.main(["data", "info", str(made)]) == 0
    shown = capsys.readouterr().out
    assert "angular_velocity" in shown and "rad/s" in shown and "█" in shown and "3 episodes" in shown


@pytest.mark.parametrize(("form", "name"), [("minari", "set-v0"), ("lerobot", "set"), ("hdf5", "set.hdf5")])
def test_out_and_in_again_is_the_same_data(made, run, tmp_path, form, name):
    sent = run("export", made, "--format", form, "--out", tmp_path / name)
    assert run("info", tmp_path / name)["kind"] == form
    got = run("import", tmp_path / name, "--out", tmp_path / "back")
    assert (sent["episodes"], sent["transitions"]) == (got["episodes"], got["transitions"])
    assert not got["dropped"] and not got["notes"]
    first, back = Store.open(made), Store.open(tmp_path / "back", "append")
    for one, other in zip(recording_of_store(first), recording_of_store(back), strict=True):
        assert one.terminated == other.terminated
        for signal in one.signals:
            np.testing.assert_array_equal(one.signals[signal], other.signals[signal])
    np.testing.assert_array_equal(next(iter(first.columns.values())).total, back.columns["recorded"].total)


def test_list_finds_every_kind_and_says_what_is_damaged(made, run, tmp_path):
    run("export", made, "--format", "hdf5", "--out", tmp_path / "deep" / "set.hdf5")
    run("export", made, "--format", "minari", "--out", tmp_path / "set-v0")
    run("import", tmp_path / "set-v0", "--out", tmp_path / "set.safetensors")
    (tmp_path / "broken" / "meta").mkdir(parents=True)
    (tmp_path / "broken" / "meta" / "info.json").write_text("{")
    (tmp_path / "notes.txt").write_text("not a dataset")
    found = {entry["path"].removeprefix(f"{tmp_path}/"): entry for entry in run("list", tmp_path)["datasets"]}
    assert {path: entry["kind"] for path, entry in found.items()} == {
        "broken": "lerobot",
        "deep/set.hdf5": "hdf5",
        "set-v0": "minari",
        "set.safetensors": "replay",
    }
    assert "damaged" in found["broken"]["problem"]
    assert (found["set-v0"]["episodes"], found["set.safetensors"]["episodes"]) == (3, 3)
    assert len({entry["steps"] for entry in found.values()} - {None}) == 1


def test_relabel_adds_a_column_and_scores_no_step_twice(made, run, reward, tmp_path):
    run("export", made, "--format", "hdf5", "--out", tmp_path / "set.hdf5")
    for path in (tmp_path / "store", tmp_path / "file.safetensors"):
        run("import", tmp_path / "set.hdf5", "--out", path)
        found = run("relabel", path, "--reward", reward)
        assert found["scored"] == found["steps"] and found["terms"].keys() == {"place", "calm"}
        assert found["mean"] == pytest.approx(sum(term["mean"] for term in found["terms"].values()), rel=1e-5)
        assert 0.0 <= found["success"] <= 1.0
        assert run("relabel", path, "--reward", reward)["scored"] == 0
        columns = run("info", path)["rewards"]
        assert columns.keys() == {"recorded", found["column"]} and columns[found["column"]]["covers_all"]


def test_rewards_of_own_data_may_read_the_action(run, tmp_path):
    schema = Schema((Signal("joint", (2,), "rad"),), ActionSpec(("left", "right"), "N m"))
    with Store.create(tmp_path / "arm", schema).writer("bench") as writer:
        states = {"joint": np.zeros((4, 2), np.float32)}
        writer.add_episode(states, np.full((3, 2), 0.5, np.float32), terminated=True)
    (tmp_path / "reward.py").write_text('"""x"""\n\n\ndef reward(action):\n    return {"a": -square(norm(action))}\n')
    found = run("relabel", tmp_path / "arm", "--reward", tmp_path / "reward.py")
    assert found["mean"] == pytest.approx(-0.5) and found["mean_return"] == pytest.approx(-1.5)


def test_an_export_takes_the_reward_that_is_named(made, run, reward, tmp_path):
    run("export", made, "--format", "hdf5", "--reward", reward, "--out", tmp_path / "one.hdf5")
    with h5py.File(tmp_path / "one.hdf5") as file:
        positions, velocities = file["observations/position"][()], file["next_observations/velocity"][()]
        expected = -np.linalg.norm(positions, axis=1) - 0.1 * np.linalg.norm(velocities, axis=1)
        np.testing.assert_allclose(file["rewards"][()], expected, rtol=1e-5)


def test_progress_is_not_among_the_results(made, capsys):
    assert command.main(["data", "info", str(made), "--json"]) == 0
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 1 and "read" in shown.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["make", "hoover"], "did you mean 'hover'"),
        (["make", "hover", "--policy", "nobody"], "there are pid, resting, random, and the folders of runs"),
        (["make", "hover", "--episodes", "0"], "at least 1"),
        (["make", "hover", "--out", "MADE"], "never overwritten"),
        (["import", "MADE"], "Telic's own already"),
        (["import", "nothing"], "nothing does not exist"),
        (["import", "MADE", "--format", "minary"], "did you mean 'minari'"),
        (["import", "buffer.pkl", "--format", "sb3"], "load_replay_buffer"),
        (["import", "x.hdf5", "--format", "hdf5", "--done-means", "terminated"], "--done-means is for LeRobot"),
        (["import", "x.hdf5", "--format", "hdf5"], "there is no such HDF5 file"),
        (["export", "MADE", "--format", "rlds", "--out", "x"], "Known: minari, lerobot, hdf5"),
        (["export", "MADE", "--format", "minari", "--out", "x"], "needs a name and a version"),
        (["export", "MADE", "--format", "hdf5", "--out", "x", "--reward", "nothing"], "is no file"),
        (["relabel", "MADE", "--reward", "nothing.py"], "nothing.py"),
        (["info", "."], "holds no dataset"),
        (["list", "nowhere"], "there is no folder nowhere"),
        (["lst"], "did you mean 'list'"),
    ],
)
def test_what_cannot_be_done_ends_with_exit_code_2_and_the_reason(made, words, told, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command.main(["data", *(str(made) if word == "MADE" else word for word in words)]) == 2
    assert told in capsys.readouterr().err


def test_a_reward_that_asks_for_what_is_not_stored_is_refused(made, tmp_path, capsys):
    (tmp_path / "reward.py").write_text('"""x"""\n\n\ndef reward(joint_position):\n    return {"a": joint_position}\n')
    assert command.main(["data", "relabel", str(made), "--reward", str(tmp_path / "reward.py")]) == 2
    assert "joint_position" in capsys.readouterr().err


def test_a_missing_library_is_named_with_the_way_to_install_it(made, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    assert command.main(["data", "export", str(made), "--format", "hdf5", "--out", str(tmp_path / "x.hdf5")]) == 2
    assert "pip install 'telic[data]'" in capsys.readouterr().err
