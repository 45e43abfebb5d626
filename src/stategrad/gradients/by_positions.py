"""The sums of an analysis by position: windows of positions from anywhere in a stretch, sorted by the sums that they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from stategrad.cells.network import Network, StateKey
from stategrad.gradients.moments import Moments, runs_of
from stategrad.gradients.request import Execution, Request
from stategrad.gradients.stretches import Piece, stretches
from stategrad.gradients.tangents import Window

LONG_ANALYSIS = 3e13
"""Floating-point operations in products from which on the update is compiled: about a minute and a half on two cores."""

_CACHE = 16 * 2**20


class ByPositions:
    """The way of an analysis whose positions may lie anywhere.

    Args:
        request: the analysis.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._longest = int(request.delays[-1]) + 1
        network, execution = request.network, request.execution
        compile_cells(network, execution, len(request.positions.used), self._longest, request.columns)
        self._size = execution.chunk_size or chunk_size(network, request.columns)
        self._window = Window(network, self._size, request.columns)
        self._start = None if request.start is None else request.start[:, None]
        self.identity = {"chunk_size": self._size}

    def pieces(self) -> Iterator[Piece]:
        """All of the work in its order: by stretch, within it by stratum, so that a window's sums have few runs."""
        request, longest = self._request, self._longest
        for stretch in stretches(request.streams, request.positions.used, longest, request.initial):
            remaining = request.positions.remaining[stretch.positions]
            stratum = request.strata.of_position[stretch.positions]
            order = np.lexsort((stretch.positions, -remaining.clip(max=longest), stratum))
            for first in range(0, len(order), self._size):
                yield Piece(stretch, order[first : first + self._size])
            del stretch

    def add(self, piece: Piece, moments: Mapping[StateKey, Moments]) -> Iterator[int]:
        """Add a piece to the sums, and tell how many positions it had."""
        request = self._request
        positions = piece.stretch.positions[piece.chosen]
        remaining = request.positions.remaining[positions]
        runs = runs_of(request.strata.of_position[positions])
        column = {int(delay): index for index, delay in enumerate(request.delays)}
        for delay, tangents in self._window.propagate(piece.stretch, piece.chosen, remaining, self._longest, self._start):
            if delay not in column:
                continue
            masks = None
            if not request.conditions.trivial:
                inside = remaining > delay
                masks = np.zeros((request.conditions.count, len(positions)), bool)
                masks[:, inside] = request.conditions.masks(positions[inside], delay)
            for key, sums in moments.items():
                sums.add(column[delay], tangents[key], runs, masks)
        yield len(positions)


def chunk_size(network: Network, columns: int) -> int:
    """Positions whose gates take about 16 MiB: few enough for the update to read them from a cache, and for few calls."""
    widest = max(cell.work_size for cell in network.cells)
    return max(8, _CACHE // (columns * widest * network.cells[0].precision.product.itemsize))


def compile_cells(network: Network, execution: Execution, positions: int, delays: int, columns: int) -> None:
    """Compile the updates where that is asked for, or where the matrix products alone take minutes on a small machine."""
    per_step = 2 * columns * sum(cell.work_size * cell.state_sizes.get("hidden", 0) for cell in network.cells)
    if per_step * positions * delays > LONG_ANALYSIS if execution.compile is None else execution.compile:
        for cell in network.cells:
            cell.compile()
