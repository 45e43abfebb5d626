"""Scales on which the error of a measure is nearly normal: intervals are made there and brought back.

- `m² = r²/σ_1²` with its sign, for relative memory m: `r²` is a mean of products across blocks, and where r drowns in noise it is
  about 0, where a root bends.
- `Σσ / Σ_{i≤n}σ`, for the share of the n best: noise adds to Σσ an error that may be as large as σ_1, and a denominator bends.

How often intervals made on the measures themselves and on these scales hold the truth: docs/calibration.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Interval = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Scale:
    """The ways back from a scale to the measure.

    Attributes:
        value: of a value, which is not clipped.
        ends: of the lower and upper end of an interval.
    """

    value: Callable[[np.ndarray], np.ndarray]
    ends: Callable[[np.ndarray, np.ndarray], Interval]


def signed_square(values: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """`sign(x) x²`."""
    return np.asarray(np.sign(values) * np.square(values))


def signed_root(square: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """`sign(x) √|x|`.

    >>> signed_root(np.array([4.0, -9.0]))
    array([ 2., -3.])
    """
    return np.asarray(np.sign(square) * np.sqrt(np.abs(square)))


def inverse_share(values: Float[np.ndarray, "*batch mode"], n: int = 1) -> Float[np.ndarray, "*batch"]:
    """`Σσ / Σ_{i≤n} σ_i`: 1 or more, and below 1 only where modes of noise were debiased to less than nothing."""
    return _quotient(values.sum(-1), values[..., :n].sum(-1))


def _quotient(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.divide(a, b, out=np.full(np.shape(a), np.nan), where=b != 0))


def _share_ends(low: np.ndarray, high: np.ndarray) -> Interval:
    return 1 / np.maximum(high, 1), 1 / np.maximum(low, 1)


ITSELF = Scale(np.asarray, lambda low, high: (low, high))
SIGNED_SQUARES = Scale(signed_root, lambda low, high: (signed_root(low), signed_root(high)))
INVERSE_SHARES = Scale(lambda inverse: _quotient(np.ones_like(inverse), inverse), _share_ends)
