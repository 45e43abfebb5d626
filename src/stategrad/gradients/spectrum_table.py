"""The spectra of the groups of one state, filled in as groups are complete.

A mean `Ḡ = Σ G / n` arrives, and what stays of it are its singular values, of the mean of squares `E[GᵀG]` the rms and the share
of energy, and of the blocks intervals and detection.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from stategrad.measures.detection import sign_flip_test
from stategrad.measures.energy import energy_share, root_mean_square
from stategrad.measures.gram import gram_singular_values, sigma_1_and_sum
from stategrad.measures.jackknife import jackknife
from stategrad.measures.spectrum import singular_values

Where = tuple[Int[np.ndarray, " case"], Int[np.ndarray, " case"]]
"""The numbers of labels and of delays, one of each per case."""


@dataclass(frozen=True)
class SpectrumTable:
    """What is kept; NaN until it is known, and where there is no position.

    Attributes:
        singular_values: of the mean, the largest first, in the format of the analysis.
        rms: `√λ_1(E[GᵀG])`.
        energy_share: `‖Ḡ‖²_F / E‖G‖²_F`.
        debiased: the jackknife's `[σ_1, Σσ]`.
        low: the lower ends of their intervals.
        high: the upper ends.
        p_value: of the test that blocks agree on any memory.
    """

    singular_values: Float[np.ndarray, "label delay mode"]
    rms: Float[np.ndarray, "label delay"]
    energy_share: Float[np.ndarray, "label delay"]
    debiased: Float[np.ndarray, "label delay 2"]
    low: Float[np.ndarray, "label delay 2"]
    high: Float[np.ndarray, "label delay 2"]
    p_value: Float[np.ndarray, "label delay"]

    @classmethod
    def empty(cls, labels: int, delays: int, modes: int, dtype: np.dtype) -> SpectrumTable:
        """A table of NaN.

        Args:
            labels: how many.
            delays: how many.
            modes: min(H, E).
            dtype: of the singular values.
        """
        rms, share, p_value = np.full((3, labels, delays), np.nan)
        debiased, low, high = np.full((3, labels, delays, 2), np.nan)
        return cls(np.full((labels, delays, modes), np.nan, dtype), rms, share, debiased, low, high, p_value)

    def put(
        self,
        where: Where,
        sums: Float[np.ndarray, "case state embedding"],
        squares: Float[np.ndarray, "case embedding embedding"] | None,
        count: Int[np.ndarray, " case"],
    ) -> None:
        """Reduce means.

        In float32 the singular values come from the Gram matrix in float64: its error, below `10⁻⁸ σ_1`, is less than that of
        float32 gradients.

        Args:
            where: the labels and delays that they belong to.
            sums: `Σ G`, in float64.
            squares: `Σ GᵀG`; None where it is not asked for, or where every label has one position, whose mean is itself.
            count: how many gradients were added up; nothing is put where that is 0.
        """
        known = (count > 0) & _finite(sums)
        where, mean = (where[0][known], where[1][known]), sums[known] / count[known, None, None]
        values = (singular_values if self.singular_values.dtype == np.float64 else gram_singular_values)(mean)
        self.singular_values[where] = values
        if squares is None:
            self.rms[where] = values[:, 0]
            self.energy_share[where] = np.where(values[:, 0] > 0, 1.0, np.nan)
        else:
            square = squares[known] / count[known, None, None]
            self.rms[where] = root_mean_square(square)
            self.energy_share[where] = energy_share(mean, square)

    def put_intervals(
        self,
        label: int,
        sums: Float[np.ndarray, "block delay state embedding"],
        count: Int[np.ndarray, "block delay"],
    ) -> None:
        """Intervals of `σ_1` and `Σσ` by the jackknife, and detection, of one label at all delays."""
        known = np.all(_finite(sums), axis=0)
        means = np.moveaxis(np.where(known[:, None, None], sums, 0.0) / np.maximum(count, 1)[..., None, None], 0, 1)
        estimate = jackknife(sigma_1_and_sum, means, count.T)
        test = sign_flip_test(means, count.T)
        for own, values in ((self.debiased, estimate.debiased), (self.low, estimate.low), (self.high, estimate.high)):
            own[label] = np.where(known[:, None], values, np.nan)
        self.p_value[label] = np.where(known & (count.sum(0) > 0), test.p_value, np.nan)


def _finite(sums: Float[np.ndarray, "*batch state embedding"]) -> Bool[np.ndarray, "*batch"]:
    return np.asarray(np.isfinite(sums).all((-1, -2)))
