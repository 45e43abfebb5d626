"""What chance gives: directions of no meaning, and matrices of pure noise."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.special import betaincinv

from stategrad.errors import InvalidInputError

BAND = (0.025, 0.5, 0.975)


def chance_cosine(n: int, embedding: int, quantiles: tuple[float, ...] = BAND) -> Float[np.ndarray, " quantile"]:
    """Quantiles of `cos(d, H_n)` for an isotropic random d: `cos²` is Beta(n/2, (E-n)/2) distributed.

    Raises:
        InvalidInputError: an n that is not between 1 and E.

    >>> chance_cosine(5, 64).round(2)
    array([0.12, 0.26, 0.44])
    """
    if not 1 <= n <= embedding:
        raise InvalidInputError(f"n is {n}; give a number of directions from 1 to {embedding}.")
    if n == embedding:
        return np.ones(len(quantiles))
    return np.asarray(np.sqrt(betaincinv(n / 2, (embedding - n) / 2, np.array(quantiles))))


def chance_relative_memory(
    values: Float[np.ndarray, "*batch mode"],
    embedding: int,
    quantiles: tuple[float, ...] = BAND,
    *,
    draws: int = 10_000,
    seed: int = 0,
) -> Float[np.ndarray, " quantile *batch"]:
    """Quantiles of `m = ‖Ḡ d‖ / (‖d‖ σ_1)` over isotropic random d, from seeded draws.

    With d = V z the squares are `m² = Σ σ_i² z_i² / (σ_1² Σ z_i²)`, z standard normal: the law depends on the spectrum alone,
    and every item of the batch meets the same directions. NaN where all singular values are 0.

    Args:
        values: singular values of the mean gradient, the largest first.
        embedding: E, the size of the space of d; modes beyond `values` are 0.
        quantiles: which.
        draws: how many directions.
        seed: of the draws.
    """
    squares = np.square(np.random.default_rng(seed).standard_normal((draws, embedding)))
    squares /= squares.sum(1, keepdims=True)
    relative, squares = _relative_squares(values), squares[:, : values.shape[-1]].T
    bands = np.full((len(quantiles), *values.shape[:-1]), np.nan)
    for item in np.ndindex(values.shape[:-1]):
        bands[(slice(None), *item)] = np.quantile(np.sqrt(relative[item] @ squares), quantiles)
    return bands


def mean_square_relative_memory(values: Float[np.ndarray, "*batch mode"], embedding: int) -> Float[np.ndarray, "*batch"]:
    """`E[m²] = ‖Ḡ‖²_F / (E σ_1²)` over isotropic random d; NaN where all singular values are 0."""
    return np.asarray(_relative_squares(values).sum(-1) / embedding)


def noise_relative_memory(state: int, embedding: int) -> float:
    """`√H / (√H + √E)`: the root mean square of m where Ḡ is a large matrix of independent noise.

    >>> round(noise_relative_memory(256, 64), 2)
    0.67
    """
    return float(np.sqrt(state) / (np.sqrt(state) + np.sqrt(embedding)))


def _relative_squares(values: Float[np.ndarray, "*batch mode"]) -> Float[np.ndarray, "*batch mode"]:
    """`σ_i² / σ_1²`."""
    largest = values[..., :1]
    return np.square(np.divide(values, largest, out=np.full(values.shape, np.nan), where=largest > 0))
