"""The supported sentences nearest to one that was refused."""

import re
from functools import lru_cache

import numpy as np

from telic.rewards.writing.minilm import HINT, SentenceModel, load_model, model_folder

SUPPORTED = (
    "hover one metre above the ground and hold still",
    "hold position at x=1, y=-0.5, z=1.2",
    "climb to 2 m",
    "descend by 30 cm",
    "fly forward 1 m",
    "go to (1, 0, 1)",
    "move 1 m to the left, then 50 cm up",
    "fly a figure eight two metres wide, one metre above the ground",
    "fly a circle with a radius of 1 m at 0.5 m/s",
    "fly an ellipse 2 m by 1 m",
    "fly a square with 1 m sides",
    "visit (0, 0, 1), (1, 0, 1) and (1, 1, 1.5)",
    "hover and face left",
    "turn 45 degrees to the right",
    "spin at 30 degrees per second",
)
_SHOWN = 3


def nearest_sentences(
    sentence: str, supported: tuple[str, ...] = SUPPORTED, *, use_model: bool = True
) -> tuple[tuple[tuple[str, float], ...], str]:
    """The supported sentences nearest to a sentence, with their similarity, and a hint if the model is missing.

    Args:
        sentence: Any text.
        supported: What to choose from.
        use_model: Compare meanings with the sentence model; without it, or if it is not installed, compare words.
    """
    folder = model_folder() if use_model else None
    if folder is None:
        ranking = [(other, _overlap(sentence, other)) for other in supported]
    else:
        model = load_model(folder)
        similarity = phrase_vectors(model, supported) @ model.embed([sentence])[0]
        ranking = list(zip(supported, similarity.tolist(), strict=True))
    ranking.sort(key=lambda item: -item[1])
    return tuple(
        (text, round(value, 3)) for text, value in ranking[:_SHOWN]
    ), HINT if use_model and folder is None else ""


@lru_cache(maxsize=4)
def phrase_vectors(model: SentenceModel, sentences: tuple[str, ...]) -> np.ndarray:
    """Unit vectors (sentences, 384); those of the latest lists stay in memory."""
    return model.embed(sentences)


def _overlap(a: str, b: str) -> float:
    """Shared words over all words."""
    first, second = set(re.findall(r"\w+", a.lower())), set(re.findall(r"\w+", b.lower()))
    return len(first & second) / max(1, len(first | second))
