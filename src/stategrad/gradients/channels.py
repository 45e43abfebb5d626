"""What reaches the state from each channel of the input, for inputs of a few channels whose subspaces say little.

    column_norm_i(τ) = ‖Ḡ_τ e_i‖,     share_i = ‖Ḡ_τ e_i‖² / ‖Ḡ_τ‖²_F

A column's norm is the only singular value of the H × 1 matrix `Ḡ_τ e_i`, and is debiased as one.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from stategrad.gradients.curves import Cases, first_value
from stategrad.measures.debiasing import debias_spectrum
from stategrad.measures.floor import noise_contrasts

FEWEST_FOR_SUBSPACES = 6
"""In an embedding space of fewer dimensions every direction lies near a subspace of a few by chance alone."""


def channel_columns(cases: Cases, *, level: float = 0.95) -> dict[str, Float[np.ndarray, "*cases embedding"]]:
    """The norm of every column of the mean gradients, plain, debiased, with interval and floor, and its share of the energy.

    Args:
        cases: the mean gradients.
        level: nominal coverage of the intervals.
    """
    norms = np.linalg.norm(cases.mean, axis=-2)
    energy = np.square(norms).sum(-1, keepdims=True)
    # (…, embedding, block, state, 1): every column a matrix of its own
    columns = np.moveaxis(cases.block_mean, -1, -3)[..., None]
    counts = np.broadcast_to(cases.block_count[..., None, :], columns.shape[:-2])
    estimate = debias_spectrum(columns, counts).estimate(first_value, level=level)
    detected = cases.detected[..., None]
    around = {f"column_norm_{end}": np.where(detected, getattr(estimate, end), np.nan) for end in ("debiased", "low", "high")}
    share = np.divide(np.square(norms), energy, out=np.full(norms.shape, np.nan), where=energy > 0)
    return {"column_norm": norms} | around | {"column_norm_floor": _floor(cases), "share": share}


def _floor(cases: Cases) -> Float[np.ndarray, "*cases embedding"]:
    """The mean norm of every column of what a mean of nothing looks like."""
    floor = np.full((*cases.block_count.shape[:-1], cases.mean.shape[-1]), np.nan)
    for case in np.ndindex(floor.shape[:-1]):
        noise = noise_contrasts(cases.block_mean[case], cases.block_count[case])
        if len(noise):
            floor[case] = np.linalg.norm(noise, axis=-2).mean(0)
    return floor
