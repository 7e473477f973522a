"""A policy beside a reference: what it gained in proxy, what is certain of the true reward, and how far it went."""

from dataclasses import dataclass

import numpy as np

from telic.control.guard.bootstrap import bootstrap
from telic.control.guard.certificate import (
    Certificate,
    certify,
    chi_squared_from_ratios,
    correlation,
    with_lost,
)
from telic.control.guard.discriminator import Discriminator
from telic.control.guard.visits import Visits, read_by
from telic.control.train import own_threads_only
from telic.replay.reward import Reward
from telic.rewards.ranking import Interval

# Steps of a classifier's learning.
LEARNING = 800
# A visit is strange where the reference comes so many times less often.
RARER = 20.0
# A value is outside where it is beyond all of the reference's but this share, at either end.
_TAIL = 0.001


@dataclass(frozen=True)
class Assessment:
    """What is known of a policy from its visits and those of a reference.

    Attributes:
        gain: True reward per step over the reference's, as measured.
        certificate: The lower bound of that gain without measuring it: from the proxy and the distance alone.
        bound: That bound, with its interval over episodes.
        strange: Share of the policy's visits at which the reference is `RARER` times rarer, by a classifier that did
            not see these visits.
        outside: For each array that the rewards read, the share of the policy's visits beyond the reference's range;
            largest first.
    """

    gain: Interval
    certificate: Certificate
    bound: Interval
    strange: float
    outside: dict[str, float]


def assess(
    proxy: Reward, truth: Reward, policy: Visits, reference: Visits, seed: int = 0, learning: int = LEARNING
) -> Assessment:
    """Compare a policy with a reference.

    Args:
        proxy: What the policy was trained with.
        truth: What is meant.
        policy: The policy's visits.
        reference: The reference's, over as many steps.
        seed: Of the classifiers and the bootstrap.
        learning: Steps of the classifiers' learning.

    Raises:
        ValueError: If the horizons differ.
        RewardError: If a program is not finite somewhere.
        ReplayError: If a reward reads what is not stored.
    """
    if policy.horizon != reference.horizon:
        raise ValueError(f"horizons are {policy.horizon} and {reference.horizon}; policy and reference need the same")
    names = read_by(proxy, truth)
    theirs, ours = reference.inputs(names), policy.inputs(names)
    true, proxied = reference.rewards(truth), reference.rewards(proxy)
    our_true, our_proxied = policy.rewards(truth), policy.rewards(proxy)
    log_ratio = np.zeros(policy.alive.shape)
    log_ratio[policy.alive] = _told_apart(theirs, ours, names, seed, learning).log_ratio(ours)

    def certificate(policy_weights: np.ndarray, reference_weights: np.ndarray) -> Certificate:
        here, there = policy_weights[:, None] * policy.counts, reference_weights[:, None] * reference.counts
        basis = correlation(true.ravel(), proxied.ravel(), there.ravel())
        drawn = np.repeat(np.arange(len(policy_weights)), policy_weights.astype(np.int64))
        chi2 = chi_squared_from_ratios(log_ratio[drawn][policy.alive[drawn]])
        lost = _lost(policy.alive, here), _lost(reference.alive, there)
        return certify(basis, _mean(our_proxied, here), with_lost(chi2, *lost))

    def gain(policy_weights: np.ndarray, reference_weights: np.ndarray) -> float:
        here, there = policy_weights[:, None] * policy.counts, reference_weights[:, None] * reference.counts
        return _mean(our_true, here) - _mean(true, there)

    rng, sizes = np.random.default_rng(seed), (len(policy.known), len(reference.known))
    return Assessment(
        gain=bootstrap(gain, *sizes, rng=rng),
        certificate=certificate(*(np.ones(size) for size in sizes)),
        bound=bootstrap(lambda *weights: certificate(*weights).bound, *sizes, rng=rng),
        strange=_strange(policy, reference, names, seed, learning),
        outside=_outside(theirs, ours),
    )


def _mean(values: np.ndarray, shares: np.ndarray) -> float:
    return float((values * shares).sum() / shares.sum())


def _lost(alive: np.ndarray, shares: np.ndarray) -> float:
    return 1.0 - _mean(alive, shares)


def _told_apart(
    theirs: dict[str, np.ndarray], ours: dict[str, np.ndarray], names: tuple[str, ...], seed: int, learning: int
) -> Discriminator:
    classifier = Discriminator(theirs, names, seed=seed)
    with own_threads_only():
        classifier.learn(ours, learning)
    return classifier


def _strange(policy: Visits, reference: Visits, names: tuple[str, ...], seed: int, learning: int) -> float:
    """Share of visits of every second episode that a classifier of the others finds strange."""
    seen, unseen = (_every_second(policy, start) for start in (0, 1))
    values = policy.inputs(names)
    half = {name: array[seen] for name, array in values.items()}
    classifier = _told_apart(reference.inputs(names), half, names, seed, learning)
    ratio = classifier.log_ratio({name: array[unseen] for name, array in values.items()})
    return float((ratio > np.log(RARER)).mean())


def _every_second(visits: Visits, start: int) -> np.ndarray:
    """The visits of every second episode, (sum of lengths,) bool."""
    return np.repeat(np.arange(len(visits.known)) % 2 == start, visits.known.length)


def _outside(theirs: dict[str, np.ndarray], ours: dict[str, np.ndarray]) -> dict[str, float]:
    found = {}
    for name, values in ours.items():
        reference = theirs[name].reshape(len(theirs[name]), -1)
        low, high = np.quantile(reference, [_TAIL, 1.0 - _TAIL], axis=0)
        flat = values.reshape(len(values), -1)
        found[name] = float(((flat < low) | (flat > high)).any(axis=1).mean())
    return dict(sorted(found.items(), key=lambda item: -item[1]))
