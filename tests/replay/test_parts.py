"""Parts of a store: training and holdout episodes, and where stretches may start."""

import numpy as np
import pytest

from telic.replay.errors import EmptyReplayError, ReplayError
from telic.replay.part import chosen


@pytest.fixture
def replay(walk):
    """Two streams, 60 steps each of which 40 are left, episodes of 5 and of 7 steps."""
    ends = {(step, 0): "terminated" for step in range(4, 60, 5)} | {(step, 1): "truncated" for step in range(6, 60, 7)}
    return walk(80, 2, 60, ends)


def episode_of(replay, slots):
    """The number of the episode of each slot."""
    table = replay.episodes()
    number = {}
    for first, length, name in zip(table.first, table.length, table.number, strict=True):
        for step in range(length):
            number[(int(first) + 2 * step) % 80] = int(name)
    return np.array([number[int(slot)] for slot in slots])


def test_each_episode_is_in_one_part_and_all_steps_are_drawn(replay, place):
    parts = replay.split(0.7, seed=1)
    drawn = [part.sample(4000, reward=place, rng=np.random.default_rng(0)).index for part in parts]
    episodes = [set(episode_of(replay, index).tolist()) for index in drawn]
    assert not episodes[0] & episodes[1]
    assert episodes[0] | episodes[1] == set(replay.episodes().number.tolist())
    assert set(drawn[0].tolist()) | set(drawn[1].tolist()) == set(range(80))
    counts = np.bincount(drawn[0], minlength=80)[np.unique(drawn[0])]
    mean = 4000 / len(counts)
    assert np.abs(counts - mean).max() < 5 * np.sqrt(mean)


def test_windows_and_goals_of_a_part_stay_in_it(replay, place):
    train, holdout = replay.split(0.7, seed=1)
    windows = [
        part.sample_windows(300, 4, reward=place, rng=np.random.default_rng(0), whole=whole)
        for part in (train, holdout)
        for whole in (False, True)
    ]
    seen = [set(episode_of(replay, window.index[window.mask]).tolist()) for window in windows]
    assert not (seen[0] | seen[1]) & (seen[2] | seen[3])
    assert windows[1].mask.all()
    assert windows[3].mask.all()
    assert not windows[0].mask.all()


def test_what_was_held_out_stays_held_out_while_the_store_grows(walk, replay):
    parts = replay.split(0.7, seed=4)
    numbers = lambda part: set(part.ring.table[part.episode_rows(), 4].tolist())  # noqa: E731
    before = [numbers(part) for part in parts]
    replay.truncate_open()
    walk(80, 2, 20, {(3, 0): "terminated", (15, 0): "terminated"}, replay=replay)
    after = [numbers(part) for part in parts]
    assert not before[0] & after[1]
    assert not before[1] & after[0]
    assert after[0] | after[1] == set(replay.episodes().number.tolist())
    assert (after[0] | after[1]) - (before[0] | before[1])


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.8, 0.99])
def test_shares_are_exact_over_many_and_near_over_few(share):
    taken = chosen(np.arange(1000), share, seed=3)
    assert taken.sum() == round(1000 * share)
    sums = np.cumsum(taken)[9::10]
    assert np.abs(sums - share * 10 * np.arange(1, 101)).max() <= 1.0


def test_another_seed_takes_others_and_they_look_random():
    taken = np.array([chosen(np.arange(2000), 0.5, seed) for seed in range(20)])
    assert len({row.tobytes() for row in taken}) == 20
    # Each is taken by half of the seeds; neighbours and parities are not tied to each other.
    assert np.abs(taken.mean(axis=0) - 0.5).max() < 0.5
    assert abs((taken[:, 1:] == taken[:, :-1]).mean() - 4 / 9) < 0.02
    assert abs(taken[:, ::2].mean() - 0.5) < 0.02


def test_wrong_shares_and_empty_parts_are_named(walk, replay, place):
    for share in (0.0, 1.0, -0.1, float("nan")):
        with pytest.raises(ReplayError, match=r"train .*; allowed: more than 0 and less than 1"):
            replay.split(share)
    one = walk(10, 1, 5)
    parts = one.split(0.5)
    sizes = [len(part.episode_rows()) for part in parts]
    assert sorted(sizes) == [0, 1]
    with pytest.raises(EmptyReplayError, match="no transition is stored yet"):
        parts[sizes.index(0)].sample(4, reward=place, rng=np.random.default_rng(0))


def test_no_whole_window_is_named(walk, place):
    replay = walk(20, 1, 10, {(3, 0): "terminated", (6, 0): "terminated"})
    with pytest.raises(EmptyReplayError, match="no stretch of 5 steps is stored"):
        replay.sample_windows(4, 5, reward=place, rng=np.random.default_rng(0), whole=True)
    windows = replay.sample_windows(64, 4, reward=place, rng=np.random.default_rng(0), whole=True)
    assert set(windows.index[:, 0].tolist()) == {0}
    ends = replay.sample_windows(64, 3, reward=place, rng=np.random.default_rng(0), whole=True, backward=True)
    assert set(ends.index[:, -1].tolist()) == {2, 3, 6, 9}
    assert ends.mask.all()


def test_a_window_of_wrong_length_or_direction_is_refused(replay, place):
    with pytest.raises(ReplayError, match="length 0; allowed: at least 1 step"):
        replay.windows_at(np.array([0]), 0, reward=place)
    with pytest.raises(ReplayError, match="backward is not possible"):
        replay.windows_at(np.array([0]), 3, reward=place, across=True, backward=True)


def test_whole_windows_are_drawn_uniformly(replay, place):
    windows = replay.sample_windows(20_000, 4, reward=place, rng=np.random.default_rng(0), whole=True)
    counts = np.bincount(windows.index[:, 0], minlength=80)
    counts = counts[counts > 0]
    mean = 20_000 / len(counts)
    assert np.abs(counts - mean).max() < 5 * np.sqrt(mean)
