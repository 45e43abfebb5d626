"""The units of a result: as computed, in whitened embedding space, or in standard deviations of state and input.

    paper2018: Ḡ,     csl2020: Ḡ D  with D Dᵀ = C,     sd: S_d^{-1/2} Ḡ D

with C the covariance of the embeddings and S_d the variance of every unit of the state over the text. Any square root D of C gives
the same numbers.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import xarray as xr
from jaxtyping import Float

from stategrad.errors import InvalidInputError, check_choice
from stategrad.gradients.state_statistics import StateStatistics
from stategrad.measures.whitening import covariance_root
from stategrad.models.embeddings import Embeddings

if TYPE_CHECKING:
    from stategrad.gradients.result import StateGradients

Units = Literal["paper2018", "csl2020"]
"""What does not depend on the state: the model's own embedding space, or the whitened one."""


def whitened(result: StateGradients, embeddings: Embeddings | Float[np.ndarray, "word embedding"] | None) -> StateGradients:
    """`StateGradients.whiten`."""
    if result.whitening is not None:
        raise InvalidInputError("this result is whitened already.")
    embeddings = result.embeddings if embeddings is None else embeddings
    if embeddings is None:
        raise InvalidInputError("whitening needs the embeddings, and this result holds none; pass them.")
    return _in_space_of(result, covariance_root(embeddings.vectors if isinstance(embeddings, Embeddings) else embeddings))


def root_of_units(units: Units, embeddings: Embeddings | None, size: int) -> Float[np.ndarray, "embedding embedding_"] | None:
    """The D that the inputs are measured by, `x = D z + x̄`, where gradients are reduced as they come; None for the identity.

    Args:
        units: of the inputs.
        embeddings: of the inputs, as far as they are known.
        size: E, of the gradients.

    Raises:
        InvalidInputError: unknown units, no embeddings to whiten by or those of another size, or a covariance that cannot be
            inverted.
    """
    check_choice("units", units, get_args(Units))
    if units == "paper2018":
        return None
    if embeddings is None:
        raise InvalidInputError(
            "units csl2020 need the embeddings, and neither the model nor the inputs bring them with their words; pass embeddings."
        )
    root = covariance_root(embeddings.vectors)
    _check_size(root, size)
    return root


def scaled(result: StateGradients, statistics: StateStatistics, embeddings: Embeddings | None, *, over: str) -> StateGradients:
    """`StateGradients.scale`."""
    check_choice("value of over", over, ("types", "tokens"))
    if result.whitening is not None:
        raise InvalidInputError(f"this result has units {result.units} already; scale the one that it was made from.")
    check_statistics(result, statistics)
    still = np.flatnonzero(statistics.sd.values == 0)
    if len(still):
        raise InvalidInputError(f"unit {still[0]} of the state never changes, {len(still)} in all: nothing to scale by.")
    embeddings = result.embeddings if embeddings is None else embeddings
    weights = None if embeddings is None else embeddings.frequencies
    if embeddings is None or (over == "tokens" and weights is None):
        what, holds = ("the embeddings", "none") if embeddings is None else ("how often each word occurs", "no counts")
        raise InvalidInputError(
            f"units sd need {what}, and this result holds {holds}; pass embeddings=sg.Embeddings(vectors, words, frequencies=…)."
        )
    sd = statistics.sd.values[:, None]
    in_sd = replace(
        result,
        mean=result.mean / sd,
        block_mean=result.block_mean / sd,
        second_moment=None,
        block_second_moment=None,
        state_sd=statistics.sd,
    )
    return _in_space_of(in_sd, covariance_root(embeddings.vectors, weights if over == "tokens" else None))


def own_coordinates(result: StateGradients, directions: Float[np.ndarray, "*shape embedding"]) -> np.ndarray:
    """Directions of embedding space in the coordinates of a result: `D⁻¹ d` where it is whitened."""
    if result.whitening is None or directions.shape[-1] != len(result.whitening):
        return directions
    return np.asarray(np.linalg.solve(result.whitening.values, directions.T).T)


def check_statistics(result: StateGradients, statistics: StateStatistics) -> None:
    """Raise `InvalidInputError` unless the statistics are those of the state whose gradients these are."""
    facts, size = json.loads(result.provenance), result.mean.sizes["state"]
    state, model = facts["state"], facts.get("model", {}).get("sha256")
    if (state["layer"], state["name"]) != (statistics.layer, statistics.name) or len(statistics.sd) != size:
        raise InvalidInputError(
            f"the statistics are of the {statistics.name} state of layer {statistics.layer} with {len(statistics.sd)} units, "
            f"the gradients of the {state['name']} state of layer {state['layer']} with {size}."
        )
    if None not in (statistics.model, model) and statistics.model != model:
        raise InvalidInputError(
            "the statistics are of a model with other weights than the gradients; describe the states of the same model."
        )


def _in_space_of(result: StateGradients, root: Float[np.ndarray, "embedding embedding_"]) -> StateGradients:
    """Everything with `x = D z`."""
    _check_size(root, result.mean.sizes["embedding"])

    def both_sides(moment: xr.DataArray | None) -> xr.DataArray | None:
        return None if moment is None else moment.copy(data=root.T @ moment.values @ root)

    return replace(
        result,
        mean=result.mean.copy(data=result.mean.values @ root),
        block_mean=result.block_mean.copy(data=result.block_mean.values @ root),
        second_moment=both_sides(result.second_moment),
        block_second_moment=both_sides(result.block_second_moment),
        whitening=xr.DataArray(root, dims=("embedding", "embedding_")),
    )


def _check_size(root: Float[np.ndarray, "embedding embedding_"], size: int) -> None:
    if len(root) != size:
        raise InvalidInputError(f"the embeddings have {len(root)} dimensions, the gradients {size}.")
