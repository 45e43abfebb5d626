"""Groups without number: positions run label by label, and a label's sums are reduced to spectra as soon as it is complete.

In a window of neighbours in this order most labels begin and end: they are reduced delay by delay, straight from the tangents.
What must wait are the sums of the one label that goes on into the next window, and of labels with intervals, block by block.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from tqdm.auto import tqdm

from stategrad.cells.network import StateKey
from stategrad.gradients.by_positions import chunk_size, compile_cells
from stategrad.gradients.explosions import warn_of_explosion
from stategrad.gradients.request import SpectraRequest
from stategrad.gradients.scattered import keep_states, scattered
from stategrad.gradients.spectrum_table import SpectrumTable
from stategrad.gradients.tangents import Window

FEWEST_POSITIONS = 20
"""Labels with fewer positions have no intervals."""


@dataclass
class _Waiting:
    """The sums of one label whose reduction must wait.

    Attributes:
        first: `Σ G` per block and delay.
        second: `Σ GᵀG` per delay, or None.
        count: gradients per block and delay.
    """

    first: Float[Tensor, "block delay embedding state"]
    second: Float[Tensor, "delay embedding embedding"] | None
    count: Int[np.ndarray, "block delay"]


@dataclass
class _State:
    """One state's table, and its labels that wait."""

    key: StateKey
    table: SpectrumTable
    waiting: dict[int, _Waiting] = field(default_factory=dict)


@dataclass(frozen=True)
class _Part:
    """The positions of one label in a window: places `start` to `stop`, exclusive."""

    label: int
    start: int
    stop: int


def accumulate_spectra(
    request: SpectraRequest, counts: Int[np.ndarray, "label delay"], *, show_progress: bool
) -> dict[StateKey, SpectrumTable]:
    """The spectra of every label, for every wanted state.

    Args:
        request: the analysis.
        counts: positions per label and delay.
        show_progress: show a progress bar.
    """
    network, order, longest = request.network, request.labels.order, int(request.delays[-1]) + 1
    compile_cells(network, request.execution, len(order), longest, network.embedding_size)
    size = request.execution.chunk_size or chunk_size(network, network.embedding_size)
    window, spectra = Window(network, size), _Spectra(request)
    start = None if request.start is None else request.start[:, None]
    kept = keep_states(request.streams, request.initial)
    with tqdm(total=len(order), desc="state gradients", unit="position", disable=not show_progress) as bar:
        for stretch in scattered(request.streams, order, longest, kept, multiple=size):
            for first in range(0, len(stretch.positions), size):
                chosen = np.arange(first, min(first + size, len(stretch.positions)))
                positions = stretch.positions[chosen]
                spectra.add(positions, window.propagate(stretch, chosen, spectra.remaining[positions], longest, start))
                bar.update(len(chosen))
    for state in spectra.states:
        broken = np.isnan(state.table.singular_values[..., 0]) & (counts > 0)
        if broken.any():
            delay, label = np.argwhere(broken.T)[0]
            warn_of_explosion(request.labels.names[label], int(request.delays[delay]), stacklevel=5)
    return {state.key: state.table for state in spectra.states}


class _Spectra:
    """The reduction of a stream of windows."""

    def __init__(self, request: SpectraRequest) -> None:
        self.request = request
        self.remaining = request.streams.remaining
        self.blocks = np.where(request.labels.sizes >= FEWEST_POSITIONS, request.blocks, 1)
        self.states = [_State(key, self._empty_table(key)) for key in request.keys]

    def add(
        self,
        positions: Int[np.ndarray, " position"],
        gradients: Iterator[tuple[int, dict[StateKey, Float[Tensor, "embedding position _"]]]],
    ) -> None:
        """Take in the gradients of the next positions in the order of the labels, at delays 0, 1, 2, …."""
        labels, remaining = self.request.labels, self.remaining[positions]
        parts = [_Part(int(labels.of_position[positions[a]]), a, b) for a, b in _runs(labels.of_position[positions])]
        waits = {part: self.blocks[part.label] > 1 or part.stop - part.start < labels.sizes[part.label] for part in parts}
        waiting, single = ([part for part in parts if waits[part] == wanted] for wanted in (True, False))
        block = labels.rank[positions] * self.blocks[labels.of_position[positions]] // labels.sizes[labels.of_position[positions]]
        for state, part in itertools.product(self.states, waiting):
            self._begin(state, part, block, remaining)
        # labels that must not wait, each a row; the others end up in a last row that is not read
        row = np.full(len(positions), len(single))
        for number, part in enumerate(single):
            row[part.start : part.stop] = number
        rows = torch.from_numpy(row).to(self.request.network.device)
        column = {int(delay): index for index, delay in enumerate(self.request.delays)}
        for delay, tangents in gradients:
            if delay not in column:
                continue
            for state in self.states:
                self._reduce(state, single, tangents[state.key], rows, column[delay], remaining > delay)
                for part in waiting:
                    self._wait(state, part, tangents[state.key], block, column[delay])
        for state, part in itertools.product(self.states, waiting):
            if labels.rank[positions[part.stop - 1]] + 1 == labels.sizes[part.label]:
                self._finish(state, part.label)

    def _reduce(
        self,
        state: _State,
        parts: list[_Part],
        gradients: Float[Tensor, "embedding position state"],
        rows: Int[Tensor, " position"],
        delay: int,
        inside: Bool[np.ndarray, " position"],
    ) -> None:
        """Reduce labels that lie in the window as a whole."""
        if not parts:
            return
        sums = gradients.new_zeros(len(gradients), len(parts) + 1, gradients.shape[-1]).index_add_(1, rows, gradients)
        # (label, state, embedding), as a view: the memory keeps the order of the gradients
        means = sums[:, : len(parts)].permute(1, 2, 0).double().cpu().numpy()
        count = np.array([inside[part.start : part.stop].sum() for part in parts], dtype=np.int64)
        label = np.array([part.label for part in parts])
        several = np.array([part.stop - part.start > 1 for part in parts])
        for chosen in (several, ~several):
            if not chosen.any():
                continue
            squares = None
            if self.request.second_moment and chosen is several:
                own = [part for part in parts if part.stop - part.start > 1]
                squares = torch.stack([_square(gradients[:, part.start : part.stop]) for part in own]).cpu().numpy()
            where = label[chosen], np.full(int(chosen.sum()), delay)
            state.table.put(where, means[chosen], squares, count[chosen])

    def _empty_table(self, key: StateKey) -> SpectrumTable:
        network, modes = self.request.network, min(self.request.network.state_size(key), self.request.network.embedding_size)
        dtype = np.dtype(np.float64 if network.dtype == torch.float64 else np.float32)
        return SpectrumTable.empty(len(self.request.labels.names), len(self.request.delays), modes, dtype)

    def _begin(
        self, state: _State, part: _Part, block: Int[np.ndarray, " position"], remaining: Int[np.ndarray, " position"]
    ) -> None:
        """Count a label's positions in this window, and make room for its sums if it is new."""
        network, delays = self.request.network, self.request.delays
        if part.label not in state.waiting:
            shape = len(delays), network.embedding_size
            zeros = torch.zeros((), dtype=torch.float64, device=network.device).new_zeros
            state.waiting[part.label] = _Waiting(
                zeros(int(self.blocks[part.label]), *shape, network.state_size(state.key)),
                zeros(*shape, network.embedding_size) if self.request.second_moment else None,
                np.zeros((self.blocks[part.label], len(delays)), dtype=np.int64),
            )
        count = state.waiting[part.label].count
        for a, b in _runs(block[part.start : part.stop]):
            own = slice(part.start + a, part.start + b)
            count[block[own.start]] += (remaining[own, None] > delays).sum(0)

    def _wait(
        self,
        state: _State,
        part: _Part,
        gradients: Float[Tensor, "embedding position state"],
        block: Int[np.ndarray, " position"],
        delay: int,
    ) -> None:
        """Add to the sums of a label that goes on, or that needs its blocks."""
        sums = state.waiting[part.label]
        own = gradients[:, part.start : part.stop]
        for a, b in _runs(block[part.start : part.stop]):
            sums.first[block[part.start + a], delay] += own[:, a:b].sum(1)
        if sums.second is not None:
            sums.second[delay] += _square(own)

    def _finish(self, state: _State, label: int) -> None:
        """Reduce a label that is complete."""
        sums = state.waiting.pop(label)
        first = sums.first.transpose(-1, -2).cpu().numpy()
        delays = len(self.request.delays)
        squares = None if sums.second is None else sums.second.cpu().numpy()
        state.table.put((np.full(delays, label), np.arange(delays)), first.sum(0), squares, sums.count.sum(0))
        if len(first) > 1:
            state.table.put_intervals(label, first, sums.count)


def _square(gradients: Float[Tensor, "embedding position state"]) -> Float[Tensor, "embedding embedding"]:
    """`Σ GᵀG`."""
    rows = gradients.reshape(len(gradients), -1)
    return (rows @ rows.T).double()


def _runs(values: Int[np.ndarray, " place"]) -> list[tuple[int, int]]:
    """Where equal neighbours begin and end."""
    edges = np.flatnonzero(np.diff(values)) + 1
    return list(itertools.pairwise([0, *edges.tolist(), len(values)]))
