"""Results from blocks of mean gradients that a test plants."""

import numpy as np
import xarray as xr

import stategrad as sg

COUNT = 50


def result_of_blocks(means, *, groups=("all",), delays=None, embeddings=None):
    """A result of blocks of 50 positions each, whose every gradient is the mean of its block.

    Args:
        means: (group, block, delay, state, embedding).
        groups: their labels.
        delays: default 0, 1, ….
        embeddings: of the result.
    """
    coords = {"group": list(groups), "delay": np.arange(means.shape[2]) if delays is None else delays}
    count = xr.DataArray(np.full(means.shape[:3], COUNT), dims=("group", "block", "delay"), coords=coords)
    block_mean = xr.DataArray(means, dims=("group", "block", "delay", "state", "embedding"), coords=coords)
    squares = np.swapaxes(means, -1, -2) @ means
    second = xr.DataArray(squares, dims=("group", "block", "delay", "embedding", "embedding_"), coords=coords)
    total = count.sum("block")
    return sg.StateGradients(
        mean=block_mean.mean("block"), count=total, population=total, block_mean=block_mean, block_count=count,
        second_moment=second.mean("block"), block_second_moment=second, embeddings=embeddings, whitening=None, provenance="{}",
    )  # fmt: skip
