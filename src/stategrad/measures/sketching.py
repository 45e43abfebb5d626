"""The leading modes of a mean gradient that is known by products alone.

    Y = Ḡ Ω,   W = Ψ Ḡ,   Q = orth(Y),   X = (Ψ Q)⁺ W,   Ḡ ≈ Q X = U Σ Vᵀ

Ω (embedding, column) and Ψ (row, state) are Gaussian and fixed beforehand, so that both products of every delay come out of one
propagation each. With p columns and q rows, `E‖Ḡ - Q X‖²_F ≤ (1 + j/(p-j-1)) (1 + p/(q-p-1)) Σ_{i>j} σ_i²` for every j < p - 1: what
it costs not to see Ḡ grows with the modes behind the leading ones, and vanishes with them.

The error is measured and not believed: s further rows Θ, kept out of the fit, see what it leaves,

    ‖Ḡ - Ĝ‖²_F ≈ ‖Θ (Ḡ - Ĝ)‖²_F / s

without bias, and with a relative standard deviation of at most `√(2/s)` (of the square; a half of it of the error itself), which
it has where a single mode is left, and less where many are.

Source: Tropp, Yurtsever, Udell & Cevher, SIAM Journal on Matrix Analysis and Applications 38, 2017 (algorithms 4 and 7, theorem 4.3);
the error: the same, SIAM Journal on Scientific Computing 41, 2019 (section 6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from stategrad.measures.spectrum import decompose

ERROR_ROWS = 10
"""Rows of Θ: the estimated error is then right to 22 % where it is least certain (one standard deviation)."""


@dataclass(frozen=True)
class SketchSizes:
    """How many products the k leading modes take.

    Attributes:
        columns: p, of Ω.
        rows: q, of Ψ.
        error_rows: s, of Θ.
    """

    columns: int
    rows: int
    error_rows: int = ERROR_ROWS

    @classmethod
    def of(cls, modes: int) -> SketchSizes:
        """`p = 2k + 1` and `q = 2p + 1`: four times the energy behind the leading modes is then a bound for that of the error."""
        columns = 2 * modes + 1
        return cls(columns, 2 * columns + 1)

    @property
    def cotangents(self) -> int:
        """Rows of Ψ and Θ together."""
        return self.rows + self.error_rows

    @property
    def total(self) -> int:
        """Vectors that are propagated per position, against E of a whole gradient."""
        return self.columns + self.cotangents


@dataclass(frozen=True, eq=False)
class LeadingModes:
    """The modes that were fitted, p of them or as many as there are, and how far they reach.

    Attributes:
        left: U.
        values: the diagonal of Σ.
        right: V; the sign of a pair is chosen as in `decompose`.
        tail: the estimate of `‖Ḡ - Ĝ_j‖_F`, with Ĝ_j the first j modes, for j = 1, 2, ….
        energy: the estimate of `‖Ḡ‖_F`, from all rows.
    """

    left: Float[np.ndarray, "*batch state mode"]
    values: Float[np.ndarray, "*batch mode"]
    right: Float[np.ndarray, "*batch embedding mode"]
    tail: Float[np.ndarray, "*batch mode"]
    energy: Float[np.ndarray, "*batch"]


def gaussian_tests(
    sizes: SketchSizes, state: int, embedding: int, seed: int
) -> tuple[Float[np.ndarray, "embedding column"], Float[np.ndarray, "row state"]]:
    """Ω, and Ψ above Θ: independent standard normal numbers."""
    of_columns, of_rows = np.random.default_rng(seed).spawn(2)
    return of_columns.standard_normal((embedding, sizes.columns)), of_rows.standard_normal((sizes.cotangents, state))


def leading_modes(
    columns: Float[np.ndarray, "*batch state column"],
    rows: Float[np.ndarray, "*batch row embedding"],
    tests: Float[np.ndarray, "row state"],
    sizes: SketchSizes,
) -> LeadingModes:
    """The modes of each matrix of a batch, from its two sketches.

    Args:
        columns: `Y = Ḡ Ω`.
        rows: `W = Ψ Ḡ`, and below it `Θ Ḡ`.
        tests: Ψ, and below it Θ.
        sizes: p, q and s.
    """
    basis, fitted = _fit(columns, rows, tests, sizes)
    inner, values, right = decompose(fitted)
    left = basis @ inner
    seen = rows[..., sizes.rows :, :]
    along, tail = tests[sizes.rows :] @ left, np.empty(values.shape)
    for mode in range(values.shape[-1]):
        seen = seen - (along[..., mode] * values[..., mode, None])[..., :, None] * right[..., None, :, mode]
        tail[..., mode] = np.sqrt(np.square(seen).sum((-1, -2)) / sizes.error_rows)
    energy = np.sqrt(np.square(rows).sum((-1, -2)) / rows.shape[-2])
    return LeadingModes(left, values, right, tail, energy)


def largest_singular_value(
    columns: Float[np.ndarray, "*batch state column"],
    rows: Float[np.ndarray, "*batch row embedding"],
    tests: Float[np.ndarray, "row state"],
    sizes: SketchSizes,
) -> Float[np.ndarray, "*batch"]:
    """`σ_1` alone, as `leading_modes` has it."""
    _, fitted = _fit(columns, rows, tests, sizes)
    return np.asarray(np.linalg.svd(np.nan_to_num(fitted), compute_uv=False)[..., 0])


def _fit(
    columns: Float[np.ndarray, "*batch state column"],
    rows: Float[np.ndarray, "*batch row embedding"],
    tests: Float[np.ndarray, "row state"],
    sizes: SketchSizes,
) -> tuple[Float[np.ndarray, "*batch state mode"], Float[np.ndarray, "*batch mode embedding"]]:
    """Q and X; X is NaN where a sketch is."""
    known = np.isfinite(columns).all((-1, -2))[..., None, None]
    basis = np.linalg.qr(np.where(known, columns, 0.0))[0]
    rotation, triangle = np.linalg.qr(tests[: sizes.rows] @ basis)
    fitted = np.linalg.solve(triangle, np.swapaxes(rotation, -1, -2) @ rows[..., : sizes.rows, :])
    return basis, np.where(known, fitted, np.nan)
