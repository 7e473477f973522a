"""The certificate and the penalty, on a world small enough to be solved exactly."""

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from telic.control.guard.certificate import (
    certify,
    chi_squared,
    chi_squared_from_ratios,
    correlation,
    penalty_weight,
)
from telic.control.guard.discriminator import Discriminator
from telic.control.guard.penalty import OccupancyPenalty

pytestmark = pytest.mark.usefixtures("one_thread")

_spec = importlib.util.spec_from_file_location("tomato", Path(__file__).with_name("tomato.py"))
tomato = importlib.util.module_from_spec(_spec)
sys.modules["tomato"] = tomato
_spec.loader.exec_module(tomato)


@pytest.fixture(scope="module")
def gardener():
    policy = tomato.reference()
    visits = tomato.occupancy(policy)
    return policy, visits, correlation(tomato.TRUE, tomato.PROXY, visits)


def test_occupancies_are_distributions(gardener):
    _, visits, _ = gardener
    assert visits.sum() == pytest.approx(1.0)
    assert (visits >= 0).all()


def test_a_good_proxy_optimised_blindly_ends_below_the_reference(gardener):
    policy, visits, basis = gardener
    assert basis.r > 0.5
    blind = tomato.occupancy(tomato.optimised(tomato.PROXY, policy))
    assert blind @ tomato.PROXY > visits @ tomato.PROXY
    assert blind @ tomato.TRUE < visits @ tomato.TRUE
    certificate = certify(basis, blind @ tomato.PROXY, chi_squared(blind, visits))
    assert not certificate.holds


def test_guarded_it_ends_above_the_reference_and_the_certificate_holds(gardener):
    policy, visits, basis = gardener
    guarded = tomato.occupancy(tomato.optimised(tomato.PROXY, policy, penalty_weight(basis)))
    gain = (guarded - visits) @ tomato.TRUE
    certificate = certify(basis, guarded @ tomato.PROXY, chi_squared(guarded, visits))
    assert certificate.holds
    assert gain >= certificate.bound >= 0.0
    assert gain > 0.0


@pytest.mark.parametrize("seed", range(20))
def test_the_bound_holds_for_any_policy(gardener, seed):
    _, visits, basis = gardener
    rng = np.random.default_rng(seed)
    policy = rng.dirichlet(np.full(5, 0.3), len(tomato.STATES))
    mixed = rng.random() * policy + (1 - rng.random()) * tomato.reference()
    other = tomato.occupancy(mixed / mixed.sum(1, keepdims=True))
    certificate = certify(basis, other @ tomato.PROXY, chi_squared(other, visits))
    assert (other - visits) @ tomato.TRUE >= certificate.bound - 1e-9


def test_distance_by_hand():
    assert chi_squared(np.array([0.5, 0.5]), np.array([0.25, 0.75])) == pytest.approx(1 + 1 / 3 - 1)
    assert chi_squared(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == 0.0
    assert chi_squared(np.array([0.5, 0.5]), np.array([1.0, 0.0])) == math.inf


def test_correlation_by_hand():
    basis = correlation(np.array([0.0, 1.0, 2.0]), np.array([0.0, 2.0, 4.0]))
    assert (basis.r, basis.mean, basis.proxy_mean) == pytest.approx((1.0, 1.0, 2.0))
    assert penalty_weight(basis) == pytest.approx(0.0, abs=1e-6)
    # A perfect proxy needs no distance: what it gains in standard deviations, the true reward gains.
    assert certify(basis, 3.0, chi2=100.0).bound == pytest.approx(0.5)


@pytest.mark.parametrize("proxy", [np.array([2.0, 1.0, 0.0]), np.ones(3)], ids=["opposite", "constant"])
def test_a_proxy_that_says_nothing_bounds_nothing(proxy):
    assert certify(correlation(np.arange(3.0), proxy), 10.0, 0.0).bound == -math.inf


@pytest.mark.parametrize(
    "call",
    [
        lambda: correlation(np.zeros(1), np.zeros(1)),
        lambda: correlation(np.array([0.0, np.nan]), np.zeros(2)),
        lambda: chi_squared(np.array([0.5, 0.6]), np.array([0.5, 0.5])),
        lambda: chi_squared_from_ratios(np.array([])),
        lambda: certify(correlation(np.arange(3.0), np.arange(3.0)), 1.0, -1.0),
        lambda: certify(correlation(np.arange(3.0), np.arange(3.0)), 1.0, math.nan),
    ],
)
def test_nonsense_is_refused(call):
    with pytest.raises(ValueError):
        call()


def features(visits, rng, count=20_000):
    return {"place": tomato.sampled(visits, count, rng)}


def test_a_classifier_measures_the_distance(gardener):
    policy, visits, _ = gardener
    rng = np.random.default_rng(0)
    other = tomato.occupancy(tomato.optimised(tomato.PROXY, policy, weight=0.5, steps=100))
    exact = chi_squared(other, visits)
    discriminator = Discriminator(features(visits, rng), ["place"])
    discriminator.learn(features(other, rng), steps=1500)
    found = chi_squared_from_ratios(discriminator.log_ratio(features(other, rng)))
    assert found == pytest.approx(exact, rel=0.35)


def test_it_finds_no_distance_where_there_is_none(gardener):
    _, visits, _ = gardener
    rng = np.random.default_rng(1)
    discriminator = Discriminator(features(visits, rng), ["place"])
    loss = discriminator.learn(features(visits, rng), steps=500)
    assert loss == pytest.approx(math.log(2), abs=0.02)
    assert chi_squared_from_ratios(discriminator.log_ratio(features(visits, rng))) < 0.05


def test_the_penalty_is_minus_the_distance_on_average(gardener):
    policy, visits, _ = gardener
    rng = np.random.default_rng(2)
    other = tomato.occupancy(tomato.optimised(tomato.PROXY, policy, weight=0.5, steps=100))
    penalty = OccupancyPenalty(Discriminator(features(visits, rng), ["place"]), weight=0.7)
    before = penalty.fingerprint
    assert not penalty.terms(features(visits, rng))["near_reference"].any()
    seen = features(other, rng)
    penalty.follow(seen, steps=500)
    assert penalty.fingerprint != before
    mean = penalty.terms(seen)["near_reference"].mean()
    assert mean == pytest.approx(-0.7 * math.sqrt(penalty.chi2), rel=0.2)


def test_the_penalty_has_the_gradient_of_its_values(gardener):
    _, visits, _ = gardener
    rng = np.random.default_rng(3)
    penalty = OccupancyPenalty(Discriminator(features(visits, rng), ["place"]), weight=1.0)
    penalty.follow({"place": features(visits, rng)["place"] + 0.5}, steps=200)
    place = torch.from_numpy(features(visits, rng, 8)["place"]).requires_grad_()
    (value,) = penalty.torch_terms({"place": place}).values()
    np.testing.assert_allclose(
        penalty.terms({"place": place.detach().numpy()})["near_reference"], value.detach(), rtol=1e-5
    )
    (gradient,) = torch.autograd.grad(value.sum(), place)
    assert gradient.abs().max() > 0


def test_visits_without_the_signal_are_refused(gardener):
    with pytest.raises(ValueError, match="lack speed"):
        Discriminator({"place": np.zeros((3, 2), np.float32)}, ["speed"])
