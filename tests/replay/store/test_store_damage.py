"""Whatever happens to the files, what is read is right, and what is not right is named."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telic.replay.action import ActionSpec
from telic.replay.errors import FileFormatError
from telic.replay.schema import Schema
from telic.replay.signal import Signal
from telic.replay.store import tensors
from telic.replay.store.errors import CorruptChunkError, NewerFormatError, NotAStoreError
from telic.replay.store.store import Store
from telic.replay.store.tensors import map_file, pack

from .conftest import Walk, assert_same, tree

CHUNKS, STEPS = 4, 6


@pytest.fixture
def walked(store):
    """A store of 4 chunks of 6 steps, one writer, and the walk that is in it."""
    walk = Walk()
    with store.writer("robot", commit_every=STEPS) as writer:
        for step in range(CHUNKS * STEPS):
            writer.add(*walk.step("terminated" if step % 10 == 9 else ""))
    return store, walk


def chunk(store, number):
    return store.path / f"writers/robot/{number:06d}.safetensors"


def flip(path, at, bits=1):
    content = bytearray(path.read_bytes())
    content[at % len(content)] ^= bits
    path.write_bytes(content)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10**6), bits=st.integers(1, 255))
def test_any_damaged_byte_of_the_last_chunk_is_noticed(walked, at, bits):
    store, walk = walked
    whole = chunk(store, CHUNKS).read_bytes()
    try:
        flip(chunk(store, CHUNKS), at, bits)
        reader = Store.open(store.path)
        assert [problem.path for problem in reader.problems] == [chunk(store, CHUNKS)]
        assert "left out" in reader.problems[0].what
        assert_same(reader, walk.steps[: (CHUNKS - 1) * STEPS])
    finally:
        chunk(store, CHUNKS).write_bytes(whole)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_last_chunk_of_any_shorter_length_is_noticed(walked, share):
    store, walk = walked
    whole = chunk(store, CHUNKS).read_bytes()
    try:
        chunk(store, CHUNKS).write_bytes(whole[: int(share * len(whole))])
        reader = Store.open(store.path)
        assert [problem.path for problem in reader.problems] == [chunk(store, CHUNKS)]
        assert_same(reader, walk.steps[: (CHUNKS - 1) * STEPS])
    finally:
        chunk(store, CHUNKS).write_bytes(whole)


def test_a_longer_last_chunk_is_noticed(walked):
    store, _ = walked
    with chunk(store, CHUNKS).open("ab") as file:
        file.write(b"0")
    assert len(Store.open(store.path)) == (CHUNKS - 1) * STEPS


def test_a_missing_last_chunk_is_noticed_through_the_index(walked):
    store, walk = walked
    chunk(store, CHUNKS).unlink()
    reader = Store.open(store.path)
    assert "missing; left out" in reader.problems[0].what
    assert_same(reader, walk.steps[: (CHUNKS - 1) * STEPS])


@pytest.mark.parametrize("indexed", [True, False])
def test_damage_in_the_middle_is_an_error_where_it_is_read_and_nowhere_else(walked, indexed):
    store, _ = walked
    flip(chunk(store, 2), -1)
    if not indexed:
        (store.path / "writers/robot/index.safetensors").unlink()
    reader = Store.open(store.path)
    assert len(reader) == CHUNKS * STEPS
    with pytest.raises(CorruptChunkError, match=r"000002\.safetensors.*checksum"):
        reader.read(np.arange(len(reader)))
    assert [problem.path for problem in reader.problems] == [chunk(store, 2)]
    rest = np.r_[0:STEPS, 2 * STEPS : CHUNKS * STEPS]
    np.testing.assert_array_equal(reader.read(rest).action[:, 0], rest)
    with pytest.raises(CorruptChunkError, match=r"000002\.safetensors"):
        reader.replay()


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize("damage", ["header", "content", "missing"])
def test_verify_leaves_out_every_damaged_chunk(walked, damage, indexed):
    store, _ = walked
    if damage == "missing":
        chunk(store, 2).unlink()
    else:
        flip(chunk(store, 2), 40 if damage == "header" else -1)
    if not indexed:
        (store.path / "writers/robot/index.safetensors").unlink()
    reader = Store.open(store.path, verify=True)
    rest = np.r_[0:STEPS, 2 * STEPS : CHUNKS * STEPS]
    np.testing.assert_array_equal(reader.read(np.arange(len(rest))).action[:, 0], rest)
    if damage != "missing":
        assert [problem.path for problem in reader.problems] == [chunk(store, 2)]


@pytest.mark.parametrize("index", ["gone", "damaged", "old", "foreign"])
def test_an_index_that_is_no_good_changes_nothing(walked, index, tmp_path):
    store, walk = walked
    path = store.path / "writers/robot/index.safetensors"
    if index == "gone":
        path.unlink()
    elif index == "damaged":
        flip(path, -1)
    elif index == "foreign":
        other = Store.create(tmp_path / "other", Schema((Signal("x"),), ActionSpec(("a",))))
        other.writer("robot").close()
        with other.writer("robot") as writer:
            one = np.zeros(1, np.float32)
            writer.add({"x": one[0]}, one, {"x": one[0]}, np.bool_(True), np.bool_(False))
        shutil.copy(tmp_path / "other/writers/robot/index.safetensors", path)
    else:
        old = path.read_bytes()
        walk.cut(len(walk.steps))
        with store.writer("robot", commit_every=2) as writer:
            for _ in range(6):
                writer.add(*walk.step())
        path.write_bytes(old)
    reader = Store.open(store.path)
    assert reader.problems == ()
    assert_same(reader, walk.steps, started_over=[CHUNKS * STEPS - 1])


def test_a_damaged_last_chunk_is_moved_aside_by_the_next_writer_and_nothing_is_deleted(walked):
    store, walk = walked
    flip(chunk(store, CHUNKS), -1)
    damaged = chunk(store, CHUNKS).read_bytes()
    walk.cut((CHUNKS - 1) * STEPS)
    with store.writer("robot") as writer:
        assert writer.committed == (CHUNKS - 1) * STEPS
        writer.add(*walk.step("terminated"))
    assert [path.read_bytes() for path in store.path.rglob("damaged/*")] == [damaged]
    reader = Store.open(store.path)
    assert reader.problems == ()
    assert_same(reader, walk.steps, started_over=[(CHUNKS - 1) * STEPS - 1])


def test_a_reader_goes_on_when_a_writer_replaces_the_damaged_end(walked):
    store, walk = walked
    flip(chunk(store, CHUNKS), -1)
    reader = Store.open(store.path)
    walk.cut((CHUNKS - 1) * STEPS)
    with store.writer("robot") as writer:
        writer.add(*walk.step("terminated"))
    assert reader.refresh() == 1
    assert_same(reader, walk.steps, started_over=[(CHUNKS - 1) * STEPS - 1])


def test_reading_never_writes_a_byte(walked):
    store, _ = walked
    flip(chunk(store, CHUNKS), -1)
    (store.path / "writers/robot/.000005.safetensors.1.tmp").write_bytes(b"half")
    (store.path / "writers/robot/index.safetensors").unlink()
    before = tree(store.path)
    reader = Store.open(store.path, verify=True)
    reader.refresh()
    reader.replay().save(store.path.parent / "elsewhere.safetensors")
    reader.mapped().episodes()
    assert reader.episodes.tags(0) == {}
    assert tree(store.path) == before


@pytest.mark.parametrize("content", [None, "{}", '{"format": "telic.replay"}'])
def test_what_is_no_store_is_not_opened(tmp_path, content):
    if content is not None:
        (tmp_path / "telic.json").write_text(content)
    with pytest.raises(NotAStoreError, match=str(tmp_path)):
        Store.open(tmp_path)
    with pytest.raises(NotAStoreError):
        Store.open(tmp_path / "nowhere")


def test_a_damaged_manifest_is_named(walked):
    store, _ = walked
    path = store.path / "telic.json"
    text = path.read_text()
    for damaged in (text[:-10], text.replace('"signals"', '"sign"'), text.replace('"version": 1', '"version": "x"')):
        path.write_text(damaged)
        with pytest.raises(FileFormatError, match=r"telic\.json is damaged"):
            Store.open(store.path)


def test_a_newer_store_and_a_newer_chunk_are_named_and_left_alone(walked, monkeypatch):
    store, _ = walked
    manifest = json.loads((store.path / "telic.json").read_text())
    (store.path / "telic.json").write_text(json.dumps({**manifest, "version": 2}))
    with pytest.raises(NewerFormatError, match=r"version 2.*update Telic"):
        Store.open(store.path)
    (store.path / "telic.json").write_text(json.dumps(manifest))
    with monkeypatch.context() as later:
        later.setattr(tensors, "VERSION", 2)
        content = pack("telic.store.chunk", {"news": np.zeros(3)}, {})
    chunk(store, CHUNKS).write_bytes(content)
    for opening in (lambda: Store.open(store.path), lambda: store.writer("robot"), lambda: store.writer("robot")):
        with pytest.raises(NewerFormatError, match=r"000004\.safetensors has version 2"):
            opening()
    assert chunk(store, CHUNKS).read_bytes() == content


def test_a_chunk_of_another_schema_is_named(walked, tmp_path):
    store, _ = walked
    other = Store.create(tmp_path / "other", Schema((Signal("x"),), ActionSpec(("a",))))
    with other.writer("robot") as writer:
        one = np.zeros(1, np.float32)
        writer.add({"x": one[0]}, one, {"x": one[0]}, np.bool_(True), np.bool_(False))
    shutil.copy(tmp_path / "other/writers/robot/000001.safetensors", chunk(store, CHUNKS + 1))
    reader = Store.open(store.path)
    assert "another schema" in reader.problems[0].what
    assert len(reader) == CHUNKS * STEPS


@pytest.mark.parametrize("change", ["shape", "type", "name", "sum"])
def test_a_chunk_whose_arrays_do_not_fit_is_never_read(walked, change):
    """Rows are copied from their address without further checks, so a chunk must not be trusted for its checksums."""
    store, _ = walked
    path = chunk(store, CHUNKS)
    file = map_file(path, "telic.store.chunk")
    arrays = {name: array.copy() for name, array in file.tensors.items()}
    if change == "shape":
        arrays["signals/position"] = arrays["signals/position"][:-1]
    elif change == "type":
        arrays["after/clock"] = arrays["after/clock"].astype(np.float32)
    elif change == "name":
        del arrays["action"]
    else:
        arrays["segments/length"][0] += 1
    about = {key: value for key, value in file.about.items() if key != "checksums"}
    path.write_bytes(pack("telic.store.chunk", arrays, about))
    reader = Store.open(store.path)
    assert [problem.path for problem in reader.problems] == [path]
    assert len(reader) == (CHUNKS - 1) * STEPS
