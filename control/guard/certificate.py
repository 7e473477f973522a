"""What a good proxy reward says of the true one, and how much less it says far from where it was checked.

A proxy is r-correlated with the true reward if, over the visits of a reference policy, their Pearson correlation is r.
Then, for any policy with occupancy mu and the chi-squared distance chi2 of mu from the reference's [1, theorem 5.1]:

    J(pi) - J(ref) >= sigma / r [ g - p ],   g = (J~(pi) - J~(ref)) / sigma~,   p = sqrt((1 - r^2) chi2)

with J the mean true reward per step, J~ that of the proxy, and sigma, sigma~ their standard deviations over the
reference's visits: the proxy is r times the true reward and a rest that is uncorrelated with it, and by Cauchy and
Schwarz the rest gains at most p. Read the other way round, the true reward is r times the proxy and such a rest:

    J(pi) - J(ref) >= sigma [ r g - p ]

Both hold; the larger is used. It can be computed without asking for the true reward anywhere but on the reference's
visits: a certificate before deployment.

[1] Laidlaw, Singhal and Dragan 2025, Correlated Proxies (arXiv 2403.03185).
"""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np


@dataclass(frozen=True)
class Correlation:
    """How a proxy and the true reward go together on visits of the reference policy.

    Attributes:
        r: Pearson correlation.
        sigma: Standard deviation of the true reward.
        proxy_sigma: Standard deviation of the proxy.
        mean: Mean true reward per step.
        proxy_mean: Mean of the proxy.
        samples: How many visits were compared.
    """

    r: float
    sigma: float
    proxy_sigma: float
    mean: float
    proxy_mean: float
    samples: int


@dataclass(frozen=True)
class Certificate:
    """A lower bound of what a policy gains over the reference, in true reward per step.

    Attributes:
        bound: The policy's true reward is at least the reference's plus this.
        proxy_gain: What the policy gains in proxy, in standard deviations.
        penalty: What its distance from the reference can cost, in the same unit.
        chi2: That distance.
        correlation: The basis of it all.
    """

    bound: float
    proxy_gain: float
    penalty: float
    chi2: float
    correlation: Correlation

    @property
    def holds(self) -> bool:
        """Whether the policy is certainly no worse than the reference."""
        return self.bound >= 0.0


def correlation(true: np.ndarray, proxy: np.ndarray, weights: np.ndarray | None = None) -> Correlation:
    """Compare the two rewards on visits of the reference policy.

    Args:
        true: The true reward of each visit, (N,).
        proxy: The proxy's, (N,).
        weights: How often each was visited, (N,); equally often by default.

    Raises:
        ValueError: If there are less than two visits, or a value is not finite.
    """
    true, proxy = np.asarray(true, np.float64), np.asarray(proxy, np.float64)
    if true.shape != proxy.shape or true.ndim != 1 or len(true) < 2:
        raise ValueError(f"the two rewards have shapes {true.shape} and {proxy.shape}; needed: (N,) each, N at least 2")
    if not (np.isfinite(true).all() and np.isfinite(proxy).all()):
        raise ValueError("a reward is not finite")
    shares = np.ones(len(true)) if weights is None else np.asarray(weights, np.float64)
    shares = shares / shares.sum()
    mean, proxy_mean = float(shares @ true), float(shares @ proxy)
    sigma = sqrt(float(shares @ (true - mean) ** 2))
    proxy_sigma = sqrt(float(shares @ (proxy - proxy_mean) ** 2))
    together = float(shares @ ((true - mean) * (proxy - proxy_mean)))
    r = together / (sigma * proxy_sigma) if sigma * proxy_sigma > 0 else 0.0
    return Correlation(r, sigma, proxy_sigma, mean, proxy_mean, len(true))


def certify(basis: Correlation, proxy_mean: float, chi2: float) -> Certificate:
    """Bound what a policy gains over the reference from below.

    Args:
        basis: On the reference's visits.
        proxy_mean: The policy's mean proxy reward per step.
        chi2: Chi-squared distance of the policy's occupancy from the reference's.

    Raises:
        ValueError: If the distance is negative.
    """
    if not chi2 >= 0.0:
        raise ValueError(f"a chi-squared distance is at least 0, got {chi2}")
    gain = (proxy_mean - basis.proxy_mean) / basis.proxy_sigma if basis.proxy_sigma > 0 else 0.0
    penalty = sqrt(max(0.0, 1.0 - basis.r**2) * chi2)
    # A proxy that says nothing of the true reward, or the opposite, bounds nothing.
    bound = basis.sigma * max((gain - penalty) / basis.r, basis.r * gain - penalty) if basis.r > 0 else -inf
    return Certificate(bound, gain, penalty, chi2, basis)


def penalty_weight(basis: Correlation) -> float:
    """The factor of sqrt(chi2) in the objective whose maximum the bound recommends [1, equation 4]."""
    return basis.proxy_sigma * sqrt(max(0.0, 1.0 - basis.r**2))


def chi_squared(policy: np.ndarray, reference: np.ndarray) -> float:
    """Chi-squared distance of two occupancies over the same finite places; infinite where only the policy is.

    Raises:
        ValueError: If one is not a distribution.
    """
    for name, values in (("policy", policy), ("reference", reference)):
        if (np.asarray(values) < 0).any() or not np.isclose(np.sum(values), 1.0):
            raise ValueError(f"the {name}'s occupancy is not a distribution: it sums to {np.sum(values)}")
    new = (reference == 0) & (policy > 0)
    if new.any():
        return inf
    seen = reference > 0
    return float(np.sum(policy[seen] ** 2 / reference[seen]) - 1.0)


def with_lost(chi2: float, policy_lost: float, reference_lost: float) -> float:
    """Chi-squared distance when being lost is a place too, from that of the visits before.

    With shares l and l' of their time that policy and reference are lost:
    (1 - l)^2 / (1 - l') (1 + chi2) + l^2 / l' - 1; infinite where only the policy is ever lost.
    """
    if policy_lost > 0.0 and reference_lost == 0.0:
        return inf
    alive = (1.0 - policy_lost) ** 2 / (1.0 - reference_lost) * (1.0 + chi2) if reference_lost < 1.0 else 0.0
    return max(0.0, alive + (policy_lost**2 / reference_lost if reference_lost > 0.0 else 0.0) - 1.0)


def chi_squared_from_ratios(log_ratio: np.ndarray, trim: float = 0.01) -> float:
    """Chi-squared distance from the log ratios at visits of the policy: E[e^d] - 1.

    Args:
        log_ratio: d at visits of the policy, (N,).
        trim: Share of the largest and of the smallest ratios that are left out, as outliers of the estimate.

    Raises:
        ValueError: If there is none, or one is not finite.
    """
    if len(log_ratio) == 0 or not np.isfinite(log_ratio).all():
        raise ValueError("a distance needs at least one log ratio, all of them finite")
    ratios = np.sort(np.exp(np.asarray(log_ratio, np.float64)))
    cut = int(trim * len(ratios))
    return max(0.0, float(ratios[cut : len(ratios) - cut].mean() - 1.0))
