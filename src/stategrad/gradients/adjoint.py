"""Sums of products `Ψ G` per group, block and delay, over the same pairs of input and state as the sums of gradients.

    Σ_p w_p Ψ G_{p+τ,τ}

A cotangent starts at a state and meets all of its inputs on one way back, so that steps are started and positions, τ steps before,
are counted. Since what is pulled back reaches the input by one linear map, positions are added up first.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stategrad.cells.network import StateKey
from stategrad.gradients.by_positions import chunk_size
from stategrad.gradients.cotangents import CotangentWindow, Starts
from stategrad.gradients.moments import Moments
from stategrad.gradients.request import Request
from stategrad.gradients.stretches import stretches


def accumulate_products(
    request: Request, key: StateKey, tests: Float[Tensor, "row state"], advance: Callable[[int], object]
) -> Moments:
    """The sums of `Ψ G` of one state, in the place of gradients: `first` is (group, condition, block, delay, row, embedding).

    Args:
        request: the analysis; its `start` and `second_moment` are not read.
        key: the state.
        tests: Ψ.
        advance: is told how many positions have been served since it was told last.
    """
    network = request.network
    longest = int(request.delays[-1]) + 1
    sums = Moments(
        request.strata,
        request.positions.weights,
        groups=len(request.groups.labels),
        blocks=request.blocks,
        embedding=len(tests),
        state=network.embedding_size,
        second=False,
        device=network.device,
    )
    size = request.execution.chunk_size or chunk_size(network, len(tests))
    window = CotangentWindow(network, key, tests, size)
    for stretch in stretches(request.streams, request.positions.used, longest, request.initial):
        starts = Starts.of(stretch, request.positions.remaining, request.delays, longest)
        steps, told = starts.steps, 0
        order = np.argsort(-steps, kind="stable")
        for first in range(0, len(order), size):
            chosen = order[first : first + size]
            for delay, pulled in window.propagate(stretch, starts.rows[chosen], steps[chosen]):
                _add(request, sums, delay, pulled, starts.positions[delay, chosen])
            served = len(stretch.positions) * (first + len(chosen)) // len(order)
            advance(served - told)
            told = served
    return sums


def _add(request: Request, sums: Moments, delay: int, pulled: Float[Tensor, "row start gates"], positions: np.ndarray) -> None:
    """Add one step's products, stratum by stratum, where the start has a used position."""
    there = np.flatnonzero(positions >= 0)
    if len(there) == 0:
        return
    strata, place = np.unique(request.strata.of_position[positions[there]], return_inverse=True)
    counted = request.conditions.masks(positions[there], delay)
    belongs = np.zeros((len(counted), len(strata), len(positions)))
    belongs[:, place, there] = counted
    network, bottom = request.network, request.network.cells[0]
    weights = torch.from_numpy(belongs.reshape(-1, len(positions))).to(network.device, network.dtype)
    totals = bottom.to_input(weights @ pulled.to(network.dtype)).view(len(pulled), *belongs.shape[:2], -1)
    column = int(np.searchsorted(request.delays, delay))
    for condition in range(len(counted)):
        for index, stratum in enumerate(strata):
            sums.add_sums(int(stratum), condition, column, totals[:, condition, index])
