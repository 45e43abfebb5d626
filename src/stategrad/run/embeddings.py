"""The pre-trained embeddings of a run: where they lie, how they are made, and what is to be said of them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stategrad.corpus.verwimp_embeddings import VECTORS_FILE, vector_files, verwimp_embeddings
from stategrad.errors import InvalidInputError, MissingInputError, Problems, UnavailableError
from stategrad.files import sha256, sha256_of_text, write_text
from stategrad.models.checkpoints import existing_model
from stategrad.models.frozen import has_frozen_embeddings
from stategrad.models.language_model import LanguageModel
from stategrad.models.pretrained import (
    AlignedVectors,
    check_missing,
    fit,
    read_pretrained,
    use_embeddings,
)
from stategrad.models.vector_files import WordVectors, write_vectors
from stategrad.models.word2vec import gensim_class, train_word2vec
from stategrad.run.embedding_texts import CorpusSentences, TextSentences

if TYPE_CHECKING:
    from stategrad.run.folder import StageRecord
    from stategrad.run.run import Run

_PLACED = {"mean": "the mean of the others", "initial": "initial weights"}


def is_pretrained(run: Run) -> bool:
    """Whether the run is to train a model on embeddings that are there before."""
    return run.config.model is None and run.config.embeddings.source != "joint"


def source_fingerprint(run: Run) -> str:
    """The hash of the files that vectors come from, or of the text that they are trained on."""
    settings = run.config.embeddings
    array = _array(run)
    if array is not None:
        return sha256_of_text(*map(sha256, vector_files(array)))
    if settings.file is not None:
        if not _is_model(_file(run)):
            return _hash(_file(run))
        tensors = existing_model(_file(run))
        return sha256_of_text(_hash(tensors), _hash(tensors.with_name("vocabulary.txt")))
    if settings.corpus is None:
        return run.corpus.train.sha256
    return sha256_of_text(*map(sha256, TextSentences(settings.corpus, is_wsj=settings.format == "wsj").files))


def given_vectors(run: Run) -> AlignedVectors | None:
    """The vectors of the corpus's words from the files that the settings name; None where cbow is to make them.

    Raises:
        MissingInputError: no such file, or one that is truncated or in another format.
        InvalidInputError: vectors that do not fit the settings, or lack too many words.
    """
    settings, words, size = run.config.embeddings, run.corpus.vocabulary.words, run.config.network.embedding_size
    array = _array(run)
    if array is not None:
        names, vectors = verwimp_embeddings(array)
        found = WordVectors(names, vectors.astype(np.float32), len(names))
        return fit(found, words, source=array, size=size, most_missing=settings.most_missing)
    if settings.file is None:
        return None
    return read_pretrained(_file(run), words, size=size, most_missing=settings.most_missing)


def check_embeddings(problems: Problems, run: Run) -> None:
    """Find out whether the vectors of a run fit it, or can be made, before the folder is bound to them; nothing once it is trained.

    Raises:
        MissingInputError: no such file, or one that is truncated or in another format.
        UnavailableError: gensim, which is to make them, is not installed.
    """
    settings, words = run.config.embeddings, run.corpus.vocabulary.words
    if settings.source == "authors" and run.config.corpus.name != "verwimp":
        problems.add(
            f"embeddings.source is authors and the corpus {run.config.corpus.name}; give corpus verwimp, or --embeddings.source "
            f"pre-trained with --embeddings.file FOLDER/{VECTORS_FILE}"
        )
        return
    try:
        if run.is_trained:
            return
        if run.given_vectors is None and not _has_cbow(run):
            gensim_class()
            source = _described(run)
            run.say(f"embeddings: counting the words for {source}")
            counts = Counter(word for sentence in _sentences(run) for word in sentence)
            missing = [word for word in words if counts[word] < _cbow_options(run)["min_count"]]
            check_missing(source, missing, words, settings.most_missing)
    except MissingInputError as error:
        if settings.source != "authors":
            raise
        raise MissingInputError(f"{str(error).removesuffix('.')}, or --embeddings.source joint.") from error
    except InvalidInputError as error:
        problems.add(str(error).removesuffix("."))


def initial_model(run: Run, record: StageRecord) -> LanguageModel:
    """The model that training starts from, with the run's embeddings; facts say what they are, a table which words had none."""
    settings, words = run.config.embeddings, run.corpus.vocabulary.words
    model = run.config.network.model(len(words))
    if not is_pretrained(run):
        return model
    aligned = run.given_vectors or read_pretrained(
        _cbow(run, record), words, size=run.config.network.embedding_size, most_missing=settings.most_missing
    )
    use_embeddings(model, aligned, fill=settings.missing, trained=settings.train)
    counts = np.bincount(np.concatenate(run.corpus.train.streams), minlength=len(words))
    lacking = frozenset(aligned.missing)
    is_missing = np.array([word in lacking for word in words])
    table = pd.DataFrame({"word": words, "count": counts, "in_place": _PLACED[settings.missing]})[is_missing]
    table = table.sort_values("count", ascending=False, kind="stable")
    record.outputs.append(run.folder.write_measures("missing_words", table))
    missing = list(table["word"])
    if missing:
        some = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        run.say(f"embeddings: {len(missing):,} of {len(words):,} words have no vector and get {_PLACED[settings.missing]}: {some}")
    record.facts.update(
        embeddings_source=_described(run),
        embeddings_sha256=run.embeddings_sha256,
        embeddings_missing=len(missing),
        embeddings_missing_share=float(counts[is_missing].sum() / counts.sum()),
        embeddings_missing_words=missing[:20],
        embeddings_filled=settings.missing,
    )
    return model


def cbow_of_text(run: Run, record: StageRecord) -> np.ndarray | None:
    """Cbow vectors of the words of the corpus from its own training text, by id; None, and said, where they cannot stand beside.

    They stand beside jointly trained embeddings alone, and need gensim; words without a vector have that of the others' mean.
    """
    settings, words = run.config.embeddings, run.corpus.vocabulary.words
    if settings.source != "joint" or settings.file is not None or settings.corpus is not None:
        return None
    try:
        path = _cbow(run, record)
    except UnavailableError as error:
        run.say(f"probe: without cbow vectors of the text: {error}")
        return None
    size = run.config.network.embedding_size
    vectors = read_pretrained(path, words, size=size, most_missing=settings.most_missing).vectors.astype(np.float64)
    return np.where(np.isnan(vectors), np.nanmean(vectors, axis=0), vectors)


def embedding_facts(run: Run, model: LanguageModel) -> dict[str, Any]:
    """What the embeddings of a run are.

    `embeddings` is `joint`, `pre-trained` (and frozen), or `pre-trained, then trained further`. `embeddings_text` says what the
    vectors are where they are not, as the paper's, cbow vectors of the Wall Street Journal: `cbow on PTB` for those of the Penn
    Treebank text itself, else a few words.
    """
    settings = run.config.embeddings
    stated = ("pre-trained", "authors") if run.config.model is None else ("pre-trained",)
    kind, text = "joint", None
    if settings.source in stated or has_frozen_embeddings(model):
        kind = "pre-trained, then trained further" if settings.train else "pre-trained"
        text = _other_text(run)
    return {"embeddings": kind, "embeddings_text": text}


def _other_text(run: Run) -> str | None:
    """What pre-trained vectors are, where nothing says that they are cbow vectors of the Wall Street Journal."""
    settings = run.config.embeddings
    if not is_pretrained(run):
        return None if settings.source == "authors" else "those of the given model"
    array = _array(run)
    if (array is not None and vector_files(array)[0].name == VECTORS_FILE) or settings.format == "wsj":
        return None
    if settings.file is not None:
        return _described(run) if _is_model(_file(run)) else f"those of {_described(run)}"
    return "cbow on PTB" if settings.corpus is None and run.corpus.name in ("ptb", "verwimp") else _described(run)


def _cbow(run: Run, record: StageRecord) -> Path:
    """The file of cbow vectors in the run's folder, trained unless it is there already, of the same text and settings."""
    path, about = _cbow_files(run)
    record.outputs.extend([path, about])
    if not _has_cbow(run):
        about.unlink(missing_ok=True)
        write_vectors(path, train_word2vec(_sentences(run), **_cbow_options(run), show_progress=run.show_progress))
        write_text(about, json.dumps(_made_with(run), indent=2) + "\n")
    return path


def _has_cbow(run: Run) -> bool:
    """Whether the run's folder holds cbow vectors of the same text and settings."""
    path, about = _cbow_files(run)
    return path.is_file() and about.is_file() and json.loads(about.read_text(encoding="utf-8")) == _made_with(run)


def _cbow_files(run: Run) -> tuple[Path, Path]:
    path = run.folder.model_path.with_name("cbow.bin")
    return path, path.with_suffix(".json")


def _made_with(run: Run) -> dict[str, Any]:
    return {"text": _described(run), "sha256": run.embeddings_sha256, **_cbow_options(run)}


def _cbow_options(run: Run) -> dict[str, Any]:
    settings = run.config.embeddings
    return {
        "size": run.config.network.embedding_size,
        "min_count": settings.min_count or (1 if settings.corpus is None else 5),
        **{name: getattr(settings, name) for name in ("window", "negative", "sample", "iterations", "alpha", "seed")},
    }


def _sentences(run: Run) -> CorpusSentences | TextSentences:
    settings = run.config.embeddings
    if settings.corpus is None:
        return CorpusSentences(run.corpus.train)
    return TextSentences(settings.corpus, is_wsj=settings.format == "wsj")


def _array(run: Run) -> str | None:
    """The path of vectors that are kept as the paper's authors keep theirs."""
    settings = run.config.embeddings
    if settings.source == "authors":
        return run.config.corpus.path
    return settings.file if settings.file is not None and settings.file.endswith(".npy") else None


def _file(run: Run) -> Path:
    """The file of vectors that the settings name."""
    return Path(run.config.embeddings.file or "").expanduser()


def _is_model(path: Path) -> bool:
    return path.is_dir() or path.suffix == ".safetensors"


def _described(run: Run) -> str:
    settings = run.config.embeddings
    if settings.source == "authors":
        return f"the authors' {VECTORS_FILE}"
    if settings.file is not None:
        path = _file(run)
        return f"the embeddings of the model {'/'.join(path.parts[-3:])}" if _is_model(path) else path.name
    return f"cbow vectors of {run.corpus.train.name if settings.corpus is None else Path(settings.corpus).name}"


def _hash(path: Path) -> str:
    if not path.is_file():
        raise MissingInputError(f"there is no file {path}; give word vectors, or a text to train them on.")
    return sha256(path)
