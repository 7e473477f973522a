"""Mixtures of stores: counts, order, shares that change, and what does not mix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telic.replay.action import ActionSpec
from telic.replay.errors import EmptyReplayError, FileFormatError, ReplayError, SchemaError, UnknownNameError
from telic.replay.mixture import Mixture, interleaved, whole_counts
from telic.replay.priority import Prioritised
from telic.replay.recency import Recent
from telic.replay.replay import Replay
from telic.replay.schedule import Linear
from telic.replay.schema import Schema
from telic.replay.signal import Signal


@pytest.fixture
def stores(walk):
    """Two stores of other sizes and streams."""
    return walk(40, 2, 20), walk(30, 3, 5)


def rng_of(seed=0):
    return np.random.default_rng(seed)


def test_half_and_half_is_exactly_that_and_stays_so_in_every_minibatch(stores, place):
    online, demonstrations = stores
    batch = Mixture([(online, 0.5), (demonstrations, 0.5)]).sample(256, reward=place, rng=rng_of())
    assert np.bincount(batch.source).tolist() == [128, 128]
    for updates in (2, 4, 8, 16, 32):
        for part in np.split(batch.source, updates):
            assert np.bincount(part).tolist() == [128 // updates] * 2


def test_every_transition_is_whole_and_from_the_store_that_it_names(stores, place):
    mixture = Mixture([(stores[0], 0.75), (stores[1], 0.25)])
    batch = mixture.sample(64, reward=place, rng=rng_of(), n_step=3, gamma=0.9, next_action=True)
    for i, store in enumerate(stores):
        mine = batch.source == i
        alone = store.at(batch.index[mine], reward=place, n_step=3, gamma=0.9, next_action=True)
        assert len(alone) == (48, 16)[i]
        for name in ("action", "reward", "discount", "steps", "next_action", "has_next_action"):
            assert np.array_equal(getattr(batch, name)[mine], getattr(alone, name))
        for name in store.schema.names:
            assert np.array_equal(batch.signals[name][mine], alone.signals[name])
            assert np.array_equal(batch.next_signals[name][mine], alone.next_signals[name])
            assert batch.signals[name].dtype == alone.signals[name].dtype
        assert store.is_current(batch.index[mine], batch.generation[mine]).all()
    assert batch.weight is None


def test_a_share_that_is_no_whole_number_comes_out_in_the_long_run(stores, place):
    mixture = Mixture([(stores[0], 0.9), (stores[1], 0.1)])
    counts = sum(
        np.bincount(mixture.sample(7, reward=place, rng=rng_of(), gamma=0.9).source, minlength=2) for _ in range(50)
    )
    assert counts.tolist() == [315, 35]


def test_a_share_can_follow_a_schedule(stores, place):
    mixture = Mixture([(stores[0], Linear(0.0, 1.0, batches=4)), (stores[1], Linear(1.0, 0.0, batches=4))])
    counts = [int((mixture.sample(8, reward=place, rng=rng_of()).source == 0).sum()) for _ in range(6)]
    assert counts == [0, 2, 4, 6, 8, 8]


def test_a_part_without_a_share_may_be_empty(stores, place, schema):
    mixture = Mixture([(stores[0], 1.0), (Replay(schema, 10), 0.0)])
    assert (mixture.sample(16, reward=place, rng=rng_of()).source == 0).all()


def test_an_empty_part_is_named_and_nothing_is_carried_over(stores, place, schema):
    mixture = Mixture([(stores[0], 0.5), (Replay(schema, 10), 0.5)])
    before = mixture.cursor
    with pytest.raises(EmptyReplayError, match=r"part 1 of the mixture, with share 0\.5"):
        mixture.sample(16, reward=place, rng=rng_of())
    assert np.array_equal(mixture.cursor, before)


def test_priorities_reach_the_part_that_they_are_of(stores, place):
    prioritised = Prioritised(stores[0])
    mixture = Mixture([(prioritised, 0.5), (stores[1], 0.5)])
    batch = mixture.sample(8, reward=place, rng=rng_of())
    assert batch.weight is not None
    assert (batch.weight[batch.source == 1] == 1.0).all()
    errors = np.arange(1.0, 9.0)
    assert mixture.update(batch.index, batch.generation, errors, batch.source) == 4
    mine = batch.source == 0
    odds = prioritised.probabilities(batch.index[mine])
    assert odds / odds[0] == pytest.approx((errors[mine] / errors[mine][0]) ** 0.6, rel=1e-5)


def test_a_column_of_one_store_finds_its_sister_in_the_others(stores, place):
    column = stores[0].relabel(place)
    batch = Mixture([(stores[0], 0.5), (Recent(stores[1], 6), 0.5)]).sample(8, reward=column, rng=rng_of())
    assert len(batch) == 8
    column.reward = None
    stores[1].drop_column(column.name)
    with pytest.raises(UnknownNameError):
        Mixture([(stores[0], 0.5), (stores[1], 0.5)]).sample(8, reward=column, rng=rng_of())


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ((0.5, 0.6), r"at batch 0 are \(0.5, 0.6\)"),
        ((1.5, -0.5), "0 to 1"),
        ((0.5, Linear(0.5, 0.1, batches=9)), "at batch 9"),
    ],
)
def test_shares_must_add_up_at_all_times(stores, shares, said):
    with pytest.raises(ReplayError, match=said):
        Mixture(list(zip(stores, shares, strict=True)))


def test_stores_of_other_facts_do_not_mix(stores):
    other = Replay(Schema((Signal("position", (2,), "m", "world"),), ActionSpec(("left", "right"))), 10)
    with pytest.raises(SchemaError, match=r"part 1 of the mixture holds 'position' as \(\(2,\)"):
        Mixture([(stores[0], 0.5), (other, 0.5)])
    with pytest.raises(ReplayError, match="sum"):
        Mixture([])
    with pytest.raises(ReplayError, match="part 0 is a mixture itself"):
        Mixture([(Mixture([(stores[0], 1.0)]), 1.0)])


def test_a_state_of_another_mixture_is_refused(stores):
    mixture = Mixture([(stores[0], 1.0)])
    with pytest.raises(FileFormatError, match="mixture of 1 parts"):
        mixture.load_state_dict({"cursor": np.zeros(3)})
    with pytest.raises(FileFormatError, match="None"):
        mixture.load_state_dict({})


# Against obvious references.


@settings(max_examples=200, deadline=None)
@given(
    weights=st.lists(st.integers(0, 20), min_size=1, max_size=5).filter(any),
    sizes=st.lists(st.integers(1, 300), min_size=1, max_size=30),
)
def test_counts_are_whole_and_never_far_from_what_is_due(weights, sizes):
    shares = np.array(weights) / sum(weights)
    owed, given_so_far = np.zeros(len(shares)), np.zeros(len(shares))
    for size in sizes:
        due = owed + shares * size
        counts = whole_counts(due)
        owed = due - counts
        given_so_far += counts
        assert counts.sum() == size
        assert (counts >= 0).all()
        assert (counts[shares == 0] == 0).all()
    assert np.abs(given_so_far - shares * sum(sizes)).max() < 2


@settings(max_examples=200, deadline=None)
@given(counts=st.lists(st.integers(0, 60), min_size=1, max_size=4).filter(any))
def test_every_stretch_of_an_interleaved_batch_has_its_share_of_each_part(counts):
    source = interleaved(np.array(counts))
    assert np.bincount(source, minlength=len(counts)).tolist() == counts
    total = sum(counts)
    for i, count in enumerate(counts):
        running = np.cumsum(source == i)
        ideal = np.arange(1, total + 1) * count / total
        assert np.abs(running - ideal).max() <= len(counts)
    divisors = [d for d in range(1, total + 1) if all(count % d == 0 for count in counts)]
    for updates in divisors:
        for part in np.split(source, updates):
            assert np.bincount(part, minlength=len(counts)).tolist() == [count // updates for count in counts]
