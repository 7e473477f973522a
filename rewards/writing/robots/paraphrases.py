"""The phrases of a task that the packaged sentence model compares unknown ones with."""

from functools import lru_cache

import numpy as np

from telic.rewards.writing.minilm import load_model, model_folder
from telic.rewards.writing.nearest import phrase_vectors
from telic.rewards.writing.paraphrase import Paraphrases
from telic.rewards.writing.robots.repertoire import refused_phrases, repertoire


@lru_cache(maxsize=4)
def paraphrases_of(task: str) -> Paraphrases | None:
    """The example phrases of a task in the packaged model's space, or None if the model is not installed."""
    folder = model_folder()
    if folder is None:
        return None
    model, own, refused = load_model(folder), repertoire(task).examples, refused_phrases()
    vectors = [model.embed([phrase for _, phrase in own]), phrase_vectors(model, refused)]
    return Paraphrases(model, (*own, *(("none", phrase) for phrase in refused)), np.concatenate(vectors))
