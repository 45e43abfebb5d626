"""How well the state keeps one property of its inputs, a direction `d` of embedding space."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from stategrad.errors import InvalidInputError
from stategrad.measures.spectrum import decompose, singular_values


def relative_memory(
    mean_gradient: Float[np.ndarray, "*batch state embedding"], d: Float[np.ndarray, " embedding"]
) -> Float[np.ndarray, "*batch"]:
    """`m = r / σ_1` with `r = ‖Ḡ d‖ / ‖d‖`: between 0 and 1, and 1 for `d = v_1`; NaN where `Ḡ` is zero.

    Source: Verwimp et al. 2018, equations 5 and 7.
    """
    r = np.linalg.norm(mean_gradient @ checked_direction(d, mean_gradient.shape[-1]), axis=-1) / np.linalg.norm(d)
    largest = singular_values(mean_gradient)[..., 0]
    return np.divide(r, largest, out=np.full(r.shape, np.nan), where=largest > 0)


def cosine_to_subspace(
    mean_gradient: Float[np.ndarray, "*batch state embedding"], d: Float[np.ndarray, " embedding"], n: int
) -> Float[np.ndarray, "*batch"]:
    """`cos(d, H_n) = ‖V_nᵀ d‖ / ‖d‖`, with exactly the n best-remembered directions.

    Source: Verwimp et al. 2018, equation 4.
    """
    return subspace_cosine(decompose(mean_gradient)[2], d, n)


def subspace_cosine(
    right: Float[np.ndarray, "*batch embedding mode"], d: Float[np.ndarray, " embedding"], n: int
) -> Float[np.ndarray, "*batch"]:
    """`‖V_nᵀ d‖ / ‖d‖` from right singular vectors that are known already.

    Raises:
        InvalidInputError: an n below 1 or above the number of directions.
    """
    if not 1 <= n <= right.shape[-1]:
        raise InvalidInputError(f"n is {n}; give a number of directions from 1 to {right.shape[-1]}.")
    projected = np.swapaxes(right[..., :n], -1, -2) @ checked_direction(d, right.shape[-2])
    return np.asarray(np.linalg.norm(projected, axis=-1) / np.linalg.norm(d))


def checked_direction(d: Float[np.ndarray, " embedding"], size: int) -> Float[np.ndarray, " embedding"]:
    """The direction, where it is one.

    Raises:
        InvalidInputError: another size, the zero vector, NaN or infinity.
    """
    if d.shape != (size,):
        raise InvalidInputError(f"the property has shape {d.shape}; the embeddings have {size} dimensions.")
    if not np.isfinite(d).all() or not np.any(d):
        raise InvalidInputError("the property is the zero vector or has values that are not finite; it names no direction.")
    return d
