"""Termination laundering: a reward that mostly pays for not being over, and a policy that takes the pay and no more."""

from dataclasses import dataclass

import numpy as np

from telic.control.guard.visits import Visits
from telic.control.statistics import Share
from telic.rewards.memory import scan
from telic.rewards.program import RewardProgram

# A term pays for lasting alone if it hardly changes while the episode goes on.
_FLAT = 0.02


@dataclass(frozen=True)
class Survival:
    """What a policy earns by lasting, and whether it does anything else.

    Attributes:
        terms: The terms that pay the same for every step that does not end the episode.
        share: How much of all that is paid, counted by size, these terms pay.
        lasting: Episodes that went on to their time limit.
        success: Of these, those that succeeded; None without any.
    """

    terms: tuple[str, ...]
    share: float
    lasting: Share
    success: Share | None

    @property
    def laundered(self) -> bool:
        """Whether lasting is most of the pay, most episodes last, and surely most of those do not succeed."""
        if self.success is None or self.share <= 0.5:
            return False
        return self.lasting.interval[0] > 0.5 and self.success.interval[1] < 0.5


def survival(program: RewardProgram, policy: Visits) -> Survival:
    """Look at what lasting earns the episodes of a policy.

    Args:
        program: What the policy was trained with.
        policy: Its episodes.

    Raises:
        RewardError: If the program is not finite somewhere.
        ReplayError: If it reads what is not stored.
    """
    known = policy.known
    lasting = known.length[:, None] > np.arange(policy.horizon) + known.terminated[:, None]
    goes_on = lasting[policy.alive]
    terms = {name: values[goes_on] for name, values in _terms(program, policy).items()}
    flat = tuple(name for name, values in terms.items() if _is_flat_pay(values))
    sizes = {name: float(np.abs(values).mean()) for name, values in terms.items()}
    paid = sum(sizes.values())
    lasted = ~known.terminated
    return Survival(
        terms=flat,
        share=sum(sizes[name] for name in flat) / paid if paid > 0.0 else 0.0,
        lasting=Share.of(lasted),
        success=Share.of(known.success[lasted]) if lasted.any() else None,
    )


def _is_flat_pay(values: np.ndarray) -> bool:
    mean = float(values.mean()) if len(values) else 0.0
    return mean > 0.0 and float(values.std()) <= _FLAT * mean


def _terms(program: RewardProgram, visits: Visits) -> dict[str, np.ndarray]:
    """Terms of all steps, episode after episode, (sum of lengths,) each."""
    inputs = visits.inputs(program.inputs)
    if not program.memory:
        return program.terms(inputs)
    first = np.zeros(len(visits.alive[visits.alive]), np.bool_)
    first[np.append(0, np.cumsum(visits.known.length)[:-1])] = True
    terms, _ = scan(program, {name: values[:, None] for name, values in inputs.items()}, first[:, None])
    return {name: values[:, 0] for name, values in terms.items()}
