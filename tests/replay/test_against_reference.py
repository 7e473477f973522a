"""The replay against a slow, obvious one, over histories of every kind."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telic.replay.replay import Replay

from .reference import histories, run

lenient = settings(max_examples=60, deadline=None)
GAMMA = st.sampled_from([0.0, 0.5, 0.99, 1.0])


@pytest.fixture(scope="module")
def twins_of(schema, make_line, make_place):
    """A fresh pair of replays with a history behind them."""
    return lambda history: run(history, schema, make_place(), make_line)


@lenient
@given(history=histories())
def test_facts_are_those_that_were_written(twins_of, history):
    twins_of(history).assert_same_facts()


@lenient
@given(history=histories(), n=st.integers(1, 6), gamma=GAMMA, seed=st.integers(0, 99))
def test_samples_are_those_of_the_reference(twins_of, history, n, gamma, seed):
    twins_of(history).assert_same_samples(n, gamma, seed)


@lenient
@given(history=histories(), length=st.integers(1, 9), kind=st.sampled_from(["within", "across", "backward"]))
def test_windows_are_those_of_the_reference(twins_of, history, length, kind):
    twins_of(history).assert_same_windows(length, kind == "across", kind == "backward")


@lenient
@given(history=histories(), gamma=GAMMA)
def test_returns_to_go_are_those_of_the_reference(twins_of, history, gamma):
    twins_of(history).assert_same_returns(gamma)


@lenient
@given(history=histories())
def test_episodes_are_those_of_the_reference(twins_of, history):
    twins_of(history).assert_same_episodes()


@lenient
@given(history=histories(), length=st.integers(1, 4), across=st.booleans())
def test_stretches_are_drawn_only_where_there_are_enough_steps(twins_of, history, length, across):
    twins = twins_of(history)
    slots = twins.slots()
    possible = set()
    for slot, (stream, t) in slots.items():
        rows = twins.slow.streams[stream]
        # Across episodes, rows that a stream left out count as well.
        if (len(rows) - t if across else len(twins.slow.rest(stream, t))) >= length:
            possible.add(slot)
    if possible:
        drawn = twins.fast.draw(50 * len(possible), np.random.default_rng(0), length, across)
        assert set(drawn.tolist()) == possible


@lenient
@given(history=histories(), more=st.integers(0, 5))
def test_a_restored_replay_goes_on_as_if_nothing_had_happened(twins_of, history, more, schema):
    twins = twins_of(history)
    state = twins.fast.state_dict()
    columns = {name: column.reward for name, column in twins.fast.columns.items()}
    other = Replay(schema, twins.fast.capacity, twins.fast.num_streams)
    other.load_state_dict(state)
    assert set(other.columns) == set(columns)
    if len(other):
        draws = [one.draw(20, np.random.default_rng(3), 1).tolist() for one in (twins.fast, other)]
        assert draws[0] == draws[1]
    twins.fast = other
    for _ in range(more):
        twins.add(["terminated"] + [""] * (twins.fast.num_streams - 1))
    twins.assert_same_facts()
    twins.assert_same_samples(3, 0.9, seed=1)
    twins.assert_same_episodes()
