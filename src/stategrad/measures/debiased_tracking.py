"""How well the state keeps one property, without the bias of a noisy mean."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from stategrad.measures.block_means import emptied
from stategrad.measures.debiasing import DebiasedSpectrum, debias_spectrum
from stategrad.measures.jackknife import Estimate
from stategrad.measures.tracking import checked_direction


def estimate_relative_memory(
    spectrum: DebiasedSpectrum,
    block_mean: Float[np.ndarray, "*batch block state embedding"],
    block_count: Int[np.ndarray, "*batch block"],
    d: Float[np.ndarray, " embedding"],
    *,
    level: float = 0.95,
) -> Estimate:
    """`m = r / σ_1` with `r = ‖Ḡ d‖ / ‖d‖`, both debiased alike, and its interval; never clipped to 0 … 1.

    r is the only singular value of the H × 1 matrix `Ḡ d / ‖d‖`, and is debiased as one.

    Args:
        spectrum: `debias_spectrum(block_mean, block_count)`, which serves any number of properties.
        block_mean: the mean gradient of each block.
        block_count: positions behind each.
        d: the property's direction.
        level: nominal coverage of the interval.

    Raises:
        InvalidInputError: a direction of another size, or the zero vector; a level outside 0 to 1.
    """
    direction = checked_direction(d, block_mean.shape[-1])
    kept = emptied(block_mean, block_count) @ (direction / np.linalg.norm(direction))
    gain = debias_spectrum(kept[..., None], block_count)
    both = DebiasedSpectrum(
        plain=_beside(gain.plain, spectrum.plain),
        cross_validated=_beside(gain.cross_validated, spectrum.cross_validated),
        debiased=_beside(gain.debiased, spectrum.debiased),
        without=_beside(gain.without, spectrum.without),
        dropped=_beside(gain.dropped, spectrum.dropped),
        share=spectrum.share,
    )
    return both.estimate(_ratio, level=level)


def _beside(gain: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.concatenate([gain, values[..., :1]], axis=-1)


def _ratio(values: np.ndarray) -> np.ndarray:
    return np.divide(values[..., 0], values[..., 1], out=np.full(values.shape[:-1], np.nan), where=values[..., 1] != 0)
