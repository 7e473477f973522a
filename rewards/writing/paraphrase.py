"""Which act a phrase means, by the nearest of the example phrases in the sentence model's space."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from telic.rewards.writing.examples import example_vectors, load_examples, masked
from telic.rewards.writing.minilm import SentenceModel, load_model, model_folder

# A phrase is taken for an act if its score there is at least `THRESHOLD` and above the score of `none` by a margin.
# Chosen on the calibration part of tests/rewards/writer_corpus.toml.
THRESHOLD = 0.55
# The words name no act, but the phrase has a height, a way, an angle, ... of a flight.
MARGIN = 0.05
# They name no act, and there is nothing else to go by; or they name an act, and something else besides.
WIDE_MARGIN = 0.1
# They name a figure, so that only what flies it is in question.
FIGURE_MARGIN = 0.0

# A score is the mean similarity of the nearest examples of an act: one example alone is too easily near by chance.
_NEAREST = 2
_NONE = "none"


@dataclass(frozen=True)
class Likeness:
    """How near a phrase is to an act.

    Attributes:
        act: The act, or ``none``.
        example: The nearest example of it.
        score: Mean cosine similarity of the nearest examples, at most 1.
    """

    act: str
    example: str
    score: float


class Paraphrases:
    """Example phrases in the sentence model's space."""

    def __init__(self, model: SentenceModel, examples: Sequence[tuple[str, str]], vectors: np.ndarray) -> None:
        """Keep the examples.

        Args:
            model: Compares meanings.
            examples: Each phrase after the act that it stands for; some stand for ``none``.
            vectors: Their unit vectors (examples, 384).
        """
        self._model = model
        self._phrases = [phrase for _, phrase in examples]
        self._acts = np.array([act for act, _ in examples])
        self._vectors = vectors

    def rank(self, phrase: str) -> list[Likeness]:
        """All acts and ``none``, the nearest first.

        Args:
            phrase: Canonical, plain text.
        """
        similarity = self._vectors @ self._model.embed([masked(phrase)])[0]
        ranking = []
        for act in dict.fromkeys(self._acts.tolist()):
            own = np.flatnonzero(self._acts == act)
            nearest = own[np.argsort(-similarity[own])[:_NEAREST]]
            ranking.append(Likeness(act, self._phrases[nearest[0]], float(similarity[nearest].mean())))
        return sorted(ranking, key=lambda likeness: -likeness.score)

    def act(self, phrase: str, margin: float = MARGIN) -> Likeness | None:
        """The act that a phrase means, or None if it is not near enough to one.

        Args:
            phrase: Canonical, plain text.
            margin: By how much the act's score must be above that of `none`.
        """
        ranking = self.rank(phrase)
        none = next(likeness.score for likeness in ranking if likeness.act == _NONE)
        best = next(likeness for likeness in ranking if likeness.act != _NONE)
        return best if best.score >= THRESHOLD and best.score - none >= margin else None


@lru_cache(maxsize=1)
def packaged_paraphrases() -> Paraphrases | None:
    """The examples in the packaged model's space, or None if the model is not installed."""
    folder = model_folder()
    if folder is None:
        return None
    model = load_model(folder)
    return Paraphrases(model, load_examples(), example_vectors(model))
