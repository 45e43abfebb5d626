"""The bare matrix products that no exact engine can do without: `(n·E, H) @ (H, 4H)`, one per delay for n positions."""

from __future__ import annotations

from collections.abc import Callable

import torch

from benchmarks.clock import Contender, repeated, seconds_of

POSITIONS = (16, 32, 64, 128)
"""How many positions share a product; the fastest number is the ceiling."""


def ceiling(name: str, embedding: int, hidden: int, delays: int, dtype: torch.dtype, seconds: float) -> Contender:
    """The product in the number of positions and the layout of the weights that are fastest here, into a given buffer.

    The same buffers are read and written every time, so that they are as warm as they can be. One product per delay is
    counted, 8 H² E floating-point operations, although the tangent at delay 0 needs none: with 30 delays an engine that did
    nothing else would reach 30/29 of it.
    """
    candidates = [(product(n, embedding, hidden, dtype, transposed=t), n) for n in POSITIONS for t in (False, True)]
    for work, _ in candidates:
        work()
    fastest, positions = min(candidates, key=lambda candidate: min(seconds_of(candidate[0]) for _ in range(5)) / candidate[1])
    return repeated(name, fastest, positions / delays, seconds)


def product(positions: int, embedding: int, hidden: int, dtype: torch.dtype, *, transposed: bool) -> Callable[[], None]:
    """A function that does the product of `positions` positions at one delay."""
    tangents = torch.randn(positions * embedding, hidden).to(dtype)
    weights = (torch.randn(hidden, 4 * hidden) / hidden**0.5).to(dtype)
    if transposed:  # as PyTorch keeps them, (4H, H)
        weights = weights.T.contiguous().T
    gates = torch.empty(positions * embedding, 4 * hidden, dtype=dtype)

    def work() -> None:
        torch.mm(tangents, weights, out=gates)

    return work
