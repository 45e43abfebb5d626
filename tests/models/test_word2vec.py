"""word2vec: the defaults of the original tool, the same vectors again from a seed, and vectors that mean something."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pytest

from stategrad.errors import InvalidInputError, UnavailableError
from stategrad.models.word2vec import train_word2vec

SMALL = {"size": 8, "min_count": 1, "show_progress": False}


def two_topics(sentences: int = 1500) -> list[list[str]]:
    """Sentences of one of two sets of words, drawn alike."""
    rng = np.random.default_rng(0)
    return [[f"{'ab'[n % 2]}{word}" for word in rng.integers(0, 10, 8)] for n in range(sentences)]


def test_words_of_one_topic_lie_together() -> None:
    pytest.importorskip("gensim")
    found = train_word2vec(two_topics(), **SMALL, sample=0.0)
    unit = found.vectors / np.linalg.norm(found.vectors, axis=1, keepdims=True)
    first = np.array([word[0] == "a" for word in found.words])
    cosines = unit @ unit.T
    within = cosines[first][:, first][~np.eye(first.sum(), dtype=bool)]
    assert within.min() > cosines[first][:, ~first].max()


def test_a_seed_gives_the_same_vectors_again_and_another_gives_others() -> None:
    pytest.importorskip("gensim")
    one, again, other = (train_word2vec(two_topics(200), **SMALL, seed=seed) for seed in (1, 1, 2))
    assert one.words == again.words
    assert np.array_equal(one.vectors, again.vectors)
    assert not np.allclose(one.vectors, other.vectors)


def test_gensim_is_told_the_defaults_of_the_original_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    models = pytest.importorskip("gensim.models")
    told: dict[str, object] = {}

    class Told(models.Word2Vec):
        def __init__(self, **options: object) -> None:
            told.update(options)
            super().__init__(**options)

    monkeypatch.setattr(models, "Word2Vec", Told)
    train_word2vec(two_topics(100), 4, show_progress=False)
    assert told == {
        "vector_size": 4, "min_count": 5, "window": 5, "negative": 5, "sample": 1e-3, "epochs": 5, "alpha": 0.05,
        "min_alpha": pytest.approx(5e-6), "sg": 0, "hs": 0, "cbow_mean": 1, "workers": 1, "seed": 0,
    }  # fmt: skip


def test_the_text_is_streamed_and_long_sentences_are_read_to_their_ends() -> None:
    pytest.importorskip("gensim")
    held = []

    class Text:
        def __iter__(self) -> Iterator[list[str]]:
            held.append(0)
            for number in range(20):
                held[-1] = number
                yield ["x"] * 12_000 + [f"last{number}"]

    found = train_word2vec(Text(), 2, min_count=1, iterations=2, show_progress=False)
    assert held == [19, 19, 19], "once to count, and once per iteration"
    assert set(found.words) == {"x", *(f"last{number}" for number in range(20))}


def test_rare_words_are_left_out() -> None:
    pytest.importorskip("gensim")
    sentences = [["often", "rare"], *[["often"]] * 4]
    assert train_word2vec(sentences, 2, min_count=5, show_progress=False).words == ("often",)
    with pytest.raises(InvalidInputError, match="no word of the text occurs 6 times"):
        train_word2vec(sentences, 2, min_count=6, show_progress=False)


def test_all_faults_of_a_request_are_named() -> None:
    pytest.importorskip("gensim")
    with pytest.raises(InvalidInputError) as error:
        train_word2vec(iter([["a"]]), 0, alpha=0.0, sample=1.0, show_progress=False)
    assert str(error.value).startswith("4 problems with word2vec: size is 0; give at least 1")
    for sentence in ("alpha is 0.0; give a number above 0", "sample is 1.0; give a share", "sentences can be read only once"):
        assert sentence in str(error.value)


def test_an_absent_gensim_is_named_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(UnavailableError, match=r"pip install 'stategrad\[word2vec\]'"):
        train_word2vec([["a"]], 2)
