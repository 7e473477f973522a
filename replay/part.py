"""Parts of a store: training and holdout episodes."""

import numpy as np

from telic.replay.column import Column
from telic.replay.episode_table import NUMBER
from telic.replay.errors import ReplayError
from telic.replay.reader import Reader
from telic.replay.reward import Reward
from telic.replay.storage import Storage

# Episodes are divided in groups, so that each part has its share of them however few or many there are.
_GROUP = 10


class Part(Reader):
    """Some episodes of a store, to be read like the store itself.

    To which part an episode belongs depends on its number and the seed alone. So a part grows with the store, and what
    was held out once is held out for ever.
    """

    def __init__(self, whole: Reader, share: float, seed: int, rest: bool) -> None:
        """Take a share of the episodes of a store, or the rest."""
        super().__init__()
        self._whole = whole
        self._share = share
        self._seed = seed
        self._rest = rest

    @property
    def ring(self) -> Storage:
        """The storage beneath."""
        return self._whole.ring

    def column(self, reward: Reward | Column | str) -> Column:
        """The store's column of a reward, up to date."""
        return self._whole.column(reward)

    def episode_rows(self) -> np.ndarray:
        """Rows of the episode table, (E,) int64."""
        rows = self._whole.episode_rows()
        return rows[chosen(self.ring.table[rows, NUMBER], self._share, self._seed) != self._rest]


def split(whole: Reader, share: float, seed: int) -> tuple[Part, Part]:
    """A part with a share of the episodes, and one with the others.

    Raises:
        ReplayError: If the share is out of range.
    """
    if not 0.0 < share < 1.0:
        raise ReplayError(f"train {share}; allowed: more than 0 and less than 1")
    return Part(whole, share, seed, rest=False), Part(whole, share, seed, rest=True)


def chosen(numbers: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Which episodes, by number (E,), belong to a share: nearly exactly so many of each `_GROUP` neighbours, (E,) bool.

    Which ones of a group is a matter of chance.
    """
    group = numbers // _GROUP
    members = group[:, None] * _GROUP + np.arange(_GROUP)
    rank = (_mix(members, seed) < _mix(numbers, seed)[:, None]).sum(axis=1)
    # The shares of the groups before this one are rounded, so that the sums over groups are as near as can be.
    quota = np.floor((group + 1) * _GROUP * share + 1e-9) - np.floor(group * _GROUP * share + 1e-9)
    return rank < quota


def _mix(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Numbers that look random, uint64: SplitMix64 (Steele, Lea and Flood, 2014)."""
    z = numbers.astype(np.uint64) + np.uint64(seed * 0xD1342543DE82EF95 % 2**64)
    z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
