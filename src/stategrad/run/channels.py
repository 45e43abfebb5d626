"""Inputs of a few dimensions: each channel on its own takes the place of cosines to subspaces."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from stategrad.gradients.channels import FEWEST_FOR_SUBSPACES
from stategrad.gradients.result import StateGradients

COLUMNS = ["state", "delay", "channel", "column_norm"]


def has_subspaces(embedding_size: int) -> bool:
    """Whether a cosine to a subspace says anything: in fewer than 6 dimensions every direction lies near one by chance."""
    return embedding_size >= FEWEST_FOR_SUBSPACES


def channels_table(results: Mapping[str, StateGradients]) -> pd.DataFrame:
    """What reaches each state from each channel of inputs of fewer than 6 dimensions: a row per state, delay and channel, from 1.

    No rows for larger inputs.
    """
    frames = [
        result.sel(group="all").channels().squeeze("group", drop=True).to_dataframe().reset_index().assign(state=state)
        for state, result in results.items()
        if not has_subspaces(result.mean.sizes["embedding"])
    ]
    if not frames:
        return pd.DataFrame(columns=COLUMNS)
    frame = pd.concat(frames, ignore_index=True).rename(columns={"embedding": "channel"})
    return frame.assign(channel=frame["channel"] + 1)
