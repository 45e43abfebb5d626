"""The engine: every used position is propagated once, window by window, and its gradients are added up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int
from torch import Tensor

from stategrad.cells.network import Network, StateKey
from stategrad.checkpoint import fingerprint, load_checkpoint, save_checkpoint
from stategrad.gradients.moments import Moments, runs_of
from stategrad.gradients.request import Execution, Request
from stategrad.gradients.stretches import Stretch, stretches
from stategrad.gradients.tangents import Window

LONG_ANALYSIS = 3e13
"""Floating-point operations in products from which on the update is compiled: about a minute and a half on two cores."""

_KIND = "an analysis"
_CACHE = 8 * 2**20


@dataclass(frozen=True)
class _Piece:
    """Positions of one stretch that are propagated together: those with indices `chosen`, at most a window of them."""

    stretch: Stretch
    chosen: Int[np.ndarray, " chosen"]


def accumulate(
    request: Request, identity: dict[str, Any], advance: Callable[[int], object], *, final: bool = True
) -> dict[StateKey, Moments]:
    """The sums of the gradients of every wanted state.

    Args:
        request: the analysis.
        identity: what its sums depend on, as JSON; a checkpoint made under another is refused.
        advance: is told of every piece of work how many positions it held.
        final: the sums are all that is wanted, and their checkpoint has served; False leaves it behind, with all of them.

    Raises:
        MissingInputError: a checkpoint that is truncated or no checkpoint.
        ForeignOutputError: a checkpoint of another analysis.
    """
    network, execution = request.network, request.execution
    compile_cells(network, execution, len(request.positions.used), int(request.delays[-1]) + 1, request.columns)
    moments = empty_moments(request)
    size = execution.chunk_size or chunk_size(network, request.columns)
    checkpoint = _Checkpoint(request, identity | {"chunk_size": size}, moments)
    window = Window(network, size, request.start)
    done = checkpoint.load()
    number = 0
    for number, piece in enumerate(_pieces(request, size), start=1):
        if number > done:
            _add(request, window, piece, moments)
            checkpoint.save_if_due(number)
        advance(len(piece.chosen))
        del piece  # and its stretch, before the next one is made
    if final:
        checkpoint.remove()
    elif number > done:
        checkpoint.save(number)
    return moments


def _pieces(request: Request, size: int) -> Iterator[_Piece]:
    """All of the work in its order: by stretch, within it by stratum, so that a window's sums have few runs."""
    longest = int(request.delays[-1]) + 1
    for stretch in stretches(request.streams, request.positions.used, longest, request.initial):
        remaining = request.positions.remaining[stretch.positions]
        stratum = request.strata.of_position[stretch.positions]
        order = np.lexsort((stretch.positions, -remaining.clip(max=longest), stratum))
        for first in range(0, len(order), size):
            yield _Piece(stretch, order[first : first + size])
        del stretch


def _add(request: Request, window: Window, piece: _Piece, moments: dict[StateKey, Moments]) -> None:
    positions = piece.stretch.positions[piece.chosen]
    remaining = request.positions.remaining[positions]
    runs = runs_of(request.strata.of_position[positions])
    column = {int(delay): index for index, delay in enumerate(request.delays)}
    for delay, tangents in window.propagate(piece.stretch, piece.chosen, remaining, int(request.delays[-1]) + 1):
        if delay not in column:
            continue
        masks = None
        if not request.conditions.trivial:
            inside = remaining > delay
            masks = np.zeros((request.conditions.count, len(positions)), bool)
            masks[:, inside] = request.conditions.masks(positions[inside], delay)
        for key, sums in moments.items():
            sums.add(column[delay], tangents[key], runs, masks)


def empty_moments(request: Request) -> dict[StateKey, Moments]:
    """Sums of nothing, for every wanted state."""
    network = request.network
    return {
        key: Moments(
            request.strata,
            request.positions.weights,
            groups=len(request.groups.labels),
            blocks=request.blocks,
            embedding=request.columns,
            state=network.state_size(key),
            second=request.second_moment,
            device=network.device,
        )
        for key in request.keys
    }


def chunk_size(network: Network, columns: int) -> int:
    """Positions whose gates take about eight MiB, so that the update reads them from the cache."""
    widest = max(cell.work_size for cell in network.cells)
    return max(8, _CACHE // (columns * widest * network.cells[0].precision.product.itemsize))


def compile_cells(network: Network, execution: Execution, positions: int, delays: int, columns: int) -> None:
    """Compile the updates where that is asked for, or where the matrix products alone take minutes on a small machine."""
    per_step = 2 * columns * sum(cell.work_size * cell.state_sizes.get("hidden", 0) for cell in network.cells)
    if per_step * positions * delays > LONG_ANALYSIS if execution.compile is None else execution.compile:
        for cell in network.cells:
            cell.compile()


class _Checkpoint:
    """The sums on disk while an analysis runs, if it was asked for."""

    def __init__(self, request: Request, identity: dict[str, Any], moments: dict[StateKey, Moments]) -> None:
        self._path = None if request.execution.checkpoint_path is None else Path(request.execution.checkpoint_path)
        self._resume = request.execution.resume
        self._seconds = 60 * request.execution.checkpoint_minutes
        self._saved = time.monotonic()
        self._identity = {} if self._path is None else identity | _of_arrays(request)
        self._tensors: dict[str, Tensor] = {}
        for (layer, name), sums in moments.items():
            self._tensors |= sums.tensors(f"{layer}.{name}")

    def load(self) -> int:
        """Put the sums where they were, and return how many pieces of work they hold."""
        if self._path is None or not self._resume or not self._path.exists():
            return 0
        counters, tensors = load_checkpoint(self._path, _KIND, self._identity)
        for name, own in self._tensors.items():
            own.copy_(tensors[name])
        return int(counters["done"])

    def save_if_due(self, done: int) -> None:
        """Write the sums of the first `done` pieces, if the last checkpoint is old enough."""
        if time.monotonic() - self._saved >= self._seconds:
            self.save(done)

    def save(self, done: int) -> None:
        """Write the sums of the first `done` pieces."""
        if self._path is not None:
            save_checkpoint(self._path, _KIND, self._identity, {"done": done}, self._tensors)
            self._saved = time.monotonic()

    def remove(self) -> None:
        """The sums are complete: nothing is left to go on from."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def _of_arrays(request: Request) -> dict[str, Any]:
    """What the sums depend on beside the model, the text and the plain settings."""
    conditions = request.conditions
    segments = [] if conditions.segments is None else [conditions.segments]
    return {
        "delays": fingerprint(request.delays),
        "groups": fingerprint(request.groups.masks),
        "blocks": fingerprint(request.strata.of_position, request.strata.block),
        "positions": fingerprint(request.positions.used),
        "conditions": fingerprint(*conditions.state_groups.values(), *segments),
        "initial_state": fingerprint(*(value.cpu().numpy() for layer in request.initial for value in layer.values())),
        "states": [list(key) for key in request.keys],
        "second_moment": request.second_moment,
        "directions": None if request.start is None else fingerprint(request.start.cpu().numpy()),
    }
