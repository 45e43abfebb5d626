"""Curves relative to delay 0, the only ones that compare across models: `x → a x, W → W/a` changes `σ` and leaves the model.

    r(τ) = T(τ) / T(0),   contributions of the blocks  (c_k(τ) - r(τ) c_k(0)) / T(0)

What makes a block unusual at delay 0 does so later too, and cancels.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stategrad.errors import InvalidInputError
from stategrad.measures.jackknife import Estimate, error_of


def relative_estimate(estimate: Estimate) -> Estimate:
    """`T(τ)/T(0)` of debiased values, delays on the last axis, with the error of the ratio, which is 0 at delay 0.

    Raises:
        InvalidInputError: an estimate without an axis.
    """
    if estimate.plain.ndim == 0:
        raise InvalidInputError("a relative curve needs delays on the last axis; the estimate is a single number.")
    first = estimate.debiased[..., :1]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = estimate.debiased / first
        contributions = (estimate.contributions - ratio * estimate.contributions[..., :1]) / first
        factor = (estimate.high - estimate.debiased) / estimate.standard_error
        plain, replicates = (part / part[..., :1] for part in (estimate.plain, estimate.replicates))
    known = np.isfinite(estimate.standard_error)
    error = np.where(known, error_of(contributions, plain - ratio if estimate.correction else None), np.nan)
    half = np.where(known & (error == 0), 0.0, factor * error)
    return replace(
        estimate,
        plain=plain,
        debiased=ratio,
        standard_error=error,
        low=np.asarray(ratio - half),
        high=np.asarray(ratio + half),
        replicates=replicates,
        contributions=contributions,
    )
