"""Tangent propagation: the state gradients of many positions at once, delay after delay.

    S_{t,0} = ∂s_t/∂x_t,   S_{t+1} = the linearised step at t+1 applied to S_t

Position-major: n positions, wherever they lie in the text, start together and advance together, so that each step is one
matrix product of (E·n, H) with the recurrent weights, which all positions share, and one element-wise update with the n
rows of factors that differ. Gradients lie as (embedding, position, state): sums over runs of positions are sums over the
middle dimension, and second moments one product of (E, n·H) with its own transpose.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stategrad.cells.base import Tangents
from stategrad.cells.network import Network, StateKey
from stategrad.gradients.stretches import Stretch

Gradients = dict[StateKey, Float[Tensor, "column position _"]]

SMALL_FROM, SMALL_EVERY = 32, 4
"""The delays after which what is next to nothing becomes zero: the first, and how many lie between two."""


class Window:
    """Buffers for up to `positions` positions, used again for every full window of a run.

    Args:
        network: the model.
        positions: at most so many in a window.
        columns: how many directions are propagated; None for whole gradients.
    """

    def __init__(self, network: Network, positions: int, columns: int | None = None) -> None:
        self.network = network
        self.positions = positions
        self.columns = network.embedding_size if columns is None else columns
        self._full = self._allocate(positions)

    @torch.no_grad()
    def propagate(
        self,
        stretch: Stretch,
        chosen: Int[np.ndarray, " position"],
        remaining: Int[np.ndarray, " position"],
        delays: int,
        start: Float[Tensor, "column _ embedding"] | None = None,
    ) -> Iterator[tuple[int, Gradients]]:
        """The gradients of some positions of a stretch at delays 0, 1, …, `delays` - 1.

        Args:
            stretch: where the positions lie.
            chosen: indices into `stretch.positions`, at most as many as the buffers hold.
            remaining: for each of them, how many delays fit into its stream; its gradient is zero from there on.
            delays: how many.
            start: the directions d of embedding space whose `G d` are propagated, each for all positions or with one for every
                position; None for the identity, whole gradients.

        Yields:
            The delay, and by state the gradients, in buffers that the next step overwrites.
        """
        device = self.network.device
        rows = torch.from_numpy(stretch.rows[chosen]).to(device)
        left = torch.from_numpy(remaining).to(device)
        layers = self._fresh(len(chosen))
        states = {(layer, name): t for layer, own in enumerate(layers) for name, t in own.states.items()}
        for delay in range(min(delays, int(remaining.max()))):
            here = torch.where(left > delay, rows + delay, stretch.silent)
            below = None if start is None or delay > 0 else start.expand(-1, len(chosen), -1)
            for cell, own, record in zip(self.network.cells, layers, stretch.records, strict=True):
                cell.advance(own, record.index_select(0, here), below)
                below = own.states.get("hidden")
            if delay >= SMALL_FROM and delay % SMALL_EVERY == 0:
                clear_small(states)
            yield delay, states

    def _allocate(self, positions: int) -> list[Tangents]:
        like = torch.zeros((), dtype=self.network.dtype, device=self.network.device)
        return [cell.tangents(self.columns, positions, like) for cell in self.network.cells]

    def _fresh(self, positions: int) -> list[Tangents]:
        if positions != self.positions:
            return self._allocate(positions)
        for own in self._full:
            own.fresh = True
            for tangent in own.states.values():
                tangent.zero_()
        return self._full


def clear_small(states: Gradients) -> None:
    """Make zero, in place, what is within 2²⁴ of the smallest normal number: 2·10⁻³¹ in float32.

    Below that number processors multiply a hundred times more slowly, and long delays of a forgetful model are full of it.
    """
    for tangent in states.values():
        tangent.copy_(torch.nn.functional.hardshrink(tangent, torch.finfo(tangent.dtype).tiny * 2.0**24))
