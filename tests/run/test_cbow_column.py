"""Linear separability on cbow vectors of a run's own text, beside its jointly trained embeddings: the paper's table 2."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from run.tiny import TINY
from stategrad.corpus.tags import classes_of
from stategrad.errors import UnavailableError
from stategrad.models import word2vec
from stategrad.probes.separability import separability
from stategrad.run import embeddings
from stategrad.run.embedding_texts import CorpusSentences
from stategrad.run.run import Run

SMALL = dataclasses.replace(
    TINY,
    corpus=dataclasses.replace(TINY.corpus, tokens=6_000),
    probe=dataclasses.replace(TINY.probe, splits=1, cbow=True),
)


def probed(folder, config=SMALL):
    run = Run(config, folder, show_progress=False)
    run.execute(["train", "probe"])
    return run


def test_both_kinds_of_vectors_are_searched_and_the_second_are_those_of_the_text(tmp_path):
    pytest.importorskip("gensim")
    run = probed(tmp_path / "run")
    own, cbow = (pd.read_csv(run.folder.measures_path(name)) for name in ("separability", "separability_cbow"))
    assert list(own["row"]) == list(cbow["row"])
    assert list(own["types"]) == list(cbow["types"])
    assert own["valid"].dropna().tolist() != cbow["valid"].dropna().tolist()
    corpus = run.corpus
    words = corpus.vocabulary.words
    sentences = CorpusSentences(corpus.train)
    trained = word2vec.train_word2vec(sentences, SMALL.network.embedding_size, min_count=1, show_progress=False)
    rows = dict(zip(trained.words, trained.vectors, strict=True))
    vectors = np.array([rows.get(word, np.zeros(SMALL.network.embedding_size)) for word in words], dtype=np.float64)
    pairs = corpus.lexicon.typed_pairs(corpus.vocabulary)
    assert all(words[number] in rows for number, _ in pairs)
    again = separability(
        vectors, pairs, lambda tag: classes_of(tag, corpus.lexicon.tag_set), config=SMALL.probe, show_progress=False
    )
    np.testing.assert_allclose(again.to_frame()["valid"], cbow["valid"])


def test_without_gensim_it_is_said_and_the_rest_is_measured(tmp_path, monkeypatch):
    def absent(*args, **kwargs):
        raise UnavailableError("gensim is not installed; pip install stategrad[word2vec].")

    said = []
    monkeypatch.setattr(embeddings, "train_word2vec", absent)
    monkeypatch.setattr(Run, "say", lambda run, text: said.append(text))
    run = probed(tmp_path / "run")
    assert run.folder.measures_path("separability").is_file()
    assert not run.folder.measures_path("separability_cbow").exists()
    assert any(text.startswith("probe: without cbow vectors of the text: gensim is not installed") for text in said)


def test_a_run_that_no_longer_asks_for_them_has_none(tmp_path):
    pytest.importorskip("gensim")
    folder = tmp_path / "run"
    assert probed(folder).folder.measures_path("separability_cbow").is_file()
    without = dataclasses.replace(SMALL, probe=dataclasses.replace(SMALL.probe, cbow=False))
    assert not probed(folder, without).folder.measures_path("separability_cbow").exists()
