"""The horizon of a memory curve: the delay where it falls below a part of its value at delay 0.

    r(τ) = T(τ) / T(0),   contributions of the blocks  (c_k(τ) - r(τ) c_k(0)) / T(0),   interval r ± t_{g-1} s

The ratio has an interval of its own: what makes a block unusual at delay 0 does so later too, and cancels. The ends of the horizon
are where the ends of that interval cross.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from stategrad.measures.jackknife import Estimate
from stategrad.measures.relative import relative_estimate


class Crossings(NamedTuple):
    """Where a curve falls below a level, in delays, between the measured ones by linear interpolation; NaN where it never does.

    Attributes:
        first: where it does so for the first time.
        last: where it does so for good; later than `first` if the curve rises above the level again, NaN if it ends above it.
    """

    first: float
    last: float


def crossings(delays: Int[np.ndarray, " delay"], curve: Float[np.ndarray, " delay"], level: float) -> Crossings:
    """Where a curve crosses a level downwards; delays without a value are passed over.

    >>> crossings(np.array([0, 1, 2, 4]), np.array([1.0, 0.6, 0.3, 0.1]), 0.2)
    Crossings(first=3.0, last=3.0)
    """
    known = np.isfinite(curve)
    delays, curve = delays[known], curve[known]
    below = curve < level
    downwards = np.flatnonzero(below[1:] & ~below[:-1])
    if len(curve) and below[0]:
        downwards = np.concatenate([[-1], downwards])
    if len(downwards) == 0:
        return Crossings(np.nan, np.nan)

    def place(before: int) -> float:
        if before < 0:
            return float(delays[0])
        part = (curve[before] - level) / (curve[before] - curve[before + 1])
        return float(delays[before] + part * (delays[before + 1] - delays[before]))

    return Crossings(place(int(downwards[0])), place(int(downwards[-1])) if below[-1] else np.nan)


def relative_interval(
    estimate: Estimate,
) -> tuple[Float[np.ndarray, "*shape"], Float[np.ndarray, "*shape"], Float[np.ndarray, "*shape"]]:
    """`T(τ)/T(0)` of debiased values with its interval, delays on the last axis: value, low, high.

    Raises:
        InvalidInputError: an estimate without an axis.
    """
    relative = relative_estimate(estimate)
    return relative.debiased, relative.low, relative.high
