"""The example phrases of each act, and their vectors in the sentence model's space.

The vectors are packaged beside the phrases, because a thousand phrases take seconds to embed. They carry a hash of the
phrases: whoever edits `examples.toml` gets them computed anew, until `store_vectors` writes them again.
"""

import hashlib
import re
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from telic.rewards.writing.idioms import english, plain
from telic.rewards.writing.minilm import SentenceModel
from telic.rewards.writing.quantity import canonical
from telic.rewards.writing.vocabulary import SHAPES, Act

_FOLDER = Path(__file__).parent
_VECTORS = _FOLDER / "examples.safetensors"

# Numbers say nothing about the act: they are left out with the small words before them. A point stays, as a word.
_NUMBERS = re.compile(r"\b(?:(?:by|of|at|to|for|in|with|from|about|per|every|until|than) )*[LATVRN]\d+\b ?")
_POINT = re.compile(r"\b(?:(?:the|a) )?(?:points? |positions? |coordinates? )?P\d+\b")


@lru_cache(maxsize=1)
def load_examples() -> tuple[tuple[Act, str], ...]:
    """Each example phrase after the act that it stands for; ``none`` is the act of what must be refused."""
    data = tomllib.loads((_FOLDER / "examples.toml").read_text(encoding="utf-8"))
    examples = [(act, phrase) for act, phrases in data["examples"].items() for phrase in phrases]
    ways: dict[str, list[str]] = data["ways"]
    for way in ways["ways"]:
        act = next((SHAPES[word] for word in canonical(way).text.split() if word in SHAPES), "move")
        examples += [(act, f"{verb} {way}") for verb in ways["move"]]
        examples += [("none", f"{verb} {way}") for verb in ways["none"]]
    return tuple(examples)


def masked(text: str) -> str:
    """Canonical, plain text as English without its numbers: what the sentence model sees."""
    text = english(_POINT.sub("the point", _NUMBERS.sub("", text)))
    return re.sub(r" (?=[,;.])", "", text).strip(" ,;.")


def example_vectors(model: SentenceModel) -> np.ndarray:
    """Unit vectors (examples, 384) of the example phrases: the packaged ones if they are of these phrases."""
    from safetensors import safe_open

    phrases = _masked_examples()
    if _VECTORS.is_file():
        with safe_open(_VECTORS, framework="np") as file:
            if (file.metadata() or {}).get("phrases") == _digest(phrases):
                return file.get_tensor("vectors").astype(np.float32)
    return model.embed(phrases)


def store_vectors(model: SentenceModel) -> None:
    """Write the packaged vectors; for whoever edits the examples."""
    from safetensors.numpy import save_file

    phrases = _masked_examples()
    vectors = np.ascontiguousarray(model.embed(phrases).astype(np.float16))
    save_file({"vectors": vectors}, _VECTORS, metadata={"phrases": _digest(phrases)})


def _masked_examples() -> list[str]:
    return [masked(plain(canonical(phrase).text)) for _, phrase in load_examples()]


def _digest(phrases: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(phrases).encode()).hexdigest()
