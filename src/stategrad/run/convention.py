"""The units in which the measures of a run are taken: those of the model's own embeddings, or whitened throughout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from stategrad.errors import InvalidInputError
from stategrad.gradients.result import StateGradients

if TYPE_CHECKING:
    from stategrad.run.config import RunConfig


def is_whitened(config: RunConfig) -> bool:
    """Whether every measure of the run is one of whitened embedding space, `Ḡ D` with `D Dᵀ` the embeddings' covariance."""
    return config.analysis.convention == "csl2020"


def in_convention(config: RunConfig, result: StateGradients) -> StateGradients:
    """A result in the units of the run.

    Raises:
        InvalidInputError: embeddings whose covariance cannot be inverted.
    """
    if not is_whitened(config):
        return result
    try:
        return result.whiten()
    except InvalidInputError as error:
        raise InvalidInputError(f"analysis.convention is csl2020, and {error} Choose analysis.convention paper2018.") from error


def marked(config: RunConfig, table: pd.DataFrame) -> pd.DataFrame:
    """A table of measures that says where they are those of whitened space."""
    return table.assign(whitened=True) if is_whitened(config) else table
