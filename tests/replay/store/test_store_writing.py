"""What writers put into a store is what readers find, and whatever is refused leaves it as it was."""

import errno
import os
import signal

import numpy as np
import pytest

from telic.replay.action import ActionSpec
from telic.replay.errors import DiscontinuityError, DtypeError, NonFiniteError, ReplayError, ShapeError
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.replay.signal import Signal
from telic.replay.store.errors import ReadOnlyError, StoreExistsError, StoreFullError, WriterBusyError
from telic.replay.store.store import Store

from .conftest import Walk, assert_same, states_of


def test_steps_of_several_chunks_come_back_with_their_next_states_and_ends(store, walk_on):
    ends = {4: "terminated", 9: "truncated", 17: "terminated", 18: "truncated"}
    with store.writer("robot", commit_every=7) as writer:
        for step in range(30):
            writer.add(*walk_on.step(ends.get(step, "")))
    assert store.refresh() == 30
    assert_same(store, walk_on.steps)
    assert_same(Store.open(store.path), walk_on.steps)
    assert len(list((store.path / "writers/robot").glob("0*.safetensors"))) == 5


def test_only_what_was_committed_is_there(store, walk_on):
    writer = store.writer("robot", commit_every=1000)
    for _ in range(5):
        writer.add(*walk_on.step())
    assert (writer.committed, writer.pending) == (0, 5)
    assert store.refresh() == 0
    writer.commit()
    assert (writer.committed, writer.pending) == (5, 0)
    assert store.refresh() == 5
    writer.add(*walk_on.step("terminated"))
    writer.close()
    assert store.refresh() == 1
    assert_same(store, walk_on.steps)


def test_a_time_limit_is_kept_apart_from_a_termination(store, walk_on):
    with store.writer("robot") as writer:
        for end in ("", "truncated", "", "terminated", ""):
            writer.add(*walk_on.step(end))
    store.refresh()
    episodes = store.episodes
    assert episodes.truncated.tolist() == [True, False, False]
    assert episodes.terminated.tolist() == [False, True, False]
    assert episodes.whole.tolist() == [True, True, False]
    batch = store.mapped().at(np.arange(5), reward=_Zero(), n_step=4, gamma=0.5)
    np.testing.assert_allclose(batch.discount, [0.25, 0.5, 0.0, 0.0, 0.5])


def test_an_episode_that_a_new_writer_does_not_go_on_with_was_truncated(store, walk_on):
    for _ in range(2):
        with store.writer("robot") as writer:
            writer.add(*walk_on.step())
            writer.add(*walk_on.step())
    store.refresh()
    assert store.episodes.length.tolist() == [2, 2]
    assert store.episodes.truncated.tolist() == [True, False]
    assert_same(store, walk_on.steps, started_over=[1])


def test_windows_of_many_streams_are_stored_stream_by_stream(store, schema):
    streams, rows = 3, 50
    numbers = np.arange((rows + 1) * streams).reshape(rows + 1, streams)
    terminated, truncated = np.zeros((2, rows, streams), bool)
    terminated[[3, 20, 20], [0, 1, 2]] = truncated[[9, 49], [1, 2]] = True
    finals = states_of(1000 + np.arange(5))
    states = states_of(numbers)
    action = np.repeat(numbers[:-1, :, None], 2, axis=2).astype(np.float32)
    memory = Replay(schema, rows * streams, streams)
    memory.add_window(states, action, finals, terminated, truncated)
    with store.writer("fleet", streams=streams, commit_every=16 * streams) as writer:
        writer.add_window(states, action, finals, terminated, truncated)
    store.refresh()
    found, expected = store.read(np.arange(len(store))), memory.read(memory.slots().T.ravel())
    for name in schema.names:
        np.testing.assert_array_equal(found.signals[name], expected.signals[name])
        np.testing.assert_array_equal(found.next_signals[name], expected.next_signals[name])
    for name in ("action", "terminated", "truncated"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert store.episodes.stream.tolist() == [0, 0, 1, 1, 1, 2, 2]


def test_whole_episodes_can_be_added_at_once(store):
    with store.writer("demos") as writer:
        for begin, length, terminated in ((0, 5, True), (10, 3000, False)):
            action = np.zeros((length, 2), np.float32)
            writer.add_episode(states_of(np.arange(begin, begin + length + 1)), action, terminated=terminated)
    store.refresh()
    assert store.episodes.length.tolist() == [5, 3000]
    assert store.episodes.terminated.tolist() == [True, False]
    assert store.episodes.truncated.tolist() == [False, True]
    found = store.read(np.array([4, 5, 3004]))
    np.testing.assert_allclose(found.next_signals["clock"], [0.005, 0.011, 3.01])


def test_an_open_episode_goes_on_in_a_window_that_is_larger_than_the_buffer(store, walk_on):
    with store.writer("robot", commit_every=4) as writer:
        writer.add(*walk_on.step())
        number = walk_on.number
        writer.add_window(
            states_of(np.arange(number, number + 10)[:, None]),
            np.repeat(np.arange(number, number + 9, dtype=np.float32)[:, None, None], 2, axis=2),
            states_of(np.zeros(0)),
            *np.zeros((2, 9, 1), bool),
        )
        for _ in range(9):
            walk_on.step()
        with pytest.raises(DiscontinuityError):
            writer.add(states_of(77), np.zeros(2, np.float32), states_of(78), np.bool_(False), np.bool_(False))
        writer.add(*walk_on.step("terminated"))
    store.refresh()
    assert_same(store, walk_on.steps)
    assert store.episodes.whole.tolist() == [True]


def test_an_empty_episode_and_an_episode_of_many_streams_are_refused(store):
    with pytest.raises(ShapeError, match="at least one step"):
        store.writer("a").add_episode(states_of(np.arange(1)), np.zeros((0, 2), np.float32), terminated=True)
    with pytest.raises(ShapeError, match="2 streams"):
        store.writer("b", streams=2).add_episode(states_of(np.arange(3)), np.zeros((2, 2), np.float32), terminated=True)


def test_tags_hold_from_the_next_step_on_and_are_kept_through_crashes_and_indexes(store, walk_on):
    writer = store.writer("robot", commit_every=4)
    writer.episode(source="policy", seed=3)
    for end in ("", "", "", "", "", "terminated"):
        writer.add(*walk_on.step(end))
    writer.episode(source="human", seed=4, intervention=True)
    for end in ("", "truncated", ""):
        writer.add(*walk_on.step(end))
    writer.close()
    for reader in (Store.open(store.path), Store.open(store.path, verify=True)):
        assert reader.episodes.tags(0) == {"source": "policy", "seed": 3}
        assert reader.episodes.tag("source").tolist() == ["policy", "human", "human"]
        assert reader.episodes.tag("intervention", False).tolist() == [False, True, True]


def test_a_person_taking_over_within_an_episode_does_not_tear_it_apart(store, walk_on):
    with store.writer("robot") as writer:
        writer.episode(source="policy")
        writer.add(*walk_on.step())
        writer.episode(source="human", intervention=True)
        writer.add(*walk_on.step())
        writer.add(*walk_on.step("terminated"))
    store.refresh()
    assert store.episodes.tag("source").tolist() == ["policy"]
    assert store.tag("intervention", False).tolist() == [False, True, True]
    assert store.episodes.length.tolist() == [3]
    assert_same(store, walk_on.steps)
    assert store.mapped().at(np.array([0]), reward=_Zero(), n_step=9).steps.tolist() == [3]


def test_a_tag_that_is_no_plain_value_is_refused(store):
    with pytest.raises(ReplayError, match=r"'seed'.*allowed"):
        store.writer("robot").episode(seed=[1, 2])


def test_a_step_that_is_refused_leaves_the_writer_as_it_was(store, walk_on):
    writer = store.writer("robot", commit_every=2)
    writer.add(*walk_on.step())
    signals, action, following, *ends = walk_on.step()
    with pytest.raises(NonFiniteError):
        writer.add(signals, action * np.float32(np.nan), following, *ends)
    with pytest.raises(DiscontinuityError):
        writer.add(states_of(77), action, following, *ends)
    with pytest.raises(DtypeError):
        writer.add(signals, action.astype(np.float64), following, *ends)
    writer.add(signals, action, following, *ends)
    writer.close()
    store.refresh()
    assert_same(store, walk_on.steps)


def test_a_full_disk_is_named_and_nothing_is_lost(store, walk_on, monkeypatch):
    writer = store.writer("robot", commit_every=4)
    full = True

    def no_room(descriptor, fsync=os.fsync):
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", no_room)
    # What the automatic commit could not write waits in memory; the step that no longer fits is refused.
    for _ in range(4):
        writer.add(*walk_on.step())
    refused = walk_on.step()
    with pytest.raises(StoreFullError, match="make room"):
        writer.add(*refused)
    with pytest.raises(StoreFullError, match=r"000001\.safetensors"):
        writer.commit()
    assert not list(store.path.rglob("*.tmp"))
    full = False
    writer.add(*refused)
    writer.close()
    store.refresh()
    assert_same(store, walk_on.steps)


def test_a_store_on_a_small_file_system_says_that_it_is_full(store, walk_on, monkeypatch):
    def write(*args):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(StoreFullError, match="quota"):
        store.writer("robot")


def test_a_second_writer_of_a_name_is_refused_until_the_first_is_closed(store):
    first = store.writer("robot")
    store.writer("other").close()
    with pytest.raises(WriterBusyError, match=f"process {os.getpid()} already writes"):
        store.writer("robot")
    first.close()
    store.writer("robot").close()


def test_a_killed_writer_leaves_its_name_to_the_next_one(store, walk_on):
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        writer = store.writer("robot")
        writer.add(*walk_on.step())
        writer.commit()
        (store.path / "writers/robot/.000002.safetensors.1.tmp").write_bytes(b"half")
        os.write(told, b"1")
        signal.pause()
    os.read(ready, 1)
    with pytest.raises(WriterBusyError, match=f"process {child} "):
        store.writer("robot")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    walk_on.step()
    with store.writer("robot") as writer:
        assert writer.committed == 1
        writer.add(*walk_on.step())
    assert not list(store.path.rglob("*.tmp"))
    store.refresh()
    assert_same(store, walk_on.steps, started_over=[0])


def test_a_writer_that_nobody_has_any_more_does_not_keep_its_name(store, walk_on):
    writer = store.writer("robot")
    writer.add(*walk_on.step())
    del writer
    store.writer("robot").close()


def test_a_fork_of_a_writer_does_not_write(store, walk_on):
    writer = store.writer("robot")
    writer.add(*walk_on.step())
    child = os.fork()
    if child == 0:
        try:
            writer.commit()
        except ReplayError:
            os._exit(5)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
    writer.close()
    assert store.refresh() == 1


def test_a_closed_writer_does_not_write(store, walk_on):
    writer = store.writer("robot")
    writer.close()
    writer.add(*walk_on.step())
    with pytest.raises(ReplayError, match="closed"):
        writer.commit()


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "..", "x" * 101, "two words"])
def test_a_name_that_is_no_good_folder_name_is_refused(store, name):
    before = sorted(store.path.rglob("*"))
    with pytest.raises(ReplayError, match="writer name"):
        store.writer(name)
    assert sorted(store.path.rglob("*")) == before


def test_nothing_is_created_over_something_else(store, schema, tmp_path):
    with pytest.raises(StoreExistsError, match=r"Store\.open"):
        Store.create(store.path, schema)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StoreExistsError, match="another path"):
        Store.create(tmp_path, schema)


def test_a_type_that_files_cannot_hold_is_refused(tmp_path):
    schema = Schema((Signal("x", dtype="longdouble"),), ActionSpec(("a",)))
    with pytest.raises(DtypeError, match="'x'"):
        Store.create(tmp_path / "store", schema)
    assert not (tmp_path / "store").exists()


def test_a_store_open_for_reading_is_not_written_to(store, walk_on):
    with store.writer("robot") as writer:
        writer.add(*walk_on.step())
    reader = Store.open(store.path)
    for change in (
        lambda: reader.writer("robot"),
        lambda: reader.relabel(_Zero()),
        lambda: reader.add_column("r", np.zeros(1, np.float32)),
        lambda: reader.spill(Replay(store.schema, 1), "x"),
    ):
        with pytest.raises(ReadOnlyError, match="mode='append'"):
            change()
    with pytest.raises(ReplayError, match="'append'"):
        Store.open(store.path, "write")


def test_a_live_replay_is_spilled_as_it_grows(store, schema, walk):
    replay = walk(40, 2, 10, {(3, 0): "terminated", (7, 1): "truncated"})
    spill = store.spill(replay, "training", commit_every=14)
    assert spill.update() == 20
    assert spill.update() == 0
    walk(40, 2, 6, {(0, 0): "truncated"}, replay=_cleared(replay))
    assert spill.update() == 0
    walk(40, 2, 1, replay=_cleared(replay))
    assert spill.update() == 14
    walk(40, 2, 2, replay=_cleared(replay))
    spill.close()
    store.refresh()
    found, expected = store.read(np.arange(38)), replay.read(replay.slots().T.ravel())
    for name in schema.names:
        np.testing.assert_array_equal(found.signals[name], expected.signals[name])
        np.testing.assert_array_equal(found.next_signals[name], expected.next_signals[name])
    np.testing.assert_array_equal(found.truncated, expected.truncated)


def test_a_spill_says_what_it_missed_and_begins_new_stretches(store, walk, caplog):
    replay = walk(8, 1, 4)
    spill = store.spill(replay, "training")
    spill.commit()
    walk(8, 1, 20, replay=_cleared(replay))
    spill.commit()
    assert spill.missed == 12
    assert "12 steps were overwritten" in caplog.text
    spill.close()
    store.refresh()
    assert store.episodes.length.tolist() == [4, 8]
    assert store.episodes.whole.tolist() == [True, False]
    assert store.read(np.arange(12)).truncated.tolist() == [False, False, False, True, *[False] * 8]


def test_two_writers_do_not_see_each_other(store):
    walks = {name: Walk() for name in ("b", "a")}
    writers = {name: store.writer(name, commit_every=3) for name in walks}
    for _ in range(10):
        for name, writer in writers.items():
            writer.add(*walks[name].step())
    for writer in writers.values():
        writer.close()
    reader = Store.open(store.path)
    assert reader.writers == ("a", "b")
    np.testing.assert_array_equal(reader.read(np.arange(20)).action[:, 0], [*range(10), *range(10)])
    assert reader.episodes.writer.tolist() == ["a", "b"]


class _Zero:
    fingerprint = "zero"
    inputs = ("clock",)

    def terms(self, inputs):
        return {"zero": np.zeros(inputs["clock"].shape, np.float32)}


def _cleared(replay):
    replay.truncate_open()
    return replay


def test_what_is_said_about_a_store_is_there_for_its_readers(tmp_path, schema):
    Store.create(tmp_path / "store", schema, about={"robot": "Crazyflie", "mass": 0.027})
    reader = Store.open(tmp_path / "store")
    assert reader.about == {"robot": "Crazyflie", "mass": 0.027}
    assert reader.schema == schema
    with pytest.raises(ReplayError, match="JSON"):
        Store.create(tmp_path / "other", schema, about={"array": np.zeros(3)})
    assert not (tmp_path / "other").exists()
