"""Prioritised sampling against a plain list of priorities, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from telic.replay.errors import EmptyReplayError, FileFormatError, NonFiniteError, ReplayError, ShapeError
from telic.replay.priority import EPSILON, Prioritised
from telic.replay.replay import Replay
from telic.replay.schedule import Linear


@pytest.fixture
def prioritised(walk):
    """Twelve transitions of three streams, in a store for 15."""
    return Prioritised(walk(15, 3, 4))


def test_new_transitions_have_the_largest_priority_so_far(prioritised, walk):
    assert np.allclose(prioritised.probabilities(np.arange(12)), 1 / 12)
    prioritised.update(np.array([0, 1]), prioritised.replay.ring.written, np.array([4.0, 0.5]))
    prioritised.replay.truncate_open()
    walk(15, 3, 1, replay=prioritised.replay)
    odds = prioritised.probabilities(np.arange(15)) / prioritised.probabilities(np.array([2]))
    assert odds[0] == pytest.approx((4.0 + EPSILON) ** 0.6)
    assert odds[1] == pytest.approx((0.5 + EPSILON) ** 0.6)
    assert odds[2:12] == pytest.approx(1.0)
    assert odds[12:] == pytest.approx((4.0 + EPSILON) ** 0.6)


def test_an_outlier_can_be_forgotten(prioritised, walk):
    written = prioritised.replay.ring.written
    prioritised.update(np.array([0]), written, np.array([1e9]))
    prioritised.update(np.arange(12), written, np.full(12, 3.0))
    prioritised.reset_largest()
    prioritised.replay.truncate_open()
    walk(15, 3, 1, replay=prioritised.replay)
    assert np.allclose(prioritised.probabilities(np.arange(15)), 1 / 15)


def test_lap_treats_errors_below_one_alike_and_weighs_nothing(walk, place):
    sampler = Prioritised(walk(12, 3, 4), kind="lap")
    sampler.update(np.arange(4), sampler.replay.ring.written, np.array([0.0, 0.9, 1.0, 7.0]))
    odds = sampler.probabilities(np.arange(4)) / sampler.probabilities(np.array([0]))
    assert odds == pytest.approx([1.0, 1.0, 1.0, 7.0**0.4])
    assert sampler.sample(8, reward=place, rng=np.random.default_rng(0)).weight is None


def test_importance_weights_undo_the_bias_of_the_draw(prioritised, place):
    prioritised = Prioritised(prioritised.replay, alpha=1.0, beta=1.0)
    errors = np.linspace(0.5, 3.0, 12)
    prioritised.update(np.arange(12), prioritised.replay.ring.written, errors)
    batch = prioritised.sample(4000, reward=place, rng=np.random.default_rng(0))
    assert batch.weight is not None
    assert batch.weight.dtype == np.float32
    assert batch.weight.max() == 1.0
    # (N * probability) ** -1, over the largest.
    expected = 1.0 / prioritised.probabilities(batch.index)
    assert batch.weight == pytest.approx(expected / expected.max(), rel=1e-6)
    values = np.arange(12.0) ** 2
    assert np.average(values[batch.index], weights=batch.weight) == pytest.approx(values.mean(), rel=0.02)


def test_beta_can_follow_a_schedule(prioritised, place):
    prioritised = Prioritised(prioritised.replay, beta=Linear(0.4, 1.0, batches=2))
    betas = []
    for _ in range(4):
        betas.append(prioritised.beta)
        prioritised.sample(2, reward=place, rng=np.random.default_rng(0))
    assert betas == pytest.approx([0.4, 0.7, 1.0, 1.0])


def test_transitions_are_drawn_as_often_as_their_priority_says(prioritised, place):
    prioritised.update(np.arange(12), prioritised.replay.ring.written, np.arange(1.0, 13.0))
    expected = prioritised.probabilities(np.arange(12))
    assert expected.sum() == pytest.approx(1.0)
    rng = np.random.default_rng(5)
    drawn = np.concatenate([prioritised.sample(1, reward=place, rng=rng).index for _ in range(4000)])
    assert chisquare(np.bincount(drawn, minlength=12), expected / expected.sum() * 4000).pvalue > 1e-3


def test_a_slot_that_was_overwritten_since_the_draw_is_left_alone(prioritised, walk, place):
    replay = prioritised.replay
    batch = prioritised.sample(64, reward=place, rng=np.random.default_rng(0))
    replay.truncate_open()
    walk(15, 3, 2, replay=replay)  # Fills the last row and overwrites the first.
    applied = prioritised.update(batch.index, batch.generation, np.full(64, 50.0))
    assert applied == np.count_nonzero(batch.index >= 3) < 64
    odds = prioritised.probabilities(np.arange(15))
    assert odds[0] == odds[1] == odds[2] < odds[batch.index[batch.index >= 3]].min()


def test_a_priority_told_late_does_not_wait_for_the_next_draw_to_protect_new_rows(prioritised, walk):
    """The rows that the sampler has not looked at yet are protected as well."""
    replay = prioritised.replay
    before = replay.ring.written
    prioritised.probabilities(np.arange(3))
    replay.clear()
    walk(15, 3, 1, replay=replay)
    assert prioritised.update(np.arange(6), before, np.full(6, 9.0)) == 0
    assert prioritised.probabilities(np.arange(6)) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0.0, 0.0, 0.0])


def test_a_slot_that_holds_nothing_gets_no_priority(prioritised, place):
    batch = prioritised.sample(8, reward=place, rng=np.random.default_rng(0))
    assert prioritised.update(np.array([0, 14]), batch.generation, np.ones(2)) == 1
    prioritised.replay.clear()
    assert prioritised.update(batch.index, batch.generation, np.ones(8)) == 0
    assert not prioritised.state_dict()["weights"].any()
    with pytest.raises(EmptyReplayError):
        prioritised.sample(1, reward=place, rng=np.random.default_rng(0))


# Refusals.


@pytest.mark.parametrize(
    ("errors", "kind", "said"),
    [
        ([1.0, np.nan, 1.0], NonFiniteError, "slot 7 .element 1 of 3. is nan"),
        ([np.inf, 1.0, 1.0], NonFiniteError, "slot 3 .element 0 of 3. is inf"),
        ([1.0, 1.0, -0.5], ReplayError, r"slot 3 .element 2 of 3. is -0.5.*np\.abs"),
        ([1.0, 1.0], ShapeError, r"\(3,\).*\(2,\)"),
    ],
)
def test_bad_errors_are_refused_and_change_nothing(prioritised, errors, kind, said):
    before = prioritised.state_dict()
    with pytest.raises(kind, match=said):
        prioritised.update(np.array([3, 7, 3]), prioritised.replay.ring.written, np.array(errors))
    after = prioritised.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("slot", [-1, 15])
def test_a_slot_that_does_not_exist_is_refused(prioritised, slot):
    with pytest.raises(ReplayError, match=f"slot {slot} .* there are 15"):
        prioritised.update(np.array([slot]), 99, np.array([1.0]))


def test_wrong_arguments_are_refused_by_name(prioritised, place, schema):
    replay = prioritised.replay
    for arguments, said in (
        ({"alpha": 1.5}, "alpha is 1.5"),
        ({"beta": -0.1}, "beta is -0.1"),
        ({"kind": "rank"}, "'rank'.*proportional, lap"),
        ({"kind": "lap", "beta": 0.5}, "lap has no importance weights"),
    ):
        with pytest.raises(ReplayError, match=said):
            Prioritised(replay, **arguments)
    with pytest.raises(ReplayError, match="batch_size 0"):
        prioritised.sample(0, reward=place, rng=np.random.default_rng(0))
    with pytest.raises(EmptyReplayError):
        Prioritised(Replay(schema, 4)).sample(1, reward=place, rng=np.random.default_rng(0))


def test_a_state_must_fit_the_store_and_the_sampler(prioritised, walk):
    state = prioritised.state_dict()
    with pytest.raises(FileFormatError, match="12 slots at generation 4, but the store has 3 at 1"):
        Prioritised(walk(15, 3, 1)).load_state_dict(state)
    with pytest.raises(FileFormatError, match=r"alpha 0\.6, this sampler has 0\.7"):
        Prioritised(prioritised.replay, alpha=0.7).load_state_dict(state)
    with pytest.raises(FileFormatError, match="lacks largest"):
        prioritised.load_state_dict({name: value for name, value in state.items() if name != "largest"})
    with pytest.raises(FileFormatError, match="negative or non-finite"):
        prioritised.load_state_dict({**state, "weights": np.full(12, np.nan, np.float32)})


# Against a slow reference.


class SlowPriorities:
    """The priority of each filled slot, with the age of what is in it."""

    def __init__(self, alpha):
        self.alpha = alpha
        self.known = {}
        self.largest = 1.0

    def look(self, ring):
        """Match what is stored: rows are told apart by their generation."""
        slots = np.arange(ring.count * ring.streams)
        ages = dict(zip(slots.tolist(), ring.generations(slots).tolist(), strict=True))
        self.known = {
            slot: self.known[slot] if slot in self.known and self.known[slot][0] == age else (age, self.largest)
            for slot, age in ages.items()
        }

    def update(self, slots, generation, errors):
        for slot, error in zip(slots.tolist(), errors.tolist(), strict=True):
            if slot in self.known and self.known[slot][0] < generation:
                value = (error + EPSILON) ** self.alpha
                self.known[slot] = (self.known[slot][0], value)
                self.largest = max(self.largest, value)


OPERATION = st.one_of(
    st.tuples(st.just("walk"), st.integers(1, 9)),
    st.tuples(st.just("draw"), st.integers(1, 6)),
    st.tuples(st.just("update"), st.integers(0, 99)),
    st.tuples(st.just("look"), st.none()),
    st.tuples(st.just("clear"), st.none()),
    st.tuples(st.just("resume"), st.none()),
)


@settings(max_examples=100, deadline=None)
@given(
    rows=st.integers(1, 7),
    streams=st.integers(1, 4),
    operations=st.lists(OPERATION, min_size=1, max_size=20),
    seed=st.integers(0, 99),
)
def test_priorities_are_those_of_the_reference(schema, walk, make_place, rows, streams, operations, seed):
    replay, reward, rng = Replay(schema, rows * streams, streams), make_place(), np.random.default_rng(seed)
    fast, slow = Prioritised(replay), SlowPriorities(0.6)
    drawn = None
    for name, argument in operations:
        if name == "walk":
            walk(replay.capacity, streams, argument, replay=replay)
            replay.truncate_open()
        elif name == "draw" and len(replay):
            drawn = fast.sample(argument, reward=reward, rng=rng)
            slow.look(replay.ring)
            assert set(drawn.index.tolist()) <= slow.known.keys()
        elif name == "update" and drawn is not None:
            slow.look(replay.ring)
            errors = np.random.default_rng(argument).random(len(drawn)) * 5
            fast.update(drawn.index, drawn.generation, errors)
            slow.update(drawn.index, drawn.generation, errors)
        elif name == "look" and len(replay):
            fast.probabilities(np.arange(len(replay)))
            slow.look(replay.ring)
        elif name == "clear":
            replay.clear()
        elif name == "resume":
            # A saved sampler has taken in what is stored.
            state, slow_before = fast.state_dict(), slow.look(replay.ring)
            assert slow_before is None
            fast = Prioritised(replay)
            fast.load_state_dict(state)
    if len(replay):
        slow.look(replay.ring)
        values = np.array([slow.known[slot][1] for slot in range(len(replay))])
        assert fast.probabilities(np.arange(len(replay))) == pytest.approx(values / values.sum(), rel=1e-5)
        empty = np.arange(len(replay), replay.capacity)
        assert not fast.probabilities(empty).any()
