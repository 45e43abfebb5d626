"""The pre-trained embeddings of a run: where they lie, how they are made, and what is to be said of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stategrad.corpus.corpus import Corpus
from stategrad.corpus.readers.files import lines, open_path, text_files
from stategrad.corpus.vocabulary import END
from stategrad.errors import MissingInputError
from stategrad.files import sha256, sha256_of_text, write_text
from stategrad.models.checkpoints import existing_model
from stategrad.models.language_model import LanguageModel
from stategrad.models.pretrained import has_frozen_embeddings, read_pretrained, use_embeddings
from stategrad.models.vector_files import write_vectors
from stategrad.models.word2vec import train_word2vec

if TYPE_CHECKING:
    from stategrad.run.folder import StageRecord
    from stategrad.run.run import Run


class TextSentences:
    """The sentences of plain text, a line each, `<eos>` at their ends, read anew and one at a time whenever they are iterated.

    Args:
        path: a file, or a folder or zip archive whose text files are read in the order of their paths.

    Raises:
        MissingInputError: no such path, or no text in it.
    """

    def __init__(self, path: str | Path) -> None:
        self.files = text_files(open_path(path))
        if not self.files:
            raise MissingInputError(f"there are no text files in {path}; give text to train word vectors on.")

    def __iter__(self) -> Iterator[list[str]]:
        for file in self.files:
            for line in lines(file):
                if words := line.split():
                    yield [*words, END]


class CorpusSentences:
    """The sentences of an encoded text as words, `<eos>` at their ends."""

    def __init__(self, text: Corpus) -> None:
        self.text = text

    def __iter__(self) -> Iterator[list[str]]:
        end = self.text.vocabulary.id(END)
        for stream in self.text.streams:
            start = 0
            for stop in [*(stream == end).nonzero()[0] + 1, len(stream)]:
                if stop > start:
                    yield list(self.text.vocabulary.decode(stream[start:stop]))
                start = stop


def is_pretrained(run: Run) -> bool:
    """Whether the run is to train a model on embeddings that are there before."""
    return run.config.model is None and run.config.embeddings.source == "pre-trained"


def source_fingerprint(run: Run) -> str:
    """The hash of the file that vectors come from, or of the text that they are trained on."""
    settings = run.config.embeddings
    if settings.file is not None:
        path = Path(settings.file)
        is_model = path.is_dir() or path.suffix == ".safetensors"
        if not is_model:
            return _hash(path)
        tensors = existing_model(path)
        return sha256_of_text(_hash(tensors), _hash(tensors.with_name("vocabulary.txt")))
    if settings.corpus is None:
        return run.corpus.train.sha256
    text_path = Path(settings.corpus).expanduser()
    if text_path.is_dir():
        return sha256_of_text(*(_hash(Path(str(file))) for file in TextSentences(text_path).files))
    return _hash(text_path)


def initial_model(run: Run, record: StageRecord) -> LanguageModel:
    """The model that training starts from, with the run's embeddings; facts say what they are."""
    settings, words = run.config.embeddings, run.corpus.vocabulary.words
    model = run.config.network.model(len(words))
    if not is_pretrained(run):
        return model
    path = Path(settings.file) if settings.file is not None else _cbow(run, record)
    aligned = read_pretrained(path, words, size=run.config.network.embedding_size, most_missing=settings.most_missing)
    use_embeddings(model, aligned, fill=settings.missing, trained=settings.train)
    if aligned.missing:
        some = ", ".join(aligned.missing[:5]) + (", …" if len(aligned.missing) > 5 else "")
        filled = {"mean": "the mean of the others", "initial": "initial weights"}[settings.missing]
        run.say(f"embeddings: {len(aligned.missing):,} of {len(words):,} words have no vector and get {filled}: {some}")
    record.facts.update(
        embeddings_source=_described(run),
        embeddings_sha256=run.embeddings_sha256,
        embeddings_missing=len(aligned.missing),
        embeddings_missing_words=list(aligned.missing[:20]),
        embeddings_filled=settings.missing,
    )
    return model


def embedding_facts(run: Run, model: LanguageModel) -> dict[str, Any]:
    """What the embeddings of a run are.

    `embeddings` is `joint`, `pre-trained` (and frozen), or `pre-trained, then trained further`. `embeddings_text` is `cbow on PTB`
    where they are cbow vectors of the Penn Treebank text itself: published numbers tell them from those of the Wall Street Journal.
    """
    settings = run.config.embeddings
    kind = "joint"
    if settings.source == "pre-trained" or has_frozen_embeddings(model):
        kind = "pre-trained, then trained further" if settings.train else "pre-trained"
    own = is_pretrained(run) and settings.file is None and settings.corpus is None
    return {"embeddings": kind, "embeddings_text": "cbow on PTB" if own and run.corpus.name in ("ptb", "verwimp") else None}


def _cbow(run: Run, record: StageRecord) -> Path:
    """The file of cbow vectors in the run's folder, trained unless it is there already, of the same text and settings."""
    settings = run.config.embeddings
    min_count = settings.min_count or (1 if settings.corpus is None else 5)
    options: dict[str, Any] = {
        "size": run.config.network.embedding_size,
        "min_count": min_count,
        **{name: getattr(settings, name) for name in ("window", "negative", "sample", "iterations", "alpha", "seed")},
    }
    made_with = {"text": _described(run), "sha256": run.embeddings_sha256, **options}
    path = run.folder.model_path.with_name("cbow.bin")
    about = path.with_suffix(".json")
    record.outputs.extend([path, about])
    if path.is_file() and about.is_file() and json.loads(about.read_text(encoding="utf-8")) == made_with:
        return path
    about.unlink(missing_ok=True)
    sentences = CorpusSentences(run.corpus.train) if settings.corpus is None else TextSentences(settings.corpus)
    write_vectors(path, train_word2vec(sentences, **options, show_progress=run.show_progress))
    write_text(about, json.dumps(made_with, indent=2) + "\n")
    return path


def _described(run: Run) -> str:
    settings = run.config.embeddings
    if settings.file is not None:
        return Path(settings.file).name
    return f"cbow vectors of {run.corpus.train.name if settings.corpus is None else Path(settings.corpus).name}"


def _hash(path: Path) -> str:
    if not path.is_file():
        raise MissingInputError(f"there is no file {path}; give word vectors, or a text to train them on.")
    return sha256(path)
