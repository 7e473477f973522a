"""A trial: one policy trained for a program, and measured on held-out episodes. What was tried is never tried again."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from telic.control.policy import PolicyWeights
from telic.control.search.costs import CostBook
from telic.control.search.fitness import Fitness
from telic.control.search.folder import SearchFolder, read_json, write_json
from telic.control.search.trainer import FITNESS, LENGTH, Row, Trainer
from telic.rewards.program import RewardProgram

logger = logging.getLogger(__name__)

# Held-out episodes at each checkpoint of a training: few, as they only draw a curve.
PROBED = 8


@dataclass(frozen=True)
class Trial:
    """What one training came to.

    Attributes:
        name: Of its files.
        seed: Of training.
        steps: Its budget [control steps].
        scores: Fitness of each held-out episode of the last policy (N,); empty if training failed.
        curve: Rows over training, see `trainer.Training`.
        env_steps: Control steps that were simulated.
        failed: Why there is no policy; empty if there is one.
    """

    name: str
    seed: int
    steps: int
    scores: NDArray[np.float64]
    curve: tuple[Row, ...]
    env_steps: int
    failed: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**vars(self), "scores": self.scores.tolist(), "curve": list(self.curve)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Trial":
        """A trial from plain data.

        Raises:
            TypeError: If something is missing.
        """
        return cls(**{**data, "scores": np.array(data["scores"], np.float64), "curve": tuple(data["curve"])})


class Trials:
    """Trains and measures, or reads what was trained and measured before."""

    def __init__(self, trainer: Trainer, fitness: Fitness, episodes: int, folder: SearchFolder, book: CostBook) -> None:
        """Prepare.

        Args:
            trainer: Who trains.
            fitness: What a policy is worth.
            episodes: Held-out episodes of each policy.
            folder: Where trials are kept.
            book: Where their costs are counted.
        """
        self._trainer, self._fitness, self._episodes = trainer, fitness, episodes
        self._folder, self._book = folder, book

    def __call__(self, program: RewardProgram, seed: int, steps: int, held_out: int) -> Trial:
        """Train a policy and measure it.

        Args:
            program: The reward to learn from.
            seed: Of training.
            steps: Budget of training.
            held_out: Seed of the episodes by which it is measured.
        """
        name = f"{program.fingerprint[:16]}-{steps}-{seed}-{held_out}"
        path = self._folder.trial(name)
        if path.is_file():
            return Trial.from_dict(read_json(path))
        start = time.perf_counter()
        trial = self._try(name, program, seed, steps, held_out)
        write_json(path, trial.to_dict())
        self._book.train(trial.env_steps, time.perf_counter() - start)
        # As it will be read: a resumed search goes on from the same numbers.
        return Trial.from_dict(read_json(path))

    def weights(self, trial: Trial) -> PolicyWeights:
        """The policy of a trial that did not fail."""
        return PolicyWeights.load(self._folder.weights(trial.name))

    def _try(self, name: str, program: RewardProgram, seed: int, steps: int, held_out: int) -> Trial:
        def probe(weights: PolicyWeights) -> dict[str, float]:
            found = self._fitness(weights, PROBED, held_out)
            return {FITNESS: float(found.scores.mean()), LENGTH: float(found.steps.mean())}

        try:
            training = self._trainer(program, seed, steps, probe)
            measured = self._fitness(training.weights, self._episodes, held_out)
        # A reward that is not finite on the way, or learning that diverges, is a finding about the program.
        except (ValueError, ArithmeticError) as error:
            logger.info("training %s failed: %s", name, error)
            return Trial(name, seed, steps, np.empty(0), (), 0, str(error))
        weights = self._folder.weights(name)
        partial = weights.with_suffix(".partial")
        weights.parent.mkdir(parents=True, exist_ok=True)
        training.weights.save(partial)
        partial.replace(weights)
        return Trial(name, seed, steps, measured.scores, training.curve, training.steps)
