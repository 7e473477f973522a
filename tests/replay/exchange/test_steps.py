"""The pitfalls of flat data, worked out by hand: where episodes end, and what the state after them is."""

import numpy as np
import pytest

from telic.replay.exchange.flat import JUMP, flat_episodes
from telic.replay.exchange.recording import Report
from telic.replay.exchange.steps import HELD_FINAL_STATE, NO_FINAL_STATE, SPLIT, Steps, episodes_of


def steps(states, terminated=(), truncated=()):
    count = len(states)
    flags = np.zeros((2, count), bool)
    flags[0, list(terminated)] = flags[1, list(truncated)] = True
    numbers = np.arange(count, dtype=np.float32)
    return Steps({"x": np.array(states, np.float32)}, numbers[:, None], *flags, numbers)


def seen(episodes):
    return [
        (episode.signals["x"].tolist(), episode.action[:, 0].tolist(), episode.terminated, episode.truncated)
        for episode in episodes
    ]


def test_without_next_states_a_time_limit_costs_the_step_whose_end_nobody_saw():
    report = Report("")
    found = seen(flat_episodes(steps([0, 1, 2, 10, 11, 12], truncated=[2, 5]), None, report))
    # Never 2 -> 10: that is the start of the next episode.
    assert found == [([0, 1, 2], [0, 1], False, True), ([10, 11, 12], [3, 4], False, True)]
    assert report.dropped == {NO_FINAL_STATE: 2}


def test_without_next_states_a_termination_keeps_its_step_and_holds_its_state():
    report = Report("")
    found = seen(flat_episodes(steps([0, 1, 10, 11], terminated=[1, 3]), None, report))
    assert found == [([0, 1, 1], [0, 1], True, False), ([10, 11, 11], [2, 3], True, False)]
    assert report.notes == {HELD_FINAL_STATE: 2} and not report.dropped


def test_next_states_are_used_where_they_are_known():
    report = Report("")
    following = {"x": np.float32([1, 2, 3, 11, 12, 13])}
    found = seen(flat_episodes(steps([0, 1, 2, 10, 11, 12], terminated=[5], truncated=[2]), following, report))
    assert found == [([0, 1, 2, 3], [0, 1, 2], False, True), ([10, 11, 12, 13], [3, 4, 5], True, False)]
    assert not report.notes and not report.dropped


def test_a_jump_without_a_mark_is_a_cut():
    report = Report("")
    following = {"x": np.float32([1, 2, 11, 12])}
    found = seen(flat_episodes(steps([0, 1, 10, 11]), following, report))
    assert found == [([0, 1, 2], [0, 1], False, True), ([10, 11, 12], [2, 3], False, False)]
    assert report.notes == {JUMP: 1}


def test_what_comes_after_the_last_mark_is_open():
    found = seen(flat_episodes(steps([0, 1, 2, 3], truncated=[0]), None, Report("")))
    # The first episode had one step only, the end of which nobody saw: nothing is left of it.
    assert found == [([1, 2, 3], [1, 2], False, False)]


def test_a_mark_inside_an_episode_splits_it_and_keeps_every_step():
    report = Report("")
    found = seen(episodes_of(steps([0, 1, 2, 3], terminated=[1], truncated=[3]), {"x": np.float32(4)}, report))
    assert found == [([0, 1, 2], [0, 1], True, False), ([2, 3, 4], [2, 3], False, True)]
    assert report.notes == {SPLIT: 1}


@pytest.mark.parametrize("count", [0, 1])
def test_runs_without_a_usable_step_are_no_episodes(count):
    assert seen(flat_episodes(steps([5.0] * count), None, Report(""))) == []


def test_rewards_stay_with_their_steps():
    (episode,) = flat_episodes(steps([0, 1, 2, 3], truncated=[3]), None, Report(""))
    assert episode.reward.tolist() == [0, 1, 2]
