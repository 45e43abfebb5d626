"""The sums of an analysis by step: a sweep over every stretch, and the sums that each of its gradients belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from jaxtyping import Float, Int

from stategrad.cells.network import StateKey
from stategrad.gradients.moments import Moments
from stategrad.gradients.request import Request
from stategrad.gradients.stretches import Piece, stretches
from stategrad.gradients.sweep import Neighbours, Sweep, neighbours

Target = tuple[int, int, int]


class BySteps:
    """The way of an analysis whose positions are neighbours.

    Args:
        request: the analysis.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._longest = int(request.delays[-1]) + 1
        steps = request.execution.chunk_size
        self._sweep = Sweep(request.network, self._longest, request.keys, request.start, steps)
        self.identity = {"steps": self._sweep.steps}
        self._used = np.zeros(request.streams.size, bool)
        self._used[request.positions.used] = True
        self._member = np.zeros((len(request.groups.labels), request.strata.count), bool)
        for stratum, groups in enumerate(request.strata.members):
            self._member[list(groups), stratum] = True

    def pieces(self) -> Iterator[Piece]:
        """All of the work in its order."""
        request = self._request
        for stretch in stretches(request.streams, request.positions.used, self._longest, request.initial):
            yield Piece(stretch, np.arange(len(stretch.positions)))
            del stretch

    def add(self, piece: Piece, moments: Mapping[StateKey, Moments]) -> Iterator[int]:
        """Add a piece to the sums, telling from time to time how many of its positions have begun since."""
        request, delays = self._request, self._request.delays
        every = len(delays) == self._longest
        columns = torch.from_numpy(delays).to(request.network.device)
        for run in neighbours(piece.stretch, request.positions.remaining, self._longest):
            told = 0
            for row, kept in self._sweep.propagate(piece.stretch, run):
                steps = len(next(iter(kept.values())))
                weights, targets = self._weights(run, row, steps)
                for key, gradients in kept.items():
                    chosen = gradients if every else gradients.index_select(1, columns)
                    if targets:
                        moments[key].add_steps(chosen, torch.from_numpy(weights).to(chosen), targets)
                begun = int(self._used[run.offset + run.first : run.offset + min(row + steps, run.last + 1)].sum())
                yield begun - told
                told = begun

    def _weights(self, run: Neighbours, row: int, steps: int) -> tuple[Float[np.ndarray, "delay target step"], list[Target]]:
        """The weight of the gradient at each delay and step in each sum that any of them belongs to."""
        request, strata = self._request, self._request.strata
        states = run.offset + row + np.arange(steps)
        inputs = states - request.delays[:, None]
        inside = (inputs >= run.offset + run.first) & (inputs <= run.offset + run.last)
        inside &= self._used[np.where(inside, inputs, 0)]
        stratum = strata.of_position[np.where(inside, inputs, run.offset + run.first)]
        conditions = self._conditions(np.where(inside, inputs, -1))
        weight = request.positions.weights[:, stratum, np.arange(len(request.delays))[:, None]] * (conditions & inside)
        present = np.unique(stratum[inside])
        weights, targets = [], []
        for block in np.unique(strata.block[present]):
            for group in np.flatnonzero(self._member[:, present[strata.block[present] == block]].any(1)):
                belongs = self._member[group, stratum] & (strata.block[stratum] == block)
                for condition, own in enumerate(weight):
                    weights.append(own * belongs)
                    targets.append((int(group), condition, int(block)))
        return np.stack(weights, axis=1) if weights else np.zeros((len(request.delays), 0, steps)), targets

    def _conditions(self, inputs: Int[np.ndarray, "delay step"]) -> np.ndarray:
        """Which pairs of input and state count under each condition; those at -1 are of no meaning."""
        conditions = self._request.conditions
        if conditions.trivial:
            return np.ones((1, *inputs.shape), bool)
        masks = np.zeros((conditions.count, *inputs.shape), bool)
        for place, (delay, positions) in enumerate(zip(self._request.delays, inputs, strict=True)):
            masks[:, place, positions >= 0] = conditions.masks(positions[positions >= 0], int(delay))
        return masks
