"""From the folder of the paper's authors to the page, with their vectors and with none."""

import dataclasses

import numpy as np
import pytest

import stategrad as sg
from corpus.authors_files import write_authors_folder
from corpus.tagged_formats import make_zip
from run.tiny import TINY
from stategrad.corpus.sources import CorpusConfig
from stategrad.corpus.verwimp_embeddings import verwimp_embeddings
from stategrad.models.embedding_settings import EmbeddingsConfig
from stategrad.models.pretrained import has_frozen_embeddings
from stategrad.report.inputs import read_run
from stategrad.report.page import render
from stategrad.report.paper import beside_paper
from stategrad.run.config import ControlsConfig, GradientsConfig, SwapConfig
from stategrad.run.run import STAGES, Run
from stategrad.run.settings import read_preset


def small(folder):
    """The preset on a folder, with tiny sizes."""
    preset = read_preset("paper-ptb-authors")
    corpus = dataclasses.replace(preset.corpus, path=str(folder))
    assert corpus == CorpusConfig("verwimp", str(folder), vocabulary_size=20_000)
    return dataclasses.replace(
        TINY,
        preset=preset.preset,
        corpus=corpus,
        embeddings=preset.embeddings,
        gradients=GradientsConfig(delays=3, blocks=6, sample=200, states=("cell",)),
        swap=SwapConfig(kinds=("unigram",), sample=100, divergence=False),
        controls=ControlsConfig(kinds=()),
        decoding=dataclasses.replace(TINY.decoding, delays=(0, 1), sample=400, seeds=2),
    )


def test_from_the_authors_files_to_the_page(tmp_path):
    folder = write_authors_folder(tmp_path / "authors", sentences=300, of_each=20)
    run = Run(small(folder), tmp_path / "run", show_progress=False)
    run.execute([name for name in STAGES if name != "report"])
    words, vectors = verwimp_embeddings(folder)
    mine = dict(zip(run.corpus.vocabulary.words, run.model.embedding.weight.detach().numpy(), strict=True))
    np.testing.assert_array_equal([mine[word] for word in words], vectors.astype(np.float32))
    assert has_frozen_embeddings(run.model)
    tables = read_run(run.folder.path)
    assert (tables.facts["embeddings"], tables.facts["embeddings_text"]) == ("pre-trained", None)
    assert set(tables.facts["embeddings_missing_words"]) == {"<eos>", "<unk>", "shop"}
    assert tables.rules == ["any"]
    page = render(tables, [], beside_paper(tables))
    assert "trained on the authors&#39; Penn Treebank text remembers" in page
    assert "The embeddings are pre-trained (the authors&#39; cbow_wsj_all.npy) and stayed as they were" in page
    assert "a word counts in every class that it can have, and no class of its most frequent tag is known" in page
    assert "the run read verwimp" not in page, "it is the paper's own text"
    assert "the run&#39;s embeddings are cbow vectors of the Wall Street Journal, the paper&#39;s here trained with" in page


def test_the_authors_vectors_are_found_in_an_archive(tmp_path):
    folder = write_authors_folder(tmp_path / "authors", sentences=300, of_each=20)
    inside, beside = (Run(small(path), tmp_path / path.name, show_progress=False)
                      for path in (make_zip(folder, tmp_path / "authors.zip"), folder))  # fmt: skip
    np.testing.assert_array_equal(inside.given_vectors.vectors, beside.given_vectors.vectors)
    assert inside.embeddings_sha256 == beside.embeddings_sha256


def test_a_folder_without_vectors_is_refused_and_does_for_the_paper_s_first_model(tmp_path):
    folder = write_authors_folder(tmp_path / "authors", sentences=300, of_each=20)
    (folder / "cbow_wsj_all.npy").unlink()
    with pytest.raises(
        sg.MissingInputError,
        match=r"holds no cbow_wsj_all.npy; give the folder of the authors' vectors, or --embeddings.source joint\.$",
    ):
        Run(small(folder), tmp_path / "run", show_progress=False).execute(["train"])
    assert not (tmp_path / "run").exists()
    joint = Run(dataclasses.replace(small(folder), embeddings=EmbeddingsConfig()), tmp_path / "run", show_progress=False)
    joint.execute(["train"])
    assert joint.folder.manifest()["facts"]["embeddings"] == "joint"
    assert not joint.folder.measures_path("missing_words").exists()
