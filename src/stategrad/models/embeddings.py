"""The input vectors of a model with the words they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from stategrad.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Vectors `e_w` of shape (word, embedding), the words, and the word types of each class.

    Attributes:
        vectors: a row per word, in float64.
        words: the word of each row; unique.
        classes: for each class the rows of its word types, one entry per (word, tag) pair: a word that has two tags of the
            class stands twice, as in the paper's class means (its equation 2).
        frequencies: how often each word occurs in a text, or None; the null of a property permutes words of like frequency.
    """

    vectors: Float[np.ndarray, "word embedding"]
    words: tuple[str, ...]
    classes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    frequencies: Float[np.ndarray, " word"] | None = None

    def __post_init__(self) -> None:
        if len(self.words) != len(self.vectors):
            raise InvalidInputError(f"embeddings have {len(self.vectors)} rows and {len(self.words)} words; give one word per row.")
        if self.frequencies is not None and self.frequencies.shape != (len(self.words),):
            raise InvalidInputError(
                f"frequencies have shape {self.frequencies.shape} for {len(self.words)} words; give one per word."
            )
        if len(set(self.words)) != len(self.words):
            twice = next(word for i, word in enumerate(self.words) if word in self.words[:i])
            raise InvalidInputError(f"embeddings name the word '{twice}' twice; give each word one row.")

    @property
    def size(self) -> int:
        """E, the length of each vector."""
        return int(self.vectors.shape[1])


def embeddings_of(model: Any, text: Any, *, counted_in: Any = None) -> Embeddings | None:
    """A language model's vectors with the words and classes of the corpus that it reads; None where either is missing.

    Args:
        model: with `embedding`, a table of vectors.
        text: a `Corpus`, or anything else, which has no words.
        counted_in: the corpus whose counts are the frequencies; default: `text`.
    """
    table, vocabulary = getattr(model, "embedding", None), getattr(text, "vocabulary", None)
    if table is None or vocabulary is None:
        return None
    classes = {} if text.lexicon is None else text.lexicon.classes_of_types(vocabulary)
    vectors = table.weight.detach().double().cpu().numpy()
    streams = (text if counted_in is None else counted_in).streams
    frequencies = np.bincount(np.concatenate(streams), minlength=len(vectors)).astype(np.float64)
    return Embeddings(vectors, tuple(vocabulary.words), classes, frequencies)
