"""Sums of state gradients and of their squares, per group, block and delay.

    first:  Σ_p w_p G_p,τ          (state, embedding), kept as (embedding, state)
    second: Σ_p w_p G_p,τᵀ G_p,τ   (embedding, embedding)

Kept in float64 whatever the precision of the gradients, so that the result does not depend on how the work was cut.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stategrad.gradients.groups import Strata


@dataclass(frozen=True)
class Run:
    """Neighbours in a window that belong to one stratum: places `start` to `stop`, exclusive."""

    start: int
    stop: int
    stratum: int


class Moments:
    """Accumulators for one state.

    Args:
        strata: the cut of the text, which says where each sum belongs.
        weights: the weight of a position, per stratum and delay.
        groups: how many groups there are.
        blocks: how many blocks there are.
        embedding: E.
        state: H.
        second: whether second moments are kept.
    """

    def __init__(
        self,
        strata: Strata,
        weights: Float[np.ndarray, "stratum delay"],
        *,
        groups: int,
        blocks: int,
        embedding: int,
        state: int,
        second: bool,
    ) -> None:
        self.strata = strata
        self.weights = weights
        delays = weights.shape[1]
        self.first = torch.zeros(groups, blocks, delays, embedding, state, dtype=torch.float64)
        self.second = torch.zeros(groups, blocks, delays, embedding, embedding, dtype=torch.float64) if second else None

    def add(self, delay: int, gradients: Float[Tensor, "embedding position state"], runs: list[Run]) -> None:
        """Add a window's gradients at the delay with index `delay`, run by run, to every group of the run's stratum."""
        for run in runs:
            part = gradients[:, run.start : run.stop]
            block = int(self.strata.block[run.stratum])
            weight = float(self.weights[run.stratum, delay])
            members = self.strata.members[run.stratum]
            total = part.sum(1).double()
            for group in members:
                self.first[group, block, delay].add_(total, alpha=weight)
            if self.second is not None:
                rows = part.reshape(len(part), -1)
                square = (rows @ rows.T).double()
                for group in members:
                    self.second[group, block, delay].add_(square, alpha=weight)


def runs_of(strata: np.ndarray) -> list[Run]:
    """The runs of equal values in a sorted array of strata."""
    edges = np.flatnonzero(np.diff(strata)) + 1
    bounds = [0, *edges.tolist(), len(strata)]
    return [Run(a, b, int(strata[a])) for a, b in itertools.pairwise(bounds)]
