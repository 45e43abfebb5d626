"""Differences between groups of one text, with intervals for all pairs at once.

    T_a - T_b,   its contributions those of a less those of b, block by block

The groups share their blocks: what makes a block unusual moves both, and the intervals of the difference are not those of two
independent texts. The band over all pairs (sup-t) holds every true difference together with the nominal probability, so that an
order may be read from it.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from stategrad.measures.jackknife import Estimate, error_of
from stategrad.measures.simultaneous import simultaneous_band


def shares_of_sum(estimate: Estimate) -> Estimate:
    """`T_a / Σ T`, the share of each item in the sum over all, debiased values in the numerator and in the denominator.

    Contributions are those of the linearised ratio, `(c_a - share_a Σ c) / Σ T`, in which what the items share cancels.

    Args:
        estimate: of one number per item (group), all from the same blocks.

    Returns:
        Plain shares and debiased ones with pointwise intervals; NaN where any of the items has none.
    """
    plain, debiased = (values / values.sum() for values in (estimate.plain, estimate.debiased))
    spread = estimate.contributions - debiased * estimate.contributions.sum(1, keepdims=True)
    contributions = spread / estimate.debiased.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.max((estimate.high - estimate.debiased) / estimate.standard_error)
    error = np.sqrt(np.square(contributions).sum(0)) + 0 * estimate.standard_error.sum()
    replicates = estimate.replicates / estimate.replicates.sum(1, keepdims=True)
    low, high = debiased - factor * error, debiased + factor * error
    return Estimate(plain, debiased, error, low, high, replicates, contributions, estimate.level)


def pairwise_differences(
    estimate: Estimate,
) -> tuple[Int[np.ndarray, "pair 2"], Estimate, Float[np.ndarray, " pair"], Float[np.ndarray, " pair"]]:
    """The differences between all items of an estimate.

    Args:
        estimate: of one number per item (group), all from the same blocks.

    Returns:
        The pairs of items, the differences as an estimate with pointwise intervals, and the ends of their simultaneous band; NaN
        where one of the two has no interval.

    >>> from stategrad.measures.jackknife import jackknife
    >>> blocks = np.random.default_rng(0).standard_normal((3, 10, 4, 2)) + 5 * np.arange(3)[:, None, None, None]
    >>> estimate = jackknife(lambda G: G[..., 0, 0], blocks, np.full((3, 10), 50))
    >>> pairs, _, low, high = pairwise_differences(estimate)
    >>> pairs.tolist(), (high < 0).tolist()
    ([[0, 1], [0, 2], [1, 2]], [True, True, True])
    """
    pairs = np.array(list(itertools.combinations(range(len(estimate.plain)), 2)), dtype=np.int64).reshape(-1, 2)
    a, b = pairs.T
    contributions = estimate.contributions[:, a] - estimate.contributions[:, b]
    known = np.isfinite(estimate.standard_error[a] + estimate.standard_error[b])
    plain, debiased = (values[a] - values[b] for values in (estimate.plain, estimate.debiased))
    error = np.where(known, error_of(contributions, plain - debiased if estimate.correction else None), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = (estimate.high - estimate.debiased) / estimate.standard_error
    half = np.fmax(factor[a], factor[b]) * error
    difference = replace(
        estimate,
        plain=plain,
        debiased=debiased,
        standard_error=error,
        low=debiased - half,
        high=debiased + half,
        replicates=estimate.replicates[:, a] - estimate.replicates[:, b],
        contributions=contributions,
    )
    low, high = simultaneous_band(difference, axis=0) if len(pairs) else (debiased, debiased)
    return pairs, difference, low, high
