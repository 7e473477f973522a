"""State dictionaries and files: exact resume, and clear refusals of what is not a replay."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import telic.replay.state as state_module
from telic.replay.episode_table import BEGIN, STOP
from telic.replay.errors import DiscontinuityError, FileFormatError
from telic.replay.replay import Replay
from telic.replay.schema import Schema

ENDS = {(2, 0): "terminated", (4, 1): "truncated", (6, 0): "truncated"}


@pytest.fixture
def replay(walk, place):
    replay = walk(10, 2, 8, ENDS)
    replay.relabel(place, keep_terms=True)
    return replay


def same(a, b):
    one, other = a.state_dict(), b.state_dict()
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_a_file_brings_everything_back(replay, place, tmp_path):
    replay.save(tmp_path / "replay.safetensors")
    loaded = Replay.load(tmp_path / "replay.safetensors")
    assert same(replay, loaded)
    assert loaded.schema == replay.schema
    assert (len(loaded), loaded.capacity, loaded.num_streams) == (10, 10, 2)
    draws = [one.sample(32, reward="place-0.5", n_step=3, rng=np.random.default_rng(1)) for one in (replay, loaded)]
    for name in ("reward", "discount", "steps", "index", "action", "generation"):
        assert np.array_equal(getattr(draws[0], name), getattr(draws[1], name))
    for name in replay.schema.names:
        assert np.array_equal(draws[0].next_signals[name], draws[1].next_signals[name])
    terms = [one.columns["place-0.5"].terms for one in (replay, loaded)]
    assert list(terms[0]) == list(terms[1])


def test_an_empty_replay_survives(walk, tmp_path):
    walk(10, 2, 0).save(tmp_path / "empty.safetensors")
    loaded = Replay.load(tmp_path / "empty.safetensors")
    assert len(loaded) == 0
    walk(10, 2, 3, replay=loaded)
    assert len(loaded) == 6


def test_a_state_is_a_copy(replay, walk):
    before = replay.state_dict()
    kept = {name: array.copy() for name, array in before.items()}
    replay.truncate_open()
    walk(10, 2, 4, replay=replay)
    assert all(np.array_equal(before[name], kept[name]) for name in kept)


def test_a_running_replay_keeps_its_rewards_when_it_is_set_back(replay, walk, place):
    state = replay.state_dict()
    replay.truncate_open()
    walk(10, 2, 3, replay=replay)
    replay.load_state_dict(state)
    replay.truncate_open()
    walk(10, 2, 1, replay=replay)
    replay.sample(4, reward="place-0.5", rng=np.random.default_rng(0))


def test_an_interrupted_save_leaves_the_old_file(replay, walk, tmp_path, monkeypatch):
    path = tmp_path / "replay.safetensors"
    replay.save(path)
    old = path.read_bytes()
    replay.truncate_open()
    walk(10, 2, 3, replay=replay)

    def torn(state, temporary, metadata):
        temporary.write_bytes(b"half a file")
        raise OSError("No space left on device")

    monkeypatch.setattr(state_module, "save_file", torn)
    with pytest.raises(OSError, match="No space left"):
        replay.save(path)
    assert path.read_bytes() == old
    assert [file.name for file in tmp_path.iterdir()] == ["replay.safetensors"]


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        Replay.load(tmp_path / "nowhere.safetensors")


@pytest.mark.parametrize("keep", [0, 5, 100, -1])
def test_a_torn_file_is_refused(replay, tmp_path, keep):
    path = tmp_path / "replay.safetensors"
    replay.save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(FileFormatError, match=r"replay.safetensors is not a replay file, or it is damaged"):
        Replay.load(path)


def test_another_safetensors_file_is_refused(tmp_path):
    save_file({"weight": np.zeros(3)}, tmp_path / "policy.safetensors")
    with pytest.raises(FileFormatError, match=r"policy.safetensors is a safetensors file, but not a replay"):
        Replay.load(tmp_path / "policy.safetensors")


def test_a_newer_version_is_refused(replay, tmp_path):
    path = tmp_path / "replay.safetensors"
    save_file(replay.state_dict(), path, {"format": "telic.replay", "version": "3"})
    with pytest.raises(FileFormatError, match="version '3', this Telic reads 1 to 2"):
        Replay.load(path)


def test_the_file_is_readable_without_telic(replay, tmp_path):
    replay.save(tmp_path / "replay.safetensors")
    arrays = load_file(tmp_path / "replay.safetensors")
    assert arrays["signals/position"].shape == (10, 3)
    assert Schema.from_dict(json.loads(arrays["description"].tobytes())["schema"]) == replay.schema


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("signals/position", "lacks the array 'signals/position'"),
        ("states/clock", "lacks the array 'states/clock'"),
        ("coming", "lacks the array 'coming'"),
        ("columns/0/there", "lacks the array 'columns/0/there'"),
        ("episodes", "lacks the array 'episodes'"),
        ("description", "no array 'description'"),
    ],
)
def test_a_missing_array_is_named_and_nothing_changes(replay, walk, name, reason):
    other = walk(10, 2, 3)
    before = other.state_dict()
    state = replay.state_dict()
    del state[name]
    with pytest.raises(FileFormatError, match=reason):
        other.load_state_dict(state)
    after = other.state_dict()
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_an_array_of_another_shape_or_type_is_named(replay):
    state = replay.state_dict()
    with pytest.raises(FileFormatError, match=r"'action' is float32 \(9, 2\) .* expected float32 \(10, 2\)"):
        replay.load_state_dict(state | {"action": state["action"][:9]})
    with pytest.raises(FileFormatError, match="'signals/ticks' is int64"):
        replay.load_state_dict(state | {"signals/ticks": state["signals/ticks"].astype(np.int64)})


def test_episodes_that_contradict_the_flags_are_refused(replay):
    state = replay.state_dict()
    shorter, twice, gone = (state["episodes"].copy() for _ in range(3))
    shorter[np.argmin(shorter[:, STOP]), STOP] -= 1
    twice[1] = twice[0]
    gone[0, [BEGIN, STOP]] = 0, 1
    for table, reason in (
        (shorter, "each stored step in one of them"),
        (twice, "each stored step in one of them"),
        (gone, "one without a stored step"),
    ):
        with pytest.raises(FileFormatError, match=reason):
            replay.load_state_dict(state | {"episodes": table})
    flags = state["flags"].copy()
    flags[0] ^= 1
    with pytest.raises(FileFormatError, match="ends in other slots than 'flags'"):
        replay.load_state_dict(state | {"flags": flags})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("head", 7),
        ("head", -1),
        ("count", 6),
        ("written", 1),
        ("rows", 0),
        ("streams", None),
        ("columns", 3),
        ("begun", -1),
    ],
)
def test_an_impossible_description_is_refused(replay, field, value):
    state = replay.state_dict()
    about = json.loads(state["description"].tobytes()) | {field: value}
    text = np.frombuffer(json.dumps(about).encode(), np.uint8)
    with pytest.raises(FileFormatError, match="description is damaged"):
        replay.load_state_dict(state | {"description": text})


def test_a_state_of_another_size_or_schema_is_refused(replay, walk):
    with pytest.raises(FileFormatError, match="another capacity than this replay: 10 instead of 12"):
        walk(12, 2, 0).load_state_dict(replay.state_dict())
    with pytest.raises(FileFormatError, match="another number of streams than this replay: 2 instead of 5"):
        walk(10, 5, 0).load_state_dict(replay.state_dict())


def test_a_file_of_version_1_is_read(walk, place):
    """It was written by the last Telic without an episode table: ``walk(10, 2, 8, ENDS)``, and `Place` with terms."""
    old, new = Replay.load(Path(__file__).with_name("version_1.safetensors")), walk(10, 2, 8, ENDS)
    new.relabel(place, keep_terms=True)
    assert np.array_equal(old.slots(), new.slots())
    for stream in range(2):
        one, other = (replay.read(replay.slots()[:, stream]) for replay in (old, new))
        for name in new.schema.names:
            assert np.array_equal(one.signals[name], other.signals[name])
            assert np.array_equal(one.next_signals[name], other.next_signals[name])
        assert np.array_equal(one.terminated, other.terminated)
        assert np.array_equal(one.truncated, other.truncated)
    for field in ("stream", "first", "length", "terminated", "truncated", "whole", "returns", "seed", "source"):
        assert np.array_equal(*(getattr(replay.episodes(place.fingerprint), field) for replay in (old, new)))
    draws = [one.sample(32, reward="place-0.5", n_step=3, rng=np.random.default_rng(1)) for one in (old, new)]
    assert np.array_equal(draws[0].reward, draws[1].reward)
    # It goes on where it stood.
    newest = old.read(old.slots()[-1])
    open_streams = ~(newest.terminated | newest.truncated)
    assert open_streams.any()
    with pytest.raises(DiscontinuityError):
        walk(10, 2, 1, replay=old)
    old.truncate_open()
    walk(10, 2, 3, replay=old)
