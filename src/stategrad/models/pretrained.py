"""Vectors from elsewhere as the embedding of a language model: word2vec files, or another model's embedding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open

from stategrad.errors import InvalidInputError, MissingInputError, Problems
from stategrad.files import sha256_of_text
from stategrad.models.checkpoints import existing_model, read_words, word_faults
from stategrad.models.frozen import has_frozen_embeddings
from stategrad.models.language_model import LanguageModel
from stategrad.models.vector_files import WordVectors, read_vectors

Filling = Literal["mean", "initial"]


@dataclass(frozen=True, eq=False)
class AlignedVectors:
    """A vector for every word of a vocabulary, in the order of ids.

    Attributes:
        vectors: a row per word, float32; NaN in the rows of missing words until they are filled.
        missing: the words of the vocabulary that the file does not hold.
    """

    vectors: Float[np.ndarray, "word embedding"]
    missing: tuple[str, ...]


def read_pretrained(path: Path | str, words: Sequence[str], *, size: int, most_missing: float = 0.25) -> AlignedVectors:
    """Read the vectors of a vocabulary's words, whatever the order of the file.

    Args:
        path: a word2vec file, text or binary (see `read_vectors`); or another model, `X.safetensors` or a folder, with its
            `vocabulary.txt` beside it.
        words: of the vocabulary, in the order of ids.
        size: E, the length that the vectors must have.
        most_missing: the largest share of `words` that may be missing.

    Raises:
        MissingInputError: no such file, or one that is truncated or in another format.
        InvalidInputError: vectors of another size, words that stand twice, numbers that are not finite, a `vocabulary.txt` that is
            not the model's own or in another order, or too many missing words.
    """
    source = Path(path)
    is_model = source.is_dir() or source.suffix == ".safetensors"
    found = _read_model(existing_model(source)) if is_model else read_vectors(source, frozenset(words))
    return fit(found, words, source=str(path), size=size, most_missing=most_missing)


def fit(found: WordVectors, words: Sequence[str], *, source: str, size: int, most_missing: float = 0.25) -> AlignedVectors:
    """The vectors of `words` in their order, refused where they do not fit a model.

    Args:
        found: words with a vector each.
        words: of the vocabulary, in the order of ids.
        source: where the vectors come from, for errors.
        size: E, the length that the vectors must have.
        most_missing: the largest share of `words` that may be missing.

    Raises:
        InvalidInputError: vectors of another size, or too many missing words.
    """
    if found.vectors.shape[1] != size:
        raise InvalidInputError(
            f"the vectors in {source} have size {found.vectors.shape[1]} and the model's embeddings {size}; "
            f"give vectors of size {size}, or embedding_size = {found.vectors.shape[1]}."
        )
    aligned = align(found, words)
    check_missing(source, aligned.missing, words, most_missing)
    return aligned


def check_missing(source: str, missing: Sequence[str], words: Sequence[str], most_missing: float) -> None:
    """Refuse what lacks more than the share `most_missing` of the words of a vocabulary.

    Raises:
        InvalidInputError: too many missing words.
    """
    if len(missing) > most_missing * len(words):
        raise InvalidInputError(
            f"{source} lacks {len(missing):,} of the {len(words):,} words of the vocabulary "
            f"({', '.join(missing[:3])}, …), more than most_missing = {most_missing:g} allows; give vectors of a text that "
            "is written like this one (lower case, numbers), or raise most_missing."
        )


def align(found: WordVectors, words: Sequence[str]) -> AlignedVectors:
    """The vectors of `words` in their order, NaN where `found` lacks a word.

    >>> found = WordVectors(("b", "a"), np.array([[2.0], [1.0]], dtype=np.float32), 2)
    >>> align(found, ["a", "x", "b"]).vectors.ravel().tolist(), align(found, ["a", "x", "b"]).missing
    ([1.0, nan, 2.0], ('x',))
    """
    rows = {word: row for row, word in enumerate(found.words)}
    vectors = np.full((len(words), found.vectors.shape[1]), np.nan, dtype=np.float32)
    held = [number for number, word in enumerate(words) if word in rows]
    vectors[held] = found.vectors[[rows[words[number]] for number in held]]
    return AlignedVectors(vectors, tuple(word for word in words if word not in rows))


def use_embeddings(model: LanguageModel, aligned: AlignedVectors, *, fill: Filling = "mean", trained: bool = False) -> None:
    """Make vectors the embedding of a model, before it is trained.

    Args:
        model: changed in place.
        aligned: a vector per word of the model.
        fill: what missing words get: the `mean` of the vectors of the others, or the `initial` weights that they have in `model`.
        trained: whether training changes the vectors; else they are frozen and stay as they are, bit for bit.

    Raises:
        InvalidInputError: vectors that do not fit the model, or words that are all missing.
    """
    shape = tuple(model.embedding.weight.shape)
    if aligned.vectors.shape != shape:
        raise InvalidInputError(
            f"the vectors have shape {aligned.vectors.shape} and the model has embeddings of shape {shape}; give a vector per word."
        )
    if len(aligned.missing) == len(aligned.vectors):
        raise InvalidInputError("no word of the vocabulary has a vector; give vectors of a text in the same language.")
    weight = model.embedding.weight
    lacking = np.isnan(aligned.vectors).any(axis=1)
    mean = aligned.vectors[~lacking].mean(axis=0, dtype=np.float64).astype(np.float32)
    filled = np.where(lacking[:, None], mean if fill == "mean" else weight.detach().cpu().numpy(), aligned.vectors)
    with torch.no_grad():
        weight.copy_(torch.from_numpy(filled))
    weight.requires_grad_(trained)


def untrained(model: LanguageModel, seed: int) -> LanguageModel:
    """A model of the same settings as it is before training, in evaluation mode; frozen embeddings are there before training.

    Args:
        model: the trained one.
        seed: of the initial weights.
    """
    fresh = LanguageModel(model.config, seed=seed).eval()
    if has_frozen_embeddings(model):
        with torch.no_grad():
            fresh.embedding.weight.copy_(model.embedding.weight)
        fresh.embedding.weight.requires_grad_(False)
    return fresh


def _read_model(path: Path) -> WordVectors:
    vocabulary = path.with_name("vocabulary.txt")
    words = read_words(vocabulary)
    try:
        with safe_open(path, "pt") as file:
            if "embedding.weight" not in file.keys():  # noqa: SIM118
                raise InvalidInputError(f"{path} has no tensor embedding.weight; give a language model, or word2vec vectors.")
            vectors = file.get_tensor("embedding.weight").float().numpy()
            settings = json.loads((file.metadata() or {}).get("stategrad", "{}"))
    except SafetensorError as error:
        raise MissingInputError(f"{path} is not a safetensors file, or is truncated ({error}).") from error
    if vectors.ndim != 2:
        raise InvalidInputError(f"embedding.weight in {path} has {vectors.ndim} dimensions, not 2; give a row per word.")
    problems = Problems(f"the embedding in {path}")
    for fault in word_faults(words, len(vectors), str(vocabulary)):
        problems.add(fault)
    fingerprint = sha256_of_text(*words)
    if settings.get("vocabulary_sha256", fingerprint) != fingerprint:
        problems.add(f"{vocabulary} holds other words than {path.name} was saved with, or in another order; restore it")
    if not np.isfinite(vectors).all():
        problems.add(f"embedding.weight in {path} holds NaN or Inf; give a model whose training did not diverge")
    problems.raise_if_any()
    return WordVectors(words, vectors, len(words))
