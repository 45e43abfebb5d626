"""The interval of the cosine between a property and the n best-remembered directions.

    cos ± t_{g-1} s          s the jackknife's error over blocks, cut to 0 … 1

around the plain value: a cosine is not corrected for bias, since modes near a tie swap, and what looks like bias is that. Where
`σ_n / σ_{n+1}` is below 1.05 chance decides which of the two modes belongs to the n; whatever it decides, the cosine lies between
those for n - 1 and n + 1 directions, and the interval reaches over both.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from stategrad.measures.jackknife import block_contributions, estimate_around, share_of_values
from stategrad.measures.tracking import subspace_cosine


def cosine_interval(
    right: Float[np.ndarray, "*batch embedding mode"],
    without: Float[np.ndarray, " block *batch embedding mode"],
    share: Float[np.ndarray, " block *batch"],
    d: Float[np.ndarray, " embedding"],
    n: int,
    near_tie: Bool[np.ndarray, "*batch"],
    *,
    level: float = 0.95,
) -> tuple[Float[np.ndarray, "*batch"], Float[np.ndarray, "*batch"]]:
    """Both ends; NaN with fewer than 6 occupied blocks.

    Args:
        right: `V` of the mean of all blocks.
        without: `V` of the means without each block.
        share: the part of the positions that each block holds.
        d: the property.
        n: how many directions.
        near_tie: whether n splits a near-tie.
        level: nominal coverage.
    """
    cosine, replicates = subspace_cosine(right, d, n), subspace_cosine(without, d, n)
    weight = share_of_values(share, replicates)
    _, contributions = block_contributions(cosine, replicates, weight)
    estimate = estimate_around(cosine, cosine, replicates, contributions, weight, level)
    low, high = np.clip(estimate.low, 0, 1), np.clip(estimate.high, 0, 1)
    fewer = subspace_cosine(right, d, n - 1) if n > 1 else np.zeros_like(cosine)
    more = subspace_cosine(right, d, min(n + 1, right.shape[-1]))
    return np.where(near_tie, np.minimum(low, fewer), low), np.where(near_tie, np.maximum(high, more), high)
