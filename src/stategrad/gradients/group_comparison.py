"""Which groups are remembered better than which: differences of two measures, with intervals for all pairs at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from stategrad.gradients.curves import Cases, first_value
from stategrad.measures.comparison import pairwise_differences, shares_of_sum
from stategrad.measures.energy import estimate_rms
from stategrad.measures.jackknife import Estimate


def group_differences(cases: Cases, groups: Sequence[str], *, level: float) -> pd.DataFrame:
    """The differences of `σ_1` (debiased) and of the rms between all pairs of groups at one delay.

    Args:
        cases: of the groups, one item each.
        groups: their labels.
        level: of the intervals, which hold all differences of a measure together.

    Returns:
        Columns measure, group, other, difference, low, high; a row per measure and pair.
    """
    estimates = {"sigma_1": _where(cases.spectrum.estimate(first_value, level=level), cases.detected)}
    if cases.block_second_moment is not None:
        estimates["rms"] = estimate_rms(cases.block_second_moment, cases.block_count, level=level)
    tables = []
    for measure, estimate in estimates.items():
        pairs, difference, low, high = pairwise_differences(estimate)
        names = np.array(groups, dtype=object)
        columns = {"group": names[pairs[:, 0]], "other": names[pairs[:, 1]], "difference": difference.debiased}
        tables.append(pd.DataFrame(columns | {"low": low, "high": high}).assign(measure=measure))
    frame = pd.concat(tables, ignore_index=True)
    return frame[["measure", *(name for name in frame if name != "measure")]]


def group_shares(cases: Cases, groups: Sequence[str], *, level: float) -> pd.DataFrame:
    """The share of each group in the sum of `σ_1` over the groups, at one delay.

    Args:
        cases: of the groups, one item each.
        groups: their labels.
        level: nominal coverage of the pointwise intervals.

    Returns:
        Columns group, share (of plain values, as in the paper's Table 1), share_debiased, share_low, share_high.
    """
    estimate = shares_of_sum(_where(cases.spectrum.estimate(first_value, level=level), cases.detected))
    columns = {"share": estimate.plain, "share_debiased": estimate.debiased, "share_low": estimate.low, "share_high": estimate.high}
    return pd.DataFrame({"group": list(groups)} | columns)


def _where(estimate: Estimate, detected: np.ndarray) -> Estimate:
    """Without intervals where nothing is detected."""
    return dataclasses.replace(estimate, standard_error=np.where(detected, estimate.standard_error, np.nan))
