"""EPIC: how far apart two rewards are, whatever their scale and potential-based shaping.

A. Gleave, M. Dennis, S. Legg, S. Russell, J. Leike, "Quantifying differences in reward functions", ICLR 2021,
definitions 4.1 (canonically shaped reward) and 4.7 (EPIC distance), with stored steps as the coverage distribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from telic.replay.reward import Reward, total
from telic.replay.transition import Transitions


@dataclass(frozen=True)
class EpicConfig:
    """How the expectations are estimated.

    Attributes:
        steps: Stored steps on which canonical rewards are compared.
        draws: States and actions over which each canonical reward is averaged.
        gamma: Discount per step: shaping by a potential with this discount makes no difference.
    """

    steps: int = 512
    draws: int = 256
    gamma: float = 0.99

    def __post_init__(self) -> None:
        if self.steps < 2 or self.draws < 1 or not 0.0 <= self.gamma <= 1.0:
            raise ValueError(
                f"steps {self.steps}, draws {self.draws}, gamma {self.gamma}; allowed: at least 2, at least 1, 0 to 1"
            )


def canonical_rewards(reward: Reward, steps: Transitions, config: EpicConfig, rng: np.random.Generator) -> np.ndarray:
    """The canonically shaped rewards of some of the steps, (`config.steps`,) float64.

    C(R)(s, a, s') = R(s, a, s') + E[gamma R(s', A, S') - R(s, A, S') - gamma R(S, A, S')], with states S, S' and
    actions A drawn independently from all of the steps; S' is the state after a step, with its end.

    Args:
        reward: A function of one step.
        steps: Stored steps, (N,).
        config: How many are used.
        rng: Source of the draws: equal generators compare rewards on equal draws.
    """
    stored = len(steps.terminated)
    chosen = rng.choice(stored, min(config.steps, stored), replace=False)
    state, action, following = rng.integers(stored, size=(3, config.draws))
    here = np.repeat(chosen, config.draws)
    actions, followings = np.tile(action, len(chosen)), np.tile(following, len(chosen))
    from_next = _of(reward, steps, here, actions, followings, after=True)
    from_here = _of(reward, steps, here, actions, followings)
    anywhere = _of(reward, steps, state, action, following).mean()
    shaping = (config.gamma * from_next - from_here).reshape(len(chosen), config.draws).mean(axis=1)
    return _of(reward, steps, chosen, chosen, chosen) + shaping - config.gamma * anywhere


def epic_distances(
    rewards: Sequence[Reward], steps: Transitions, config: EpicConfig | None = None, seed: int = 0
) -> np.ndarray:
    """The distance between each two rewards, (R, R) float64: 0 if they are equivalent, 1 if opposite.

    NaN where one of them is equivalent to no reward at all, or is no function of one step because it remembers.

    Args:
        rewards: The rewards.
        steps: Stored steps, (N,); at least two.
        config: How the expectations are estimated.
        seed: Of the draws.
    """
    config = config or EpicConfig()
    shaped = np.stack([_shaped_or_nan(reward, steps, config, np.random.default_rng(seed)) for reward in rewards])
    centred = shaped - shaped.mean(axis=1, keepdims=True)
    spread = np.linalg.norm(centred, axis=1)
    # Rounding leaves some spread in a reward that is nothing but shaping.
    spread[spread <= 1e-5 * np.sqrt(shaped.shape[1]) * np.abs(shaped).max(axis=1, initial=1.0)] = np.nan
    correlation = centred @ centred.T / np.outer(spread, spread)
    return np.sqrt(np.clip(1.0 - correlation, 0.0, 2.0) / 2.0)


def _shaped_or_nan(reward: Reward, steps: Transitions, config: EpicConfig, rng: np.random.Generator) -> np.ndarray:
    if getattr(reward, "memory", ()):
        return np.full(min(config.steps, len(steps.terminated)), np.nan)
    return canonical_rewards(reward, steps, config, rng)


def _of(
    reward: Reward,
    steps: Transitions,
    state: np.ndarray,
    action: np.ndarray,
    following: np.ndarray,
    *,
    after: bool = False,
) -> np.ndarray:
    """Rewards of transitions put together from stored steps; all arguments but the first two are rows, (M,).

    Args:
        reward: The reward.
        steps: The stored steps.
        state: Whose state is left.
        action: Whose action is taken.
        following: Whose next state is arrived at.
        after: Leave the state after those steps, and not the one before.
    """
    left = steps.next_signals if after else steps.signals
    inputs = {}
    for name in reward.inputs:
        if name in left:
            inputs[name] = left[name][state]
        elif name == "action":
            inputs[name] = steps.action[action]
        elif name == "terminated":
            inputs[name] = steps.terminated[following].astype(np.float32)
        else:
            inputs[name] = steps.next_signals[name.removeprefix("next_")][following]
    return total(reward.terms(inputs)).astype(np.float64)
