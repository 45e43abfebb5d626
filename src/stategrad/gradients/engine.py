"""The engine: every used position is propagated once, and its gradients are added up."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor

from stategrad.cells.network import StateKey, arrays_of
from stategrad.checkpoint import fingerprint, load_checkpoint, save_checkpoint
from stategrad.errors import InvalidInputError
from stategrad.gradients.by_positions import ByPositions
from stategrad.gradients.by_steps import BySteps
from stategrad.gradients.moments import Moments
from stategrad.gradients.request import Request
from stategrad.gradients.sweep import pays, possible

_KIND = "an analysis"


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
        InvalidInputError: a sweep that is asked for and not possible.
    """
    wanted = request.execution.sweep
    if wanted and not possible(request):
        raise InvalidInputError(
            "sweep=True needs an nn.LSTM without a projection, an nn.GRU or an nn.RNN, and room for the gradients of all delays at "
            "a few steps (512 MiB); leave sweep out."
        )
    sweep = pays(request) if wanted is None else wanted
    work: ByPositions | BySteps = BySteps(request) if sweep else ByPositions(request)
    moments = empty_moments(request)
    checkpoint = _Checkpoint(request, identity | work.identity, moments)
    done = checkpoint.load()
    number = 0
    for number, piece in enumerate(work.pieces(), start=1):
        if number > done:
            for positions in work.add(piece, moments):
                advance(positions)
            checkpoint.save_if_due(number)
        else:
            advance(piece.positions)
        del piece  # and its stretch, before the next one is made
    if final:
        checkpoint.remove()
    elif number > done:
        checkpoint.save(number)
    return moments


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
    return {
        "delays": fingerprint(request.delays),
        "groups": fingerprint(request.groups.masks),
        "blocks": fingerprint(request.strata.of_position, request.strata.block),
        "positions": fingerprint(request.positions.used),
        "conditions": fingerprint(*conditions.arrays),
        "initial_state": fingerprint(*arrays_of(request.initial)),
        "states": [list(key) for key in request.keys],
        "second_moment": request.second_moment,
        "directions": None if request.start is None else fingerprint(request.start.cpu().numpy()),
    }
