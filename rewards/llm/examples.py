"""The packaged reward programs as examples for a language model: the nearest to what is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np

from telic.rewards.error import RewardError
from telic.rewards.parse import parse
from telic.rewards.writing.minilm import load_model, model_folder


@dataclass(frozen=True)
class Example:
    """A reward program that is known to be good.

    Attributes:
        name: Its name in the library.
        sentence: What it rewards.
        source: Its text.
    """

    name: str
    sentence: str
    source: str


@cache
def library() -> tuple[Example, ...]:
    """The packaged programs, by name."""
    examples = []
    for path in sorted((files("telic.rewards") / "library").iterdir(), key=lambda path: path.name):
        if path.name.endswith(".py.txt"):
            source = path.read_text(encoding="utf-8")
            name = path.name.removesuffix(".py.txt")
            examples.append(Example(name, _sentence(source, name), source))
    return tuple(examples)


def nearest(sentence: str, examples: Sequence[Example], count: int) -> tuple[Example, ...]:
    """The examples whose sentences are nearest in meaning, the nearest first.

    Without the packaged sentence model, those that share most words.
    """
    return tuple(examples[index] for index in _ranked(sentence, tuple(examples))[:count])


@lru_cache(maxsize=64)
def _ranked(sentence: str, examples: tuple[Example, ...]) -> tuple[int, ...]:
    """The examples by nearness; kept, as all candidates of a search ask for the same."""
    folder = model_folder()
    if folder is None:
        words = set(sentence.lower().split())
        scores = np.array([len(words & set(example.sentence.lower().split())) for example in examples], np.float64)
    else:
        vectors = load_model(folder).embed([sentence, *(example.sentence for example in examples)])
        scores = vectors[1:] @ vectors[0]
    return tuple(np.argsort(-scores, kind="stable").tolist())


def _sentence(source: str, name: str) -> str:
    try:
        return parse(source, name).sentence
    except RewardError:
        return name.replace("_", " ")
