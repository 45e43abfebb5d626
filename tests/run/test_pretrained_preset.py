"""The preset of the paper's second model on Mikolov's text, with tags from a real treebank and cbow vectors of its own text."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from run.tiny import TINY
from stategrad.corpus.readers.files import all_files, lines, open_path
from stategrad.models.vector_files import read_vectors
from stategrad.report.inputs import read_run
from stategrad.report.page import render
from stategrad.report.paper import beside_paper
from stategrad.run.config import ControlsConfig
from stategrad.run.run import STAGES, Run
from stategrad.run.settings import read_preset


def beginnings(archive: Path, folder: Path) -> Path:
    """The first lines of each part of the text."""
    folder.mkdir()
    for file in all_files(open_path(archive)):
        if file.name.startswith("ptb."):
            kept = [line for line, _ in zip(lines(file), range(900 if "train" in file.name else 300), strict=False)]
            (folder / file.name).write_text("\n".join(kept) + "\n")
    return folder


def test_on_the_beginnings_of_the_text_from_raw_files_to_the_page(shared: Path, tmp_path: Path) -> None:
    preset = read_preset("paper-ptb-pretrained")
    config = dataclasses.replace(
        preset,
        corpus=dataclasses.replace(
            preset.corpus,
            path=str(beginnings(shared / "data/ptb.zip", tmp_path / "ptb")),
            tags=(str(shared / "data/treebank.zip"),),
            vocabulary_size=1000,
        ),
        network=dataclasses.replace(preset.network, embedding_size=8, hidden_size=12),
        embeddings=dataclasses.replace(preset.embeddings, iterations=1),
        training=dataclasses.replace(preset.training, epochs=1),
        gradients=dataclasses.replace(preset.gradients, delays=3, sample=300, states=("cell",)),
        swap=dataclasses.replace(preset.swap, kinds=("unigram",), sample=60, divergence=False, pairs=0),
        push=dataclasses.replace(preset.push, delays=(0,), sample=40),
        controls=ControlsConfig(kinds=()),
        probe=TINY.probe,
        decoding=dataclasses.replace(TINY.decoding, delays=(0,), sample=400, seeds=1),
        words=dataclasses.replace(preset.words, delays=(0,), words=10, draws=3),
    )
    run = Run(config, tmp_path / "run", show_progress=False)
    run.execute([name for name in STAGES if name != "report"])
    made = read_vectors(tmp_path / "run/model/cbow.bin")
    mine = dict(zip(run.corpus.vocabulary.words, run.model.embedding.weight.detach().numpy(), strict=True))
    assert set(made.words) == set(mine), "cbow of the text itself knows all of its words"
    np.testing.assert_array_equal([mine[word] for word in made.words], made.vectors)
    tables = read_run(run.folder.path)
    assert tables.facts["embeddings_text"] == "cbow on PTB"
    page = render(tables, [], beside_paper(tables)).replace("\u00a0", " ")
    assert "The embeddings are pre-trained (cbow vectors of ptb/train) and stayed as they were while the model was trained." in page
    assert "Every word has a vector of its own." in page
    assert "the run&#39;s embeddings are cbow vectors of the Penn Treebank, the paper&#39;s here" in page
