"""What each term of a reward did over an episode, on average over episodes, as ten numbers."""

import numpy as np

from telic.control.analysis.tenths import tenths
from telic.rewards.evidence import Evidence
from telic.rewards.program import RewardProgram


def term_traces(reward: RewardProgram, known: Evidence) -> dict[str, tuple[float, ...]]:
    """The mean of each term in each tenth of an episode.

    Raises:
        ReplayError: If the reward reads what is not stored.
        RewardError: If it is not finite somewhere.
    """
    terms = known.terms(reward)
    return {
        name: tuple(map(float, np.mean([tenths(each[name]) for each in terms], axis=0))) for name in reward.term_names
    }
