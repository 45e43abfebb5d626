"""Rank correlation with an interval over words."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


class RankCorrelation(NamedTuple):
    """Spearman's ρ and its interval, over `words` words; NaN for fewer than 3, or where one side does not vary."""

    rho: float
    low: float
    high: float
    words: int


def rank_correlation(
    a: Float[np.ndarray, " word"], b: Float[np.ndarray, " word"], *, draws: int = 1000, level: float = 0.95, seed: int = 0
) -> RankCorrelation:
    """Spearman's `ρ = corr(rank a, rank b)`; its interval between quantiles of ρ over words drawn with replacement.

    Words with NaN on either side are left out. The interval speaks of other words of this kind, in this text and this model.

    Args:
        a: a value per word.
        b: another.
        draws: resamples of the words.
        level: nominal coverage.
        seed: of the draws.

    >>> rank_correlation(np.arange(9.0), np.arange(9.0) ** 3)
    RankCorrelation(rho=1.0, low=1.0, high=1.0, words=9)
    """
    known = np.isfinite(a) & np.isfinite(b)
    values = np.stack([a[known], b[known]])
    words = values.shape[1]
    if words < 3:
        return RankCorrelation(np.nan, np.nan, np.nan, words)
    rho = _rho(values, np.arange(words)[None])[0]
    resampled = _rho(values, np.random.default_rng(seed).integers(words, size=(draws, words)))
    resampled = resampled[np.isfinite(resampled)]
    tail = (1 - level) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail]) if len(resampled) else (np.nan, np.nan)
    return RankCorrelation(round(float(rho), 12), round(float(low), 12), round(float(high), 12), words)


def _rho(values: Float[np.ndarray, "2 word"], chosen: Int[np.ndarray, "draw word"]) -> Float[np.ndarray, " draw"]:
    from scipy.stats import rankdata

    a, b = (rankdata(side[chosen], axis=1) for side in values)
    a, b = (side - side.mean(1, keepdims=True) for side in (a, b))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1)))
