"""A store is sampled where it lies, copied into memory, and followed; all three agree."""

import numpy as np
import pytest

from telic.replay.errors import DiscontinuityError, ReplayError, SchemaError, ShapeError
from telic.replay.replay import Replay
from telic.replay.store import library, memory
from telic.replay.store.errors import CorruptChunkError, ReadOnlyError
from telic.replay.store.store import Store
from telic.replay.store.view import View

from .conftest import Walk, assert_same, states_of

ENDS = ["", "", "", "terminated", "", "", "truncated"]


@pytest.fixture
def walked(store, fast_disk):
    """150 steps in chunks of 11; the last episode is open."""
    walk = Walk()
    with store.writer("robot", commit_every=11) as writer:
        for step in range(150):
            writer.add(*walk.step(ENDS[step % len(ENDS)]))
    store.refresh()
    return store, walk


def same(one, other, names):
    for name in names:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in one.signals:
        np.testing.assert_array_equal(one.signals[name], other.signals[name], err_msg=name)
        np.testing.assert_array_equal(one.next_signals[name], other.next_signals[name], err_msg=f"next {name}")


@pytest.mark.parametrize("n_step", [1, 3, 9])
def test_mapped_loaded_and_live_replays_draw_the_same_batches(walked, place, n_step):
    store, walk = walked
    live = Replay(store.schema, len(walk.steps))
    again = Walk()
    for step in walk.steps:
        signals, action, following, terminated, truncated = again.step(step["end"])
        with_axis = [{name: value[None] for name, value in states.items()} for states in (signals, following)]
        live.add(with_axis[0], action[None], with_axis[1], terminated[None], truncated[None])
    drawn = [
        replay.sample(400, reward=place, rng=np.random.default_rng(3), n_step=n_step, gamma=0.9, next_action=True)
        for replay in (live, store.replay(), store.mapped())
    ]
    names = ("action", "reward", "discount", "steps", "index", "next_action", "has_next_action")
    same(drawn[0], drawn[1], names)
    same(drawn[0], drawn[2], names)
    expected, found = live.episodes(place), store.mapped().episodes(place)
    np.testing.assert_array_equal(expected.length, found.length)
    np.testing.assert_array_equal(expected.returns, found.returns)
    np.testing.assert_array_equal(expected.length, store.episodes.length)


def test_a_batch_of_a_mapped_replay_stays_current(walked, place):
    store, _ = walked
    mapped = store.mapped()
    batch = mapped.sample(8, reward=place, rng=np.random.default_rng(0))
    assert mapped.is_current(batch.index, batch.generation).all()


def test_a_mapped_replay_is_not_added_to(walked):
    mapped = walked[0].mapped()
    one = {name: value[None] for name, value in states_of(0).items()}
    end = np.zeros(1, bool)
    for change in (
        lambda: mapped.add(one, np.zeros((1, 2), np.float32), one, end, end),
        mapped.truncate_open,
        mapped.clear,
    ):
        with pytest.raises(ReadOnlyError, match=r"Store\.writer"):
            change()


def test_a_loaded_replay_goes_on_where_the_store_ends(walked, place):
    store, walk = walked
    replay = store.replay(capacity=160)
    before = len(store)
    signals, action, following, *ends = walk.step("terminated")
    with_axis = [{name: value[None] for name, value in states.items()} for states in (signals, following)]
    with pytest.raises(DiscontinuityError):
        replay.add(with_axis[1], action[None], with_axis[1], *(end[None] for end in ends))
    replay.add(with_axis[0], action[None], with_axis[1], *(end[None] for end in ends))
    last_open = store.episodes.length[-1]
    assert replay.at(np.array([before - 1]), reward=place, n_step=5).steps.tolist() == [2]
    assert replay.episodes().length[-1] == last_open + 1


def test_the_newest_chunks_are_loaded_when_not_all_fit(store, fast_disk):
    # By name the older writer comes last.
    for name, begin in (("b", 0), ("a", 1000)):
        walk = Walk(number=begin)
        with store.writer(name, commit_every=10) as writer:
            for _ in range(40):
                writer.add(*walk.step())
    store.refresh()
    replay = store.replay(capacity=65)
    numbers = replay.read(np.arange(len(replay))).action[:, 0]
    np.testing.assert_array_equal(numbers, [*range(1000, 1040), *range(15, 40)])
    assert replay.episodes().truncated.tolist() == [True, False]
    assert replay.episodes().whole.tolist() == [True, False]
    for capacity in (1, 7, 40, 41, 79, 80, 200):
        assert len(store.replay(capacity)) == min(capacity, 80)


def test_a_part_of_an_episode_is_cut_where_its_middle_was_left_out(store, fast_disk):
    walk = Walk()
    with store.writer("robot", commit_every=10) as writer:
        for _ in range(30):
            writer.add(*walk.step())
    store.refresh()
    replay = Replay(store.schema, 30)
    memory.fill(replay.ring, View(store._library, store.view.segments[[0, 2]]))
    found = replay.read(np.arange(20))
    np.testing.assert_array_equal(found.next_signals["clock"], states_of([*range(1, 11), *range(21, 31)])["clock"])
    assert np.flatnonzero(found.truncated).tolist() == [9]


def test_blocks_do_not_show(walked, monkeypatch):
    store, _ = walked
    whole = store.replay()
    monkeypatch.setattr(memory, "BLOCK", 25)
    blocks = store.replay()
    same(whole.read(np.arange(150)), blocks.read(np.arange(150)), ("action", "terminated", "truncated"))


def test_chunks_are_forgotten_when_too_many_are_mapped(walked, monkeypatch):
    store, walk = walked
    monkeypatch.setattr(library, "MOST_MAPPED", 3)
    reader = Store.open(store.path)
    for first in range(0, 150, 7):
        slots = np.arange(first, min(first + 7, 150))
        np.testing.assert_array_equal(reader.read(slots).action[:, 0], slots)
        assert len(reader._library._chunks) <= 3
    assert_same(reader, walk.steps)


def test_a_chunk_that_is_replaced_while_the_store_is_open_is_not_taken_for_the_old_one(walked):
    store, _ = walked
    reader = Store.open(store.path)
    chunks = store.path / "writers/robot"
    (chunks / "000002.safetensors").write_bytes((chunks / "000003.safetensors").read_bytes())
    with pytest.raises(CorruptChunkError, match=r"000002\.safetensors is not the chunk"):
        reader.read(np.array([11]))


@pytest.mark.parametrize("index", [np.array([150]), np.array([-1]), np.zeros(2), np.zeros((1, 1), int)])
def test_slots_that_are_none_are_refused(walked, index):
    with pytest.raises(ReplayError, match="slots"):
        walked[0].read(index)


def test_an_empty_store_has_nothing_to_read(store):
    # A version control system does not keep the empty folder.
    (store.path / "writers").rmdir()
    store = Store.open(store.path, "append")
    assert len(store) == 0
    assert len(store.episodes) == 0
    assert store.columns == {}
    assert len(store.replay()) == len(store.mapped()) == 0
    assert len(store.read(np.zeros(0, np.int64)).action) == 0
    store.writer("robot").close()


def test_slots_stay_where_they_are_when_more_is_seen(store, fast_disk):
    walks = {"a": Walk(), "b": Walk(number=500)}
    writers = {name: store.writer(name, commit_every=1000) for name in walks}
    seen = []
    for _ in range(4):
        for name, writer in writers.items():
            for _ in range(3):
                writer.add(*walks[name].step())
            writer.commit()
            store.refresh()
            seen = [*seen, *store.read(np.arange(len(seen), len(store))).action[:, 0]]
            np.testing.assert_array_equal(store.read(np.arange(len(store))).action[:, 0], seen)
    # The episodes of both are in pieces here, and whole in the order of who opens the store now.
    assert store.episodes.length.tolist() == [3] * 8
    assert not store.episodes.truncated.any()
    assert Store.open(store.path).episodes.length.tolist() == [12, 12]


def test_a_follower_gives_a_replay_what_is_committed(store, place, fast_disk):
    walk = Walk()
    replay = Replay(store.schema, 100)
    follower = store.follow(replay)
    assert follower.update() == 0
    with store.writer("robot", commit_every=1000) as writer:
        for part in range(5):
            for step in range(part + 2):
                writer.add(*walk.step("terminated" if (part, step) == (2, 1) else ""))
            writer.commit()
            assert follower.update() == part + 2
    assert follower.update() == 0
    whole = Store.open(store.path).replay()
    same(replay.read(np.arange(20)), whole.read(np.arange(20)), ("action", "terminated", "truncated"))
    assert replay.at(np.array([0]), reward=place, n_step=50).steps.tolist() == [7]


def test_a_follower_of_two_writers_cuts_where_they_alternate(store, fast_disk):
    walks = {"a": Walk(), "b": Walk(number=500)}
    writers = {name: store.writer(name) for name in walks}
    replay = Replay(store.schema, 100)
    follower = store.follow(replay)
    for _ in range(3):
        for name, writer in writers.items():
            writer.add(*walks[name].step())
            writer.add(*walks[name].step())
            writer.commit()
            follower.update()
    found = replay.read(np.arange(12))
    assert found.action[:, 0].tolist() == [0, 1, 500, 501, 2, 3, 502, 503, 4, 5, 504, 505]
    np.testing.assert_array_equal(found.next_signals["clock"], states_of(found.action[:, 0] + 1.0)["clock"])
    assert np.flatnonzero(found.truncated).tolist() == [1, 3, 5, 7, 9]
    assert not store.read(np.arange(12)).truncated.any()


def test_a_follower_can_begin_after_what_was_loaded(walked):
    store, walk = walked
    replay = store.replay(capacity=1000)
    follower = store.follow(replay, start=len(store))
    assert follower.update() == 0
    walk.cut(150)
    with store.writer("robot") as writer:
        writer.add(*walk.step("terminated"))
    assert follower.update() == 1
    assert len(replay) == 151


def test_a_replay_that_cannot_follow_is_refused(store, schema):
    with pytest.raises(ReplayError, match="1 stream"):
        store.follow(Replay(schema, 10, 2))
    other = type(schema)(schema.signals[:1], schema.actions)
    with pytest.raises(SchemaError, match="another schema"):
        store.follow(Replay(other, 10))
    with pytest.raises(ReplayError, match="begins at step 3"):
        store.follow(Replay(schema, 10), start=3)
    with pytest.raises(SchemaError, match="another schema"):
        store.spill(Replay(other, 10), "x")


def test_a_read_in_the_wrong_shape_names_it(walked):
    with pytest.raises(ShapeError, match="float64"):
        walked[0].read(np.zeros(3))
