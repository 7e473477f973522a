"""Returns to go: derived from a reward column, and never older than it."""

import numpy as np
import pytest

from telic.replay.errors import ReplayError


def test_they_are_brought_up_to_date_with_new_steps(walk, place):
    replay = walk(100, 2, 5, {(2, 0): "terminated"})
    before = replay.returns_to_go(place, 0.5)
    at = replay.slots()[3, 0]
    old = before.total[at]
    replay.truncate_open()
    walk(100, 2, 5, replay=replay)
    assert replay.returns_to_go(place, 0.5) is before
    rewards = replay.columns[place.fingerprint].total[replay.slots()[3:5, 0]]
    assert before.total[at] == old == pytest.approx(rewards[0] + 0.5 * rewards[1])
    assert not before.complete[at]
    assert before.complete[replay.slots()[0, 0]]
    assert replay.returns_to_go(place, 0.9) is not before


def test_they_are_forgotten_with_their_column(walk, place, make_place):
    replay = walk(100, 2, 5)
    column = replay.relabel(place)
    stale = replay.returns_to_go(column, 0.5)
    column.total[:] = 0.0
    assert replay.returns_to_go(column, 0.5) is stale
    replay.relabel(place, recompute=True)
    fresh = replay.returns_to_go(place, 0.5)
    assert fresh is not stale
    assert np.array_equal(fresh.total, stale.total)
    replay.drop_column(place.fingerprint)
    assert replay.returns_to_go(place, 0.5) is not fresh
    assert replay.returns_to_go(make_place(2.0), 0.5).total[0] != fresh.total[0]


def test_an_impossible_discount_is_refused(walk, place):
    with pytest.raises(ReplayError, match=r"gamma 1\.5; allowed: 0 to 1"):
        walk(10, 2, 3).returns_to_go(place, 1.5)
