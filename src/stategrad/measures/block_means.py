"""The means of blocks of the text, checked and put together: their weights, and the means that leave one of them out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int

from stategrad.errors import InvalidInputError

FEWEST_BLOCKS = 6
CHUNK_BYTES = 2**25


def mean_of_blocks(
    block_mean: Float[np.ndarray, "*batch block state embedding"], block_count: Int[np.ndarray, "*batch block"]
) -> Float[np.ndarray, "*batch state embedding"]:
    """`Ḡ = Σ_k m_k Ḡ_k / n`, with `m_k` the positions behind block k and `n` those behind all; NaN where n is 0."""
    return np.einsum("...b,...bhe->...he", shares(block_mean, block_count), emptied(block_mean, block_count), optimize=True)


def leave_one_out(
    block_mean: Float[np.ndarray, "*batch block state embedding"], block_count: Int[np.ndarray, "*batch block"]
) -> Float[np.ndarray, "*batch block state embedding"]:
    """`Ḡ_(k) = (n Ḡ - m_k Ḡ_k) / (n - m_k)`: the mean of all positions but those of block k.

    Without an empty block it is the mean of all; NaN where no other block holds anything.
    """
    share = shares(block_mean, block_count)[..., None, None]
    weighted = share * emptied(block_mean, block_count)
    rest = np.where(share < 1, 1 - share, np.nan)
    return (weighted.sum(-3, keepdims=True) - weighted) / rest


def shares(
    block_mean: Float[np.ndarray, "*batch block state embedding"], block_count: Int[np.ndarray, "*batch block"]
) -> Float[np.ndarray, "*batch block"]:
    """`m_k / n`, the part of the positions that each block holds; NaN where there are none at all.

    Raises:
        InvalidInputError: counts of another shape than the blocks', or negative ones.
    """
    if block_count.shape != block_mean.shape[:-2]:
        raise InvalidInputError(
            f"block_count has shape {block_count.shape} and block_mean {block_mean.shape}; give one count per block's matrix."
        )
    if (block_count < 0).any():
        raise InvalidInputError(f"block_count holds {block_count.min()}; give the number of positions, 0 for an empty block.")
    total = block_count.sum(-1, keepdims=True)
    return block_count / np.where(total > 0, total, np.nan)


def emptied(
    block_mean: Float[np.ndarray, "*batch block state embedding"], block_count: Int[np.ndarray, "*batch block"]
) -> Float[np.ndarray, "*batch block state embedding"]:
    """The means with zeros for empty blocks, whatever stood there."""
    return np.where((block_count > 0)[..., None, None], block_mean, 0.0)


def merged(block_count: Int[np.ndarray, "*batch block"], most: int) -> Int[np.ndarray, " block"]:
    """The larger block that each becomes part of, where there are more than `most`: neighbours, of about equal counts.

    Neighbours, since what is near in a text is alike: blocks that were independent stay so.

    >>> merged(np.array([5, 5, 1, 1, 1, 7, 10]), 3)
    array([0, 0, 1, 1, 1, 1, 2])
    """
    count = block_count.shape[-1]
    if count <= most:
        return np.arange(count)
    size = block_count.reshape(-1, count).sum(0)
    middle = np.cumsum(size) - size / 2
    _, numbers = np.unique(middle * most // max(1, size.sum()), return_inverse=True)
    return np.asarray(numbers)


def merge(
    block_mean: Float[np.ndarray, "*batch block state embedding"],
    block_count: Int[np.ndarray, "*batch block"],
    numbers: Int[np.ndarray, " block"],
) -> tuple[Float[np.ndarray, "*batch merged state embedding"], Int[np.ndarray, "*batch merged"]]:
    """Means and counts of larger blocks, `Σ m_k Ḡ_k / Σ m_k` over the blocks k of one number; zero where they are all empty."""
    belongs = numbers == np.arange(numbers.max() + 1)[:, None]
    total = block_count @ belongs.T
    weighted = np.einsum("...b,nb,...bhe->...nhe", block_count, belongs, emptied(block_mean, block_count), optimize=True)
    return weighted / np.maximum(total, 1)[..., None, None], total


def block_gram(
    block_mean: Float[np.ndarray, "*batch block state embedding"], block_count: Int[np.ndarray, "*batch block"]
) -> Float[np.ndarray, "*batch block block"]:
    """`⟨m_a Ḡ_a / n, m_b Ḡ_b / n⟩` for each pair of blocks, so that all entries add up to `‖Ḡ‖²_F`; NaN where n is 0."""
    share = shares(block_mean, block_count)
    products = np.empty((*share.shape, share.shape[-1]))
    for item in np.ndindex(share.shape[:-1]):
        flat = emptied(block_mean[item], block_count[item]).reshape(share.shape[-1], -1)
        products[item] = flat @ flat.T * np.outer(share[item], share[item])
    return products


def chunks(
    block_mean: Float[np.ndarray, "*batch block state embedding"], block_count: Int[np.ndarray, "*batch block"]
) -> Iterator[tuple[Float[np.ndarray, "item block state embedding"], Int[np.ndarray, "item block"]]]:
    """The batch a few items at a time, in the order of the flattened batch: means and counts, about 32 MiB together."""
    items = list(np.ndindex(block_count.shape[:-1]))
    size = max(1, CHUNK_BYTES // max(1, 8 * int(np.prod(block_mean.shape[-3:]))))
    for start in range(0, len(items), size):
        chosen = items[start : start + size]
        yield np.stack([block_mean[item] for item in chosen]), np.stack([block_count[item] for item in chosen])
