"""Embeddings from outside in a whole run: by word, frozen, listed where they are missing, refused before anything is trained."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

import stategrad as sg
from run.tiny import TINY
from stategrad.cli.main import main
from stategrad.corpus.sources import CorpusConfig, load
from stategrad.models import training
from stategrad.models.checkpoints import save_model
from stategrad.models.embedding_settings import EmbeddingsConfig
from stategrad.models.pretrained import has_frozen_embeddings
from stategrad.models.vector_files import WordVectors, read_vectors, write_vectors
from stategrad.report.inputs import read_run
from stategrad.report.page import render
from stategrad.report.paper import beside_paper
from stategrad.run import embeddings as run_embeddings
from stategrad.run.config import ControlsConfig, GradientsConfig, RunConfig, SwapConfig
from stategrad.run.run import STAGES, Run
from stategrad.run.summary import run_summary

SHORT = dataclasses.replace(TINY, corpus=CorpusConfig(name="synthetic", tokens=4_000, vocabulary_size=300))
WORDS = load(SHORT.corpus).vocabulary.words
LACKING = (WORDS[7], WORDS[100], "<eos>")
"""Words of the text that the files of these tests do not hold."""


def some_vectors(lacking: tuple[str, ...] = LACKING, size: int = 8) -> WordVectors:
    """A vector for each word of the text but a few, and for some others, in another order than the vocabulary's."""
    rng = np.random.default_rng(3)
    words = tuple(rng.permutation([*(word for word in WORDS if word not in lacking), "elsewhere", "nowhere"]).tolist())
    return WordVectors(words, rng.normal(size=(len(words), size)).astype(np.float32), len(words))


def settings(**embeddings: Any) -> RunConfig:
    return dataclasses.replace(SHORT, embeddings=EmbeddingsConfig(source="pre-trained", **embeddings))


def trained(path: Path, config: RunConfig) -> Run:
    run = Run(config, path, show_progress=False)
    run.execute(["train"])
    return run


def text_file(folder: Path) -> Path:
    write_vectors(folder / "vectors.txt", some_vectors(), binary=False)
    return folder / "vectors.txt"


def binary_file(folder: Path) -> Path:
    write_vectors(folder / "vectors.bin", some_vectors())
    return folder / "vectors.bin"


def another_model(folder: Path) -> Path:
    """The model of another run, whose words stand in another order."""
    vectors = some_vectors()
    network = dataclasses.replace(TINY.network, hidden_size=5, cell="gru")
    model = network.model(len(vectors.words))
    model.embedding.weight.data = torch.from_numpy(vectors.vectors.copy())
    return save_model(model, vectors.words, folder / "other")


def array_file(folder: Path) -> Path:
    vectors = some_vectors()
    np.save(folder / "mine.npy", vectors.vectors)
    (folder / "mine.dict").write_text("".join(f"{word} {row}\n" for row, word in enumerate(vectors.words)))
    return folder / "mine.npy"


FILES: dict[str, tuple[Callable[[Path], Path], str, str]] = {
    "text": (text_file, "vectors.txt", "those of vectors.txt"),
    "binary": (binary_file, "vectors.bin", "those of vectors.bin"),
    "model": (another_model, "the embeddings of the model ", "the embeddings of the model "),
    "array": (array_file, "mine.npy", "those of mine.npy"),
}


@pytest.mark.parametrize("kind", FILES)
def test_vectors_of_a_file_stand_at_their_words_and_stay_there(kind: str, tmp_path: Path) -> None:
    make, source, text = FILES[kind]
    run = trained(tmp_path / "run", settings(file=str(make(tmp_path))))
    given, mine = some_vectors(), run.model.embedding.weight.detach().numpy()
    rows = dict(zip(given.words, given.vectors, strict=True))
    held = [word for word in WORDS if word in rows]
    np.testing.assert_array_equal(mine[[WORDS.index(word) for word in held]], [rows[word] for word in held])
    mean = np.mean([rows[word] for word in held], axis=0, dtype=np.float64)
    for word in LACKING:
        np.testing.assert_allclose(mine[WORDS.index(word)], mean, atol=1e-6)
    assert has_frozen_embeddings(run.model)

    table = run.folder.read_measures("missing_words")
    train = np.concatenate(run.corpus.train.streams)
    counts = {word: int((train == WORDS.index(word)).sum()) for word in LACKING}
    assert dict(zip(table["word"], table["count"], strict=True)) == counts
    assert list(table["count"]) == sorted(counts.values(), reverse=True)
    facts = run.folder.manifest()["facts"]
    assert facts["embeddings"] == "pre-trained"
    assert facts["embeddings_source"].startswith(source)
    assert facts["embeddings_text"].startswith(text)
    assert (facts["embeddings_missing"], facts["embeddings_missing_words"]) == (3, list(table["word"]))
    assert facts["embeddings_missing_share"] == pytest.approx(sum(counts.values()) / len(train))
    assert facts["perplexity_valid"] < facts["perplexity_untrained"]


def test_cbow_vectors_are_trained_once_and_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = trained(tmp_path / "run", settings(iterations=1))
    made = read_vectors(tmp_path / "run/model/cbow.bin")
    rows = dict(zip(made.words, made.vectors, strict=True))
    mine = first.model.embedding.weight.detach().numpy()
    held = [number for number, word in enumerate(WORDS) if word in rows]
    np.testing.assert_array_equal(mine[held], [rows[WORDS[number]] for number in held])
    facts = first.folder.manifest()["facts"]
    assert (facts["embeddings_source"], facts["embeddings_text"]) == ("cbow vectors of synthetic/train",) * 2

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("the vectors are there")

    monkeypatch.setattr(run_embeddings, "train_word2vec", refused)
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    manifest = first.folder.manifest()
    manifest["stages"]["train"]["fingerprint"] = ""
    first.folder.write_manifest(manifest)
    again = trained(tmp_path / "run", settings(iterations=1))
    np.testing.assert_array_equal(again.model.embedding.weight.detach(), mine)


@pytest.mark.parametrize("form", ["plain", "wsj"])
def test_cbow_vectors_of_another_text(form: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = [" ".join(rng.choice(WORDS[2:], 12)) for _ in range(300)]
    text = tmp_path / "text"
    text.mkdir()
    marked = [f"<s> {line} </s>" for line in lines] if form == "wsj" else lines
    (text / "87.txt").write_text("\n".join(marked) + "\n")
    run = trained(tmp_path / "run", settings(corpus=str(text), format=form, min_count=2, iterations=1, most_missing=0.5))
    facts = run.folder.manifest()["facts"]
    assert facts["embeddings_source"] == "cbow vectors of text"
    assert facts["embeddings_text"] == (None if form == "wsj" else "cbow vectors of text")
    assert "<eos>" not in facts["embeddings_missing_words"]
    assert "<s>" not in read_vectors(tmp_path / "run/model/cbow.bin").words


def test_vectors_may_be_trained_further(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", settings(file=str(binary_file(tmp_path)), train=True, missing="initial"))
    facts = run.folder.manifest()["facts"]
    assert (facts["embeddings"], has_frozen_embeddings(run.model)) == ("pre-trained, then trained further", False)
    assert set(run.folder.read_measures("missing_words")["in_place"]) == {"initial weights"}
    given = some_vectors()
    assert not np.allclose(run.model.embedding.weight.detach()[WORDS.index(given.words[0])], given.vectors[0], atol=1e-6)


def test_a_run_on_frozen_vectors_is_resumed_exactly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = binary_file(tmp_path)
    config = settings(file=str(path))
    config = dataclasses.replace(config, training=dataclasses.replace(config.training, checkpoint_minutes=0.0))
    whole = trained(tmp_path / "whole", config)
    saves = []

    def interrupted(*arguments: Any) -> None:
        original(*arguments)
        saves.append(1)
        if len(saves) == 12:
            raise KeyboardInterrupt

    original = training.save_training
    monkeypatch.setattr(training, "save_training", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "run", config)
    monkeypatch.undo()
    assert not (tmp_path / "run/model/model.safetensors").exists()
    resumed = trained(tmp_path / "run", config)
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, resumed.model.state_dict()[name]), name


def test_the_page_says_what_was_given_and_which_words_had_nothing(tmp_path: Path) -> None:
    small = dataclasses.replace(
        settings(file=str(text_file(tmp_path))),
        gradients=GradientsConfig(delays=3, blocks=6, sample=200, states=("cell",)),
        swap=SwapConfig(kinds=("unigram",), sample=100, divergence=False, pairs=0),
        push=dataclasses.replace(TINY.push, delays=(0,), sample=50),
        controls=ControlsConfig(kinds=("untrained",), sample=100),
        decoding=dataclasses.replace(TINY.decoding, delays=(0,), sample=300, seeds=1),
    )
    run = Run(small, tmp_path / "run", show_progress=False)
    run.execute([name for name in STAGES if name != "report"])
    assert "embeddings pre-trained (vectors.txt), 3 words without a vector" in run_summary(run.folder)
    tables = read_run(run.folder.path)
    page = render(tables, [], beside_paper(tables)).replace("\u00a0", " ")
    assert "frozen pre-trained embeddings of size 8" in page
    assert '<span class="value">pre-trained, frozen</span>vectors.txt; 3 words without a vector' in page
    assert "The embeddings are pre-trained (vectors.txt) and stayed as they were while the model was trained." in page
    share = 100 * tables.facts["embeddings_missing_share"]
    listed = ", ".join(f"“{word}”" for word in tables.facts["embeddings_missing_words"]).replace("<", "&lt;").replace(">", "&gt;")
    assert f"3 words, {share:.1f} % of the training text, had none and got the mean of all others: {listed}." in page
    embeddings = sg.StateGradients.load(run.folder.gradients_path("cell")).embeddings
    assert embeddings is not None
    np.testing.assert_array_equal(embeddings.vectors, run.model.embedding.weight.detach().numpy())


def other_size(folder: Path) -> list[str]:
    write_vectors(folder / "v.bin", some_vectors(size=6))
    return ["--embeddings.file", str(folder / "v.bin")]


def word_twice(folder: Path) -> list[str]:
    (folder / "v.txt").write_text(f"2 8\n{WORDS[3]} 1 2 3 4 5 6 7 8\n{WORDS[3]} 1 2 3 4 5 6 7 8\n")
    return ["--embeddings.file", str(folder / "v.txt")]


def too_few(folder: Path) -> list[str]:
    write_vectors(folder / "v.bin", some_vectors(lacking=tuple(WORDS[:100])))
    return ["--embeddings.file", str(folder / "v.bin")]


def cut_off(folder: Path) -> list[str]:
    path = binary_file(folder)
    path.write_bytes(path.read_bytes()[:-100])
    return ["--embeddings.file", str(path)]


def model_with_words_of_another_order(folder: Path) -> list[str]:
    path = another_model(folder)
    words = path.with_name("vocabulary.txt").read_text().split()
    path.with_name("vocabulary.txt").write_text("".join(f"{word}\n" for word in sorted(words)))
    return ["--embeddings.file", str(path)]


def text_of_other_words(folder: Path) -> list[str]:
    (folder / "other.txt").write_text("Other words than those .\n" * 20)
    return ["--embeddings.corpus", str(folder / "other.txt")]


REFUSED: dict[str, tuple[Callable[[Path], list[str]], str]] = {
    "another size": (other_size, "have size 6 and the model's embeddings 8; give vectors of size 8, or embedding_size = 6."),
    "a word twice": (word_twice, f"holds the word '{WORDS[3]}' twice; leave one of its vectors."),
    "too few words": (too_few, "more than most_missing = 0.25 allows; give vectors of a text that is written like this one"),
    "a file cut off": (cut_off, "is truncated: it ends within vector"),
    "another vocabulary": (
        model_with_words_of_another_order,
        "holds other words than model.safetensors was saved with",
    ),
    "no file": (lambda folder: ["--embeddings.file", str(folder / "none.bin")], "none.bin; give word vectors"),
    "no text": (lambda folder: ["--embeddings.corpus", str(folder / "none")], "there is no file or folder"),
    "a text of other words": (text_of_other_words, "cbow vectors of other.txt lacks"),
    "no word that is frequent enough": (lambda _: ["--embeddings.min_count", "100000"], "cbow vectors of synthetic/train lacks"),
    "the authors' vectors for another text": (
        lambda _: ["--embeddings.source", "authors"],
        "embeddings.source is authors and the corpus synthetic; give corpus verwimp, or --embeddings.source pre-trained with",
    ),
    "a format without a text": (
        lambda _: ["--embeddings.format", "wsj"],
        "embeddings.format is wsj and there is no embeddings.corpus",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_one_sentence_and_status_2_before_training(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, sentence = REFUSED[name]
    options = make(tmp_path)
    assert refusal(tmp_path, options, capsys).count(sentence) == 1
    assert not (tmp_path / "out").exists()


def test_gensim_is_missed_before_a_folder_is_bound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    assert "word2vec needs gensim, which is not installed: pip install 'stategrad[word2vec]'." in refusal(tmp_path, [], capsys)
    assert not (tmp_path / "out").exists()


def refusal(folder: Path, options: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What is said where the tiny run with these options is refused."""
    (folder / "tiny.yaml").write_text(yaml.safe_dump(settings().to_dict()))
    with pytest.raises(SystemExit) as stopped:
        main(["run", str(folder / "tiny.yaml"), "--out", str(folder / "out"), "--progress", "false", *options])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("stategrad: ")
    assert said.count("\n") == 1
    return said


def test_vectors_that_changed_after_training_are_refused_and_the_folder_is_left_as_it_is(tmp_path: Path) -> None:
    path = binary_file(tmp_path)
    run = trained(tmp_path / "run", settings(file=str(path)))
    before = {file: file.read_bytes() for file in run.folder.path.rglob("*") if file.is_file()}
    write_vectors(path, some_vectors(size=6))
    with pytest.raises(sg.InvalidInputError, match="have size 6 and the model's embeddings 8"):
        trained(tmp_path / "run", settings(file=str(path)))
    assert {file: file.read_bytes() for file in run.folder.path.rglob("*") if file.is_file()} == before


def test_a_folder_trained_on_other_inputs_than_now_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings name the same paths, and other things lie there."""
    path = binary_file(tmp_path)
    run = trained(tmp_path / "run", settings(file=str(path)))
    other = some_vectors()
    write_vectors(path, dataclasses.replace(other, vectors=2 * other.vectors))
    before = {file: file.read_bytes() for file in run.folder.path.rglob("*") if file.is_file()}
    sentence = r"the model in .*run was trained on other {} than are there now; give another --out, or delete that folder\.$"
    with pytest.raises(sg.ForeignOutputError, match=sentence.format("word vectors")):
        trained(tmp_path / "run", settings(file=str(path)))
    binary_file(tmp_path)
    longer = load(dataclasses.replace(SHORT.corpus, tokens=4_100))
    with monkeypatch.context() as changed:
        changed.setattr("stategrad.run.run.load_corpus", lambda _: dataclasses.replace(longer, vocabulary=run.corpus.vocabulary))
        with pytest.raises(sg.ForeignOutputError, match=sentence.format("texts")):
            trained(tmp_path / "run", settings(file=str(path)))
    assert {file: file.read_bytes() for file in run.folder.path.rglob("*") if file.is_file()} == before
    run.folder.manifest_path.unlink()
    (tmp_path / "run/model/model.safetensors").unlink()
    write_vectors(path, dataclasses.replace(other, vectors=2 * other.vectors))
    with pytest.raises(sg.ForeignOutputError, match=sentence.format("texts, word vectors or settings")):
        trained(tmp_path / "run", settings(file=str(path)))


def test_a_folder_of_something_else_is_not_read_as_a_run(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/manifest.json").write_text("{}")
    with pytest.raises(sg.ForeignOutputError, match="exists and is not the folder of a run; give another --out"):
        trained(tmp_path / "mine", settings(file=str(binary_file(tmp_path))))


def test_a_folder_from_before_a_setting_existed_was_made_with_its_default(tmp_path: Path) -> None:
    path = binary_file(tmp_path)
    run = trained(tmp_path / "run", settings(file=str(path)))
    config = yaml.safe_load(run.folder.config_path.read_text())
    del config["embeddings"]["missing"]
    run.folder.config_path.write_text(yaml.safe_dump(config))
    with pytest.raises(sg.ForeignOutputError, match=r"holds another run \(embeddings.missing is mean, not initial\)"):
        trained(tmp_path / "run", settings(file=str(path), missing="initial"))
    assert trained(tmp_path / "run", settings(file=str(path))).is_trained
