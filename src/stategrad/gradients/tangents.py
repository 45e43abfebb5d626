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

from stategrad.cells.network import Network, StateKey
from stategrad.gradients.stretches import Stretch

Tangents = dict[StateKey, Float[Tensor, "embedding position state"]]


class Window:
    """Buffers for up to `positions` positions, used again for every window of a run."""

    def __init__(self, network: Network, positions: int) -> None:
        self.network = network
        self.positions = positions
        E, like = network.embedding_size, network.cells[0].weight_ih
        self._gates = [like.new_empty(E * positions * cell.weight_hh.shape[0]) for cell in network.cells]
        self._tangents = [{name: like.new_empty(E * positions * cell.size) for name in cell.state_names} for cell in network.cells]
        # contiguous transposes: the products are taken thousands of times
        self._from_below = [cell.weight_ih.T.contiguous() for cell in network.cells]
        self._from_before = [cell.weight_hh.T.contiguous() for cell in network.cells]

    @torch.no_grad()
    def propagate(
        self,
        stretch: Stretch,
        chosen: Int[np.ndarray, " position"],
        remaining: Int[np.ndarray, " position"],
        delays: int,
    ) -> Iterator[tuple[int, Tangents]]:
        """The gradients of some positions of a stretch at delays 0, 1, …, `delays` - 1.

        Args:
            stretch: where the positions lie.
            chosen: indices into `stretch.positions`, at most as many as the buffers hold.
            remaining: for each of them, how many delays fit into its stream; its gradient is zero from there on.
            delays: how many.

        Yields:
            The delay, and by state the gradients, in buffers that the next step overwrites.
        """
        n, E = len(chosen), self.network.embedding_size
        cells = self.network.cells
        rows = torch.from_numpy(stretch.rows[chosen])
        left = torch.from_numpy(remaining)
        gates = [buffer[: E * n * cell.weight_hh.shape[0]].view(E * n, -1) for cell, buffer in zip(cells, self._gates, strict=True)]
        tangents = [
            {name: buffer[: E * n * cell.size].view(E, n, cell.size).zero_() for name, buffer in buffers.items()}
            for cell, buffers in zip(cells, self._tangents, strict=True)
        ]
        for delay in range(min(delays, int(left.max()))):
            below: Tensor | None = None
            for layer, cell in enumerate(cells):
                pre, own = gates[layer], tangents[layer]
                if below is not None:
                    torch.mm(below, self._from_below[layer], out=pre)
                    pre.addmm_(own["hidden"].view(E * n, -1), self._from_before[layer])
                elif delay == 0:
                    pre.view(E, n, -1).copy_(self._from_below[0][:, None])
                else:
                    torch.mm(own["hidden"].view(E * n, -1), self._from_before[0], out=pre)
                factors = stretch.factors[layer]
                here = torch.where(left > delay, rows + delay, len(factors) - 1)
                cell.advance(pre.view(E, n, -1), own, factors.index_select(0, here))
                below = own["hidden"].view(E * n, -1)
            yield delay, {(layer, name): t for layer, own in enumerate(tangents) for name, t in own.items()}
