"""What each unit of a state remembers: the rows of the mean gradient, beside what the unit's own gate would keep.

    memory_j(τ) = ‖row j of Ḡ_τ‖,     kept by its gate alone  f̄_j^τ,   with time constant T_j = -1 / ln f̄_j

A unit whose memory falls faster than its gate alone would let it is overwritten by the recurrent weights, or its gradients cancel
in the mean; one whose memory outlives its gate is fed by other units.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Int

from stategrad.gradients.curves import Cases
from stategrad.measures.cross_validation import unbiased_energy
from stategrad.measures.horizon import crossings


def row_norms(cases: Cases) -> tuple[Float[np.ndarray, "*cases state"], Float[np.ndarray, "*cases state"]]:
    """The norms of the rows, plain and without the noise's part: negative where blocks disagree, NaN with fewer than two."""
    rows = np.moveaxis(cases.block_mean, -2, -3)[..., None, :]
    counts = np.broadcast_to(cases.block_count[..., None, :], rows.shape[:-2])
    energy = unbiased_energy(rows, counts)
    return np.linalg.norm(cases.mean, axis=-1), np.sign(energy) * np.sqrt(np.abs(energy))


def unit_horizons(
    delays: Int[np.ndarray, " delay"], norms: Float[np.ndarray, "*cases delay state"], level: float = math.exp(-1)
) -> Float[np.ndarray, "*cases state"]:
    """The delay where each unit's memory first falls below a part of its value at delay 0; NaN where it does not."""
    curves = np.moveaxis(norms, -1, -2)
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.where(curves[..., :1] > 0, curves / curves[..., :1], np.nan)
    horizons = [crossings(delays, relative[unit], level).first for unit in np.ndindex(relative.shape[:-1])]
    return np.array(horizons, dtype=np.float64).reshape(relative.shape[:-1])
