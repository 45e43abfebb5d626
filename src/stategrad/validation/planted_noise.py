"""Mean gradients per block with a truth that is known: a planted signal in normal noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

BLOCKS, STATE, EMBEDDING = 10, 32, 32
SIZES = {"equal": np.full(BLOCKS, 100), "unequal": np.array([20, 40, 50, 60, 80, 100, 120, 130, 150, 250])}
SPECTRA = {"rank one": np.ones(1), "falling": 0.6 ** np.arange(8)}


@dataclass(frozen=True, eq=False)
class PlantedNoise:
    """Trials of one kind.

    Attributes:
        name: of the kind.
        block_mean: the mean gradient of every block.
        block_count: the positions behind each.
        truth: the signal, zero where there is none.
    """

    name: str
    block_mean: Float[np.ndarray, "trial block state embedding"]
    block_count: Int[np.ndarray, "trial block"]
    truth: Float[np.ndarray, "state embedding"]


def plant(trials: int, spectrum: str, strength: float, sizes: str, generator: np.random.Generator) -> PlantedNoise:
    """`Ḡ_k = strength · (√H + √E)/√n · L diag(spectrum) Rᵀ + Z_k/√m_k`: σ_1 of the signal is `strength` times that of the noise.

    Args:
        trials: how many.
        spectrum: the signal's, a name of `SPECTRA`.
        strength: 0 for noise alone.
        sizes: positions per block, a name of `SIZES`.
        generator: of the signal's directions and of the noise.
    """
    counts, values = SIZES[sizes], SPECTRA[spectrum]
    left, right = (np.linalg.qr(generator.standard_normal((side, len(values))))[0] for side in (STATE, EMBEDDING))
    noise = (np.sqrt(STATE) + np.sqrt(EMBEDDING)) / np.sqrt(counts.sum())
    signal = strength * noise * (left * values) @ right.T
    means = generator.standard_normal((trials, BLOCKS, STATE, EMBEDDING)) / np.sqrt(counts)[:, None, None] + signal
    name = f"{spectrum}, strength {strength:g}, {sizes}" if strength else f"noise, {sizes}"
    return PlantedNoise(name, means, np.tile(counts, (trials, 1)), signal)
