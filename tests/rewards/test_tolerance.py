import numpy as np
import pytest

from telic.replay.signal import Signal
from telic.rewards.program import parse_reward

SIGNALS = (Signal("x", (), "m"), Signal("v", (3,), "m/s"))
CURVES = ("gaussian", "hyperbolic", "long_tail", "reciprocal", "tanh_squared", "linear", "quadratic", "cosine")


def values(arguments: str, x) -> np.ndarray:
    program = parse_reward(f'"""A test."""\ndef reward(x):\n    return {{"t": tolerance(x, {arguments})}}\n', SIGNALS)
    return program.terms({"x": np.asarray(x, dtype=np.float32)})["t"]


@pytest.mark.parametrize("sigmoid", CURVES)
@pytest.mark.parametrize("value", [0.1, 0.5])
def test_is_one_within_the_bounds_and_the_chosen_value_one_margin_outside(sigmoid, value):
    arguments = f'bound=0.5, margin=2.0, value_at_margin={value}, sigmoid="{sigmoid}"'
    np.testing.assert_allclose(
        values(arguments, [-2.5, -0.5, 0.0, 0.3, 0.5, 2.5]), [value, 1, 1, 1, 1, value], rtol=1e-5
    )


@pytest.mark.parametrize("sigmoid", CURVES)
def test_falls_with_the_distance_and_stays_between_zero_and_one(sigmoid):
    curve = values(f'bound=0.1, margin=1.0, sigmoid="{sigmoid}"', np.linspace(0, 5, 200))
    assert (np.diff(curve) <= 1e-7).all()
    assert curve.min() >= 0 and curve.max() <= 1


# By hand, at half a margin outside of the bounds, with the value 0.1 at the margin.
HALF_WAY = {
    "gaussian": 0.1**0.25,  # exp(log(0.1) / 4).
    "hyperbolic": 1 / np.cosh(0.5 * np.arccosh(10)),
    "long_tail": 1 / (1 + 9 * 0.25),
    "reciprocal": 1 / (1 + 9 * 0.5),
    "tanh_squared": 1 - np.tanh(0.5 * np.arctanh(np.sqrt(0.9))) ** 2,
    "linear": 1 - 0.9 * 0.5,
    "quadratic": 1 - 0.9 * 0.25,
    "cosine": (1 + np.cos(0.5 * np.arccos(-0.8))) / 2,
}


@pytest.mark.parametrize("sigmoid", CURVES)
def test_value_half_a_margin_outside(sigmoid):
    arguments = f'bound=0.25, margin=3.0, sigmoid="{sigmoid}"'
    np.testing.assert_allclose(values(arguments, [1.75, -1.75]), [HALF_WAY[sigmoid]] * 2, rtol=1e-5)


@pytest.mark.parametrize("sigmoid", ["linear", "quadratic", "cosine"])
def test_curves_that_reach_zero_stay_there(sigmoid):
    arguments = f'bound=1.0, margin=2.0, value_at_margin=0.0, sigmoid="{sigmoid}"'
    np.testing.assert_allclose(values(arguments, [3.0, 3.5, 100.0]), [0, 0, 0], atol=1e-6)


def test_no_bounds_means_zero_is_the_target():
    np.testing.assert_allclose(values("margin=2.0", [0.0, 2.0, -2.0]), [1, 0.1, 0.1], rtol=1e-5)


def test_no_margin_means_a_step():
    np.testing.assert_array_equal(values("bound=0.5", [-0.6, -0.5, 0.0, 0.5, 0.6]), [0, 1, 1, 1, 0])


def test_lower_bound_alone_leaves_everything_above_within():
    np.testing.assert_allclose(values("lower=1.0, margin=0.5", [0.5, 1.0, 100.0]), [0.1, 1, 1], rtol=1e-5)
    np.testing.assert_array_equal(values("lower=1.0", [0.5, 1.0, 100.0]), [0, 1, 1])


def test_upper_bound_alone_leaves_everything_below_within():
    np.testing.assert_allclose(values("upper=1.0, margin=0.5", [1.5, 1.0, -100.0]), [0.1, 1, 1], rtol=1e-5)


def test_two_bounds_need_not_be_symmetric():
    curve = values("lower=1.0, upper=2.0, margin=0.5", [0.5, 1.0, 1.5, 2.0, 2.5])
    np.testing.assert_allclose(curve, [0.1, 1, 1, 1, 0.1], rtol=1e-5)


def test_works_on_each_element_of_a_vector():
    program = parse_reward(
        '"""A test."""\ndef reward(v):\n    return {"t": sum(tolerance(v, bound=0.5, margin=1.0))}\n', SIGNALS
    )
    np.testing.assert_allclose(program.terms({"v": np.float32([[0, 1.5, -1.5]])})["t"], [1.2], rtol=1e-5)


def test_far_away_is_finite():
    for sigmoid in CURVES:
        assert np.isfinite(values(f'bound=0.1, margin=0.01, sigmoid="{sigmoid}"', [1e4, -1e4])).all()
