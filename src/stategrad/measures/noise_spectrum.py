"""The spectrum of a large matrix of independent noise, and how selective it looks.

Of `Ḡ` with independent entries of variance ν, k the smaller of H and E, K the larger and `c = k/K`, the energies `σ²/(Kν)` follow
the law of Marchenko and Pastur. With `λ = 1 + c + 2√c cos θ` its mean of any f is

    ∫ f(λ) dμ_c(λ) = (2/π) ∫_0^π f(λ) sin²θ / λ dθ
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

STEPS = 4096


def noise_selectivity(state: int, embedding: int) -> float:
    """`σ_1/Σσ` of a large matrix of independent noise: `(1 + √c) / (k ∫ √λ dμ_c(λ))`."""
    smaller, c = _shape(state, embedding)
    return float((1 + np.sqrt(c)) / (smaller * _mean(np.sqrt, c)))


def noise_effective_rank(state: int, embedding: int) -> float:
    """`exp(-Σ p ln p)` of a large matrix of independent noise, `p = σ/Σσ`: `k s exp(-∫ √λ ln √λ dμ_c(λ) / s)`, `s = ∫ √λ dμ_c(λ)`.

    >>> round(noise_effective_rank(256, 64), 1)
    61.8
    """
    smaller, c = _shape(state, embedding)
    mean = _mean(np.sqrt, c)
    return float(smaller * mean * np.exp(-_mean(lambda energy: np.sqrt(energy) * np.log(energy) / 2, c) / mean))


def noise_participation_ratio(state: int, embedding: int) -> float:
    """`(Σσ²)² / Σσ⁴` of a large matrix of independent noise: `k / (1 + c) = H E / (H + E)`.

    >>> noise_participation_ratio(256, 64)
    51.2
    """
    return state * embedding / (state + embedding)


def _shape(state: int, embedding: int) -> tuple[int, float]:
    smaller, larger = sorted((state, embedding))
    return smaller, smaller / larger


def _mean(f: Callable[[Float[np.ndarray, " step"]], Float[np.ndarray, " step"]], c: float) -> float:
    """The mean of f over the law of Marchenko and Pastur."""
    theta = (np.arange(STEPS) + 0.5) * np.pi / STEPS
    energy = 1 + c + 2 * np.sqrt(c) * np.cos(theta)
    return float(2 * np.mean(f(energy) * np.square(np.sin(theta)) / energy))
