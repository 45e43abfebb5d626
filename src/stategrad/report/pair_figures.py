"""Nouns replaced by their own plural or singular: what the mean gradient tells of it, as a chart and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from stategrad.report.marks import ALL, calculated, chosen_state, completed, curve, delays_of, has, interval, only, tooltip
from stategrad.report.style import BLUE, DASHED, DOTTED, GREY, SOLID, VERMILION, Legend, finished

CURVES = {
    "cosine": ("cosine between the change and the prediction", BLUE, SOLID),
    "validity": ("share of the change that is explained", VERMILION, DASHED),
}


def pairs_chart(frame: pd.DataFrame, *, state: str | None = None) -> alt.LayerChart:
    """How the change of the state by swaps of pairs agrees with `Ḡ_τ Δx` against delay: cosine, and the share explained.

    Args:
        frame: columns delay, cosine, validity; if there are any, state, group, and their _low and _high. Only the group `all` is
            drawn.
        state: which state to draw; default: the first.
    """
    frame = completed(frame)
    drawn = {name: entry for name, entry in CURVES.items() if has(frame, name)}
    legend = Legend({label: (colour, dashes) for label, colour, dashes in drawn.values()})
    x, axis = delays_of(frame), alt.Axis(title="cosine, share explained", tickCount=5)
    zero = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=GREY, strokeDash=DOTTED, aria=False)
    layers: list[alt.Chart] = [zero.encode(y="at:Q")]
    for name, (_, colour, _) in drawn.items():
        if has(frame, f"{name}_low"):
            layers.append(interval(name, x, alt.Y(f"shown_{name}_low:Q", axis=axis), colour))
    layers += [curve(label, x, alt.Y(f"{name}:Q", axis=axis), legend) for name, (label, _, _) in drawn.items()]
    layers.append(tooltip(frame, x, TOOLTIPS))
    ends = [f"{name}_{end}" for name in drawn for end in ("low", "high") if has(frame, f"{name}_{end}")]
    rows = [*only(ALL, "isValid(datum.cosine)"), *(calculated(f"shown_{end}", f"datum.{end}") for end in ends)]
    description = "agreement of swaps of singular and plural nouns with what the mean gradient predicts, against delay in words"
    return finished(frame, layers, transform=rows, choices=chosen_state(frame, state), description=description)


TOOLTIPS = {
    "cosine": ("cosine", ".2f"),
    "cosine_low": ("interval from", ".2f"),
    "cosine_high": ("to", ".2f"),
    "validity": ("share explained", ".1%"),
    "validity_low": ("interval from", ".1%"),
    "validity_high": ("to", ".1%"),
    "count": ("positions", ","),
}


def on_pairs(pairs: pd.DataFrame, memory: pd.DataFrame, facts: Mapping[str, Any]) -> list[str]:
    """Whether the state goes where the mean gradient says when a property alone changes, at the first delay and a later one.

    Args:
        pairs: the rows of one state.
        memory: the memory curves of the same state, with the validity of swaps by any word.
        facts: of the run.
    """
    rows = pairs[pairs["group"] == "all"].set_index("delay").sort_index()
    rows = rows[rows["cosine"].notna()]
    if rows.empty:
        return []
    first = int(rows.index[0])
    later = int(rows.index[np.abs(np.asarray(rows.index) - 5).argmin()])
    shown = rows.loc[list(dict.fromkeys([first, later]))]
    cosines = [_with_interval(row, "cosine", 1.0, "") + f" at delay {delay}" for delay, row in shown.iterrows()]
    shares = [_with_interval(row, "validity", 100.0, " %") + f" at delay {delay}" for delay, row in shown.iterrows()]
    example = facts.get("noun_pair") or ["year", "years"]
    count = f"{facts['noun_pairs']:,} pairs" if facts.get("noun_pairs") else "pairs"
    said = [
        f"A noun can be replaced by its own other number, {example[0]} by {example[1]} and back ({count} in this text): a change "
        "of little else than the property.",
        f"The state then goes where the mean gradient of all words says with a cosine of {' and '.join(cosines)}, and that "
        f"explains {' and '.join(shares)} of the change.",
    ]
    others = memory[memory["group"] == "all"].set_index("delay")
    if "validity" in others and others["validity"].reindex(shown.index).notna().all():
        of_any = [f"{100 * others.loc[delay, 'validity']:.0f} %" for delay in shown.index]
        said.append(f"Of a swap by any word it explains {' and '.join(of_any)}.")
    return said


def _with_interval(row: pd.Series, name: str, times: float, unit: str) -> str:
    digits = 2 if times == 1 else 0
    value, low, high = (f"{times * row[one]:.{digits}f}".replace("-", "−") for one in (name, f"{name}_low", f"{name}_high"))
    return f"{value}{unit}" + (f" ({low} to {high}{unit})" if np.isfinite(row[f"{name}_low"]) else "")
