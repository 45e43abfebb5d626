"""Spectra of means that leave blocks out, all from the products of pairs of blocks.

`W`, the sum of the weighted blocks outside a set K, has the Gram matrix
`WᵀW = ḠᵀḠ - Σ_{k∈K} (ḠᵀS_k + S_kᵀḠ) + Σ_{k,l∈K} S_kᵀS_l`, so that no mean is ever formed. The accuracy is
that of `gram`: singular values below `10⁻⁷ σ_1` are lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True, eq=False)
class BlockProducts:
    """Products of the weighted blocks `S_k = m_k Ḡ_k / n`, in the space of the smaller side of the matrices.

    Attributes:
        share: `m_k / n`.
        pairs: `S_aᵀ S_b`.
        columns: `Ḡᵀ S_k`.
        gram: `Ḡᵀ Ḡ`.
    """

    share: Float[np.ndarray, " block"]
    pairs: Float[np.ndarray, "block block mode mode"]
    columns: Float[np.ndarray, "block mode mode"]
    gram: Float[np.ndarray, "mode mode"]

    @classmethod
    def of(cls, means: Float[np.ndarray, "block state embedding"], share: Float[np.ndarray, " block"]) -> BlockProducts:
        """Of one group at one delay, occupied blocks only."""
        tall = means if means.shape[1] >= means.shape[2] else np.swapaxes(means, 1, 2)
        blocks, _, modes = tall.shape
        side_by_side = np.moveaxis(tall * share[:, None, None], 0, 1).reshape(-1, blocks * modes)
        pairs = (side_by_side.T @ side_by_side).reshape(blocks, modes, blocks, modes).swapaxes(1, 2)
        columns = pairs.sum(0)
        return cls(share, pairs, columns, columns.sum(0))

    def singular_values(self) -> Float[np.ndarray, " mode"]:
        """`σ_i` of the mean of all blocks."""
        return np.sqrt(np.linalg.eigvalsh(self.gram)[::-1].clip(min=0))

    def held_out(
        self, left_out: Int[np.ndarray, "set member"]
    ) -> tuple[Float[np.ndarray, "set mode"], Float[np.ndarray, "set member mode"]]:
        """`σ_i` of W for each set of blocks left out, and `u_iᵀ S_k v_i` for its members k, with u_i, v_i those of W.

        The products are 0 where `σ_i` is below `10⁻⁷ σ_1`: their directions are rounding.
        """
        columns = self.columns[left_out]
        of_set = self.pairs[left_out[:, :, None], left_out[:, None, :]]
        gram = self.gram - columns.sum(1) - columns.sum(1).swapaxes(-1, -2) + of_set.sum((1, 2))
        squares, vectors = np.linalg.eigh(gram)
        values, vectors = np.sqrt(squares[:, ::-1].clip(min=0)), vectors[:, :, ::-1]
        # u_i = W v_i / σ_i, and WᵀS_k is the column of k without its products with the set
        products = ((columns - of_set.sum(1)) @ vectors[:, None] * vectors[:, None]).sum(-2)
        known = np.broadcast_to((values > 1e-7 * values[:, :1])[:, None], products.shape)
        return values, np.divide(products, values[:, None], out=np.zeros_like(products), where=known)
