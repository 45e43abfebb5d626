"""Decay laws of the curves of a result, as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from stategrad.measures.decay_laws import LAWS, PARAMETERS, difference_to, fit_laws, preferred
from stategrad.measures.jackknife import Estimate

COLUMNS = ["measure", "law", "score", "difference", "difference_low", "difference_high", "preferred", "delays"]
COLUMNS += [f"{name}{end}" for name in PARAMETERS for end in ("", "_low", "_high")]
OF_CURVE, OF_BLOCKS = ("plain", "debiased", "standard_error", "low", "high"), ("replicates", "contributions")


def decay_table(
    estimates: Mapping[str, Estimate],
    labels: Sequence[Mapping[str, str]],
    delays: Sequence[int],
    block_count: Int[np.ndarray, "*cases delay block"],
    usable: Bool[np.ndarray, "*cases delay"],
    *,
    level: float,
) -> pd.DataFrame:
    """The laws of every curve, a row per curve and law.

    Args:
        estimates: by measure, each of shape (*cases, delay).
        labels: of each curve, in the order of the flattened cases.
        delays: along the last axis.
        block_count: positions behind each block.
        usable: where there is memory.
        level: of the intervals.
    """
    counts = block_count.reshape(-1, *block_count.shape[-2:])
    known = usable.reshape(-1, len(delays))
    rows = []
    for measure, estimate in estimates.items():
        for number, label in enumerate(labels):
            total = counts[number, 0].sum()
            share = counts[number, 0] / total if total else counts[number, 0].astype(np.float64)
            rows += _rows(measure, label, delays, _curve(estimate, number), share, known[number], level=level)
    return pd.DataFrame(rows, columns=[*labels[0], *COLUMNS])


def _curve(estimate: Estimate, number: int) -> Estimate:
    """One curve of many."""
    delays = estimate.plain.shape[-1]
    one = {name: getattr(estimate, name).reshape(-1, delays)[number] for name in OF_CURVE}
    per_block = {name: getattr(estimate, name).reshape(-1, *_flat(estimate))[:, number] for name in OF_BLOCKS}
    return Estimate(**one, **per_block, level=estimate.level)


def _until(estimate: Estimate, last: int) -> Estimate:
    """Its first delays."""
    return replace(estimate, **{name: getattr(estimate, name)[..., :last] for name in (*OF_CURVE, *OF_BLOCKS)})


def _flat(estimate: Estimate) -> tuple[int, int]:
    *cases, delays = estimate.plain.shape
    return math.prod(cases), delays


def _rows(
    measure: str,
    labels: Mapping[str, str],
    delays: Sequence[int],
    estimate: Estimate,
    share: Float[np.ndarray, " block"],
    usable: Bool[np.ndarray, " delay"],
    *,
    level: float,
) -> list[dict[str, Any]]:
    """One curve's laws: a row each, none where there are too few delays or blocks.

    Args:
        measure: what the curve is of.
        labels: of the curve.
        delays: of the curve.
        estimate: of shape (delay,).
        share: the part of the positions that each block holds.
        usable: delays with memory; the fit ends before the first without.
        level: of the intervals.
    """
    usable = usable & np.isfinite(estimate.standard_error) & (estimate.standard_error > 0) & (estimate.debiased > 0)
    last = int(np.argmin(usable)) if not usable.all() else len(usable)
    if last <= min(len(law.parameters) for law in LAWS):
        return []
    curve = _until(estimate, last)
    laws = fit_laws(np.asarray(delays)[:last], curve, share, level=level)
    best, chosen = min(laws, key=lambda law: law.score), preferred(laws, level=level)
    rows = []
    for law in laws:
        difference, low, high = difference_to(law, best, level=level) if law is not best else (0.0, 0.0, 0.0)
        row = {**labels, "measure": measure, "law": law.name, "score": law.score, "difference": difference, "difference_low": low}
        row |= {"difference_high": high, "preferred": law.name == chosen, "delays": last}
        for name in law.parameters:
            row |= {name: law.parameters[name], f"{name}_low": law.low[name], f"{name}_high": law.high[name]}
        rows.append(row)
    return rows
