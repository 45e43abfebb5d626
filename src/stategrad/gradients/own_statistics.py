"""Any statistic of a mean gradient, with what the blocks of the text say about it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stategrad.gradients.curves import Cases
from stategrad.measures.floor import noise_contrasts
from stategrad.measures.jackknife import jackknife


def statistic_columns(cases: Cases, f: Callable[[np.ndarray], float], *, level: float) -> dict[str, np.ndarray]:
    """`f(Ḡ)` plain, debiased and with interval by the jackknife over blocks, and `floor`, its mean over what a mean of nothing is.

    Args:
        cases: the mean gradients.
        f: takes one, (H, E), and returns a number.
        level: nominal coverage of the interval.
    """

    def statistic(matrices: np.ndarray) -> np.ndarray:
        items = (matrices[item] for item in np.ndindex(matrices.shape[:-2]))
        values = [f(matrix) if np.isfinite(matrix).all() else np.nan for matrix in items]
        return np.array(values, dtype=np.float64).reshape(matrices.shape[:-2])

    estimate = jackknife(statistic, cases.block_mean, cases.block_count, level=level)
    floors = np.full(cases.block_count.shape[:-1], np.nan)
    for case in np.ndindex(floors.shape):
        noise = noise_contrasts(cases.block_mean[case], cases.block_count[case])
        if len(noise):
            floors[case] = statistic(noise).mean()
    return {name: getattr(estimate, name) for name in ("plain", "debiased", "low", "high")} | {"floor": floors}
