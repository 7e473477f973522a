"""HDF5 files in the style of D4RL, as they come from elsewhere and as they come broken."""

import h5py
import numpy as np
import pytest

from telic.replay.errors import DtypeError, FileFormatError, NonFiniteError, ReplayError, ShapeError
from telic.replay.exchange.hdf5_in import read_hdf5
from telic.replay.exchange.hdf5_out import write_hdf5
from telic.replay.exchange.memory import RECORDED, replay_of


def d4rl(count=6, **changes):
    """What a D4RL file holds: two episodes of three steps, cut by time and ended for good."""
    rng = np.random.default_rng(0)
    timeouts, terminals = np.zeros((2, count), bool)
    timeouts[2], terminals[5] = True, True
    data = {
        "observations": rng.normal(size=(count, 4)).astype(np.float32),
        "actions": rng.uniform(-1, 1, (count, 2)).astype(np.float32),
        "rewards": rng.normal(size=count).astype(np.float32),
        "terminals": terminals,
        "timeouts": timeouts,
    }
    return {name: value for name, value in {**data, **changes}.items() if value is not None}


@pytest.fixture
def write(tmp_path):
    def run(data):
        path = tmp_path / "data.hdf5"
        with h5py.File(path, "w") as file:
            for key, value in data.items():
                file[key] = value
        return path

    return run


def test_a_d4rl_file_becomes_a_replay(write):
    recording = read_hdf5(write(d4rl()))
    replay = replay_of(recording)
    assert replay.schema["observation"].shape == (4,)
    table = replay.episodes(RECORDED)
    assert table.length.tolist() == [2, 3]
    assert (table.truncated.tolist(), table.terminated.tolist()) == ([True, False], [False, True])
    np.testing.assert_allclose(table.returns, [d4rl()["rewards"][:2].sum(), d4rl()["rewards"][3:].sum()], rtol=1e-6)
    assert recording.report.as_dict()["dropped"]


def test_next_observations_save_the_last_step(write):
    data = d4rl()
    following = np.roll(data["observations"], -1, axis=0)
    following[[2, 5]] = 7.0
    replay = replay_of(read_hdf5(write({**data, "next_observations": following})))
    assert len(replay) == 6
    assert (replay.read(np.array([2, 5])).next_signals["observation"] == 7.0).all()


def test_flags_as_numbers_and_columns_serve_as_well(write):
    data = d4rl(terminals=d4rl()["terminals"].astype(np.float64)[:, None], rewards=d4rl()["rewards"][:, None])
    assert replay_of(read_hdf5(write(data))).episodes().terminated.tolist() == [False, True]


def test_groups_of_observations_become_signals(write):
    data = d4rl(observations=None)
    data["observations/state"] = d4rl()["observations"]
    data["observations/goal/left"] = np.zeros((6, 2))
    assert read_hdf5(write(data)).schema.names == ("goal_left", "state")


def test_what_is_not_read_is_said(write):
    recording = read_hdf5(write({**d4rl(), "infos/qpos": np.zeros(6)}))
    assert "not read: infos" in recording.report.notes


def test_wide_types_are_narrowed_with_a_note(write):
    recording = read_hdf5(write(d4rl(actions=np.full((6, 2), 0.1), rewards=np.full(6, 0.1))))
    assert {"actions rounded from float64 to float32", "rewards rounded from float64 to float32"} <= set(
        recording.report.notes
    )


def test_limits_of_actions_are_what_occurs(write):
    assert read_hdf5(write(d4rl())).schema.actions.high == (1.0, 1.0)
    wide = d4rl(actions=np.linspace(-3, 5, 12, dtype=np.float32).reshape(6, 2))
    assert read_hdf5(write(wide)).schema.actions.bounds[1].max() == 5.0


def test_without_time_limits_they_must_be_told(write):
    path = write(d4rl(timeouts=None, terminals=np.array([0, 0, 0, 1, 0, 0])))
    with pytest.raises(FileFormatError, match="max_episode_steps"):
        read_hdf5(path)
    # Two steps from the start and from the termination on.
    lengths = [len(episode) for episode in read_hdf5(path, max_episode_steps=2)]
    assert lengths == [1, 2, 1]


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"actions": None}, FileFormatError, "lacks 'actions'"),
        ({"rewards": np.zeros(5)}, ShapeError, "'observations' has shape"),
        ({"observations": np.full((6, 4), np.nan)}, NonFiniteError, r"'observations'\[0\] of step 0 is nan"),
        ({"actions": np.array([[b"a", b"b"]] * 6)}, DtypeError, "'actions' has dtype"),
        ({"terminals": np.full(6, 2)}, DtypeError, "'terminals' of step 0 is 2"),
        ({"timeouts": np.zeros((6, 2))}, ShapeError, "'timeouts'"),
        ({"next_observations": np.zeros((6, 3))}, FileFormatError, "next_observations"),
        ({"observations": np.zeros((6, 0))}, DtypeError, "not empty"),
        ({"observations": 5.0}, ShapeError, "'observations'"),
    ],
)
def test_broken_files_are_refused_with_the_key(write, changes, error, told):
    with pytest.raises(error, match=told):
        replay_of(read_hdf5(write(d4rl(**changes))))


def test_a_torn_file_is_refused(write, recorded, tmp_path):
    write_hdf5(recorded(), tmp_path / "whole.hdf5")
    whole = (tmp_path / "whole.hdf5").read_bytes()
    for size in (0, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "torn.hdf5").write_bytes(whole[:size])
        with pytest.raises(ReplayError, match=r"torn\.hdf5"):
            replay_of(read_hdf5(tmp_path / "torn.hdf5"))


def test_links_out_of_the_file_are_not_followed(write, tmp_path):
    path = write(d4rl(observations=None))
    with h5py.File(tmp_path / "secret.hdf5", "w") as file:
        file["observations"] = d4rl()["observations"]
    with h5py.File(path, "a") as file:
        file["observations"] = h5py.ExternalLink("secret.hdf5", "observations")
    with pytest.raises(FileFormatError, match="is a link"):
        read_hdf5(path)


def test_a_damaged_note_is_refused(write, recorded, tmp_path):
    write_hdf5(recorded(), tmp_path / "x.hdf5")
    with h5py.File(tmp_path / "x.hdf5", "a") as file:
        file.attrs["telic_schema"] = "{}"
    with pytest.raises(FileFormatError, match="telic_schema"):
        read_hdf5(tmp_path / "x.hdf5")
