"""Simultaneous bands: a whole curve lies inside with the nominal probability, not each of its points alone."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from stategrad.errors import InvalidInputError
from stategrad.measures.jackknife import Estimate


def simultaneous_band(
    estimate: Estimate, *, axis: int = -1, draws: int = 2000, seed: int = 0
) -> tuple[Float[np.ndarray, "*shape"], Float[np.ndarray, "*shape"]]:
    """`T_J ± c s` with c the `level` quantile of `max_τ |t_τ|`: low and high, for all delays of a curve at once.

    The law of the maximum (sup-t) comes from seeded draws of Gaussian pseudo-values with the correlation across delays that the
    blocks show; each draw goes through the same t-ratio as the data, its own standard error at every delay.

    Args:
        estimate: of a statistic along a curve.
        axis: of the delays; counted in the shape of the estimate.
        draws: how many.
        seed: of the draws, the same for all curves.

    Returns:
        low and high; NaN where the pointwise interval is NaN.

    Raises:
        InvalidInputError: an axis that the estimate does not have.

    Source: Montiel Olea & Plagborg-Møller, Journal of Applied Econometrics 34, 2019.
    """
    if not -estimate.plain.ndim <= axis < estimate.plain.ndim:
        raise InvalidInputError(f"axis is {axis}; the estimate has shape {estimate.plain.shape}.")
    contributions = np.moveaxis(estimate.contributions, 0, -1)
    contributions = np.moveaxis(contributions, axis % estimate.plain.ndim, -2)
    error = np.moveaxis(estimate.standard_error, axis, -1)
    multiplier = np.full(error.shape[:-1], np.nan)
    for item in np.ndindex(multiplier.shape):
        known = error[item] > 0
        if known.any():
            multiplier[item] = _sup_t(contributions[item][known] / error[item][known, None], estimate.level, draws, seed)
    half = np.moveaxis(multiplier[..., None] * error, -1, axis)
    return estimate.debiased - half, estimate.debiased + half


def _sup_t(directions: Float[np.ndarray, "delay block"], level: float, draws: int, seed: int) -> float:
    """The quantile of `max |t|` over delays whose correlation is that of the rows, which have length 1."""
    occupied = (directions != 0).any(0)
    blocks = int(occupied.sum())
    white = np.random.default_rng(seed).standard_normal((draws, blocks, blocks))
    sample = white @ directions[:, occupied].T
    ratio = sample.mean(1) / (sample.std(1, ddof=1) / np.sqrt(blocks))
    return float(np.quantile(np.abs(ratio).max(-1), level))
