"""Rewards on disk: computed once per chunk, kept, extended, and never taken for those of other facts."""

import numpy as np
import pytest

from telic.replay.errors import NonFiniteError, ReplayError, ShapeError, StaleColumnError, UnknownNameError
from telic.replay.store import columns
from telic.replay.store.store import Store

from .conftest import Walk


@pytest.fixture
def walked(store, fast_disk):
    walk = Walk()
    with store.writer("robot", commit_every=10) as writer:
        for step in range(35):
            writer.add(*walk.step("terminated" if step % 8 == 7 else ""))
    store.refresh()
    return store, walk


def files(store):
    return sorted(path.name for path in store.path.rglob("columns/*/*"))


def test_a_column_on_disk_equals_the_one_in_memory(walked, place, make_place):
    store, _ = walked
    column = store.relabel(place, keep_terms=True)
    expected = store.mapped().relabel(make_place(), keep_terms=True)
    np.testing.assert_array_equal(column.total, expected.total)
    assert column.terms == tuple(sorted(expected.terms))
    for name, values in expected.terms.items():
        np.testing.assert_array_equal(column.term(name), values)
    assert files(store) == [f"00000{i}.safetensors" for i in (1, 2, 3, 4)]


def test_only_what_has_no_value_is_scored(walked, place):
    store, walk = walked
    store.relabel(place)
    assert sum(place.scored) == 35
    store.relabel(place)
    assert sum(place.scored) == 35
    walk.cut(35)
    with store.writer("robot") as writer:
        for _ in range(4):
            writer.add(*walk.step())
    store.refresh()
    assert store.columns[place.fingerprint].missing == 4
    with pytest.raises(StaleColumnError, match="4 of 39"):
        _ = store.columns[place.fingerprint].total
    assert store.relabel(place).missing == 0
    assert sum(place.scored) == 39


def test_a_column_is_there_for_the_next_reader(walked, place):
    store, _ = walked
    written = store.relabel(place).total
    reader = Store.open(store.path)
    np.testing.assert_array_equal(reader.columns[place.fingerprint].total, written)
    for replay in (reader.replay(), reader.mapped()):
        np.testing.assert_array_equal(replay.columns[place.fingerprint].total[:35], written)


def test_an_incomplete_column_stays_on_disk(walked, place):
    store, walk = walked
    store.relabel(place)
    walk.cut(35)
    with store.writer("robot") as writer:
        writer.add(*walk.step())
    assert Store.open(store.path).replay().columns == {}


def test_columns_stand_side_by_side_under_any_name(walked):
    store, _ = walked
    names = ["", "..", "a/b", "a_b", "x y%", "x" * 300, "ä" * 200]
    before = list(store.path.parent.iterdir())
    for place, name in enumerate(names):
        store.add_column(name, np.full(35, place, np.float32))
    assert sorted(store.columns) == names
    assert [store.columns[name].total[-1] for name in names] == list(range(7))
    assert list(store.path.parent.iterdir()) == before


def test_recorded_rewards_keep_their_order_among_several_writers(store, fast_disk):
    for name in ("b", "a"):
        walk = Walk()
        with store.writer(name, commit_every=4) as writer:
            for _ in range(10):
                writer.add(*walk.step())
        store.refresh()
    values = np.arange(20, dtype=np.float32)
    np.testing.assert_array_equal(store.add_column("recorded", values).total, values)
    np.testing.assert_array_equal(Store.open(store.path).columns["recorded"].total, [*range(10, 20), *range(10)])
    with pytest.raises(ReplayError, match="already"):
        store.add_column("recorded", values)
    with pytest.raises(ShapeError):
        store.add_column("short", values[1:])


def test_a_damaged_column_file_is_computed_again(walked, place):
    store, _ = walked
    total = store.relabel(place).total
    path = columns.column_path(store.path / "writers/robot/000002.safetensors", place.fingerprint)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert store.columns[place.fingerprint].missing == 10
    np.testing.assert_array_equal(store.relabel(place).total, total)
    assert sum(place.scored) == 45


def test_rewards_of_a_chunk_that_was_set_aside_are_not_those_of_the_one_that_took_its_number(walked, place):
    store, walk = walked
    store.relabel(place)
    last = store.path / "writers/robot/000004.safetensors"
    last.write_bytes(last.read_bytes()[:-1])
    walk.cut(30)
    with store.writer("robot") as writer:
        for _ in range(5):
            writer.add(*walk.step("truncated"))
    reader = Store.open(store.path, "append")
    assert reader.columns[place.fingerprint].missing == 5
    np.testing.assert_array_equal(reader.relabel(place).total, reader.mapped().relabel(place, recompute=True).total)


def test_terms_can_be_asked_for_later(walked, place):
    store, _ = walked
    column = store.relabel(place)
    with pytest.raises(UnknownNameError, match="keeps no term 'here'"):
        column.term("here")
    assert store.relabel(place, keep_terms=True).term("here").shape == (35,)


def test_a_reward_that_asks_for_what_is_not_stored_is_refused_before_any_work(walked, place):
    store, _ = walked
    place.__class__ = type("Other", (type(place),), {"inputs": ("position", "frames")})
    with pytest.raises(UnknownNameError, match="'frames'"):
        store.relabel(place)
    assert place.scored == []
    assert files(store) == []


def test_a_reward_without_a_finite_value_is_named(walked, place):
    store, _ = walked
    place.weight = np.nan
    with pytest.raises(NonFiniteError, match="'here'"):
        store.relabel(place)


def test_progress_is_told(walked, place):
    told = []
    walked[0].relabel(place, progress=lambda done, every: told.append((done, every)))
    assert told == [(10, 35), (20, 35), (30, 35), (35, 35)]


def test_a_part_that_is_loaded_has_its_part_of_the_rewards(walked, make_place):
    store, _ = walked
    place = make_place()
    total = store.relabel(place).total
    replay = store.replay(capacity=17)
    np.testing.assert_array_equal(replay.columns[place.fingerprint].total, total[-17:])
    np.testing.assert_array_equal(replay.relabel(make_place(), recompute=True).total, total[-17:])


def test_a_part_that_is_covered_has_its_rewards_although_the_store_has_grown(store, make_place, fast_disk):
    walk = Walk()
    with store.writer("robot") as writer:
        for _ in range(9):
            writer.add(*walk.step())
    store.refresh()
    place = make_place()
    column = store.relabel(place)
    walk.cut(9)
    with store.writer("robot") as writer:
        writer.add(*walk.step())
    store.refresh()
    assert column.missing == 0
    assert len(column.total) == 9
    assert store.columns[place.fingerprint].missing == 1


def test_a_recorded_reward_that_is_not_finite_is_refused(walked):
    store, _ = walked
    values = np.zeros(35, np.float32)
    values[7] = np.inf
    with pytest.raises(NonFiniteError, match="slot 7"):
        store.add_column("recorded", values)
    assert store.columns == {}
