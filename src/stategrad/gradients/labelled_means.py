"""From the sums of an analysis to means with names on their dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from stategrad.gradients.covered import covered_by
from stategrad.gradients.explosions import mark_explosions
from stategrad.gradients.groups import per_group_and_block
from stategrad.gradients.moments import Moments
from stategrad.gradients.request import Request


def labelled_means(moments: Moments, request: Request) -> dict[str, xr.DataArray | None]:
    """`Ḡ_τ = Σ_s (N_s/n_s) Σ_{p in s} G_p / Σ_s N_s` and `E[GᵀG]`, per group and per block, from weighted sums.

    Args:
        moments: the sums per stratum's group and block. They are divided in place: used up.
        request: of the analysis.

    Returns:
        The arrays of a `StateGradients`, by the names of its attributes.
    """
    groups, _, blocks = moments.first.shape[:3]
    positions, conditions = request.positions, request.conditions.dims
    coords: dict[str, Any] = {"group": list(request.groups.labels), "delay": request.delays, "block": np.arange(blocks)}
    coords |= {name: list(names) for name, names in conditions.items()}

    def per_block(by_stratum: np.ndarray) -> np.ndarray:
        return per_group_and_block(by_stratum, moments.strata, groups=groups, blocks=blocks)

    used = per_block(positions.used_count)
    represented = per_block(np.where(positions.used_count > 0, positions.population, 0))

    def divided(sums: np.ndarray, counts: np.ndarray, empty: float) -> np.ndarray:
        sums /= np.maximum(counts, 1)[..., None, None]
        sums[counts == 0] = empty
        return sums

    def labelled(values: np.ndarray, *dims: str) -> xr.DataArray:
        dims = ("group", *conditions, *dims)
        values = values.reshape(groups, *(len(names) for names in conditions.values()), *values.shape[2:])
        return xr.DataArray(values, dims=dims, coords={name: coords[name] for name in dims if name in coords})

    first = moments.first.cpu().numpy()
    mark_explosions(first, represented, coords)
    mean = np.swapaxes(divided(first.sum(2), represented.sum(2), np.nan), -1, -2)
    block_mean = np.swapaxes(divided(first, represented, 0.0), -1, -2)
    arrays: dict[str, xr.DataArray | None] = {
        "mean": labelled(mean, "delay", "state", "embedding"),
        "count": labelled(used.sum(2), "delay"),
        "population": labelled(per_block(positions.population).sum(2), "delay"),
        "block_mean": labelled(block_mean, "block", "delay", "state", "embedding"),
        "block_count": labelled(represented, "block", "delay"),
        "second_moment": None,
        "block_second_moment": None,
        "covered": covered_by(request.groups.masks[0]),
    }
    if moments.second is not None:
        second = moments.second.cpu().numpy()
        square = ("delay", "embedding", "embedding_")
        arrays["second_moment"] = labelled(divided(second.sum(2), represented.sum(2), np.nan), *square)
        arrays["block_second_moment"] = labelled(divided(second, represented, 0.0), "block", *square)
    return arrays
