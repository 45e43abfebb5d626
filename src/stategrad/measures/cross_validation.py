"""Estimates that noise cannot inflate, because every product takes its factors from different blocks of the text."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from stategrad.measures.block_means import block_gram, emptied, shares
from stategrad.measures.block_products import BlockProducts
from stategrad.measures.tracking import checked_direction


def cross_validated_singular_values(
    block_mean: Float[np.ndarray, "*batch block state embedding"], block_count: Int[np.ndarray, "*batch block"]
) -> Float[np.ndarray, "*batch mode"]:
    """`Σ_k (m_k/n) u_iᵀ Ḡ_k v_i`, with `u_i`, `v_i` the singular vectors of the mean of the other blocks.

    Too small on average, as the plain value is too large: the two bracket `σ_i`. In pure noise it is 0 on average, so that it may
    be negative, and values need not decrease. For a rank-one signal the product of the two is right to second order
    in the noise, see `geometric_mean`. NaN where fewer than two blocks hold anything.
    """
    share = shares(block_mean, block_count)
    values = np.full((*share.shape[:-1], min(block_mean.shape[-2:])), np.nan)
    for item in np.ndindex(share.shape[:-1]):
        occupied = np.flatnonzero(block_count[item] > 0)
        if len(occupied) >= 2:
            products = BlockProducts.of(block_mean[item][occupied], share[item][occupied])
            values[item] = products.held_out(np.arange(len(occupied))[:, None])[1].sum((0, 1))
    return values


def geometric_mean(plain: Float[np.ndarray, "*shape"], cross_validated: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """`√(plain · cross-validated)`, with the sign of the cross-validated value.

    For a rank-one signal s and noise of variance ν per entry of the mean of H × E entries this tends to `s √(1 - H E ν² / s⁴)`.
    """
    return np.sign(cross_validated) * np.sqrt(np.abs(plain * cross_validated))


def unbiased_energy(
    block_mean: Float[np.ndarray, "*batch block state embedding"], block_count: Int[np.ndarray, "*batch block"]
) -> Float[np.ndarray, "*batch"]:
    """`Σ_{a≠b} m_a m_b ⟨Ḡ_a, Ḡ_b⟩ / Σ_{a≠b} m_a m_b`: `‖Ḡ‖²_F` without the noise's part; may be negative.

    Unbiased where the noise of different blocks is independent. NaN where fewer than two blocks hold anything.
    """
    share = shares(block_mean, block_count)
    products = block_gram(block_mean, block_count)
    across = products.sum((-1, -2)) - np.trace(products, axis1=-2, axis2=-1)
    pairs = 1 - np.square(share).sum(-1)
    return np.divide(across, pairs, out=np.full(across.shape, np.nan), where=(share > 0).sum(-1) >= 2)


def unbiased_gain(
    block_mean: Float[np.ndarray, "*batch block state embedding"],
    block_count: Int[np.ndarray, "*batch block"],
    d: Float[np.ndarray, " embedding"],
) -> Float[np.ndarray, "*batch"]:
    """`r² = ‖Ḡ d‖² / ‖d‖²` without the noise's part, from products across blocks as in `unbiased_energy`; may be negative.

    Raises:
        InvalidInputError: a direction of another size, or the zero vector.
    """
    direction = checked_direction(d, block_mean.shape[-1])
    kept = emptied(block_mean, block_count) @ (direction / np.linalg.norm(direction))
    return unbiased_energy(kept[..., None], block_count)
