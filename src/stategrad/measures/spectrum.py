"""The singular values of a mean gradient: how much of the input reaches the state, and through how many directions."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from stategrad.errors import InvalidInputError


def decompose(
    mean_gradient: Float[np.ndarray, "*batch state embedding"],
) -> tuple[Float[np.ndarray, "*batch state mode"], Float[np.ndarray, "*batch mode"], Float[np.ndarray, "*batch embedding mode"]]:
    """`Ḡ = U Σ Vᵀ`: returns U, the diagonal of Σ and V (not its transpose).

    Columns of V are directions of embedding space, the best remembered first; columns of U are the directions of state space
    in which they are found. The sign of each pair is chosen so that the largest entry of `v_i` is positive. A mean with NaN
    gives NaN.

    Source: Verwimp et al. 2018, equation 1, with Ḡ as (state, embedding).
    """
    known = np.isfinite(mean_gradient).all((-1, -2))[..., None, None]
    left, values, right_t = np.linalg.svd(np.where(known, mean_gradient, 0.0), full_matrices=False)
    left, values, right_t = (np.where(k, part, np.nan) for k, part in ((known, left), (known[..., 0], values), (known, right_t)))
    return oriented(left, values, np.swapaxes(right_t, -1, -2))


def oriented(
    left: Float[np.ndarray, "*batch state mode"],
    values: Float[np.ndarray, "*batch mode"],
    right: Float[np.ndarray, "*batch embedding mode"],
) -> tuple[Float[np.ndarray, "*batch state mode"], Float[np.ndarray, "*batch mode"], Float[np.ndarray, "*batch embedding mode"]]:
    """Singular vectors with the sign that makes the largest entry of each `v_i` positive."""
    extreme = np.take_along_axis(right, np.abs(right).argmax(-2, keepdims=True), -2)
    sign = np.where(extreme < 0, -1.0, 1.0)
    return left * sign, values, right * sign


def singular_values(mean_gradient: Float[np.ndarray, "*batch state embedding"]) -> Float[np.ndarray, "*batch mode"]:
    """`σ_1 ≥ σ_2 ≥ …` of the mean gradient; NaN for a mean with NaN."""
    known = np.isfinite(mean_gradient).all((-1, -2))[..., None]
    return np.where(known, np.linalg.svd(np.where(known[..., None], mean_gradient, 0.0), compute_uv=False), np.nan)


def largest_share(values: Float[np.ndarray, "*batch mode"], n: int = 1) -> Float[np.ndarray, "*batch"]:
    """`Σ_{i≤n} σ_i / Σσ`, the share of the n largest singular values; NaN where all are zero.

    With n = 1 this is the selectivity of the memory.

    Raises:
        InvalidInputError: an n below 1 or above the number of singular values.

    Source: Verwimp et al. 2018, figure 2, grey lines.
    """
    if not 1 <= n <= values.shape[-1]:
        raise InvalidInputError(f"n is {n}; give a number of directions from 1 to {values.shape[-1]}.")
    total = values.sum(-1)
    return np.divide(values[..., :n].sum(-1), total, out=np.full(total.shape, np.nan), where=total > 0)


def effective_rank(values: Float[np.ndarray, "*batch mode"]) -> Float[np.ndarray, "*batch"]:
    """`exp(-Σ p_i ln p_i)` with `p_i = σ_i / Σσ`: over how many directions the memory is spread; NaN where all are zero.

    Negative values, as debiasing gives for modes of noise, count with their sign, so that they cancel.

    Source: Roy & Vetterli, EUSIPCO 2007.
    """
    total = values.sum(-1, keepdims=True)
    p = np.divide(values, total, out=np.full(values.shape, np.nan), where=total > 0)
    logs = np.log(np.abs(p), out=np.zeros(p.shape), where=p != 0)
    with np.errstate(over="ignore"):  # signed noise may add up to nearly nothing
        return np.asarray(np.exp(-(p * logs).sum(-1)))


def participation_ratio(values: Float[np.ndarray, "*batch mode"]) -> Float[np.ndarray, "*batch"]:
    """`(Σσ²)² / Σσ⁴`: over how many directions the energy of the memory is spread; NaN where all are zero.

    1 for a single direction, the number of singular values where all are equal, and never above the effective rank. Negative
    values, as debiasing gives for modes of noise, count with their sign, so that they cancel.

    Source: Gao et al., A theory of multineuronal dimensionality, dynamics and measurement, 2017.
    """
    energies = values * np.abs(values)
    total, spread = np.square(energies.sum(-1)), np.square(energies).sum(-1)
    return np.divide(total, spread, out=np.full(total.shape, np.nan), where=spread > 0)
