"""The spectrum of a noisy mean without its bias, by singular values that are cross-validated mode by mode.

    debiased          σ̂_i = sign(c_i) √(σ_i |c_i|)      σ_i of the mean, c_i = Σ_k (m_k/n) u_iᵀ Ḡ_k v_i cross-validated over blocks
    standard error    s² = (s_1² + 2 s_2²) / 3

For a signal s of rank one in noise of variance ν per entry, `σ_1 ≈ √((s² + Hν)(s² + Eν)) / s` and `c_1 ≈ (s⁴ - HEν²) / (s² σ_1)`:
their product is right to second order, and the c_i of modes without signal are as often negative as positive, so that the sum
of all modes is right as well. (The jackknife takes away half of what pure noise adds to a sum.)

`s_1` is the jackknife's error of the statistic, each block left out of everything; `s_2` that with only the block's own product
left out of `c_i`. Both are right where signal prevails. Where noise prevails c is a sum of products of pairs of blocks, whose
variance `s_1²` counts twice and `s_2²` half, if blocks are many: the weights make both cases right. With few and unequal
blocks `s_1²` counts it more than twice, and intervals of sums over many noisy modes are wide.

Which estimator is right by how much, and how often the intervals hold the truth: examples/calibration.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from threadpoolctl import threadpool_limits

from stategrad.measures.block_means import FEWEST_BLOCKS, shares
from stategrad.measures.block_products import BlockProducts
from stategrad.measures.cross_validation import geometric_mean
from stategrad.measures.jackknife import Estimate, block_contributions, check_level, estimate_around, share_of_values


@dataclass(frozen=True, eq=False)
class DebiasedSpectrum:
    """Singular values, cross-validated and debiased, with what they are without each block.

    Attributes:
        plain: `σ_i` of the mean of all blocks.
        cross_validated: `c_i`; with `plain` it brackets the truth.
        debiased: `σ̂_i`; negative where the blocks disagree; NaN with fewer than 2 occupied blocks.
        without: `σ̂_i` with a block left out of everything; NaN with fewer than 6 occupied blocks.
        dropped: `σ̂_i` with only its own product left out of `c_i`; likewise.
        share: `m_k / n`.
    """

    plain: Float[np.ndarray, "*batch mode"]
    cross_validated: Float[np.ndarray, "*batch mode"]
    debiased: Float[np.ndarray, "*batch mode"]
    without: Float[np.ndarray, "block *batch mode"]
    dropped: Float[np.ndarray, "block *batch mode"]
    share: Float[np.ndarray, " block *batch"]

    def estimate(self, statistic: Callable[[np.ndarray], np.ndarray], *, level: float = 0.95) -> Estimate:
        """A statistic of the spectrum, debiased and with its interval.

        Args:
            statistic: takes singular values (…, mode), returns (…) or (…, k), such as `largest_share`.
            level: nominal coverage of the interval.

        >>> blocks = np.random.default_rng(0).standard_normal((30, 10, 8, 4))
        >>> spectrum = debias_spectrum(blocks, np.full((30, 10), 50))
        >>> spectrum.estimate(lambda values: values[..., 0]).high.shape
        (30,)
        """
        check_level(level)
        whole, replicates = (np.asarray(statistic(values), dtype=np.float64) for values in (self.debiased, self.without))
        share = share_of_values(self.share, replicates)
        _, outer = block_contributions(whole, replicates, share)
        _, inner = block_contributions(whole, np.asarray(statistic(self.dropped), dtype=np.float64), share)
        outer_square, inner_square = (np.square(contributions).sum(0) for contributions in (outer, inner))
        ratio = np.divide(inner_square, outer_square, out=np.ones_like(outer_square), where=outer_square > 0)
        contributions = outer * np.sqrt((1 + 2 * ratio) / 3)
        return estimate_around(whole, np.asarray(statistic(self.plain)), replicates, contributions, share, level)


def debias_spectrum(
    block_mean: Float[np.ndarray, "*batch block state embedding"], block_count: Int[np.ndarray, "*batch block"]
) -> DebiasedSpectrum:
    """The formulas above for each item of the batch (groups, delays).

    The cost is that of `g (g + 1) / 2` eigenvalue problems of the smaller side; digits are those of `block_products`.

    Raises:
        InvalidInputError: counts that do not fit.
    """
    # thousands of small problems, for which the threads of a linear algebra library only wait for each other
    with threadpool_limits(1, user_api="blas"):
        return _debias(block_mean, block_count)


def _debias(block_mean: np.ndarray, block_count: np.ndarray) -> DebiasedSpectrum:
    share = shares(block_mean, block_count)
    batch, blocks, modes = share.shape[:-1], share.shape[-1], min(block_mean.shape[-2:])
    plain, crossed = np.full((2, *batch, modes), np.nan)
    without, dropped = np.full((2, blocks, *batch, modes), np.nan)
    for item in np.ndindex(batch):
        occupied = np.flatnonzero(block_count[item] > 0)
        if len(occupied) == 0:
            continue
        products = BlockProducts.of(block_mean[item][occupied], share[item][occupied])
        plain[item], crossed[item], inner, outer = _spectra(products)
        at = (slice(None), *item)
        dropped[at] = without[at] = geometric_mean(plain[item], crossed[item])
        dropped[(occupied, *item)], without[(occupied, *item)] = inner, outer
    return DebiasedSpectrum(plain, crossed, geometric_mean(plain, crossed), without, dropped, np.moveaxis(share, -1, 0))


def _spectra(products: BlockProducts) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Plain, cross-validated, debiased without each block's own product, debiased without each block."""
    blocks = len(products.share)
    plain = products.singular_values()
    nothing = np.full((blocks, len(plain)), np.nan)
    if blocks < 2:
        return plain, nothing[0], nothing, nothing
    rest, own = products.held_out(np.arange(blocks)[:, None])
    crossed = own.sum((0, 1))
    if blocks < FEWEST_BLOCKS:
        return plain, crossed, nothing, nothing
    left = 1 - products.share[:, None]
    crossed_dropped = (crossed - own[:, 0]) / left
    dropped = geometric_mean(plain + crossed_dropped - crossed, crossed_dropped)
    first, second = np.array(list(itertools.combinations(range(blocks), 2))).T
    _, of_pair = products.held_out(np.stack([first, second], axis=1))
    crossed_without = np.zeros_like(nothing)
    np.add.at(crossed_without, second, of_pair[:, 0])
    np.add.at(crossed_without, first, of_pair[:, 1])
    return plain, crossed, dropped, geometric_mean(rest / left, crossed_without / left)
