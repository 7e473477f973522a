"""How candidates stand: what their policies came to under one budget, and who goes on to the next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from telic.control.search.trial import Trial
from telic.control.statistics import nested_mean
from telic.rewards.ranking import Interval


@dataclass(frozen=True)
class Standing:
    """What a candidate's policies came to under one budget.

    Attributes:
        name: The candidate.
        steps: Budget of each policy [control steps].
        trials: One for each seed; the seeds are the same for all candidates.
    """

    name: str
    steps: int
    trials: tuple[Trial, ...]

    @property
    def failed(self) -> str:
        """Why a training failed; empty if none did."""
        return next((trial.failed for trial in self.trials if trial.failed), "")

    @property
    def scores(self) -> NDArray[np.float64]:
        """Fitness of each held-out episode of each last policy (S, N)."""
        return np.stack([trial.scores for trial in self.trials])

    @property
    def score(self) -> float:
        """Mean fitness of the last policies; minus infinity if a training failed.

        It is not the best checkpoint, nor the best seed: the maximum of noisy figures rewards noise.
        """
        return -np.inf if self.failed else float(self.scores.mean())

    def interval(self, seed: int) -> Interval | None:
        """The score with its interval; None if a training failed."""
        return None if self.failed else nested_mean(self.scores, np.random.default_rng(seed))


# Trains a candidate, by name, with a budget, and with all seeds.
Assess = Callable[[str, int], Standing]


def halve(names: Sequence[str], budgets: Sequence[int], keep: int, assess: Assess) -> tuple[tuple[Standing, ...], ...]:
    """Successive halving (K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification", 2016).

    A budget is trained from the start at each rung: schedules of learning rates belong to a whole training, and a rung
    then has no state to resume. It costs at most one part in `keep` more than going on would.

    Args:
        names: The candidates.
        budgets: Of the rungs, the least first.
        keep: Of every so many candidates one goes on.
        assess: Trains a candidate.

    Returns:
        For each rung its standings, the best first; equals in the order of `names`.
    """
    rungs: list[tuple[Standing, ...]] = []
    for rung, budget in enumerate(budgets):
        standings = sorted((assess(name, budget) for name in names), key=lambda standing: -standing.score)
        rungs.append(tuple(standings))
        good = [standing.name for standing in standings if not standing.failed]
        names = good[: -(-len(good) // keep)] if rung + 1 < len(budgets) else good
        if not names:
            break
    return tuple(rungs)


def last_standings(rungs: Sequence[Sequence[Standing]]) -> Mapping[str, Standing]:
    """For each candidate its standing at the highest rung that it reached."""
    return {standing.name: standing for rung in rungs for standing in rung}
