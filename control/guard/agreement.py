"""Whether a reward and what is meant agree on stored episodes: how they order episodes, steps, and success.

Two numbers say how differently two rewards judge, both 0 for the same judgement, 1/2 for an unrelated and 1 for the
opposite one. `pairs`: the share of the pairs of episodes that they order in opposite ways, where a pair that only one
of them tells apart counts half. `steps`: (1 - Corr(A, A')) / 2 of the advantages

    A_t = G_t - mean of G_t over the episodes,   G_t = r_t + gamma r_{t+1} + ...

which a learner with a good baseline follows. How a reward goes together with success is Pearson's correlation, step by
step, on visits of a reference policy: the r of Laidlaw et al. 2025 (arXiv 2403.03185), success being the true reward.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from telic.control.guard.bootstrap import bootstrap
from telic.control.guard.certificate import correlation
from telic.control.guard.visits import Visits
from telic.replay.reward import Reward
from telic.rewards.program import RewardProgram
from telic.rewards.ranking import Interval

# Steps per episode at which advantages are compared: neighbours tell nearly the same.
_TIMES = 50


@dataclass(frozen=True)
class Disagreement:
    """How differently two rewards judge the same episodes; see the module's docstring.

    Attributes:
        pairs: Of episodes, by their returns.
        steps: Of what to do next, by their advantages.
    """

    pairs: Interval
    steps: Interval


def disagreement(
    one: Sequence[np.ndarray], other: Sequence[np.ndarray], gamma: float = 0.99, seed: int = 0
) -> Disagreement:
    """Compare two rewards on the same episodes.

    Args:
        one: The first reward's values, an array (steps,) for each episode.
        other: The second's.
        gamma: Discount per step of the advantages.
        seed: Of the bootstrap over episodes.

    Raises:
        ValueError: If there are fewer than two episodes, or they differ in number or length.
    """
    if len(one) < 2 or [len(steps) for steps in one] != [len(steps) for steps in other]:
        raise ValueError(f"{len(one)} and {len(other)} episodes; needed: the same, at least two")
    rng = np.random.default_rng(seed)
    orders = [_order([float(steps.sum()) for steps in rewards]) for rewards in (one, other)]
    opposite = (1.0 - orders[0] * orders[1]) / 2.0
    np.fill_diagonal(opposite, 0.0)

    def pairs(weights: np.ndarray) -> float:
        return float(weights @ opposite @ weights / (weights.sum() ** 2 - weights @ weights))

    first, second = _returns_to_go(one, gamma), _returns_to_go(other, gamma)
    running = np.isfinite(first)

    def steps(weights: np.ndarray) -> float:
        shares = weights[:, None] * running
        r = correlation(_advantages(first, shares), _advantages(second, shares), shares[running]).r
        return (1.0 - r) / 2.0

    return Disagreement(bootstrap(pairs, len(one), rng=rng), bootstrap(steps, len(one), rng=rng))


def success_correlation(reward: Reward, success: RewardProgram, reference: Visits, seed: int = 0) -> Interval | None:
    """How a reward goes together with success, step by step, on visits of a reference policy.

    Args:
        reward: The reward.
        success: Says what success is.
        reference: The visits.
        seed: Of the bootstrap over episodes.

    Returns:
        The correlation; None where the reference is always in success, or never.
    """
    proxy, meant = reference.rewards(reward), reference.success(success)
    if np.ptp(meant[reference.counts]) == 0.0:
        return None

    def r(weights: np.ndarray) -> float:
        shares = weights[:, None] * reference.counts
        return correlation(meant.ravel(), proxy.ravel(), shares.ravel()).r

    return bootstrap(r, len(proxy), rng=np.random.default_rng(seed))


def _order(returns: Sequence[float]) -> np.ndarray:
    """Which of each two episodes earned more, (E, E): 1 the row's, -1 the column's, 0 neither."""
    return np.sign(np.subtract.outer(returns, returns))


def _returns_to_go(rewards: Sequence[np.ndarray], gamma: float) -> np.ndarray:
    """Discounted returns from some times on, (E, times); NaN after an episode's end."""
    longest = max(len(steps) for steps in rewards)
    out = np.full((len(rewards), longest), np.nan)
    for row, steps in zip(out, rewards, strict=True):
        ahead = 0.0
        for t in range(len(steps) - 1, -1, -1):
            ahead = row[t] = steps[t] + gamma * ahead
    return out[:, np.unique(np.linspace(0, longest - 1, _TIMES).astype(int))]


def _advantages(returns: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Returns less the mean of their time, of the running episodes, flat; shares (E, times) are zero elsewhere."""
    there = shares.sum(axis=0)
    mean = (shares * np.nan_to_num(returns)).sum(axis=0) / np.where(there > 0, there, 1.0)
    return (returns - mean)[np.isfinite(returns)]
