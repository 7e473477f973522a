"""Where the true measure turns while the proxy rises, on curves whose answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from telic.control.guard.onset import OnsetConfig, find_onset, noise_of, unimodal

ROWS = 60
TIME = np.arange(ROWS, dtype=np.float64)
# Learns fast, then slowly.
RISING = 1.0 - np.exp(-TIME / 8.0)


def hump(top, fall):
    """Rises by one up to a row, then falls to the last."""
    return np.where(top >= TIME, TIME / top, 1.0 - fall * (TIME - top) / (ROWS - 1 - top))


def noise(rng, sigma, rho=0.0):
    drawn = sigma * rng.normal(size=ROWS)
    drawn[1:] *= np.sqrt(1.0 - rho**2)
    return lfilter([1.0], [1.0, -rho], drawn)


# The same examples each time: what is surely so at 95 % is wrong for one seed in twenty.
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    top=st.integers(12, 45),
    fall=st.floats(0.3, 2.0),
    seed=st.integers(0, 1000),
    scale=st.floats(0.01, 100.0),
    offset=st.floats(-100.0, 100.0),
)
def test_a_turn_is_found_where_it_is_in_any_units(top, fall, seed, scale, offset):
    rng = np.random.default_rng(seed)
    truth = hump(top, fall) + noise(rng, 0.02)
    proxy = RISING + 0.005 * TIME + noise(rng, 0.01)
    found = find_onset(TIME, proxy, offset + scale * truth)
    assert found.kind in ("over-optimisation", "unnoticed")
    assert abs(found.at - top) <= 6
    assert found.drop.low / scale < fall < 1.5 * found.drop.high / scale
    assert found.proxy_gain.value > 0.0


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
@pytest.mark.parametrize("curve", [RISING, np.zeros(ROWS)], ids=["learns", "learns nothing"])
def test_noise_alone_is_seldom_taken_for_a_turn(curve, rho):
    rng = np.random.default_rng(0)
    alarms = sum(find_onset(TIME, RISING, curve + noise(rng, 0.1, rho)).kind != "none" for _ in range(60))
    assert alarms <= 9


@pytest.mark.parametrize(
    ("proxy", "kind"),
    [
        (0.01 * TIME, "over-optimisation"),
        (np.zeros(ROWS), "unnoticed"),
        (-0.01 * TIME, "collapse"),
    ],
)
def test_what_the_proxy_did_meanwhile_names_the_fall(proxy, kind):
    rng = np.random.default_rng(1)
    found = find_onset(TIME, proxy + noise(rng, 0.01), hump(30, 0.8) + noise(rng, 0.02))
    assert found.kind == kind
    assert abs(found.at - 30) <= 6


def test_what_recovers_by_the_end_is_no_fall():
    dip = RISING - 0.8 * np.exp(-(((TIME - 30.0) / 5.0) ** 2))
    assert find_onset(TIME, RISING, dip + noise(np.random.default_rng(2), 0.02)).kind == "none"


def test_a_fall_that_does_not_matter_is_left_alone():
    rng = np.random.default_rng(3)
    proxy, truth = 0.01 * TIME, hump(30, 0.04) + noise(rng, 0.001)
    assert find_onset(TIME, proxy, truth).kind == "over-optimisation"
    assert find_onset(TIME, proxy, truth, OnsetConfig(relevant=0.05)).kind == "none"


def test_rows_without_a_measure_are_left_out():
    truth = hump(30, 1.0)
    truth[:5] = np.nan
    assert find_onset(TIME, TIME, truth).at == pytest.approx(30, abs=2)


def test_the_steps_are_those_of_the_history():
    assert find_onset(1000.0 * TIME, TIME, hump(30, 1.0)).at == pytest.approx(30_000, abs=2000)


def test_a_long_history_is_averaged():
    steps = np.arange(5000.0)
    truth = np.interp(steps, [0, 2500, 4999], [0.0, 1.0, 0.3])
    assert find_onset(steps, steps, truth).at == pytest.approx(2500, abs=60)


def test_noise_is_measured_whatever_the_trend():
    rng = np.random.default_rng(4)
    found = np.array([noise_of(RISING + noise(rng, 0.1, 0.6)) for _ in range(200)])
    assert np.median(found[:, 0]) == pytest.approx(0.1, rel=0.25)
    assert np.median(found[:, 1]) == pytest.approx(0.6, abs=0.2)


def test_the_nearest_curve_with_one_top_by_hand():
    fitted, turn = unimodal(np.array([0.0, 2.0, 1.0, 3.0, 1.0, 2.0]))
    np.testing.assert_allclose(fitted, [0.0, 1.5, 1.5, 3.0, 1.5, 1.5])
    assert turn == 3


@pytest.mark.parametrize(
    "call",
    [
        lambda: find_onset(TIME[:8], TIME[:8], TIME[:8]),
        lambda: find_onset(TIME, TIME, TIME[:-1]),
        lambda: find_onset(TIME, TIME, np.full(ROWS, np.nan)),
        lambda: OnsetConfig(window=0.0),
        lambda: OnsetConfig(confidence=1.0),
        lambda: OnsetConfig(relevant=-0.1),
        lambda: OnsetConfig(resamples=1),
    ],
)
def test_nonsense_is_refused(call):
    with pytest.raises(ValueError):
        call()
