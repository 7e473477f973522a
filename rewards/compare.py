"""Rewards against each other on stored data: do they mean the same, and do they know success?"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import kendalltau, spearmanr

from telic.replay.reward import Reward
from telic.replay.transition import Transitions
from telic.rewards.epic import EpicConfig, epic_distances
from telic.rewards.evidence import Evidence
from telic.rewards.ranking import Interval, superiority


@dataclass(frozen=True)
class Score:
    """One reward on stored episodes, E of them.

    Attributes:
        returns: Undiscounted, (E,) float64.
        success_auc: Probability that a success has a higher return than another episode; None without both.
        success_return: Mean return of successes; NaN without any.
        other_return: Mean return of the others; NaN without any.
    """

    returns: np.ndarray
    success_auc: Interval | None
    success_return: float
    other_return: float


@dataclass(frozen=True)
class Agreement:
    """Rewards against each other, R of them.

    Attributes:
        names: Of the rewards.
        scores: Each on its own.
        epic: EPIC distances, (R, R): 0 equivalent, 1 opposite.
        spearman: Rank correlations of the returns, (R, R); NaN where all returns are equal.
        kendall: The same by Kendall's tau-b.
    """

    names: tuple[str, ...]
    scores: tuple[Score, ...]
    epic: np.ndarray
    spearman: np.ndarray
    kendall: np.ndarray


def score(reward: Reward, known: Evidence, seed: int = 0) -> Score:
    """Look at the returns that one reward gives to stored episodes.

    Args:
        reward: The reward.
        known: The episodes, labelled by the task's own success.
        seed: Of the bootstrap.

    Raises:
        RewardError: If a program is not finite somewhere.
        ReplayError: If the reward reads what is not stored.
    """
    returns = known.returns(reward)
    good, other = returns[known.success], returns[~known.success]
    auc = superiority(good, other, np.random.default_rng(seed)) if len(good) and len(other) else None
    return Score(returns, auc, _mean(good), _mean(other))


def compare(
    rewards: Mapping[str, Reward], known: Evidence, config: EpicConfig | None = None, seed: int = 0
) -> Agreement:
    """Compare rewards on stored episodes.

    Args:
        rewards: The rewards by name, at least two.
        known: The episodes, labelled by the task's own success.
        config: Of the EPIC distance.
        seed: Of draws and bootstrap.

    Raises:
        ValueError: If there are fewer than two rewards or episodes.
        RewardError: If a program is not finite somewhere.
        ReplayError: If a reward reads what is not stored.
    """
    if len(rewards) < 2 or len(known) < 2:
        raise ValueError(f"{len(rewards)} rewards on {len(known)} episodes; needed: two of each to compare")
    scores = tuple(score(reward, known, seed) for reward in rewards.values())
    config = config or EpicConfig()
    steps = _some_steps(known, 4 * config.steps, np.random.default_rng(seed))
    epic = epic_distances(tuple(rewards.values()), steps, config, seed)
    returns = [each.returns for each in scores]
    return Agreement(
        tuple(rewards), scores, epic, _correlations(spearmanr, returns), _correlations(kendalltau, returns)
    )


def _some_steps(known: Evidence, most: int, rng: np.random.Generator) -> Transitions:
    """Steps drawn evenly from all episodes, whatever replay they are in."""
    part = np.repeat(known.part, known.length)
    slots = np.concatenate(known.slots)
    rows = rng.choice(len(slots), min(most, len(slots)), replace=False)
    read = [
        known.stored[number].replay.read(slots[rows[part[rows] == number]]) for number in np.unique(part[rows]).tolist()
    ]
    names = set.intersection(*(set(each.signals) for each in read))
    return Transitions(
        {name: np.concatenate([each.signals[name] for each in read]) for name in sorted(names)},
        np.concatenate([each.action for each in read]),
        {name: np.concatenate([each.next_signals[name] for each in read]) for name in sorted(names)},
        np.concatenate([each.terminated for each in read]),
        np.concatenate([each.truncated for each in read]),
    )


def _correlations(correlate, returns: list[np.ndarray]) -> np.ndarray:  # noqa: ANN001 (scipy has no type for these)
    size = len(returns)
    found = np.full((size, size), np.nan)
    for i in range(size):
        for j in range(i, size):
            if np.ptp(returns[i]) > 0.0 and np.ptp(returns[j]) > 0.0:
                found[i, j] = found[j, i] = correlate(returns[i], returns[j]).statistic
    return found


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
