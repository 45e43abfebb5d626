"""How well the state keeps one property, without the bias of a noisy mean."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from stategrad.measures.block_means import emptied
from stategrad.measures.debiasing import DebiasedSpectrum, debias_spectrum
from stategrad.measures.jackknife import Estimate
from stategrad.measures.scales import signed_square
from stategrad.measures.tracking import checked_direction


def debias_gain(
    block_mean: Float[np.ndarray, "*batch block state embedding"],
    block_count: Int[np.ndarray, "*batch block"],
    d: Float[np.ndarray, " embedding"],
) -> DebiasedSpectrum:
    """`r = ‖Ḡ d‖ / ‖d‖`, the only singular value of the H × 1 matrix `Ḡ d / ‖d‖`, debiased as one.

    Raises:
        InvalidInputError: a direction of another size, or the zero vector; counts that do not fit.
    """
    direction = checked_direction(d, block_mean.shape[-1])
    kept = emptied(block_mean, block_count) @ (direction / np.linalg.norm(direction))
    return debias_spectrum(kept[..., None], block_count)


def estimate_squared_memory(gain: DebiasedSpectrum, spectrum: DebiasedSpectrum, *, level: float = 0.95) -> Estimate:
    """`m² = r² / σ_1²` with the sign of r, both debiased alike, and its interval; never clipped to 0 … 1.

    In squares, the scale `SIGNED_SQUARES`.

    Args:
        gain: `debias_gain` of the property.
        spectrum: `debias_spectrum` of the same blocks, which serves any number of properties.
        level: nominal coverage of the interval.

    Raises:
        InvalidInputError: a level outside 0 to 1.
    """
    both = DebiasedSpectrum(
        plain=_beside(gain.plain, spectrum.plain),
        cross_validated=_beside(gain.cross_validated, spectrum.cross_validated),
        debiased=_beside(gain.debiased, spectrum.debiased),
        without=_beside(gain.without, spectrum.without),
        dropped=_beside(gain.dropped, spectrum.dropped),
        share=spectrum.share,
    )
    return both.estimate(_squared_ratio, level=level)


def _beside(gain: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.concatenate([gain, values[..., :1]], axis=-1)


def _squared_ratio(values: np.ndarray) -> np.ndarray:
    gain, largest = values[..., 0], values[..., 1]
    return signed_square(np.divide(gain, largest, out=np.full(gain.shape, np.nan), where=largest != 0))
