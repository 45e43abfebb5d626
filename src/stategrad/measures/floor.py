"""The noise floor: the singular values that a mean over this much text shows where there is nothing to show."""

from __future__ import annotations

import itertools
import math

import numpy as np
from jaxtyping import Float, Int

from stategrad.measures.gram import gram_singular_values


def noise_floor(
    block_mean: Float[np.ndarray, "block state embedding"],
    block_count: Int[np.ndarray, " block"],
    *,
    splits: int = 20,
    seed: int = 0,
) -> Float[np.ndarray, " mode"]:
    """The spectrum of `(Ḡ_A - Ḡ_B)/2` over balanced splits of the blocks, averaged over the splits.

    Args:
        block_mean: the mean gradient of each block.
        block_count: positions behind each; a block without any is left out.
        splits: how many splits at most, the same for all calls with one seed.
        seed: of their draw.

    Returns:
        The mean singular values, or NaN where fewer than two blocks hold anything, or one of them holds NaN.
    """
    noise = noise_contrasts(block_mean, block_count, splits=splits, seed=seed)
    if len(noise) == 0 or not np.isfinite(noise).all():
        return np.full(min(block_mean.shape[1:]), np.nan)
    return np.asarray(gram_singular_values(noise).mean(0))


def noise_contrasts(
    block_mean: Float[np.ndarray, "block state embedding"],
    block_count: Int[np.ndarray, " block"],
    *,
    splits: int = 20,
    seed: int = 0,
) -> Float[np.ndarray, "split state embedding"]:
    """`(Ḡ_A - Ḡ_B)/2` for balanced splits of the blocks into A and B: what a mean of nothing looks like.

    A and B halve the blocks, so that the memory cancels and the noise stays, as strong as in the mean of all. For halves of
    unequal counts `N_A`, `N_B` the factor 1/2 becomes `√(N_A N_B) / (N_A + N_B)`, which keeps the noise's variance.

    Args:
        block_mean: the mean gradient of each block.
        block_count: positions behind each; a block without any is left out.
        splits: how many splits at most, the same for all calls with one seed.
        seed: of their draw.

    Returns:
        A matrix per split; none where fewer than two blocks hold anything.
    """
    occupied = np.flatnonzero(block_count > 0)
    if len(occupied) < 2:
        return np.empty((0, *block_mean.shape[1:]))
    counts, means = block_count[occupied], block_mean[occupied]
    signs = np.array(balanced_splits(len(occupied), splits, seed))
    in_a = signs > 0
    size_a = (in_a * counts).sum(1)
    size_b = counts.sum() - size_a
    factor = np.sqrt(size_a * size_b) / (size_a + size_b)
    contrast = factor[:, None] * np.where(in_a, counts / size_a[:, None], -counts / size_b[:, None])
    return np.einsum("sb,bhe->she", contrast, means, optimize=True)


def balanced_splits(blocks: int, most: int, seed: int) -> list[tuple[int, ...]]:
    """Signs per block, half of them positive (one fewer where the number is odd); a split and its mirror count once."""
    half = blocks // 2
    possible = math.comb(blocks, half) // (1 if blocks % 2 else 2)
    if possible <= most:
        chosen = {frozenset(c) for c in itertools.combinations(range(blocks), half)}
        if blocks % 2 == 0:
            chosen = {c for c in chosen if 0 in c}
    else:
        generator = np.random.default_rng(seed)
        chosen = set()
        while len(chosen) < most:
            members = frozenset(generator.permutation(blocks)[:half].tolist())
            chosen.add(members if blocks % 2 or 0 in members else frozenset(range(blocks)) - members)
    return sorted(tuple(1 if block in members else -1 for block in range(blocks)) for members in chosen)
