"""How a search goes."""

from dataclasses import dataclass

import numpy as np

from telic.control.flights import HELD_OUT_SEEDS


@dataclass(frozen=True)
class SearchConfig:
    """How a search goes.

    Attributes:
        candidates: New programs of each island in each round.
        rounds: How often programs are written and trained.
        islands: Populations that evolve apart.
        migrate_every: After so many rounds each island adopts its neighbour's champion, if that is better.
        steps: Training budget of one policy [control steps].
        rungs: Stages of successive halving; the last has the whole budget.
        keep: Of every so many candidates one goes on to the next rung, whose budget is as many times larger.
        seeds: Policies that each candidate trains at a rung; the seeds are the same for all candidates.
        finalists: The best of all candidates, which are trained with more seeds before one of them is the winner: the
            best of many on few seeds is good and lucky.
        playoff_seeds: These further seeds.
        final_seeds: Policies that the winner trains afresh, and the task's own reward beside it.
        episodes: Held-out episodes of each policy.
        seed: Of everything random.
    """

    candidates: int = 4
    rounds: int = 3
    islands: int = 2
    migrate_every: int = 2
    steps: int = 50_000
    rungs: int = 2
    keep: int = 2
    seeds: int = 2
    finalists: int = 3
    playoff_seeds: int = 3
    final_seeds: int = 5
    episodes: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        least = {"keep": 2, "seed": 0, "playoff_seeds": 0}
        for name, value in vars(self).items():
            if value < least.get(name, 1):
                raise ValueError(f"{name} is {value}; allowed: {least.get(name, 1)} and more")

    @property
    def budgets(self) -> tuple[int, ...]:
        """Steps of each rung."""
        return tuple(max(1, self.steps // self.keep**above) for above in reversed(range(self.rungs)))

    @property
    def training_seeds(self) -> tuple[int, ...]:
        """Seeds of all trainings of the search."""
        return self._drawn(1, self.seeds)

    @property
    def finalist_seeds(self) -> tuple[int, ...]:
        """Seeds of the finalists: those of the search, and more."""
        return self._drawn(1, self.seeds + self.playoff_seeds)

    @property
    def fresh_seeds(self) -> tuple[int, ...]:
        """Seeds of the last comparison, in which nothing is chosen any more."""
        return self._drawn(2, self.final_seeds)

    @property
    def held_out(self) -> tuple[int, int]:
        """Seeds of the episodes by which is chosen, and of those of the last comparison."""
        chosen, last = self._drawn(3, 2)
        return chosen, last

    def sample(self, round_: int, island: int, number: int) -> int:
        """Which of several answers to one question a candidate asks for: no two ask for the same."""
        return (round_ * self.islands + island) * self.candidates + number

    def _drawn(self, purpose: int, count: int) -> tuple[int, ...]:
        """Different whole numbers that are the same for the same seed."""
        drawn: dict[int, None] = {}
        rng = np.random.default_rng([self.seed, purpose])
        while len(drawn) < count:
            drawn[int(rng.integers(HELD_OUT_SEEDS))] = None
        return tuple(drawn)
