"""LeRobotDataset v3.0: its layout, datasets that others recorded, and broken ones."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from telic.replay.errors import DtypeError, FileFormatError, NonFiniteError, ReplayError, SchemaError, ShapeError
from telic.replay.exchange import lerobot_layout as layout
from telic.replay.exchange.lerobot_in import read_lerobot
from telic.replay.exchange.lerobot_out import write_lerobot
from telic.replay.exchange.memory import RECORDED, replay_of
from telic.replay.exchange.steps import HELD_FINAL_STATE, NO_FINAL_STATE

DATA = "data/chunk-000/file-000.parquet"


@pytest.fixture
def ours(recorded, tmp_path):
    write_lerobot(recorded(), tmp_path / "set", fps=50, task="pick the cube")
    return tmp_path / "set"


@pytest.fixture
def foreign(tmp_path):
    """A dataset as a teleoperator records it: two episodes of three frames, a camera, no ends."""

    def run(columns=None, features=None):
        lists = pa.list_(pa.float32(), 2)
        table = {
            "observation.state": pa.array([[i, i + 0.5] for i in range(6)], lists),
            "action": pa.array([[0.1, -0.1]] * 6, lists),
            "timestamp": pa.array([0.0, 0.1, 0.2] * 2, pa.float32()),
            "frame_index": pa.array([0, 1, 2] * 2),
            "episode_index": pa.array([0, 0, 0, 1, 1, 1]),
            "index": pa.array(range(6)),
            "task_index": pa.array([0] * 6),
            **(columns or {}),
        }
        table = {key: value for key, value in table.items() if value is not None}
        scalars = {key: {"dtype": "int64", "shape": [1]} for key in table if key.endswith("index")}
        vectors = {key: {"dtype": "float32", "shape": [2]} for key in ("observation.state", "action")}
        camera = {"observation.images.top": {"dtype": "video", "shape": [3, 48, 64]}}
        info = {
            "codebase_version": "v3.0",
            "fps": 10,
            "features": {**vectors, **camera, **scalars, **(features or {})},
        }
        folder = tmp_path / "foreign"
        (folder / "meta").mkdir(parents=True, exist_ok=True)
        (folder / "meta" / "info.json").write_text(json.dumps(info))
        (folder / DATA).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(table), folder / DATA)
        return folder

    return run


def marks(*steps):
    return pa.array([step in steps for step in range(6)])


FLAG = {"dtype": "bool", "shape": [1]}


def test_the_layout_is_that_of_version_3(ours):
    info = json.loads((ours / "meta" / "info.json").read_text())
    assert info["codebase_version"] == "v3.0" and info["fps"] == 50 and info["total_frames"] == 15
    assert info["data_path"] == "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
    assert info["features"]["action"] == {"dtype": "float32", "shape": [2], "names": ["left", "right"]}
    assert info["features"]["observation.clock"]["shape"] == [1]
    table = pq.read_table(ours / DATA)
    assert set(table.column_names) == set(info["features"])
    assert table.schema.field("observation.position").type == pa.list_(pa.float32(), 3)
    assert table["index"].to_pylist() == list(range(15))
    assert table["frame_index"].to_pylist()[:6] == [0, 1, 2, 3, 4, 0]
    assert table["timestamp"].to_pylist()[:2] == [0.0, np.float32(0.02)]
    # One row group per episode, so that a reader fetches an episode by number.
    assert pq.ParquetFile(ours / DATA).num_row_groups == 5


def test_episodes_and_tasks_are_described(ours):
    rows = pq.read_table(ours / "meta/episodes/chunk-000/file-000.parquet").to_pylist()
    spans = [(row["dataset_from_index"], row["dataset_to_index"], row["length"]) for row in rows]
    assert spans == [(0, 5, 5), (5, 8, 3), (8, 9, 1), (9, 11, 2), (11, 15, 4)]
    assert rows[0]["tasks"] == ["pick the cube"] and rows[0]["data/file_index"] == 0
    tasks = pq.read_table(ours / "meta/tasks.parquet")
    assert json.loads(tasks.schema.metadata[b"pandas"])["index_columns"] == ["__index_level_0__"]
    assert tasks.to_pylist() == [{"task_index": 0, "__index_level_0__": "pick the cube"}]


def test_statistics_are_those_of_the_data(ours, recorded):
    stats = json.loads((ours / "meta" / "stats.json").read_text())
    positions = np.concatenate([episode.signals["position"][:-1] for episode in recorded().episodes]).astype(float)
    for name, expected in (("mean", positions.mean(0)), ("std", positions.std(0)), ("min", positions.min(0))):
        np.testing.assert_allclose(stats["observation.position"][name], expected)
    assert stats["next.reward"]["count"] == [15] and len(stats["observation.rotation"]["q50"]) == 3


def test_large_datasets_are_many_files(recorded, same, tmp_path):
    sent = recorded(ends=[(40, False, True)] * 4)
    write_lerobot(sent, tmp_path / "set", fps=50, file_mb=0.01)
    assert len(list((tmp_path / "set" / "data").glob("*/*.parquet"))) > 1
    rows = pq.read_table(tmp_path / "set" / layout.EPISODES).to_pylist()
    assert [row["data/file_index"] for row in rows] == sorted(row["data/file_index"] for row in rows)
    assert all(map(same, sent.episodes, read_lerobot(tmp_path / "set")))


def test_tasks_come_back_as_tags(ours):
    assert {episode.tags["task"] for episode in read_lerobot(ours)} == {"pick the cube"}


def test_the_end_marks_say_both_kinds_and_either(ours):
    table = pq.read_table(ours / DATA, columns=[layout.DONE, layout.TERMINATED, layout.TRUNCATED]).to_pydict()
    assert np.flatnonzero(table[layout.TERMINATED]).tolist() == [4, 8]
    assert np.flatnonzero(table[layout.TRUNCATED]).tolist() == [7, 8, 10]
    assert np.flatnonzero(table[layout.DONE]).tolist() == [4, 7, 8, 10]


def test_without_the_final_observations_nothing_is_made_up(ours):
    (ours / layout.FINALS).unlink()
    recording = read_lerobot(ours)
    assert [len(episode) for episode in recording] == [5, 2, 1, 1, 3]
    assert recording.report.dropped == {NO_FINAL_STATE: 3} and recording.report.notes == {HELD_FINAL_STATE: 2}


def test_a_teleoperated_dataset_is_cut_where_its_episodes_are(foreign):
    recording = read_lerobot(foreign())
    replay = replay_of(recording)
    assert recording.about["fps"] == 10
    assert replay.schema.names == ("state",) and not replay.columns
    # The last frame of an episode is its final state; never 2 -> 3, which is another episode.
    assert replay.read(np.arange(4)).next_signals["state"][:, 0].tolist() == [1, 2, 4, 5]
    assert replay.episodes().truncated.tolist() == [True, False]
    assert "'observation.images.top' is not read: video" in recording.report.notes


def test_a_lone_done_is_a_time_limit_unless_told_otherwise(foreign):
    path = foreign({"next.done": marks(2, 5)}, {"next.done": FLAG})
    assert [episode.terminated for episode in read_lerobot(path)] == [False, False]
    assert [episode.terminated for episode in read_lerobot(path, done_means="terminated")] == [True, True]
    with pytest.raises(ReplayError, match="allowed: truncated, terminated"):
        read_lerobot(path, done_means="over")


def test_success_at_the_end_is_a_termination(foreign):
    path = foreign({"next.done": marks(2, 5), "next.success": marks(2)}, {"next.done": FLAG, "next.success": FLAG})
    assert [(episode.terminated, episode.truncated) for episode in read_lerobot(path)] == [(True, False), (False, True)]


def test_rewards_are_recorded(foreign):
    path = foreign(
        {"next.reward": pa.array(np.arange(6.0), pa.float32())}, {"next.reward": {"dtype": "float32", "shape": [1]}}
    )
    assert replay_of(read_lerobot(path)).columns[RECORDED].total.tolist() == [0, 1, 3, 4]


@pytest.mark.parametrize(
    ("columns", "features", "error", "told"),
    [
        ({"action": None}, {}, FileFormatError, "lacks the column 'action'"),
        (
            {"observation.state": pa.array([[np.nan, 0.0]] * 6)},
            {},
            NonFiniteError,
            r"'observation.state'\[0\] of step 0",
        ),
        ({"observation.state": pa.array([[0.0]] * 6)}, {}, ShapeError, "'observation.state' has rows of lengths"),
        ({"observation.state": pa.array([[0.0, None]] * 6)}, {}, FileFormatError, "missing values"),
        ({"observation.state": pa.array(["a"] * 6)}, {}, FileFormatError, "'observation.state' is made of string"),
        ({"observation.state": pa.array([[0.1, 0.1]] * 6)}, {}, DtypeError, "float64"),
        ({"frame_index": pa.array([0, 1, 3] * 2)}, {}, FileFormatError, "'frame_index' does not count"),
        ({"episode_index": pa.array([0, 0, 0, 1, 1, 0])}, {}, ReplayError, "episode"),
        ({}, {"observation.state": {"dtype": "string", "shape": [1]}}, SchemaError, "no observation"),
        ({}, {"action": {"dtype": "float32", "shape": [-1]}}, FileFormatError, "'action' has no shape"),
        ({}, {"observation.state": {"dtype": "number", "shape": [2]}}, FileFormatError, "unknown dtype 'number'"),
    ],
)
def test_broken_datasets_are_refused_with_the_key(foreign, columns, features, error, told):
    with pytest.raises(error, match=told):
        replay_of(read_lerobot(foreign(columns, features)))


def test_older_versions_are_refused_with_the_way_to_convert_them(foreign):
    path = foreign()
    info = json.loads((path / layout.INFO).read_text())
    (path / layout.INFO).write_text(json.dumps({**info, "codebase_version": "v2.1"}))
    with pytest.raises(FileFormatError, match="convert_dataset_v21_to_v30"):
        read_lerobot(path)


@pytest.mark.parametrize("name", [DATA, layout.FINALS, layout.TASKS, layout.NOTE, layout.INFO])
def test_torn_files_are_refused(ours, name):
    content = (ours / name).read_bytes()
    (ours / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(FileFormatError, match=(ours / name).name):
        replay_of(read_lerobot(ours))


def test_impossible_rates_are_refused(recorded, tmp_path):
    for fps in (0.0, -5.0, np.nan, np.inf):
        with pytest.raises(ReplayError, match="fps"):
            write_lerobot(recorded(), tmp_path / "set", fps=fps)
