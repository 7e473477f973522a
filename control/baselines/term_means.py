"""What each term of the reward came to while a learner of another library acted."""

from collections.abc import Mapping
from typing import Any

import numpy as np


class TermMeans:
    """Averages the terms of the rewards per step, over all environments, from one row of a history to the next."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._steps = 0

    def add(self, info: Mapping[str, Any]) -> None:
        """Count one step of all environments; an info without terms counts as nothing."""
        terms = info.get("reward_terms")
        if not terms:
            return
        self._steps += 1
        for name, values in terms.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(np.mean(values))

    def take(self) -> dict[str, float]:
        """Return the means since the last time, and begin anew."""
        means = {name: total / self._steps for name, total in self._sums.items()}
        self._sums, self._steps = {}, 0
        return means
