"""Properties of words as directions of embedding space: the difference between the means of two classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from stategrad.errors import InvalidInputError, suggestion
from stategrad.models.embeddings import Embeddings

Members = str | Sequence[str] | Sequence[int]


@dataclass(frozen=True, eq=False)
class Property:
    """A direction `d` with the word types that define it.

    Attributes:
        name: such as `"singular nouns–plural nouns"`.
        vector: `d`, the mean vector of a minus that of b.
        a: the rows of the first class's word types; a word with two tags of the class stands twice.
        b: those of the second.
        reliability: split-half cosine: between the `d` of two random halves of the members, averaged over 100 seeded splits;
            near 1 where the direction does not depend on which words define it.
    """

    name: str
    vector: Float[np.ndarray, " embedding"]
    a: tuple[int, ...]
    b: tuple[int, ...]
    reliability: float


def vector_of(direction: Any) -> Float[np.ndarray, " embedding"]:
    """The vector of a property, or a direction of embedding space itself.

    Raises:
        InvalidInputError: what holds no numbers.
    """
    try:
        return np.asarray(getattr(direction, "vector", direction), dtype=np.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InvalidInputError(
            f"the direction is {direction!r}; give a property, as sg.property_vector makes it, or a vector of numbers."
        ) from error


def property_vector(embeddings: Embeddings, a: Members, b: Members, *, name: str | None = None, seed: int = 0) -> Property:
    """`d = ē_a - ē_b`, means over word types, one per (word, tag) pair.

    Args:
        embeddings: the input vectors with their words and classes.
        a: a class of `embeddings`, or a list of words, or of rows.
        b: likewise.
        name: of the property; default: made of the class names.
        seed: of the splits behind `reliability`.

    Raises:
        InvalidInputError: an unknown class or word, a row out of range, a class without words, two classes with one mean.

    Source: Verwimp et al. 2018, equation 2.
    """
    rows_a, rows_b = _rows(embeddings, a), _rows(embeddings, b)
    vector = _difference(embeddings, rows_a, rows_b)
    if not np.any(vector):
        raise InvalidInputError("the two classes of a property have the same mean vector; their difference names no direction.")
    name = name or "–".join(members if isinstance(members, str) else "/".join(map(str, members)) for members in (a, b))
    return Property(name, vector, rows_a, rows_b, _reliability(embeddings, rows_a, rows_b, seed))


def property_cosine(
    embeddings: Embeddings, u: Property, v: Property, *, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> tuple[float, float, float]:
    """The cosine between two properties of one embedding space, and its interval over word types (percentile bootstrap).

    Each draw weighs every word by a Poisson number of mean 1, the same in all classes that the word belongs to.

    Args:
        embeddings: of both.
        u: a property with its members.
        v: another.
        draws: bootstrap samples.
        seed: of them.
        level: nominal coverage.
    """
    generator = np.random.default_rng(seed)
    weights = generator.poisson(1.0, (draws, len(embeddings.words))).astype(np.float64)

    def means(rows: tuple[int, ...]) -> Float[np.ndarray, "draw embedding"]:
        of_rows = weights[:, list(rows)]
        with np.errstate(invalid="ignore"):  # a draw may leave a small class without words: NaN, which counts for nothing below
            return np.asarray(of_rows @ embeddings.vectors[list(rows)] / of_rows.sum(1, keepdims=True))

    first, second = (means(d.a) - means(d.b) for d in (u, v))
    cosines = (first * second).sum(1) / (np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1))
    low, high = np.nanquantile(cosines, [(1 - level) / 2, (1 + level) / 2])
    return _cosine(u.vector, v.vector), float(low), float(high)


def _cosine(u: Float[np.ndarray, " embedding"], v: Float[np.ndarray, " embedding"]) -> float:
    return float(u @ v / (np.linalg.norm(u) * np.linalg.norm(v)))


def _rows(embeddings: Embeddings, members: Members) -> tuple[int, ...]:
    if isinstance(members, str):
        if members not in embeddings.classes:
            raise InvalidInputError(f"unknown word class '{members}': {suggestion(members, embeddings.classes)}.")
        rows = embeddings.classes[members]
    else:
        index = {word: row for row, word in enumerate(embeddings.words)}
        unknown = [m for m in members if (m not in index if isinstance(m, str) else not 0 <= m < len(embeddings.words))]
        if unknown:
            raise InvalidInputError(
                f"not among the {len(embeddings.words)} words of the embeddings: {', '.join(map(str, unknown))}."
            )
        rows = tuple(index[m] if isinstance(m, str) else int(m) for m in members)
    if not rows:
        raise InvalidInputError(f"class '{members}' of a property has no words.")
    return rows


def _difference(
    embeddings: Embeddings, a: Sequence[int] | np.ndarray, b: Sequence[int] | np.ndarray
) -> Float[np.ndarray, " embedding"]:
    return np.asarray(embeddings.vectors[list(a)].mean(0) - embeddings.vectors[list(b)].mean(0))


def _reliability(embeddings: Embeddings, a: tuple[int, ...], b: tuple[int, ...], seed: int) -> float:
    if min(len(a), len(b)) < 2:
        return float("nan")
    generator = np.random.default_rng(seed)
    cosines = []
    for _ in range(100):
        halves = [np.array_split(generator.permutation(rows), 2) for rows in (a, b)]
        d1, d2 = (_difference(embeddings, halves[0][half], halves[1][half]) for half in (0, 1))
        cosines.append(_cosine(d1, d2))
    return float(np.mean(cosines))
