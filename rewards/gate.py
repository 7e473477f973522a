"""The ordering gate: on stored episodes a reward must put success above everything that is not success.

The idea of testing a reward by the order that it gives to known trajectories is that of CARD (S. Sun et al., "A large
language model-driven reward code design framework for robot learning", 2024) and goes back to preference learning.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field

import numpy as np

from telic.replay.reward import Reward
from telic.rewards.check import Finding
from telic.rewards.evidence import Evidence, discounted
from telic.rewards.ranking import Interval, mean_gap, superiority


@dataclass(frozen=True)
class GateConfig:
    """What the gate asks for.

    Attributes:
        margin: The probability that a success earns more than an episode of another kind must surely be above this.
        confidence: Of all intervals.
        resamples: Bootstrap draws.
        gamma: Discount per step of the second look, in which the order must at least not be reversed.
        tie: Returns that differ by less than this share of the mean absolute return are equal.
        fewest: Episodes of a kind without which it is not compared.
    """

    margin: float = 0.75
    confidence: float = 0.95
    resamples: int = 1000
    gamma: float = 0.99
    tie: float = 0.01
    fewest: int = 3

    def __post_init__(self) -> None:
        if not (0.5 <= self.margin < 1.0 and 0.0 < self.confidence < 1.0 and 0.0 < self.gamma <= 1.0):
            raise ValueError(
                f"margin {self.margin}, confidence {self.confidence}, gamma {self.gamma}; allowed: from 0.5 to below "
                "1, between 0 and 1, above 0 up to 1"
            )


@dataclass(frozen=True)
class Comparison:
    """Successes against one kind of other episodes.

    Attributes:
        kind: Which.
        episodes: How many there are of it.
        wins: Probability that a success has the higher return.
        discounted_wins: The same of discounted returns.
        gap: By how much the mean return of successes is higher.
    """

    kind: str
    episodes: int
    wins: Interval
    discounted_wins: Interval
    gap: Interval


@dataclass(frozen=True)
class GateReport:
    """The outcome of `check_order`.

    Attributes:
        episodes: How many whole episodes were looked at.
        successes: How many of them succeeded.
        comparisons: One for each kind of which there are enough.
        findings: What was found, errors first; the first says what kind of reward it is, where that is clear.
    """

    episodes: int
    successes: int
    comparisons: tuple[Comparison, ...]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether there is no error."""
        return all(finding.severity != "error" for finding in self.findings)


def check_order(reward: Reward, known: Evidence, config: GateConfig | None = None, seed: int = 0) -> GateReport:
    """Check that a reward outranks every kind of other episode by success.

    Args:
        reward: The reward in question.
        known: Stored episodes, labelled by the task's own success.
        config: What is asked for.
        seed: Of the bootstrap.

    Raises:
        ReplayError: If the reward reads what is not stored, or is not finite somewhere.
    """
    config = config or GateConfig()
    steps = known.rewards(reward)
    kinds = {kind: mask for kind, mask in known.kinds.items() if mask.sum() >= config.fewest}
    successes = int(known.success.sum())
    if successes < config.fewest or not kinds:
        return GateReport(len(known), successes, (), (_too_little(known, config),))
    rng = np.random.default_rng(seed)
    plain, later = discounted(steps, 1.0), discounted(steps, config.gamma)
    comparisons = tuple(_compare(kind, mask, known.success, plain, later, config, rng) for kind, mask in kinds.items())
    findings = [finding for comparison in comparisons for finding in _judge(comparison, config)]
    findings = _diagnose(steps, known, comparisons, config, findings) + findings + _untested(kinds)
    findings.sort(key=lambda finding: finding.severity)
    return GateReport(len(known), successes, comparisons, tuple(findings))


def _compare(
    kind: str,
    mask: np.ndarray,
    success: np.ndarray,
    plain: np.ndarray,
    later: np.ndarray,
    config: GateConfig,
    rng: np.random.Generator,
) -> Comparison:
    def wins(returns: np.ndarray) -> Interval:
        tie = config.tie * float(np.abs(returns).mean())
        return superiority(
            returns[success],
            returns[mask],
            rng,
            tie=tie,
            confidence=config.confidence,
            resamples=config.resamples,
        )

    gap = mean_gap(plain[success], plain[mask], rng, confidence=config.confidence, resamples=config.resamples)
    return Comparison(kind, int(mask.sum()), wins(plain), wins(later), gap)


def _judge(comparison: Comparison, config: GateConfig) -> list[Finding]:
    """What is wrong with the order of successes and one kind."""
    wins, later = comparison.wins, comparison.discounted_wins
    name = _NAMES[comparison.kind]
    if wins.low < config.margin:
        message = (
            f"a success earns more than {name} in {wins.value:.0%} of pairs ({wins.low:.0%} to {wins.high:.0%}; "
            f"needed: surely {config.margin:.0%}); mean return {comparison.gap.value:+.4g}"
        )
        return [Finding("error", comparison.kind, message)]
    if later.high < 0.5:
        message = f"with a discount of {config.gamma:g} a success earns more than {name} in {later.value:.0%} of pairs"
        return [Finding("error", f"discounted {comparison.kind}", message)]
    if later.low < 0.5:
        message = f"with a discount of {config.gamma:g}, success and {name} are not told apart"
        return [Finding("warning", f"discounted {comparison.kind}", message)]
    return []


def _untested(kinds: Container[str]) -> list[Finding]:
    """Say so where nothing is known of the failure that is the easiest to reward by mistake."""
    if "failure" in kinds:
        return []
    return [Finding("warning", "untested", "no stored episode of a policy lasts without success: add some such data")]


_NAMES = {
    "early end": "an episode that ends early",
    "failure": "one that lasts without success",
    "nothing": "doing nothing",
    "random": "acting at random",
}


def _diagnose(
    steps: Sequence[np.ndarray],
    known: Evidence,
    comparisons: Sequence[Comparison],
    config: GateConfig,
    findings: Sequence[Finding],
) -> list[Finding]:
    """What kind of reward orders episodes so, where that is clear."""
    wrong = any(finding.severity == "error" for finding in findings)
    every = np.concatenate(steps)
    if _is_flat(every):
        return [Finding("error", "constant", f"every step earns {every.mean():.4g}, whatever happens")]
    lasting = np.concatenate(
        [each[:-1] if over else each for each, over in zip(steps, known.terminated, strict=True)] or [every]
    )
    if len(lasting) and lasting.mean() > 0.0 and _is_flat(lasting, 0.02):
        message = f"every step that does not end the episode earns about {lasting.mean():.4g}: only lasting is rewarded"
        return [Finding("error" if wrong else "warning", "survival only", message)]
    if wrong and all(comparison.wins.high <= 1.0 - config.margin for comparison in comparisons):
        return [Finding("error", "inverted sign", "every kind of failure earns more than success: its negative passes")]
    return []


def _is_flat(values: np.ndarray, share: float = 1e-6) -> bool:
    return float(values.std()) <= share * abs(float(values.mean()))


def _too_little(known: Evidence, config: GateConfig) -> Finding:
    counts = {"success": int(known.success.sum())} | {kind: int(mask.sum()) for kind, mask in known.kinds.items()}
    there = ", ".join(f"{count} of {kind}" for kind, count in counts.items())
    return Finding(
        "error", "data", f"needed: {config.fewest} successes and as many of another kind; stored are {there} episodes"
    )
