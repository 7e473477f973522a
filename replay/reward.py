"""What the replay asks of a reward: a pure, batched function from stored facts to named terms."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Reward(Protocol):
    """A question asked of the facts.

    Inputs are named arrays with any leading batch shape. A plain name (``position``, ``action``) is the state in which
    the action was chosen; ``next_position`` is the state that it led to; ``terminated`` is 1.0 where that state ended
    the episode.
    """

    @property
    def fingerprint(self) -> str:
        """A hash of everything that decides the values; it names the reward's column in a replay."""
        ...

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the arrays that the reward reads."""
        ...

    def terms(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The named terms, each of the batch shape; the reward is their sum."""
        ...
