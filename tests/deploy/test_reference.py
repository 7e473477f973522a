"""The NumPy definition: right by hand, and the executor's history is that of training."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from telic.control.policy import Dense, PolicyWeights
from telic.control.policy import fast_tanh as torch_fast_tanh
from telic.deploy.contract import weights_sha256
from telic.deploy.contract_parts import Network, Normalizer, Rates, vector
from telic.deploy.reference import ReferenceExecutor, ReferencePolicy, Status, dense, fast_tanh, relu, saturate

FAULTS = np.uint32(Status.FAULT)


@pytest.fixture(scope="module")
def exported(make_exported):
    return make_exported(hidden=(8,), history=4, initial=0.25)


@pytest.fixture
def executor(exported):
    return ReferenceExecutor(ReferencePolicy(exported.weights, exported.contract))


@pytest.fixture(scope="module")
def calm(exported):
    """Inputs of a vehicle that is upright and near its reference."""
    inputs = 0.1 * exported.observations[:, :18]
    inputs[:, 11] = 1.0
    return inputs


def steps(executor, inputs, start_us=0, count=None):
    return [
        executor.step(start_us + 2000 * i, start_us + 2000 * i, inputs[None, i % len(inputs)]) for i in range(count)
    ]


def test_tiny_network_by_hand():
    x = np.array([[1.0, 2.0, -0.5]], np.float32)
    weight = np.array([[0.5, 0.25, 1.0], [-1.0, 0.5, 2.0]], np.float32)
    bias = np.array([0.125, 0.5], np.float32)
    hidden = dense(x, weight, bias)
    assert hidden.tolist() == [[0.625, -0.5]]
    expected = [0.625 * (27 + 0.625**2) / (27 + 9 * 0.625**2), -0.5 * 27.25 / 29.25]
    assert fast_tanh(hidden).ravel() == pytest.approx(expected, abs=1e-7)


def test_sum_starts_at_the_bias_and_goes_in_order():
    # Any other order gives 1: the small ones vanish beside the large bias, one by one.
    small = np.float32(2.0**-25)
    x = np.full((1, 4), small, np.float32)
    assert dense(x, np.ones((1, 4), np.float32), np.ones(1, np.float32))[0, 0] == np.float32(1.0)
    reverse = np.array([[small, small, small, small, 1.0]], np.float32)
    assert dense(reverse, np.ones((1, 5), np.float32), np.zeros(1, np.float32))[0, 0] > np.float32(1.0)


def test_products_round_before_they_are_added():
    a = np.float32(1 + 2.0**-12)
    fused = np.float32(np.float64(a) * np.float64(a) - 1.0)
    separate = dense(np.array([[a]]), np.array([[a]]), np.array([-1.0], np.float32))[0, 0]
    assert separate == a * a - np.float32(1) != fused


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=50))
def test_fast_tanh_is_the_one_of_training(numbers):
    x = np.array(numbers, np.float32)
    assert fast_tanh(x) == pytest.approx(torch_fast_tanh(torch.from_numpy(x)).numpy(), abs=3e-7)
    assert (np.abs(fast_tanh(x)) <= np.float32(1.0000002)).all()


@given(st.integers(0, 2**32 - 1), st.floats(2.0**-100, 2.0**100, width=32))
def test_saturate_keeps_the_sign_and_is_never_beyond(bits, bound):
    value = np.array([bits], np.uint32).view(np.float32)
    limited = saturate(value, np.float32(bound))
    assert np.abs(limited) <= np.float32(bound)
    assert np.signbit(limited) == np.signbit(value)
    if np.abs(value) <= np.float32(bound):
        assert limited.view(np.uint32) == bits


def test_relu_has_no_negative_zero():
    assert np.signbit(relu(np.array([-1.0, -0.0, 0.0, 2.0], np.float32))).sum() == 0


def test_normaliser_is_applied_before_the_first_layer():
    weights = PolicyWeights((Dense(np.eye(1, dtype=np.float32), np.zeros(1, np.float32), "identity"),), *ones(1))
    weights = dataclasses.replace(weights, observation_mean=np.float32([0.5]), observation_std=np.float32([2.0]))
    normalized = (np.float32(0.3) - np.float32(0.5)) * (np.float32(1) / np.float32(2.0))
    assert ReferencePolicy(weights, contract_of(weights)).evaluate(np.float32([[0.3]]))[0][0, 0] == normalized


def ones(size):
    return np.zeros(size, np.float32), np.ones(size, np.float32)


def contract_of(weights):
    """A contract for one input and one output."""
    from telic.deploy.contract import Contract
    from telic.deploy.contract_parts import ActionSpec, Airframe, Fault, Golden, ObservationTerm

    mean, std = vector(weights.observation_mean), vector(weights.observation_std)
    return Contract(
        2,
        "tiny",
        "",
        Airframe("none", 1.0, (), ()),
        (ObservationTerm("x", (1,), "1", "", 1.0, None, 10.0, 0.0, (0.0, 0.0), 1, "newest_first", "none"),),
        ActionSpec(("a",), ("a",), (-1.0,), (1.0,), (0.0,), "1", (1.0,), (0.0,), None, "clipped"),
        Network((1, 1), ("identity",)),
        Rates(100, 500, 0.2),
        "wxyz",
        Normalizer(mean, std, 0.0, None),
        Fault((0.0,), "zero", 0.1, None, None, ("input_not_finite", "input_stale", "time_backwards")),
        (),
        Golden(((0.0,),), ((0.0,),)),
        weights_sha256(weights),
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_gives_the_safe_action_in_its_row_only(exported, bad):
    policy = ReferencePolicy(exported.weights, exported.contract)
    rows = exported.observations[:3].copy()
    rows[1, 5] = bad
    actions, status = policy.evaluate(rows)
    alone, _ = policy.evaluate(exported.observations[:3])
    assert actions[1].tolist() == [-1.0] * 4 and status[1] & Status.INPUT_NOT_FINITE
    assert np.array_equal(actions[[0, 2]], alone[[0, 2]]) and not (status[[0, 2]] & FAULTS).any()


def test_inputs_saturate_at_the_limits(exported):
    policy = ReferencePolicy(exported.weights, exported.contract)
    beyond, at = exported.observations[:1].copy(), exported.observations[:1].copy()
    beyond[0, 0], at[0, 0] = 1e6, exported.contract.observation[0].limit
    (action, status), (expected, _) = policy.evaluate(beyond), policy.evaluate(at)
    assert np.array_equal(action, expected)
    assert status[0] & Status.INPUT_SATURATED


# The two-rate executor.


def test_history_at_native_steps_is_that_of_training_when_actions_are_constant_in_a_window(exported, executor, calm):
    """With inputs and history frozen inside each 10 ms, five steps of 2 ms are one step of training."""
    policy = executor.policy
    history = np.tile(np.float32([0.25] * 4), (4, 1))  # As the world fills it at a reset.
    for window in range(12):
        observation = np.concatenate([calm[window], history.ravel()])[None]
        trained, _ = policy.evaluate(observation)
        assert np.array_equal(executor.history[0], history)
        executor.step(window * 10_000, window * 10_000, calm[None, window])
        # Hold the action of the native step through the window, whatever the policy would do.
        for tick in range(1, 5):
            now_us = window * 10_000 + tick * 2000
            executor._tick(now_us)
            executor._remember(trained, native=False)
        history = np.concatenate([trained, history[:-1]])


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_newest_slot_is_the_mean_of_the_actions_in_the_window(make_exported, data):
    exported = make_exported(hidden=(4,), history=3, initial=0.25)
    executor = ReferenceExecutor(ReferencePolicy(exported.weights, exported.contract))
    row = st.lists(st.floats(-0.125, 0.125, width=32), min_size=18, max_size=18)
    inputs = np.array(data.draw(st.lists(row, min_size=16, max_size=16)), np.float32)
    inputs[:, 11] = 1.0
    actions = []
    for tick, values in enumerate(inputs):
        action, status = executor.step(tick * 2000, tick * 2000, values[None])
        actions.append(action[0])
        window = tick // 5
        assert bool(status[0] & Status.NATIVE_STEP) == (tick % 5 == 0)
        assert executor.history[0, 0] == pytest.approx(np.mean(actions[5 * window :], axis=0), abs=1e-6)
        for back in range(1, min(3, window + 1)):
            past = actions[5 * (window - back) : 5 * (window - back + 1)]
            assert executor.history[0, back] == pytest.approx(np.mean(past, axis=0), abs=1e-6)


def test_equal_rates_are_plain_training_steps(exported, calm):
    contract = dataclasses.replace(exported.contract, rates=Rates(100, 100, 0.2))
    executor = ReferenceExecutor(ReferencePolicy(exported.weights, contract))
    history = np.tile(np.float32([0.25] * 4), (4, 1))
    for i in range(10):
        expected, _ = executor.policy.evaluate(np.concatenate([calm[i], history.ravel()])[None])
        action, status = executor.step(i * 10_000, i * 10_000, calm[None, i])
        assert np.array_equal(action, expected) and status[0] & Status.NATIVE_STEP
        history = np.concatenate([action, history[:-1]])


def test_native_steps_keep_to_the_grid_under_jitter(executor, calm):
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.integers(1700, 2300, 1000))
    native = [t for t in times if executor.step(int(t), int(t), calm[None, 0])[1][0] & Status.NATIVE_STEP]
    grid = (np.array(native) - native[0]) / 10_000
    assert len(native) == pytest.approx((times[-1] - times[0]) / 10_000, abs=1.5)
    assert np.abs(grid - np.round(grid)).max() < 0.15


def test_time_that_stands_still_or_goes_back_changes_nothing(executor, calm):
    steps(executor, calm, count=7)
    before = executor.history.copy()
    for now_us in (12_000, 11_999, 0):
        action, status = executor.step(now_us, now_us, calm[None, 0])
        assert status[0] == Status.TIME_BACKWARDS
        assert action.tolist() == [[-1.0] * 4]
    assert np.array_equal(executor.history, before)
    assert not executor.step(14_000, 14_000, calm[None, 0])[1][0] & FAULTS


def test_stale_inputs_give_the_safe_action_until_fresh_ones_come(executor, calm):
    timeout_us = round(executor.policy.contract.fault.input_timeout_s * 1e6)
    now_us = 10 * timeout_us
    ages = {timeout_us: False, timeout_us + 1: True, -1: True, 0: False}
    for i, (age, stale) in enumerate(ages.items()):
        at = now_us + 2000 * i
        action, status = executor.step(at, at - age, calm[None, 0])
        assert bool(status[0] & Status.INPUT_STALE) == stale
        assert (action == -1.0).all() == stale


@pytest.mark.parametrize(("place", "value"), [(0, 0.7), (2, -0.7), (11, 0.0)], ids=["x", "z", "tilt"])
def test_leaving_the_envelope_is_a_fault_until_a_reset(executor, calm, place, value):
    assert not any(status[0] & FAULTS for _, status in steps(executor, calm, count=3))
    outside = calm[None, 0].copy()
    outside[0, place] = value
    assert executor.step(6000, 6000, outside)[1][0] & FAULTS
    action, status = executor.step(8000, 8000, calm[None, 0])
    assert status[0] & FAULTS and action.tolist() == [[-1.0] * 4]
    executor.reset()
    assert not executor.step(10_000, 10_000, calm[None, 0])[1][0] & FAULTS


def test_one_bad_number_is_not_a_latched_fault(executor, calm):
    bad = calm[None, 0].copy()
    bad[0, 0] = np.inf
    assert executor.step(0, 0, bad)[1][0] & FAULTS == Status.INPUT_NOT_FINITE
    assert not executor.step(2000, 2000, calm[None, 0])[1][0] & FAULTS


def test_a_safe_action_that_was_sent_is_in_the_history(executor, calm):
    bad = np.full((1, 18), np.nan, np.float32)
    executor.step(0, 0, bad)
    assert executor.history[0, 0].tolist() == [-1.0] * 4


def test_a_wrong_rate_is_reported_after_many_intervals_and_forgiven_later(executor, calm):
    now_us, seen = 0, []
    for interval in [3000] * 101 + [2000] * 100:
        now_us += interval
        seen.append(executor.step(now_us, now_us, calm[None, 0])[1][0])
    biased = [bool(status & Status.RATE_BIAS) for status in seen]
    assert not any(biased[:100]) and all(biased[100:200]) and not biased[200]
    assert seen[50] & Status.JITTER and not seen[150] & Status.JITTER


def test_missed_steps_start_a_new_window(executor, calm):
    steps(executor, calm, count=3)
    assert executor.step(60_000, 60_000, calm[None, 0])[1][0] & Status.NATIVE_STEP
    native = [
        bool(executor.step(60_000 + 2000 * i, 60_000, calm[None, 0])[1][0] & Status.NATIVE_STEP) for i in range(1, 6)
    ]
    assert native == [False] * 4 + [True]


def test_vehicles_of_a_batch_do_not_meet(exported, calm):
    together = ReferenceExecutor(ReferencePolicy(exported.weights, exported.contract), batch=3)
    alone = [ReferenceExecutor(together.policy) for _ in range(3)]
    for tick in range(12):
        rows = calm[[tick, tick + 20, tick + 40]]
        if tick == 5:
            rows[1] = np.nan
        action, status = together.step(tick * 2000, tick * 2000, rows)
        for i, executor in enumerate(alone):
            single, single_status = executor.step(tick * 2000, tick * 2000, rows[None, i])
            assert np.array_equal(action[i], single[0]) and status[i] == single_status[0]
