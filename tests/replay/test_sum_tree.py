"""The sum tree against running sums over all weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from telic.replay.sum_tree import SumTree

WEIGHT = st.sampled_from([0.0, 0.0, 1e-6, 0.25, 1.0, 3.0, 1e6])


@st.composite
def changes(draw):
    """(size, changes): a change is (start, weights) of a span, or (slots, weights) of single slots."""
    size = draw(st.sampled_from([1, 2, 15, 16, 17, 255, 256, 257, 600, 5000]))
    slot = st.integers(0, size - 1)
    span = st.tuples(slot, st.lists(WEIGHT, min_size=1, max_size=40))
    single = st.lists(st.tuples(slot, WEIGHT), min_size=1, max_size=40)
    return size, draw(st.lists(st.one_of(span, single), min_size=1, max_size=8))


def changed(size, made):
    """A tree and a plain array after the same changes."""
    tree, plain = SumTree(size), np.zeros(size, np.float32)
    for change in made:
        if isinstance(change, tuple):
            start, weights = change[0], np.array(change[1][: size - change[0]])
            tree.fill(start, start + len(weights), weights)
            plain[start : start + len(weights)] = weights
        else:
            slots, weights = map(np.array, zip(*change, strict=True))
            tree.set(slots, weights)
            for slot, weight in change:
                plain[slot] = weight
    return tree, plain


@settings(max_examples=150, deadline=None)
@given(case=changes(), seed=st.integers(0, 99))
def test_weights_sums_and_draws_are_those_of_running_sums(case, seed):
    tree, plain = changed(*case)
    running = np.cumsum(plain, dtype=np.float64)
    assert np.array_equal(tree.weights, plain)
    assert tree.total == pytest.approx(running[-1], rel=1e-12)
    if tree.total == 0:
        return
    rng = np.random.default_rng(seed)
    targets = np.concatenate([rng.random(50) * tree.total, [0.0, tree.total, np.nextafter(tree.total, 0)]])
    found = tree.find(targets)
    assert (plain[found] > 0).all()
    # The reference adds in another order, so a target may fall on the other side of a bound.
    slack = 1e-9 * running[-1]
    assert (running[found] > targets - slack).all()
    assert (running[found] - plain[found] <= targets + slack).all()


def test_sums_depend_on_the_weights_alone_and_not_on_how_they_came_about():
    rng = np.random.default_rng(0)
    worn, fresh = SumTree(1000), SumTree(1000)
    for _ in range(200):
        worn.set(rng.integers(0, 1000, 64), rng.random(64) * 10.0 ** rng.integers(-6, 6))
    fresh.fill(0, 1000, worn.weights)
    assert worn.total == fresh.total
    uniform = rng.random((2, 256))
    assert np.array_equal(worn.draw(uniform), fresh.draw(uniform))


def test_slots_are_drawn_as_often_as_they_weigh():
    rng = np.random.default_rng(1)
    tree = SumTree(300)
    tree.fill(0, 300, rng.random(300) + 0.05)
    # One at a time, so that the draws are independent.
    drawn = np.concatenate([tree.draw(rng.random((2, 1))) for _ in range(30_000)])
    weights = tree.weights.astype(np.float64)
    assert chisquare(np.bincount(drawn, minlength=300), weights / weights.sum() * len(drawn)).pvalue > 1e-3


def test_a_draw_of_many_takes_one_from_each_stratum():
    tree = SumTree(64)
    tree.fill(0, 64, 1.0)
    drawn = tree.draw(np.random.default_rng(2).random((2, 64)))
    assert sorted(drawn) == list(range(64))
    assert not np.array_equal(drawn, np.arange(64))


def test_the_order_of_a_draw_is_uniform():
    tree = SumTree(4)
    tree.fill(0, 4, 1.0)
    rng = np.random.default_rng(3)
    orders = [tuple(tree.draw(rng.random((2, 4)))) for _ in range(4800)]
    counts = np.unique(np.array(orders), axis=0, return_counts=True)[1]
    assert len(counts) == 24
    assert chisquare(counts).pvalue > 1e-3


def test_a_remainder_that_rounds_up_to_a_whole_weight_does_not_leave_it():
    """In doubles (1e6 + 2**-33) - 1.5 * 2**-33 is 1e6, the whole weight: what is left must stay below it."""
    tree = SumTree(32)
    tree.set(np.array([0, 16]), np.array([1.5 * 2.0**-33, 1e6]))
    assert tree.total > 1e6 + 2.0**-33
    assert tree.find(np.array([1e6 + 2.0**-33])).tolist() == [16]
