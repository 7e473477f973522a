import math

import numpy as np
import pytest


def test_episodes_and_their_summary(walk, place):
    replay = walk(100, 2, 10, {(3, 0): "terminated", (8, 0): "truncated", (5, 1): "truncated"})
    table = replay.episodes(place)
    assert table.stream.tolist() == [0, 0, 0, 1, 1]
    assert table.length.tolist() == [4, 5, 1, 6, 4]
    assert table.terminated.tolist() == [True, False, False, False, False]
    assert table.truncated.tolist() == [False, True, False, True, False]
    assert table.whole.tolist() == [True, True, False, True, False]
    assert table.mean_length == pytest.approx(5.0)
    assert table.terminated_share == pytest.approx(1 / 3)
    column = replay.columns[place.fingerprint].total
    assert table.returns[1] == pytest.approx(column[np.arange(4, 9) * 2].sum(), rel=1e-5)
    assert table.mean_return == pytest.approx(table.returns[[0, 1, 3]].mean())
    assert replay.read(table.first).signals["position"][0, 0] == 0.0


def test_an_episode_that_has_lost_its_beginning_is_not_whole(walk):
    table = walk(8, 2, 6, {(3, 0): "terminated"}).episodes()
    assert table.length.tolist() == [2, 2, 4]
    assert not table.whole.any()
    assert math.isnan(table.mean_length)
    assert math.isnan(table.mean_return)


def test_an_empty_store_has_no_episodes(walk):
    table = walk(8, 2, 0).episodes()
    assert len(table) == 0
    assert math.isnan(table.terminated_share)
