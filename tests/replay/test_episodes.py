import math

import numpy as np
import pytest

from telic.replay.errors import DtypeError, ReplayError, UnknownNameError


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


def test_episodes_say_where_they_are_from(walk):
    replay = walk(100, 2, 0)
    replay.tag(source="sim", task="hover", seed=7)
    replay.tag([1], policy_version=3)
    walk(100, 2, 4, {(1, 0): "terminated"}, replay=replay)
    replay.tag(policy_version=4)
    replay.tag([1], intervention=True, running=True)
    table = replay.episodes()
    assert table.stream.tolist() == [0, 0, 1]
    assert table.source.tolist() == ["sim"] * 3
    assert table.task.tolist() == ["hover"] * 3
    assert table.seed.tolist() == [7] * 3
    # What is said later holds for later episodes, unless the running ones are meant too.
    assert table.policy_version.tolist() == [-1, -1, 3]
    assert table.intervention.tolist() == [False, False, True]
    replay.truncate_open()
    walk(100, 2, 1, replay=replay)
    assert replay.episodes().policy_version.tolist() == [-1, -1, 4, 3, 4]
    assert replay.episodes().intervention.tolist() == [False, False, False, True, True]


def test_tags_survive_in_a_file(walk, tmp_path):
    replay = walk(100, 2, 0)
    replay.tag([0], source="robot", policy_version=5)
    walk(100, 2, 4, {(1, 0): "terminated"}, replay=replay)
    replay.tag([0], source="demonstrations")
    replay.save(tmp_path / "replay.safetensors")
    loaded = type(replay).load(tmp_path / "replay.safetensors")
    for one in (replay, loaded):
        one.truncate_open()
        walk(100, 2, 1, replay=one)
        assert one.episodes().source.tolist() == ["robot", "robot", "demonstrations", "", ""]
        assert one.episodes().number.tolist() == [0, 2, 3, 1, 4]


def test_wrong_tags_are_named(walk):
    replay = walk(100, 2, 1)
    with pytest.raises(UnknownNameError, match="no tag 'polcy_version'; did you mean 'policy_version'"):
        replay.tag(polcy_version=3)
    with pytest.raises(DtypeError, match="tag 'seed' is True; it must be int"):
        replay.tag(seed=True)
    with pytest.raises(ReplayError, match=r"streams \[2\]; there are 0 to 1"):
        replay.tag([2], source="sim")
