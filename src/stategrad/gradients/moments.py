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
from jaxtyping import Bool, Float
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
        weights: the weight of a position, per condition, stratum and delay.
        groups: how many groups there are.
        blocks: how many blocks there are.
        embedding: E.
        state: H.
        second: whether second moments are kept.
        device: where the sums lie.
    """

    def __init__(
        self,
        strata: Strata,
        weights: Float[np.ndarray, "condition stratum delay"],
        *,
        groups: int,
        blocks: int,
        embedding: int,
        state: int,
        second: bool,
        device: torch.device,
    ) -> None:
        self.strata = strata
        self.weights = weights
        conditions, _, delays = weights.shape
        shape = (groups, conditions, blocks, delays, embedding)
        self.first = torch.zeros(*shape, state, dtype=torch.float64, device=device)
        self.second = torch.zeros(*shape, embedding, dtype=torch.float64, device=device) if second else None

    def add(
        self,
        delay: int,
        gradients: Float[Tensor, "embedding position state"],
        runs: list[Run],
        masks: Bool[np.ndarray, "condition position"] | None,
    ) -> None:
        """Add a window's gradients at one delay, run by run, to every group of the run's stratum.

        Args:
            delay: its index among the delays.
            gradients: of all positions of the window.
            runs: the window's positions by stratum.
            masks: which positions count under each condition; None where all do under the only one.
        """
        for run in runs:
            part = gradients[:, run.start : run.stop]
            for condition in range(len(self.weights)):
                chosen = part
                if masks is not None:
                    mask = masks[condition, run.start : run.stop]
                    if not mask.any():
                        continue
                    chosen = part if mask.all() else part[:, torch.from_numpy(mask).to(part.device)]
                self._add(run.stratum, condition, delay, chosen)

    def _add(self, stratum: int, condition: int, delay: int, gradients: Float[Tensor, "embedding position state"]) -> None:
        square = None
        if self.second is not None:
            rows = gradients.reshape(len(gradients), -1)
            square = rows @ rows.T
        self.add_sums(stratum, condition, delay, gradients.sum(1), square)

    def add_sums(
        self,
        stratum: int,
        condition: int,
        delay: int,
        total: Float[Tensor, "embedding state"],
        square: Float[Tensor, "embedding embedding"] | None = None,
    ) -> None:
        """Add sums over positions of one stratum, with its weight, to every group of the stratum.

        Args:
            stratum: its number.
            condition: the number of the condition under which the positions count.
            delay: its index among the delays.
            total: of the gradients.
            square: of `GᵀG`, where second moments are kept.
        """
        weight = float(self.weights[condition, stratum, delay])
        block = int(self.strata.block[stratum])
        total, square = total.double(), None if square is None else square.double()
        for group in self.strata.members[stratum]:
            self.first[group, condition, block, delay].add_(total, alpha=weight)
            if self.second is not None and square is not None:
                self.second[group, condition, block, delay].add_(square, alpha=weight)

    def add_steps(
        self,
        gradients: Float[Tensor, "step delay embedding state"],
        weights: Float[Tensor, "delay target step"],
        targets: list[tuple[int, int, int]],
    ) -> None:
        """Add the gradients of some steps of the text at all delays, with a weight for each of the sums that they go to.

        Args:
            gradients: at each step and delay.
            weights: of each of them in each sum, 0 where it is not part of it.
            targets: which sums: group, condition and block.
        """
        parts = [(self.first, gradients)]
        if self.second is not None:
            parts.append((self.second, gradients @ gradients.mT))
        for sums, values in parts:
            rows = values.flatten(2).transpose(0, 1)
            totals = torch.bmm(weights, rows)
            if not torch.isfinite(totals).all():  # 0 · ∞: what belongs to one sum must not spoil another
                chosen = weights[..., None] != 0
                totals = torch.stack(
                    [torch.where(chosen[:, n], rows * weights[:, n, :, None], 0).sum(1) for n in range(len(targets))], 1
                )
            for number, target in enumerate(targets):
                sums[target].flatten(1).add_(totals[:, number])

    def tensors(self, name: str) -> dict[str, Tensor]:
        """The sums under names that begin with `name`, as a checkpoint keeps them."""
        return {f"{name}.first": self.first} | ({} if self.second is None else {f"{name}.second": self.second})


def runs_of(strata: np.ndarray) -> list[Run]:
    """The runs of equal values in a sorted array of strata."""
    edges = np.flatnonzero(np.diff(strata)) + 1
    bounds = [0, *edges.tolist(), len(strata)]
    return [Run(a, b, int(strata[a])) for a, b in itertools.pairwise(bounds)]
