"""A search on cart-pole that takes seconds: its trainer does not learn, but everything around it is real."""

import contextlib
import hashlib

import numpy as np
from writer_model import SENTENCE

from telic.control.make import reward_for
from telic.control.policy import Dense, PolicyWeights
from telic.control.search.config import SearchConfig
from telic.control.search.fitness import Measured
from telic.control.search.folder import SearchFolder
from telic.control.search.search import Search, SearchSetup
from telic.control.search.trainer import Training
from telic.rewards.llm.budget import Metered
from telic.rewards.llm.prompt import TaskDescription
from telic.rewards.llm.writer import RewardWriter, WriterConfig

SMALL = SearchConfig(
    candidates=3,
    rounds=2,
    islands=2,
    migrate_every=1,
    steps=1000,
    finalists=2,
    playoff_seeds=2,
    final_seeds=3,
    episodes=8,
)


class Drawn:
    """Draws a balancing policy in place of training one: the same for the same program, seed and budget."""

    identity = {"learner": "drawn"}  # noqa: RUF012

    def __init__(self, fails_on="", stops_after=None):
        self.fails_on, self.stops_after, self.trainings = fails_on, stops_after, []

    def objections(self, program):
        return []

    def __call__(self, program, seed, steps, probe):
        if len(self.trainings) == self.stops_after:
            raise KeyboardInterrupt
        self.trainings.append((program.fingerprint, seed, steps))
        if self.fails_on and self.fails_on in program.term_names:
            raise ArithmeticError("learning diverged")
        key = hashlib.sha256(f"{program.fingerprint} {steps} {seed}".encode()).digest()
        rng = np.random.default_rng(list(key))
        # Position, cosine, sine, velocity, angular velocity; larger budgets are better policies.
        gains = np.array([0.1, 0.0, 2.0, 0.2, 1.0]) * rng.uniform(0.0, 1.0 if steps > 500 else 0.5, 5)
        zero, one = np.zeros(5, np.float32), np.ones(5, np.float32)
        layer = Dense(gains[None].astype(np.float32), np.zeros(1, np.float32), "identity")
        weights = PolicyWeights((layer,), zero, one, None)
        terms = {name: float(rng.normal()) for name in program.term_names}
        rows = tuple({"step": step, "terms": terms, **probe(weights)} for step in (steps // 2, steps))
        return Training(weights, rows, steps)


class Balance:
    """Tells the worth of a drawn policy from its gains, without a world."""

    kind = "success"

    def __call__(self, weights, episodes, seed):
        rng = np.random.default_rng(seed)
        worth = float(np.tanh(weights.layers[0].weight.sum() / 4.0))
        scores = np.clip(worth + rng.normal(0.0, 0.05, episodes), 0.0, 1.0)
        return Measured(scores, np.full(episodes, 50))


@contextlib.contextmanager
def silent(name):
    yield lambda news: None


def searched(task, model, folder, trainer=None, check=None, config=None, **options):
    """A search that was prepared, but not begun."""
    own = reward_for(task)
    described = TaskDescription(task.name, task.description, tuple(task.schema))
    writer = RewardWriter(model, WriterConfig("scripted", 1.0, rounds=3), described, check or refuse_spinning)
    setup = SearchSetup(SENTENCE, task, own, Balance(), writer, trainer or Drawn(), **options)
    usage = (lambda: model.usage) if isinstance(model, Metered) else None
    config = config or SMALL
    return Search(setup, config, SearchFolder(folder), silent, *([usage] if usage else []))


def refuse_spinning(program):
    """A stand-in for the gate, which has tests of its own."""
    wrong = "spin" in program.term_names or "1.0 - pole_direction" in program.source
    return ["failure: a success earns less than a failure"] if wrong else []


def files_of(folder):
    """Everything that a search keeps, apart from what it took."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("costs.json", "family.html")
    }
