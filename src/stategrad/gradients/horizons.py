"""How far back memory reaches: the horizons of the curves of a result, by measure and level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from stategrad.errors import InvalidInputError
from stategrad.gradients.curves import Cases, first_value
from stategrad.measures.energy import estimate_rms
from stategrad.measures.horizon import crossings, relative_interval
from stategrad.measures.jackknife import Estimate

LEVELS = (math.exp(-1), 0.1)
COLUMNS = ["measure", "level", "horizon", "horizon_low", "horizon_high", "last_crossing", "reached", "longest", "undetected_from"]


def estimates_of(cases: Cases, *, level: float) -> dict[str, Estimate]:
    """The curves of the two measures that a result has, mean and rms, debiased."""
    curves = {"mean": cases.spectrum.estimate(first_value, level=level)}
    if cases.block_second_moment is not None:
        curves["rms"] = estimate_rms(cases.block_second_moment, cases.block_count, level=level)
    return curves


def horizon_rows(
    delays: Sequence[int], relative: np.ndarray, low: np.ndarray, high: np.ndarray, levels: Sequence[float]
) -> list[dict[str, Any]]:
    """One curve's horizons: a row per level."""
    axis, rows = np.asarray(delays), []
    for part in levels:
        first, last = crossings(axis, relative, part)
        rows.append(
            {
                "level": part,
                "horizon": first,
                "horizon_low": crossings(axis, low, part).first,
                "horizon_high": crossings(axis, high, part).first,
                "last_crossing": last,
                "reached": bool(np.isfinite(first)),
                "longest": int(axis[-1]),
            }
        )
    return rows


def check_levels(delays: Sequence[int], levels: Sequence[float]) -> None:
    """Raise `InvalidInputError` unless delay 0 is there, and all levels lie between 0 and 1."""
    if 0 not in delays:
        raise InvalidInputError(f"a horizon is relative to delay 0, and the delays are {list(delays)}; include 0.")
    wrong = [part for part in levels if not 0 < part < 1]
    if wrong or not levels:
        raise InvalidInputError(f"levels are {list(levels)}; give parts of the value at delay 0, between 0 and 1.")


def horizons(
    cases: Cases, labels: Sequence[dict[str, str]], delays: Sequence[int], levels: Sequence[float], *, level: float
) -> pd.DataFrame:
    """The horizons of every curve of a result.

    Args:
        cases: with the delay as the last axis.
        labels: of each curve, in the order of the flattened leading axes.
        delays: along the axis.
        levels: parts of the value at delay 0.
        level: nominal coverage of the intervals.
    """
    undetected = ~cases.detected.reshape(-1, len(delays))
    tested = np.isfinite(cases.p_value).reshape(-1, len(delays))
    plain = cases.decomposed[1][..., 0].reshape(-1, len(delays))
    rows = []
    for measure, estimate in estimates_of(cases, level=level).items():
        relative, low, high = (part.reshape(-1, len(delays)) for part in relative_interval(estimate))
        for number, label in enumerate(labels):
            curve, ends, lost = relative[number], [low[number], high[number]], np.full(len(delays), False)
            if measure == "mean":
                lost, first = undetected[number], estimate.debiased.reshape(-1, len(delays))[number, 0]
                # an upper bound still says that a curve is below a level, but nothing is relative to one
                bound = plain[number] / (first if first > 0 and not (lost[0] and tested[number, 0]) else np.nan)
                curve = np.where(lost, bound, curve)
                within = np.where(tested[number], [0 * bound, bound], np.nan)
                ends = [np.where(lost, outer, end) for outer, end in zip(within, ends, strict=True)]
            if not np.isfinite(curve[0]):
                continue  # no pair at delay 0, as across a boundary, or no memory there: nothing to be relative to
            until = int(np.asarray(delays)[lost][0]) if lost.any() else None
            rows += [label | {"measure": measure} | row | {"undetected_from": until}
                     for row in horizon_rows(delays, curve, ends[0], ends[1], levels)]  # fmt: skip
    return pd.DataFrame(rows, columns=None if rows else COLUMNS).astype({"undetected_from": "Int64"})
