"""Detection: whether blocks of the text agree on any memory at all, tested by flipping the signs of whole blocks."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from stategrad.errors import InvalidInputError
from stategrad.measures.block_means import FEWEST_BLOCKS, block_gram

MOST_BLOCKS_FOR_ALL_FLIPS = 14


@dataclass(frozen=True, eq=False)
class Detection:
    """The outcome of `sign_flip_test`.

    Attributes:
        p_value: NaN with fewer than 6 occupied blocks, where no test at 5 % is possible.
        detected: `p_value` ≤ `level`; false where it is NaN.
        level: nominal rate of false positives.
    """

    p_value: Float[np.ndarray, "*batch"]
    detected: Bool[np.ndarray, "*batch"]
    level: float


def sign_flip_test(
    block_mean: Float[np.ndarray, "*batch block state embedding"],
    block_count: Int[np.ndarray, "*batch block"],
    *,
    level: float = 0.05,
    flips: int = 9999,
    seed: int = 0,
) -> Detection:
    """The share of sign patterns ε for which `Σ_{a≠b} ε_a ε_b m_a m_b ⟨Ḡ_a, Ḡ_b⟩` reaches its value at ε = 1.

    The statistic is the energy of the mean across blocks; the weights are those of the mean, under which unequal blocks count by
    their precision. Without memory each block's noise is as likely with either sign, so that the test is exact for any
    weights where blocks are independent and their noise is symmetric. With g occupied blocks p is never below `2^(1-g)`.

    Args:
        block_mean: the mean gradient of each block.
        block_count: positions behind each; 0 for an empty block, which is left out.
        level: nominal rate of false positives.
        flips: how many seeded random patterns where there are more than 14 blocks; up to 14 all `2^(B-1)` are taken.
        seed: of the patterns.

    Raises:
        InvalidInputError: a level outside 0 to 1, fewer than 99 flips, counts that do not fit.
    """
    if not 0 < level < 1:
        raise InvalidInputError(f"level is {level}; give a rate of false positives between 0 and 1, such as 0.05.")
    if flips < 99:
        raise InvalidInputError(f"flips is {flips}; give at least 99.")
    products = block_gram(block_mean, block_count)
    blocks = products.shape[-1]
    signs = _signs(blocks, flips, seed)
    first, second = np.triu_indices(blocks, k=1)
    pairs = products[..., first, second].reshape(math.prod(products.shape[:-2]), len(first))
    flipped = (signs[:, first] * signs[:, second]) @ pairs.T
    slack = 1e-12 * np.abs(pairs).sum(-1)  # patterns that tie with the data but for rounding count as reaching it
    p_value = (flipped >= flipped[0] - slack).mean(0).reshape(products.shape[:-2])
    p_value = np.where((block_count > 0).sum(-1) >= FEWEST_BLOCKS, p_value, np.nan)
    return Detection(p_value, np.asarray(p_value <= level), level)


def _signs(blocks: int, flips: int, seed: int) -> Float[np.ndarray, "flip block"]:
    """Patterns of signs, the unchanged one first; a pattern and its mirror are one."""
    if blocks <= MOST_BLOCKS_FOR_ALL_FLIPS:
        rest = np.array(list(itertools.product([1.0, -1.0], repeat=blocks - 1))).reshape(2 ** (blocks - 1), blocks - 1)
        return np.column_stack([np.ones(len(rest)), rest])
    drawn = np.random.default_rng(seed).choice([1.0, -1.0], size=(flips, blocks))
    return np.vstack([np.ones(blocks), drawn])
