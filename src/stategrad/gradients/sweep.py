"""Step-major propagation: at step t the gradients of all delays go through one Jacobian, which they share.

    S_{t,τ} = J_t S_{t-1,τ-1},   S_{t,0} = ∂s_t/∂x_t,   for all τ at once

A cell first multiplies the factors of step t into its weights, which makes one product per state of the products with its gates.
For an LSTM that is half of the arithmetic of propagation by position (`stategrad.gradients.tangents`), `4 H² E` operations per
position and delay, for a GRU a third. It needs neighbours: every position between the first and the last is propagated. Where few
of them are wanted, or the matrices are so small that a step costs more than its products, windows of positions are faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stategrad.cells.base import Cell
from stategrad.cells.network import Network, StateKey
from stategrad.gradients.request import Request
from stategrad.gradients.stretches import Stretch

OPERATIONS_PER_STEP = 6e7
"""What a step costs beside its products, in floating-point operations."""

MOST_BYTES = 2**29
BYTES_OF_HISTORY = 2**26

Kept = dict[StateKey, Float[Tensor, "step delay column _"]]


@dataclass(frozen=True)
class Neighbours:
    """Positions of one stream within a stretch, from the first to the last that is wanted.

    Attributes:
        first: the row of the first.
        last: the row of the last.
        end: the row behind the last step that they are propagated to.
        offset: position of the text minus row.
        used: how many of them are wanted.
    """

    first: int
    last: int
    end: int
    offset: int
    used: int


def possible(request: Request) -> bool:
    """Whether all cells up to the highest wanted state can move steps, and the gradients at a few steps fit into 512 MiB."""
    cells = _cells(request)
    numbers = (int(request.delays[-1]) + 1) * request.columns * sum(sum(cell.state_sizes.values()) for cell in cells)
    return all(cell.folds for cell in cells) and 4 * numbers * request.network.dtype.itemsize <= MOST_BYTES


def pays(request: Request) -> bool:
    """Whether propagation by step is possible and faster: more positions than those that are wanted, less arithmetic for each."""
    if not possible(request):
        return False
    used, remaining = request.positions.used, request.positions.remaining.clip(max=int(request.delays[-1]) + 1)
    stream = np.searchsorted(request.streams.starts, used, side="right")
    first = np.flatnonzero(np.diff(stream, prepend=-1))
    last = np.append(first[1:], len(used)) - 1
    up_to = np.concatenate([[0], remaining.cumsum()])  # (position, delay) pairs of all positions before
    swept = int((up_to[used[last] + 1] - up_to[used[first]]).sum())
    steps = int((used[last] - used[first] + 1).sum())
    by_gate = by_state = 0
    for layer, cell in enumerate(_cells(request)):
        read = cell.state_sizes["hidden"] + (cell.input_size if layer else 0)
        by_gate += 2 * request.columns * read * cell.work_size
        by_state += 2 * request.columns * read * sum(cell.state_sizes.values())
    return swept * by_state + steps * len(_cells(request)) * OPERATIONS_PER_STEP < int(remaining[used].sum()) * by_gate


def _cells(request: Request) -> tuple[Cell, ...]:
    """Those that the wanted states depend on."""
    return request.network.cells[: max(layer for layer, _ in request.keys) + 1]


def neighbours(stretch: Stretch, remaining: Int[np.ndarray, " position"], delays: int) -> list[Neighbours]:
    """The wanted positions of a stretch, stream by stream."""
    left = remaining[stretch.positions]
    ends = stretch.positions + left
    found = []
    for part in np.split(np.arange(len(ends)), np.flatnonzero(np.diff(ends)) + 1):
        first, last = (int(stretch.rows[part[i]]) for i in (0, -1))
        end = last + min(delays, int(left[part[-1]]))
        found.append(Neighbours(first, last, end, int(stretch.positions[part[0]]) - first, len(part)))
    return found


class Sweep:
    """Buffers for the gradients of all delays at a step, and at the steps before it that are added up together.

    Args:
        network: the model; all of its cells fold.
        delays: how many, from 0.
        keys: the states whose gradients are wanted.
        start: the directions d of embedding space whose `G d` are propagated, a row each; None for the identity, whole gradients.
        steps: how many steps are kept until they are added up; None for what 64 MiB hold.
    """

    def __init__(
        self,
        network: Network,
        delays: int,
        keys: list[StateKey],
        start: Float[Tensor, "column embedding"] | None = None,
        steps: int | None = None,
    ) -> None:
        self.delays, self.keys = delays, keys
        self._cells = network.cells[: max(layer for layer, _ in keys) + 1]
        size, dtype, device = network.embedding_size, network.dtype, network.device
        self._start = torch.eye(size, dtype=dtype, device=device) if start is None else start
        columns = len(self._start)
        wanted = sum(network.state_size(key) for key in keys) * columns * delays * dtype.itemsize
        self.steps = steps or min(64, max(1, BYTES_OF_HISTORY // wanted))
        self._states: list[dict[str, Float[Tensor, "slot delay column _"]]] = []
        for layer, cell in enumerate(self._cells):
            own = {}
            for name, units in cell.state_sizes.items():
                kept = (layer, name) in keys
                # nobody reads the last hidden state but the layer above
                rows = delays - 1 if name == "hidden" and not kept and cell is self._cells[-1] else delays
                own[name] = torch.zeros(self.steps + 1 if kept else 2, rows, columns, units, dtype=dtype, device=device)
            self._states.append(own)

    @torch.no_grad()
    def propagate(self, stretch: Stretch, run: Neighbours) -> Iterator[tuple[int, Kept]]:
        """The gradients of neighbours, at all steps from the first position's own to the last that counts.

        Yields:
            The row of the first of some consecutive steps, and by state the gradients at each of them and each delay, in buffers
            that the next steps overwrite; what lies outside of the run, or its stream, is of no meaning.
        """
        for own in self._states:
            for buffer in own.values():
                buffer.zero_()
        begin = run.first
        for row in range(run.first, run.end):
            slot = row - begin
            self._step(stretch, run, row, slot)
            if slot + 1 == self.steps or row + 1 == run.end:
                yield begin, {(layer, name): self._states[layer][name][1 : slot + 2] for layer, name in self.keys}
                for layer, name in self.keys:
                    buffer = self._states[layer][name]
                    buffer[0].copy_(buffer[slot + 1])
                begin = row + 1

    def _step(self, stretch: Stretch, run: Neighbours, row: int, slot: int) -> None:
        low, high = max(0, row - run.last), min(row - run.first + 1, self.delays)  # delays that are alive after this step
        below = self._start[None] if low == 0 else None
        for layer, (cell, own, record) in enumerate(zip(self._cells, self._states, stretch.records, strict=False)):
            before, after = {}, {}
            for name, buffer in own.items():
                then, now = (slot, slot + 1) if (layer, name) in self.keys else (row % 2, 1 - row % 2)
                before[name] = buffer[then, max(low, 1) - 1 : high - 1]
                after[name] = buffer[now, low:high]
            cell.advance_together(before, after, record[row], below)
            below = after["hidden"]
