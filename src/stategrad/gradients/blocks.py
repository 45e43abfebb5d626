"""Blocks: stretches of the text kept apart, so that the error of a mean over neighbouring words can be estimated."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from stategrad.errors import InvalidInputError


def assign_blocks(lengths: Int[np.ndarray, " stream"], blocks: int) -> Int[np.ndarray, " position"]:
    """A block number for every position of the streams, in their order.

    With as many streams as blocks or more, a block is whole streams: each stream goes to the block that is shortest so far,
    which deals streams that lie in an order (documents by genre) evenly. With fewer, the text is cut into `blocks` contiguous
    stretches of equal length.

    >>> assign_blocks(np.array([3, 3]), 3)
    array([0, 0, 1, 1, 2, 2])
    >>> assign_blocks(np.array([2, 1, 1]), 2)
    array([0, 0, 1, 1])

    Raises:
        InvalidInputError: fewer than 1 block, or more blocks than positions.
    """
    size = int(lengths.sum())
    if not 1 <= blocks <= size:
        raise InvalidInputError(f"blocks is {blocks} for a text of {size} positions; give a number from 1 to {size}.")
    if len(lengths) < blocks:
        return np.arange(size) * blocks // size
    filled = np.zeros(blocks, dtype=np.int64)
    of_stream = np.empty(len(lengths), dtype=np.int64)
    for stream, length in enumerate(lengths):
        of_stream[stream] = filled.argmin()
        filled[of_stream[stream]] += length
    return np.repeat(of_stream, lengths)
