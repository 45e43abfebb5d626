"""`sample="auto"`: positions are drawn in rounds until more of them would no longer narrow the intervals that are asked for.

Each round is a stratified sample of its own, so that rounds differ by sampling alone. With K rounds of mean gradients `Ḡ_k` and
`u_1`, `v_1` the leading directions of their average, the sampling half-width of `σ_1` is

    w = t_{K-1} · sd_k(u_1ᵀ Ḡ_k v_1) / √K

Rounds stop when for every group, condition and delay w is at most `tolerance · σ_1`, or at most a third of the half-width of the
interval over blocks: then what is left is what only more text would narrow. Where memory is not detected there is no interval
to narrow. When half of the text would be drawn, all of it is used instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import xarray as xr
from jaxtyping import Float
from scipy.special import stdtrit

from stategrad.cells.network import StateKey
from stategrad.gradients.result import StateGradients

LEAST_ROUNDS = 4
LEAST_POSITIONS = 500
PART_OF_TEXT = 40

Results = dict[StateKey, StateGradients]


def in_rounds(analyse: Callable[[int | None, int], Results], population: int, tolerance: float, seed: int) -> Results:
    """The results of as many rounds as are needed.

    Args:
        analyse: takes a number of positions, None for all, and a seed, and returns the results of that sample.
        population: positions of the text.
        tolerance: the half-width of `σ_1` that sampling may leave, relative to it.
        seed: of the first round; the others have the next ones.
    """
    size = max(LEAST_POSITIONS, population // PART_OF_TEXT)
    rounds: list[Results] = []
    while 2 * (len(rounds) + 1) * size <= population:
        rounds.append(analyse(size, seed + len(rounds)))
        if len(rounds) >= LEAST_ROUNDS:
            merged = {key: average([one[key] for one in rounds]) for key in rounds[0]}
            if all(_precise(merged[key], [one[key] for one in rounds], tolerance) for key in merged):
                return merged
    return analyse(None, seed)


def average(rounds: list[StateGradients]) -> StateGradients:
    """The mean of samples of one text, each weighted by the positions that it stands for; counts of used positions add up."""
    weights = [one.block_count for one in rounds]
    first = rounds[0]
    block_mean = _average_blocks([one.block_mean for one in rounds], weights)
    seconds = [one.block_second_moment for one in rounds if one.block_second_moment is not None]
    block_second = _average_blocks(seconds, weights) if seconds else None
    return replace(
        first,
        mean=_over_blocks(block_mean, weights).transpose(*first.mean.dims),
        second_moment=None if block_second is None else _over_blocks(block_second, weights),
        block_mean=block_mean,
        block_second_moment=block_second,
        count=sum((one.count for one in rounds[1:]), start=first.count),
        block_count=weights[0].copy(data=np.max([weight.values for weight in weights], axis=0)),
    )


def _average_blocks(parts: list[xr.DataArray], weights: list[xr.DataArray]) -> xr.DataArray:
    """The weighted mean of each block over rounds; zero where no round has a position of it."""
    together = sum(weights[1:], start=weights[0])
    total = sum((part * weight for part, weight in zip(parts[1:], weights[1:], strict=True)), start=parts[0] * weights[0])
    return (total / together.where(together > 0)).fillna(0.0).transpose(*parts[0].dims)


def _over_blocks(blocks: xr.DataArray, weights: list[xr.DataArray]) -> xr.DataArray:
    """The weighted mean over blocks; NaN where there is nothing."""
    together = sum(weights[1:], start=weights[0])
    counts = together.sum("block")
    return (blocks * together).sum("block") / counts.where(counts > 0)


def sampling_half_width(merged: StateGradients, rounds: list[StateGradients]) -> Float[np.ndarray, "*cases"]:
    """W of every group, condition and delay, 95 %; NaN where a round has no position."""
    spectrum = merged.spectrum()
    u, v = (spectrum[side].isel(mode=0).values for side in ("left", "right"))
    along = np.array([np.einsum("...h,...he,...e->...", u, one.mean.values, v) for one in rounds])
    return np.asarray(stdtrit(len(rounds) - 1, 0.975) * along.std(0, ddof=1) / np.sqrt(len(rounds)))


def _precise(merged: StateGradients, rounds: list[StateGradients], tolerance: float) -> bool:
    width = sampling_half_width(merged, rounds)
    largest = merged.spectrum()["singular_values"].isel(mode=0).values
    enough = ~(width > tolerance * largest)
    if enough.all():
        return True
    memory = merged.memory()
    over_texts = (memory["sigma_1_high"] - memory["sigma_1_low"]).values / 2
    return bool((enough | ~memory["detected"].values | (width <= over_texts / 3)).all())
