"""Reward columns: computed from stored facts, kept up to date, several side by side."""

import numpy as np
import pytest
from numba import njit

from telic.replay.errors import NonFiniteError, ShapeError, StaleColumnError, UnknownNameError
from telic.replay.replay import Replay
from telic.replay.reward import Reward, total


def rng():
    return np.random.default_rng(0)


class Asking:
    """A reward with chosen inputs and terms."""

    fingerprint = "asking"

    def __init__(self, inputs, terms):
        self.inputs = inputs
        self._terms = terms

    def terms(self, inputs):
        return self._terms(inputs)


def test_the_protocol_knows_a_reward_when_it_sees_one(place):
    assert isinstance(place, Reward)
    assert not isinstance(object(), Reward)


def test_the_total_adds_terms_in_their_order():
    terms = {"a": np.float32([1e8]), "b": np.float32([1.0]), "c": np.float32([-1e8])}
    assert total(terms).dtype == np.float32
    assert total(terms)[0] == (np.float32(1e8) + np.float32(1.0)) + np.float32(-1e8)


def test_a_column_equals_the_reward_of_every_transition(walk, place):
    replay = walk(40, 4, 15, {(3, 1): "terminated", (5, 2): "truncated", (12, 0): "terminated"})
    column = replay.relabel(place)
    slots = replay.slots().ravel()
    read = replay.read(slots)
    expected = total(place.terms(read.inputs(place.inputs)))
    assert np.array_equal(column.total[slots], expected)
    # By hand, so that the test does not only compare the replay with itself.
    by_hand = 0.5 * read.signals["position"][:, 0] + read.next_signals["position"][:, 1]
    by_hand -= np.square(read.action).sum(axis=1) + 3.0 * read.terminated
    assert column.total[slots] == pytest.approx(by_hand, rel=1e-6)


def test_only_new_rows_are_scored_and_overwritten_ones_again(walk, place):
    replay = walk(20, 2, 6)
    replay.relabel(place)
    assert sum(place.scored) == 12
    replay.truncate_open()
    walk(20, 2, 3, replay=replay)
    batch = replay.sample(64, reward=place, rng=rng())
    assert sum(place.scored) == 12 + 6
    replay.truncate_open()
    # Ten rows fit: the nine from before, of which the oldest four go, and five new ones.
    walk(20, 2, 5, replay=replay)
    replay.sample(64, reward=place, rng=rng())
    assert sum(place.scored) == 12 + 6 + 10
    replay.sample(64, reward=place, rng=rng())
    replay.relabel(place)
    assert sum(place.scored) == 12 + 6 + 10
    slots = replay.slots().ravel()
    fresh = total(place.terms(replay.read(slots).inputs(place.inputs)))
    assert np.array_equal(replay.columns[place.fingerprint].total[slots], fresh)
    assert len(batch) == 64


def test_more_new_rows_than_the_store_holds_are_scored_once(walk, place):
    replay = walk(6, 2, 3)
    replay.relabel(place)
    replay.truncate_open()
    walk(6, 2, 11, replay=replay)
    replay.relabel(place)
    assert sum(place.scored) == 6 + 6


def test_large_stores_are_scored_in_several_chunks(walk, place):
    replay = walk(9_000, 500, 18)
    column = replay.relabel(place)
    assert len(place.scored) > 2
    slots = replay.slots().ravel()
    assert np.array_equal(column.total[slots], total(place.terms(replay.read(slots).inputs(place.inputs))))


def test_sampling_scores_a_reward_that_has_no_column_yet(walk, place):
    replay = walk(12, 2, 6)
    batch = replay.sample(8, reward=place, rng=rng())
    assert list(replay.columns) == ["place-0.5"]
    assert np.array_equal(batch.reward, replay.columns["place-0.5"].total[batch.index])


def test_a_changed_reward_gets_a_column_of_its_own(walk, make_place):
    replay = walk(12, 2, 6)
    reward = make_place(weight=0.5)
    before = replay.relabel(reward)
    kept = before.total.copy()
    reward.weight = 4.0
    after = replay.relabel(reward)
    assert set(replay.columns) == {"place-0.5", "place-4.0"}
    assert np.array_equal(before.total, kept)
    position = replay.read(np.arange(12)).signals["position"][:, 0]
    assert after.total - before.total == pytest.approx(3.5 * position, abs=1e-4)


def test_a_column_can_be_named_by_reward_column_or_fingerprint(walk, place):
    replay = walk(12, 2, 6)
    column = replay.relabel(place)
    by_reward, by_column, by_name = (
        replay.sample(8, reward=name, rng=rng()).reward for name in (place, column, "place-0.5")
    )
    assert np.array_equal(by_reward, by_column)
    assert np.array_equal(by_reward, by_name)


def test_a_dropped_column_is_gone(walk, place):
    replay = walk(12, 2, 6)
    column = replay.relabel(place)
    replay.drop_column(column)
    assert replay.columns == {}
    with pytest.raises(UnknownNameError, match=r"no reward column 'place-0\.5' in this replay; Known: none"):
        replay.sample(8, reward=column, rng=rng())


def test_an_unknown_column_gets_a_suggestion(walk, place):
    replay = walk(12, 2, 6)
    replay.relabel(place)
    with pytest.raises(
        UnknownNameError, match=r"no reward column 'place-0\.6' in this replay; did you mean 'place-0\.5'"
    ):
        replay.sample(8, reward="place-0.6", rng=rng())


@pytest.mark.parametrize("unknown", ["positon", "next_action", "camera", "truncated"])
def test_an_unknown_input_is_refused_before_any_work(walk, unknown):
    calls = []
    replay = walk(12, 2, 6)
    reward = Asking(("position", unknown), lambda inputs: calls.append(inputs))
    with pytest.raises(UnknownNameError, match=f"reads '{unknown}', which this replay does not store"):
        replay.relabel(reward)
    assert not calls
    assert not replay.columns


def test_an_unknown_input_gets_a_suggestion(walk):
    with pytest.raises(UnknownNameError, match="did you mean 'next_position'"):
        walk(12, 2, 6).relabel(Asking(("next_positon",), lambda _: {}))


def test_terms_are_kept_when_asked_for(walk, place):
    replay = walk(12, 2, 6, {(2, 0): "terminated"})
    assert replay.relabel(place).terms == {}
    column = replay.relabel(place, keep_terms=True)
    assert list(column.terms) == ["here", "there", "effort", "end"]
    assert total(column.terms) == pytest.approx(column.total)
    assert np.array_equal(column.terms["end"] < 0, replay.read(np.arange(12)).terminated)
    replay.truncate_open()
    walk(12, 2, 2, replay=replay)
    replay.relabel(place)
    assert total(column.terms) == pytest.approx(column.total)


def test_everything_is_scored_again_on_demand(walk, place):
    replay = walk(12, 2, 6)
    column = replay.relabel(place)
    column.total[:] = 0.0
    assert replay.relabel(place) is column
    assert not column.total.any()
    replay.relabel(place, recompute=True)
    assert column.total.all()


def test_a_compiled_reward_gives_the_same_column(walk, make_place):
    replay = walk(9_000, 500, 18, {(3, 7): "terminated", (9, 11): "truncated"})

    @njit
    def kernel(inputs, out):
        position, next_position, action, terminated = inputs
        for i in range(out.shape[0]):
            out[i, 0] = np.float32(0.5) * position[i, 0]
            out[i, 1] = next_position[i, 1]
            out[i, 2] = -(action[i, 0] * action[i, 0] + action[i, 1] * action[i, 1])
            out[i, 3] = np.float32(-3.0) * terminated[i, 0]

    class Compiled(make_place):
        fingerprint = "compiled"

    compiled, plain = Compiled(), make_place()
    compiled.kernel = kernel
    fast = replay.relabel(compiled, keep_terms=True)
    slow = replay.relabel(plain, keep_terms=True)
    # The slow form is asked once, for one row, for the names of the terms.
    assert compiled.scored == [1]
    assert list(fast.terms) == list(slow.terms)
    assert np.array_equal(fast.total, slow.total)
    for name in fast.terms:
        assert np.array_equal(fast.terms[name], slow.terms[name])


def test_inputs_of_other_types_go_the_general_way(walk):
    def kernel(inputs, out):
        raise AssertionError("a kernel reads float32 only")

    replay = walk(12, 2, 6)
    reward = Asking(("clock", "contact"), lambda inputs: {"time": inputs["clock"] * inputs["contact"]})
    reward.kernel = kernel
    column = replay.relabel(reward)
    read = replay.read(np.arange(12))
    assert column.total == pytest.approx(read.signals["clock"] * read.signals["contact"], rel=1e-6)


def test_a_reward_cannot_change_the_facts(walk):
    def greedy(inputs):
        inputs["position"][:] = 0.0
        return {"none": inputs["position"][..., 0]}

    replay = walk(12, 2, 6)
    before = replay.read(np.arange(12)).signals["position"]
    replay.relabel(Asking(("position",), greedy))
    assert np.array_equal(replay.read(np.arange(12)).signals["position"], before)


def test_a_term_that_is_not_finite_is_named_with_its_facts(walk):
    def broken(inputs):
        with np.errstate(divide="ignore"):
            return {"fine": inputs["ticks"] * np.float32(1), "steep": 1.0 / inputs["ticks"].astype(np.float32)}

    replay = walk(12, 2, 6)
    with pytest.raises(
        NonFiniteError, match=r"term 'steep' of reward 'asking' is inf in slot 0 \(stream 0\), where ticks = 0"
    ):
        replay.relabel(Asking(("ticks",), broken))
    assert not replay.columns


def test_a_sum_that_overflows_is_named_as_the_sum(walk):
    huge = np.float32(3e38)
    replay = walk(12, 2, 6)
    reward = Asking(
        ("ticks",), lambda inputs: {"a": np.full(len(inputs["ticks"]), huge), "b": np.full(len(inputs["ticks"]), huge)}
    )
    with np.errstate(over="ignore"), pytest.raises(NonFiniteError, match="'sum of all'"):
        replay.relabel(reward)


def test_a_term_of_another_shape_is_refused(walk):
    reward = Asking(("position",), lambda inputs: {"vector": inputs["position"]})
    with pytest.raises(ShapeError, match=r"term 'vector' of reward 'asking' has shape \(12, 3\) for 12 transitions"):
        walk(12, 2, 6).relabel(reward)


def test_a_column_without_its_reward_cannot_score_new_rows(walk, place, schema):
    old = walk(12, 2, 6)
    old.relabel(place)
    replay = Replay(schema, 12, 2)
    replay.load_state_dict(old.state_dict())
    same = replay.sample(8, reward="place-0.5", rng=rng()).reward
    assert np.array_equal(same, old.sample(8, reward=place, rng=rng()).reward)
    replay.truncate_open()
    walk(12, 2, 1, replay=replay)
    with pytest.raises(StaleColumnError, match=r"'place-0\.5' lacks 1 of 6 rows"):
        replay.sample(8, reward="place-0.5", rng=rng())
    replay.relabel(place)
    replay.sample(8, reward="place-0.5", rng=rng())


def test_columns_outlive_clear(walk, place):
    replay = walk(12, 2, 6)
    column = replay.relabel(place)
    replay.clear()
    walk(12, 2, 2, replay=replay)
    batch = replay.sample(16, reward=column, rng=rng())
    assert np.array_equal(batch.reward, total(place.terms(replay.read(batch.index).inputs(place.inputs))))
