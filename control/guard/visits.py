"""What a policy goes through, on one clock: the basis on which policies are compared by their occupancy.

All episodes are given the same number of steps. What comes after an episode that was lost earns nothing and is a place
of its own, "lost"; what comes after one that was cut early is unknown, and does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from telic.replay.reward import Reward
from telic.rewards.evidence import Evidence
from telic.rewards.program import RewardProgram


@dataclass(frozen=True)
class Visits:
    """The steps of E whole episodes over T steps of time.

    Attributes:
        known: The episodes.
        horizon: T, at least the length of the longest.
    """

    known: Evidence
    horizon: int

    def __post_init__(self) -> None:
        if self.horizon < self.known.length.max():
            raise ValueError(f"horizon is {self.horizon}; the longest episode has {self.known.length.max()} steps")

    @cached_property
    def alive(self) -> np.ndarray:
        """Where an episode still goes on, (E, T) bool."""
        return np.arange(self.horizon) < self.known.length[:, None]

    @cached_property
    def counts(self) -> np.ndarray:
        """Where it is known what is earned: while an episode goes on, and once it is lost, (E, T) bool."""
        return self.alive | self.known.terminated[:, None]

    def rewards(self, reward: Reward) -> np.ndarray:
        """What each step earns, (E, T) float64, zero from the end on.

        Raises:
            RewardError: If a program is not finite somewhere.
            ReplayError: If the reward reads what is not stored.
        """
        return self._padded(self.known.rewards(reward))

    def success(self, program: RewardProgram) -> np.ndarray:
        """Whether each step is in success, (E, T) float64, zero from the end on."""
        held = program.success(self.inputs(program.success_inputs))
        if held is None:
            raise ValueError(f"the reward {program.path} does not say what success is: give it a function `success`")
        return self._padded(np.split(held, np.cumsum(self.known.length)[:-1]))

    def inputs(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """What a reward reads of all steps, episode after episode: arrays (sum of lengths, *shape)."""
        read: list[dict[str, np.ndarray]] = []
        for part, slots in zip(self.known.part.tolist(), self.known.slots, strict=True):
            read.append(self.known.stored[part].replay.read(slots).inputs(names))
        return {name: np.concatenate([each[name] for each in read]) for name in names}

    def _padded(self, values: Sequence[np.ndarray]) -> np.ndarray:
        out = np.zeros((len(self.known), self.horizon))
        for row, steps in zip(out, values, strict=True):
            row[: len(steps)] = steps
        return out


def read_by(*rewards: Reward) -> tuple[str, ...]:
    """Names of what any of some rewards reads: all that occupancies need to tell apart for the certificate to hold.

    A bound from the occupancy of what the rewards read is as true as one from the occupancy of states: both rewards are
    functions of the one and of the other. It is the tighter one, as two distributions come no closer by looking at
    more.
    """
    return tuple(dict.fromkeys(name for reward in rewards for name in reward.inputs))
