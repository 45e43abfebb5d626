"""The input vectors of a model with the words they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    """

    vectors: Float[np.ndarray, "word embedding"]
    words: tuple[str, ...]
    classes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.words) != len(self.vectors):
            raise InvalidInputError(f"embeddings have {len(self.vectors)} rows and {len(self.words)} words; give one word per row.")
        if len(set(self.words)) != len(self.words):
            twice = next(word for i, word in enumerate(self.words) if word in self.words[:i])
            raise InvalidInputError(f"embeddings name the word '{twice}' twice; give each word one row.")

    @property
    def size(self) -> int:
        """E, the length of each vector."""
        return int(self.vectors.shape[1])
