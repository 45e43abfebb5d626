"""How much of a curve is the model and how much the seed: the parts of what models of one recipe differ by.

With `x_k` the value of seed k of K, `s_k` its error over texts (blocks), and `o_k` the part of it that the seeds do not share:

    mean over seeds      x̄ ± t_{K-1} s / √K,        s² = Σ_k (x_k - x̄)² / (K - 1)
    between seeds        b² = s² - mean o_k²         unbiased, and negative where seeds differ by less than their texts explain
    text                 w² = mean s_k²
    one more seed        x̄ ± t_{K-1} s √(1 + 1/K)
    refit floor          f = t_{K-1} √2 s            what two seeds stay within in 95 % of pairs

Seeds that are read on one text share what is unusual about it: of the block contributions `c_{k,j}` only the deviations from the
mean over seeds are their own, `o_k² = K/(K-1) Σ_j (c_{k,j} - c̄_j)²`. Seeds read on different texts share nothing, `o_k = s_k`. The
floor takes s and not b: a comparison of two models on a text of this length shows both parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

from stategrad.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class VarianceParts:
    """What models of one recipe have in common, and what they differ by.

    Attributes:
        mean: `x̄`.
        low: the lower end of its interval over seeds; it leaves out the text, which all seeds share.
        high: the upper end.
        another_low: the lower end of the interval for one more seed.
        another_high: the upper end.
        between_variance: `b²`; never clipped.
        text_sd: `w`.
        refit_floor: `f`.
    """

    mean: Float[np.ndarray, "*shape"]
    low: Float[np.ndarray, "*shape"]
    high: Float[np.ndarray, "*shape"]
    another_low: Float[np.ndarray, "*shape"]
    another_high: Float[np.ndarray, "*shape"]
    between_variance: Float[np.ndarray, "*shape"]
    text_sd: Float[np.ndarray, "*shape"]
    refit_floor: Float[np.ndarray, "*shape"]

    @property
    def between_sd(self) -> Float[np.ndarray, "*shape"]:
        """`b`, 0 where its square is negative."""
        return np.asarray(np.sqrt(self.between_variance.clip(min=0)))


def own_variance(contributions: Float[np.ndarray, " seed block *shape"]) -> Float[np.ndarray, " seed *shape"]:
    """`o_k²` of seeds that were read on the same blocks."""
    seeds = len(contributions)
    own = contributions - contributions.mean(0)
    return np.asarray(np.square(own).sum(1) * (seeds / (seeds - 1)))


def variance_parts(
    values: Float[np.ndarray, " seed *shape"],
    errors: Float[np.ndarray, " seed *shape"],
    own: Float[np.ndarray, " seed *shape"],
    *,
    level: float = 0.95,
) -> VarianceParts:
    """The formulas above.

    Args:
        values: `x_k`.
        errors: `s_k`.
        own: `o_k²`.
        level: nominal coverage of the interval, and of the floor.

    Raises:
        InvalidInputError: fewer than 2 seeds.

    >>> parts = variance_parts(np.array([1.0, 2.0, 3.0]), np.full(3, 0.5), np.full(3, 0.25))
    >>> float(parts.mean), float(parts.between_variance), round(float(parts.refit_floor), 2)
    (2.0, 0.75, 6.08)
    """
    seeds = len(values)
    if seeds < 2:
        raise InvalidInputError(f"{seeds} seed has no spread; give models of at least 2 seeds.")
    mean, spread = np.asarray(values.mean(0)), np.asarray(values.std(0, ddof=1))
    t = stdtrit(seeds - 1, (1 + level) / 2)
    half, another = t * spread / np.sqrt(seeds), t * spread * np.sqrt(1 + 1 / seeds)
    return VarianceParts(
        mean=mean,
        low=np.asarray(mean - half),
        high=np.asarray(mean + half),
        another_low=np.asarray(mean - another),
        another_high=np.asarray(mean + another),
        between_variance=np.asarray(spread**2 - own.mean(0)),
        text_sd=np.asarray(np.sqrt(np.square(errors).mean(0))),
        refit_floor=np.asarray(t * np.sqrt(2) * spread),
    )
