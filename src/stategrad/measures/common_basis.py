"""An orthonormal basis in which many mean gradients have their leading modes, from products of them with few vectors.

    Y_c = Ḡ_c Ω,   U = basis of all Y_c,   W_c = Uᵀ Ḡ_c,   V = basis of all W_cᵀ,   Ḡ_c ≈ Ĝ_c = (Ḡ_c V) Vᵀ

for every case c, a group at a delay. Ω, U and V are the same for all cases, so that each kind of product comes out of one
propagation through the text. What is found is a projection: `σ_i(Ĝ_c) ≤ σ_i(Ḡ_c)`, whatever the basis, and what it leaves out is
orthogonal to it,

    ‖Ḡ - Ĝ_j‖²_F = Σ_{i>j} σ_i(Ĝ)² + ‖Ḡ (1 - V Vᵀ)‖²_F

with Ĝ_j the first j modes of Ĝ. Only the last term has to be estimated, from s further Gaussian rows Θ which the basis does not
depend on: `‖Θ Ḡ (1 - V Vᵀ)‖²_F / s`, without bias, with a relative standard deviation of at most `√(2/s)`, which it has where a
single mode is left out, and less where many are.

Source: randomised range finding with one power step (Halko, Martinsson & Tropp, SIAM Review 53, 2011) on both unfoldings of the
tensor (case, state, embedding) (Minster, Saibaba & Kilmer, SIAM Journal on Mathematics of Data Science 2, 2020); the estimate:
Tropp, Yurtsever, Udell & Cevher, SIAM Journal on Scientific Computing 41, 2019, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

ERROR_ROWS = 10
"""Rows of Θ: what they say of a norm is then right to 22 % where it is least certain (one standard deviation)."""


@dataclass(frozen=True)
class ProductSizes:
    """How many products with each gradient its k leading modes take.

    Attributes:
        basis: r, of Ω, U and V.
        error_rows: s, of Θ.
    """

    basis: int
    error_rows: int = ERROR_ROWS

    @classmethod
    def of(cls, modes: int) -> ProductSizes:
        """`r = 4k + 8`: room for modes that differ between delays and groups, and beyond the leading ones."""
        return cls(4 * modes + 8)

    @property
    def rows(self) -> int:
        """Of U and Θ together."""
        return self.basis + self.error_rows

    @property
    def total(self) -> int:
        """Vectors that are propagated per position, against E of a whole gradient."""
        return 2 * self.basis + self.rows


def common_basis(products: Float[np.ndarray, "case size column"], count: int) -> Float[np.ndarray, "size basis"]:
    """The `count` leading left singular vectors of all products side by side, each case divided by its Frobenius norm.

    So every case counts alike, however little is left of it. They are taken up a few at a time, keeping 4 times as many
    directions as asked for: memory does not grow with their number. Cases that are zero or not finite say nothing; where none
    says anything the directions are the first axes.

    Args:
        products: of each case.
        count: how many directions; fewer are returned where there are not so many.
    """
    most = 8 * max(count, products.shape[-1])
    kept = np.zeros((products.shape[1], 0))
    for number, product in enumerate(products):
        norm = np.linalg.norm(product)
        if np.isfinite(norm) and norm > 0:
            kept = np.concatenate([kept, product / norm], axis=1)
        if kept.shape[1] > most or number == len(products) - 1:
            left, values, _ = np.linalg.svd(kept, full_matrices=False)
            kept = (left * values)[:, : 4 * count]
    if kept.shape[1] == 0:
        return np.eye(len(kept), min(count, len(kept)))
    return np.asarray(left[:, :count])


def norm_outside(
    rows: Float[np.ndarray, "*batch row embedding"], basis: Float[np.ndarray, "embedding basis"]
) -> Float[np.ndarray, "*batch"]:
    """The estimate of `‖Ḡ (1 - V Vᵀ)‖_F` from `Θ Ḡ`, with Θ of independent standard normal numbers.

    Args:
        rows: `Θ Ḡ`.
        basis: V, which must not depend on Θ.
    """
    outside = rows - (rows @ basis) @ basis.T
    return np.asarray(np.sqrt(np.square(outside).sum((-1, -2)) / rows.shape[-2]))
