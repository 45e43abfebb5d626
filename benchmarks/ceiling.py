"""The bare matrix products, one per delay for n positions.

`(n·E, H) @ (H, 4H)` where every position is propagated on its own, with the factors of its own step. `(n·E, H) @ (H, 2H)` where all
that stand at one step of the text go through its Jacobian together, which is made first, and for all of them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from benchmarks.clock import Contender, repeated, seconds_of

POSITIONS = (16, 32, 64, 128)
"""How many positions share a product; the fastest number is the ceiling."""


def ceiling(
    name: str, embedding: int, hidden: int, delays: int, dtype: torch.dtype, seconds: float, *, outputs: int = 4
) -> Contender:
    """The product in the number of positions and the layout of the weights that are fastest here, into a given buffer.

    The same buffers are read and written every time, so that they are as warm as they can be. One product per delay is
    counted, 2 H² E floating-point operations times `outputs`, although the tangent at delay 0 needs none: with 30 delays an engine
    that did nothing else would reach 30/29 of it.
    """
    candidates = [(product(n, embedding, hidden, outputs, dtype, transposed=t), n) for n in POSITIONS for t in (False, True)]
    for work, _ in candidates:
        work()
    fastest, positions = min(candidates, key=lambda candidate: min(seconds_of(candidate[0]) for _ in range(5)) / candidate[1])
    return repeated(name, fastest, positions / delays, seconds)


def product(
    positions: int, embedding: int, hidden: int, outputs: int, dtype: torch.dtype, *, transposed: bool
) -> Callable[[], None]:
    """A function that does the product of `positions` positions at one delay."""
    tangents = torch.randn(positions * embedding, hidden).to(dtype)
    weights = (torch.randn(hidden, outputs * hidden) / hidden**0.5).to(dtype)
    if transposed:  # as PyTorch keeps them
        weights = weights.T.contiguous().T
    gates = torch.empty(positions * embedding, outputs * hidden, dtype=dtype)

    def work() -> None:
        torch.mm(tangents, weights, out=gates)

    return work
