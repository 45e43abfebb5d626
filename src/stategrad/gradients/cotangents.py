"""Cotangent propagation: products `Ψ G` of the state gradients of many steps at once, delay after delay.

    λ_t = Ψ,   λ_{t-τ-1} = λ_{t-τ} · ∂s_{t-τ}/∂s_{t-τ-1},   Ψ G_{t,τ} = λ_{t-τ} · ∂s_{t-τ}/∂x_{t-τ}

The adjoint of tangent propagation. Tangents start at an input and are read at the states that follow; cotangents start at a
state and are read at the inputs before it. They tell the embedding side of a gradient, which products `G Ω` do not show, and one
start serves all delays too, as long as Ψ is the same for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stategrad.cells.base import Tangents
from stategrad.cells.network import Network, StateKey
from stategrad.gradients.stretches import Stretch


@dataclass(frozen=True)
class Starts:
    """The steps of one stretch from which cotangents start: those whose state is τ steps behind a used position, for some delay τ.

    Attributes:
        rows: of the stretch, in its order.
        positions: for each delay 0, 1, … the used position τ steps before each of them; -1 where there is none.
    """

    rows: Int[np.ndarray, " start"]
    positions: Int[np.ndarray, "delay start"]

    @classmethod
    def of(
        cls, stretch: Stretch, remaining: Int[np.ndarray, " position"], delays: Int[np.ndarray, " delay"], longest: int
    ) -> Starts:
        """Of a stretch.

        Args:
            stretch: the text with its used positions.
            remaining: for every position of the text, how many delays fit between it and the end of its stream.
            delays: that are asked for.
            longest: the largest of them and one.
        """
        at_row = np.full((longest, stretch.silent), -1)
        left = remaining[stretch.positions]
        for delay in delays:
            inside = left > delay
            at_row[delay, stretch.rows[inside] + delay] = stretch.positions[inside]
        rows = np.flatnonzero((at_row >= 0).any(0))
        return cls(rows, at_row[:, rows])

    @property
    def steps(self) -> Int[np.ndarray, " start"]:
        """How many steps back the first used position lies, and one: from there on nothing is read."""
        return len(self.positions) - (self.positions[::-1] >= 0).argmax(0)


class CotangentWindow:
    """Buffers for up to `size` starts, used again for every full window of a run.

    Args:
        network: the model.
        key: the state.
        tests: Ψ, a row per cotangent.
        size: at most so many starts in a window.
    """

    def __init__(self, network: Network, key: StateKey, tests: Float[Tensor, "row state"], size: int) -> None:
        self.network = network
        self.key = key
        self.tests = tests
        self.size = size
        self._full = self._allocate(size)

    @torch.no_grad()
    def propagate(
        self, stretch: Stretch, rows: Int[np.ndarray, " start"], steps: Int[np.ndarray, " start"]
    ) -> Iterator[tuple[int, Float[Tensor, "row start _"]]]:
        """The products at delays 0, 1, … up to the largest of `steps`.

        Args:
            stretch: where the starts lie.
            rows: of the starts, at most as many as the buffers hold.
            steps: for each of them, how many delays are wanted; its cotangent is zero from there on.

        Yields:
            The delay, and what `Cell.to_input` of the lowest layer makes `Ψ G` of, in buffers that the next step overwrites.
        """
        layer, name = self.key
        layers = self._fresh(len(rows))
        layers[layer].states[name].copy_(self.tests[:, None])
        for delay in range(int(steps.max())):
            here = torch.from_numpy(np.where(steps > delay, rows - delay, stretch.silent)).to(self.network.device)
            for number in range(layer, 0, -1):
                cell = self.network.cells[number]
                pulled = cell.retreat(layers[number], stretch.records[number].index_select(0, here))
                layers[number - 1].states["hidden"].add_(cell.to_input(pulled))
            yield delay, self.network.cells[0].retreat(layers[0], stretch.records[0].index_select(0, here))

    def _allocate(self, size: int) -> list[Tangents]:
        like = torch.zeros((), dtype=self.network.dtype, device=self.network.device)
        return [cell.tangents(len(self.tests), size, like) for cell in self.network.cells[: self.key[0] + 1]]

    def _fresh(self, size: int) -> list[Tangents]:
        if size != self.size:
            return self._allocate(size)
        for own in self._full:
            for cotangent in own.states.values():
                cotangent.zero_()
        return self._full
