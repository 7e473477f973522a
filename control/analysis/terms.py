"""What the terms of a reward did in the episodes that failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from telic.control.analysis.tenths import TENTHS, left, since, tenths

# In shares of the range that a term has on all episodes: what counts as a change, and what as none.
CHANGE, STILL = 0.25, 0.05
# A term that holds more than this share of what all terms give, whatever their signs, leaves the others without a say.
DOMINATING = 0.8


@dataclass(frozen=True)
class TermStory:
    """Something that a term did in failed episodes.

    Attributes:
        term: Its name.
        what: ``shrinks``: it was higher before. ``stalls``: it stays below what it could reach, for half of an episode
            at least. ``dominates``: it holds most of what all terms give. ``constant``: it never changes at all.
        values: Its mean in each tenth of an episode, (10,).
        since: The tenth from which on it did so, from 0; for ``shrinks``, where it leaves its best.
        within_reach: What it has at the end of successes; without successes, the most that it ever had.
        share: Its part of what all terms give, whatever their signs.
    """

    term: str
    what: Literal["shrinks", "stalls", "dominates", "constant"]
    values: tuple[float, ...]
    since: int
    within_reach: float
    share: float


def term_stories(
    failed: Sequence[Mapping[str, np.ndarray]], others: Sequence[Mapping[str, np.ndarray]], succeeded: Sequence[int]
) -> tuple[TermStory, ...]:
    """What the terms did.

    Args:
        failed: The terms of each failed episode, (T,) by name.
        others: Those of all other episodes.
        succeeded: Which of these are successes.
    """
    weight = {name: float(np.concatenate([np.abs(each[name]) for each in failed]).mean()) for name in failed[0]}
    whole = sum(weight.values()) or 1.0
    stories = [
        story
        for name in failed[0]
        for story in _stories(
            name,
            [each[name] for each in failed],
            [each[name] for each in others],
            [others[index][name] for index in succeeded],
            weight[name] / whole,
        )
    ]
    # A reward of one term is dominated by it, and that says nothing.
    return tuple(story for story in stories if story.what != "dominates" or len(weight) > 1)


def _stories(
    name: str,
    failed: Sequence[np.ndarray],
    others: Sequence[np.ndarray],
    succeeded: Sequence[np.ndarray],
    share: float,
) -> list[TermStory]:
    every = np.concatenate([*failed, *others])
    spread, most = float(np.ptp(every)), float(every.max())
    profile = np.mean([tenths(values) for values in failed], axis=0)
    reach = float(np.mean([tenths(values)[-1] for values in succeeded])) if succeeded else most

    def story(what: Literal["shrinks", "stalls", "dominates", "constant"], tenth: int) -> TermStory:
        return TermStory(name, what, tuple(map(float, profile)), tenth, reach + 0.0, share)

    found = [story("dominates", 0)] if share > DOMINATING else []
    if spread <= 1e-6 * max(1.0, abs(most)):
        return [*found, story("constant", 0)]
    if profile.max() - profile[-1] > CHANGE * spread:
        return [*found, story("shrinks", left(profile, profile.max(), STILL * spread))]
    still = since(profile, STILL * spread)
    if still <= TENTHS // 2 and reach - profile[-1] > CHANGE * spread:
        return [*found, story("stalls", still)]
    return found
