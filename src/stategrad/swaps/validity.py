"""Validity: the share of a swap's effect that gradients explain, and the cosine of the two.

It is `1 - E‖Δs - Ḡ_τ Δx‖² / E‖Δs‖²` of the mean gradient, and `1 - E‖Δs - G_{t,τ} Δx‖² / E‖Δs‖²` of the positions' own, of which
what is left is no linear matter.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stategrad.cells.network import Network, StateKey
from stategrad.errors import Problems
from stategrad.gradients.provenance import model_hash
from stategrad.gradients.result import StateGradients
from stategrad.swaps.reading import Chosen

PARTS = ("left", "square", "product", "predicted", "left_own", "product_own", "predicted_own")


class Validity:
    """Sums of `PARTS` per group, block and delay.

    They are `‖Δs - Ḡ_τ Δx‖²`, `‖Δs‖²`, `⟨Δs, Ḡ_τ Δx⟩`, `‖Ḡ_τ Δx‖²`, Ḡ being the group's own; then the first, third and fourth with
    `G_{t,τ}` for `Ḡ_τ`.

    Args:
        mean: `Ḡ_τ` of every group.
        members: the positions of every group.
        blocks: the block of every position.
        dtype: in which changes arrive.
    """

    def __init__(
        self,
        mean: Float[np.ndarray, "group delay state embedding"],
        members: Bool[np.ndarray, "group position"],
        blocks: Int[np.ndarray, " position"],
        dtype: torch.dtype,
    ) -> None:
        self._mean = torch.from_numpy(mean).to(dtype)
        self._members = members
        self._blocks = torch.from_numpy(blocks.astype(np.int64))
        self._sums = torch.zeros(*mean.shape[:2], int(blocks.max()) + 1, len(PARTS), dtype=torch.float64)

    def add(
        self,
        delay: int,
        places: np.ndarray,
        change: Float[Tensor, "position state"],
        cause: Float[Tensor, "position embedding"],
        own: Float[Tensor, "position state"],
        weights: Float[Tensor, " position"],
    ) -> None:
        """Add the changes `Δs` that `Δx` has caused, at the delay with index `delay`.

        Args:
            delay: its index.
            places: the positions in the text.
            change: `Δs`.
            cause: `Δx`.
            own: `G_{t,τ} Δx`.
            weights: how many positions of the text each stands for.
        """
        block = self._blocks[torch.from_numpy(places)]
        own_parts = torch.stack(_compared(change, own), 1)
        for group in np.flatnonzero(self._members[:, places].any(axis=1)):
            chosen = torch.from_numpy(np.flatnonzero(self._members[group, places]))
            moved, predicted = change[chosen], cause[chosen] @ self._mean[group, delay].T
            left, product, square = _compared(moved, predicted)
            parts = torch.cat([torch.stack([left, _square(moved), product, square], 1), own_parts[chosen]], 1)
            self._sums[group, delay].index_add_(0, block[chosen], parts * weights[chosen, None])

    def block_sums(self) -> Float[np.ndarray, "group block delay part"]:
        """The sums of each block, in the order of `PARTS`."""
        return self._sums.transpose(1, 2).numpy()


def _compared(moved: Float[Tensor, "position state"], predicted: Float[Tensor, "position state"]) -> tuple[Tensor, Tensor, Tensor]:
    """What the prediction leaves, its product with what happened, and its own square, per position."""
    return _square(moved - predicted), (moved * predicted).sum(1, dtype=torch.float64), _square(predicted)


def _square(rows: Float[Tensor, "position state"]) -> Float[Tensor, " position"]:
    lengths: Tensor = torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64)
    return lengths.square()


def mean_gradients(
    gradients: StateGradients, model: Any, network: Network, key: StateKey, chosen: Chosen, delays: np.ndarray
) -> Float[np.ndarray, "group delay state embedding"]:
    """`Ḡ_τ` of the groups and delays at hand.

    Raises:
        InvalidInputError: gradients of another model or state, without one of the groups or delays, whitened, with conditions, or
            of states at other steps.
    """
    problems = Problems("gradients")
    facts = json.loads(gradients.provenance)
    expected = (network.state_size(key), network.embedding_size)
    state = (facts["state"]["layer"], facts["state"]["name"])
    sizes = (gradients.mean.sizes["state"], gradients.mean.sizes["embedding"])
    if gradients.whitening is not None:
        problems.add("gradients are whitened, and swaps happen in the model's own space; pass the result that whiten was called on")
    if facts["model"]["sha256"] != model_hash(model) or sizes != expected:
        problems.add("gradients belong to a model with other weights; compute them on this one")
    if state != key:
        problems.add(f"gradients are those of state {state} and the swaps are read in state {key}; name the same state")
    missing = [label for label in chosen.groups.labels if label not in gradients.groups]
    if missing:
        problems.add(f"gradients lack the groups {', '.join(missing)}; pass the same groups to both")
    absent = [str(delay) for delay in delays if delay not in gradients.delays]
    if absent:
        problems.add(f"gradients lack the delays {', '.join(absent)}; ask for the same delays in both")
    conditions = [str(name) for name in gradients.mean.dims[1:-3]]
    if conditions:
        problems.add(
            f"gradients hold conditions on the state's position ({', '.join(conditions)}); pass those without at and segments"
        )
    elif facts["settings"].get("at") is chosen.conditions.trivial:  # None in files that do not know
        theirs, ours = ("all steps", "some (at)") if chosen.conditions.state_groups else ("some steps (at)", "all")
        problems.add(f"gradients are of states at {theirs}, and the effects of states at {ours}; pass the same at to both")
    problems.raise_if_any()
    return gradients.mean.sel(group=list(chosen.groups.labels), delay=delays).values
