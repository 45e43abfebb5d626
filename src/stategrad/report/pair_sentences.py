"""What the page says about nouns that were replaced by their own plural or singular."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd


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
