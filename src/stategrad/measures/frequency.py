"""The direction of embedding space along which word vectors move with their frequency, and directions without their part in it.

    f = Σ_w (ln n_w - mean) (e_w - ē)      d' = d - (f·d) f / ‖f‖²

f is the least-squares slope of the vectors on log frequency, up to its length. Training moves frequent words most, so that two
classes that differ in frequency differ along f whatever they mean.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from stategrad.corpus.vocabulary import UNKNOWN
from stategrad.errors import InvalidInputError
from stategrad.models.embeddings import Embeddings


def frequency_direction(embeddings: Embeddings) -> Float[np.ndarray, " embedding"]:
    """`f` of unit length, over word types that occur, without `<unk>`, which stands for many.

    Raises:
        InvalidInputError: no frequencies, or ones that do not vary.
    """
    if embeddings.frequencies is None:
        raise InvalidInputError("the direction of frequency needs how often each word occurs; give embeddings with frequencies.")
    kept = (embeddings.frequencies > 0) & np.array([word != UNKNOWN for word in embeddings.words])
    logs, vectors = np.log(embeddings.frequencies[kept]), embeddings.vectors[kept]
    slope = (logs - logs.mean()) @ (vectors - vectors.mean(0)) if kept.any() else np.zeros(embeddings.size)
    length = np.linalg.norm(slope)
    if not length > 0:
        raise InvalidInputError("all words are equally frequent, or have one vector; frequency has no direction.")
    return np.asarray(slope / length)


def without_direction(
    directions: Float[np.ndarray, "*shape embedding"], f: Float[np.ndarray, " embedding"]
) -> Float[np.ndarray, "*shape embedding"]:
    """`d - (f·d) f / ‖f‖²` of each direction; exactly zero where nothing but rounding is left.

    >>> without_direction(np.array([[3.0, 4.0], [2.0, 0.0]]), np.array([5.0, 0.0]))
    array([[0., 4.],
           [0., 0.]])
    """
    unit = f / np.linalg.norm(f)
    rest = directions - (directions @ unit)[..., None] * unit
    nothing = np.linalg.norm(rest, axis=-1) <= 1e-12 * np.linalg.norm(directions, axis=-1)
    return np.where(nothing[..., None], 0.0, rest)
