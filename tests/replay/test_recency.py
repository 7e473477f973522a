"""Samplers that prefer new transitions."""

import numpy as np
import pytest
from scipy.stats import chisquare

from telic.replay.errors import EmptyReplayError, FileFormatError, ReplayError
from telic.replay.recency import RecencyWeighted, Recent
from telic.replay.replay import Replay
from telic.replay.synthetic import Synthetic


@pytest.fixture
def wrapped(walk):
    """Six rows of two streams in a ring that has gone round: the oldest row is number 2."""
    return walk(12, 2, 8)


def ages(replay, index):
    """How many rows were written after each slot's."""
    return replay.ring.written - 1 - replay.ring.generations(index)


def test_only_the_newest_transitions_are_drawn_and_each_as_often(wrapped, place):
    batch = Recent(wrapped, 6).sample(6000, reward=place, rng=np.random.default_rng(0))
    assert set(ages(wrapped, batch.index)) == {0, 1, 2}
    counts = np.unique(batch.index, return_counts=True)[1]
    assert len(counts) == 6
    assert chisquare(counts).pvalue > 1e-3


def test_at_least_one_step_of_all_streams_is_recent_and_never_more_than_is_stored(wrapped, walk, place):
    rng = np.random.default_rng(0)
    assert set(ages(wrapped, Recent(wrapped, 1).sample(50, reward=place, rng=rng).index)) == {0}
    assert set(ages(wrapped, Recent(wrapped, 999).sample(200, reward=place, rng=rng).index)) == set(range(6))
    young = walk(12, 2, 2)
    assert set(ages(young, Recent(young, 999).sample(50, reward=place, rng=rng).index)) == {0, 1}


def test_a_transition_is_drawn_half_as_often_as_one_a_half_life_younger(wrapped, place):
    sampler = RecencyWeighted(wrapped, half_life=4)
    batch = sampler.sample(20_000, reward=place, rng=np.random.default_rng(1))
    weights = 0.5 ** (np.arange(6) * 2 / 4)
    counts = np.bincount(ages(wrapped, batch.index), minlength=6)
    assert chisquare(counts, weights / weights.sum() * 20_000).pvalue > 1e-3
    assert chisquare(np.bincount(batch.index % 2)).pvalue > 1e-3


def test_a_half_life_far_longer_than_the_store_draws_uniformly(wrapped, place):
    batch = RecencyWeighted(wrapped, half_life=1e12).sample(12_000, reward=place, rng=np.random.default_rng(2))
    assert chisquare(np.bincount(batch.index, minlength=12)).pvalue > 1e-3


def test_a_half_life_far_shorter_than_a_step_draws_the_newest(wrapped, place):
    batch = RecencyWeighted(wrapped, half_life=1e-3).sample(100, reward=place, rng=np.random.default_rng(3))
    assert set(ages(wrapped, batch.index)) == {0}


def test_synthetic_transitions_are_forgotten_with_the_model_that_made_them(schema, walk, place):
    sampler = Synthetic(Replay(schema, 20, 2), keep=2)
    rng = np.random.default_rng(0)

    def generations_drawn():
        index = sampler.sample(200, reward=place, rng=rng).index
        return set(sampler.replay.ring.generations(index))

    walk(20, 2, 3, replay=sampler.replay)
    assert generations_drawn() == {0, 1, 2}
    sampler.next_generation()
    walk(20, 2, 1, replay=sampler.replay)
    assert generations_drawn() == {0, 1, 2, 3}
    sampler.next_generation()
    walk(20, 2, 2, replay=sampler.replay)
    assert generations_drawn() == {3, 4, 5}
    assert len(sampler) == 6


def test_a_new_model_that_wrote_nothing_yet_has_nothing_to_draw(walk, place):
    sampler = Synthetic(walk(20, 2, 3), keep=1)
    sampler.next_generation()
    assert len(sampler) == 0
    with pytest.raises(EmptyReplayError):
        sampler.sample(4, reward=place, rng=np.random.default_rng(0))


def test_open_rollouts_end_with_their_model(walk, place):
    replay = walk(20, 2, 3)
    Synthetic(replay).next_generation()
    assert replay.read(replay.slots()[-1]).truncated.all()


def test_a_synthetic_store_that_wraps_draws_only_what_is_left(schema, walk, place):
    sampler = Synthetic(Replay(schema, 6, 2), keep=3)
    walk(6, 2, 8, replay=sampler.replay)
    assert len(sampler) == 6


def test_wrong_arguments_are_refused(wrapped, place, schema):
    with pytest.raises(ReplayError, match="newest is 0"):
        Recent(wrapped, 0)
    with pytest.raises(ReplayError, match="half_life is 0"):
        RecencyWeighted(wrapped, 0)
    with pytest.raises(ReplayError, match="keep is 0"):
        Synthetic(wrapped, 0)
    with pytest.raises(FileFormatError, match="keeps 1 generations"):
        Synthetic(wrapped).load_state_dict({"began": np.array([0, 3])})
    for sampler in (Recent(Replay(schema, 4), 2), RecencyWeighted(Replay(schema, 4), 2)):
        with pytest.raises(EmptyReplayError):
            sampler.sample(1, reward=place, rng=np.random.default_rng(0))
        with pytest.raises(ReplayError, match="batch_size 0"):
            sampler.sample(0, reward=place, rng=np.random.default_rng(0))
