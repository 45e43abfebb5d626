"""The jackknife over blocks of the text: a statistic without its first-order bias, its standard error and interval.

With `T` the statistic of all blocks, `T_(k)` that without block k, `n` positions in `g` occupied blocks of `m_k` each and
`h_k = n / m_k`:

    pseudo-values     T̃_k = h_k T - (h_k - 1) T_(k)
    debiased          T_J = g T - Σ_k (1 - m_k/n) T_(k)  =  Σ_k T̃_k / h_k
    standard error    s² = (1/g) Σ_k (T̃_k - T_J)² / (h_k - 1)
    interval          T_J ± t_{g-1} s

Every term of s² has the same expectation however unequal the blocks are, hence g - 1 degrees of freedom. The interval is no
test of zero: singular values are never negative, and without signal the jackknife keeps half of them. See `detection`.

A largest eigenvalue near a tie is a maximum: its correction is an error of its own, of the size of the correction, and s does not
know of it. Where `correction` is true

    s² = (1/g) Σ_k (T̃_k - T_J)² / (h_k - 1) + (T - T_J)²

Far from a tie the second term is of a smaller order than the first.

Source: Busing, Meijer & van der Leeden, Statistics and Computing 9, 1999 (delete-m_j jackknife).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.special import stdtrit

from stategrad.errors import InvalidInputError
from stategrad.measures.block_means import FEWEST_BLOCKS, chunks, leave_one_out, mean_of_blocks, shares

Statistic = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Estimate:
    """A statistic with what its blocks say about it; `shape` is the batch's, then that of the statistic's value.

    Attributes:
        plain: the statistic of the mean of all blocks.
        debiased: without its bias; never clipped; NaN with fewer than 2 occupied blocks.
        standard_error: of `debiased`; NaN, as the interval, with fewer than 6 occupied blocks.
        low: the lower end of the pointwise interval around `debiased`.
        high: the upper end.
        replicates: the statistic without each block; equal to that of all for an empty block.
        contributions: of each block to `debiased`; their squares add up to that of the standard error, but for the correction's
            part; 0 for an empty block.
        level: nominal coverage of the interval.
        correction: whether `(plain - debiased)²` is a part of the squared standard error.
    """

    plain: Float[np.ndarray, "*shape"]
    debiased: Float[np.ndarray, "*shape"]
    standard_error: Float[np.ndarray, "*shape"]
    low: Float[np.ndarray, "*shape"]
    high: Float[np.ndarray, "*shape"]
    replicates: Float[np.ndarray, " block *shape"]
    contributions: Float[np.ndarray, " block *shape"]
    level: float
    correction: bool = False


def jackknife(
    statistic: Statistic,
    block_mean: Float[np.ndarray, "*batch block state embedding"],
    block_count: Int[np.ndarray, "*batch block"],
    *,
    level: float = 0.95,
    correction: bool = False,
) -> Estimate:
    """The delete-m jackknife of any statistic of the mean gradient, for each item of the batch (groups, delays).

    Args:
        statistic: takes matrices (…, state, embedding), returns (…) or (…, k), such as `measures.sigma_1_and_sum`.
        block_mean: the mean gradient of each block.
        block_count: positions behind each; 0 for an empty block, which is left out.
        level: nominal coverage of the interval.
        correction: count the correction of the bias as an error of its own: for statistics that are a maximum.

    Raises:
        InvalidInputError: a level outside 0 to 1, counts that do not fit, a statistic whose result does not fit.

    >>> blocks = np.random.default_rng(0).standard_normal((30, 10, 8, 4))  # 30 delays, 10 blocks
    >>> jackknife(lambda G: np.linalg.norm(G, axis=(-2, -1)), blocks, np.full((30, 10), 50)).debiased.shape
    (30,)
    """
    check_level(level)
    share = shares(block_mean, block_count)
    values = []
    for means, counts in chunks(block_mean, block_count):
        whole = np.nan_to_num(mean_of_blocks(means, counts))[:, None]
        without = leave_one_out(means, counts)
        without = np.where(np.isnan(without), whole, without)
        values.append(_applied(statistic, np.concatenate([whole, without], axis=1)))
    if not values:
        raise InvalidInputError("the jackknife received no matrices; give at least one item with its blocks.")
    of_all = np.concatenate(values)
    of_all = np.moveaxis(of_all, 1, 0).reshape(-1, *share.shape[:-1], *of_all.shape[2:])
    plain, replicates = np.asarray(of_all[0]), of_all[1:]
    weight = share_of_values(np.moveaxis(share, -1, 0), replicates)
    debiased, contributions = block_contributions(plain, replicates, weight)
    return estimate_around(debiased, plain, replicates, contributions, weight, level, correction=correction)


def block_contributions(
    whole: Float[np.ndarray, "*shape"], replicates: Float[np.ndarray, " block *shape"], share: Float[np.ndarray, " block *shape"]
) -> tuple[Float[np.ndarray, "*shape"], Float[np.ndarray, " block *shape"]]:
    """`T_J` and `(T̃_k - T_J) / √(g (h_k - 1))`, whose squares add up to s²; 0 for an empty block."""
    blocks = (share > 0).sum(0)
    inside = (share > 0) & (share < 1)
    debiased = blocks * whole - np.where(inside, (1 - share) * replicates, 0.0).sum(0)
    h = 1 / np.where(inside, share, 0.5)
    deviation = h * whole - (h - 1) * replicates - debiased
    contributions = np.where(inside, deviation / np.sqrt(np.maximum(blocks, 1) * (h - 1)), 0.0)
    return np.where(blocks >= 2, debiased, np.nan), contributions


def estimate_around(
    debiased: Float[np.ndarray, "*shape"],
    plain: Float[np.ndarray, "*shape"],
    replicates: Float[np.ndarray, " block *shape"],
    contributions: Float[np.ndarray, " block *shape"],
    share: Float[np.ndarray, " block *shape"],
    level: float,
    *,
    correction: bool = False,
) -> Estimate:
    """The t-interval around a debiased value, from the contributions of the blocks to its error."""
    blocks = (share > 0).sum(0)
    error = np.where(blocks >= FEWEST_BLOCKS, error_of(contributions, plain - debiased if correction else None), np.nan)
    half = stdtrit(np.maximum(blocks - 1, 1), (1 + level) / 2) * error
    plain = np.where(blocks >= 1, plain, np.nan)
    low, high = np.asarray(debiased - half), np.asarray(debiased + half)
    return Estimate(plain, debiased, error, low, high, replicates, contributions, level, correction)


def error_of(
    contributions: Float[np.ndarray, " block *shape"], correction: Float[np.ndarray, "*shape"] | None
) -> Float[np.ndarray, "*shape"]:
    """The standard error from the contributions of the blocks and, if it counts, from the correction of the bias."""
    square = np.square(contributions).sum(0)
    return np.asarray(np.sqrt(square if correction is None else square + np.square(correction)))


def share_of_values(
    share: Float[np.ndarray, " block *batch"], replicates: Float[np.ndarray, " block *shape"]
) -> Float[np.ndarray, " block *shape"]:
    """The shares of the blocks, repeated for every number that the statistic gives."""
    return np.broadcast_to(share.reshape(*share.shape, *(1,) * (replicates.ndim - share.ndim)), replicates.shape)


def check_level(level: float) -> None:
    """Raise `InvalidInputError` unless the nominal coverage lies between 0 and 1."""
    if not 0 < level < 1:
        raise InvalidInputError(f"level is {level}; give a coverage between 0 and 1, such as 0.95.")


def _applied(statistic: Statistic, matrices: np.ndarray) -> np.ndarray:
    value = np.asarray(statistic(matrices), dtype=np.float64)
    if value.shape[:2] != matrices.shape[:2] or value.ndim > 3:
        raise InvalidInputError(
            f"the statistic turned matrices of shape {matrices.shape} into {value.shape}; it must return one number, or one row "
            "of numbers, for each matrix."
        )
    return value
